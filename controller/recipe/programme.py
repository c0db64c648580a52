"""The programme engine: segments of temperature and pressure, each waiting for the other.

Theory of operation. The kernel leads both setpoints, jerk-limited; the engine says where to and
how fast, and stops them with rates of almost nothing, which the kernel brakes to without a jump.

    servo      once, when the programme asks for it: setpoints go to the measurements first
    moving     both loops on their way; a loop whose measurement leaves its holdback waits, and
               with mutual holdback the other waits with it, dwell included
    dwelling   both arrived; the dwell's clock runs, in a guaranteed segment per zone

Holdback is left at half its width. One that lasts for longer than its segment allows ends the
programme by the phase's `on_timeout`. Time in which a loop waits does not count as dwell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from controller.recipe.conduct import MEDIUM, SETPOINT_TOLERANCE, stack_off
from controller.recipe.frames import Ask, Cooling, Hydraulics, Seen
from controller.recipe.holding import CREEP_C_PER_S, CREEP_MPA_PER_S
from controller.recipe.phases import Programme
from controller.recipe.segments import Holdback, Segment
from controller.recipe.unit import EngineStep

RELEASE_RATIO = 0.5
SERVO_S_MAX = 300.0
SERVO_C_PER_S = 0.5
SERVO_MPA_PER_S = 2.0
SERVO_K = 0.5
SERVO_MPA = 0.5


@dataclass(slots=True)
class ProgrammeRun:
    """One programme while it runs: the engine of its phase (controller.recipe.unit.Engine)."""

    phase: Programme
    index: int = 0
    held: frozenset[str] = frozenset()
    held_s: float = 0.0
    dwell_s: float = 0.0
    zone_s: list[float] = field(default_factory=list)
    _from: tuple[float, float] | None = None
    _servo: Ask | None = None
    _servo_s: float = 0.0

    @property
    def segment(self) -> Segment:
        return self.phase.segment[self.index]

    @property
    def label(self) -> str:
        return self.segment.name or f"segment {self.index + 1}"

    @property
    def active(self) -> bool:
        return True

    def step(
        self, seen: Seen, ask: Ask, *, lacking: str, counted_s: float, step_s: float
    ) -> EngineStep:
        """Advance by `step_s` of conducted time and say what to ask for now."""
        if self.phase.start == "servo_to_pv" and self._from is None:
            servo = self._to_measurement(seen, ask, step_s)
            if servo is not None:
                return EngineStep(servo, "setpoints to start from the measurements")
        if self._from is None:
            self._begin(seen)
        self._hold_back(seen, step_s)
        asked = self._asked(seen, ask)
        late = self._late()
        if late:
            return EngineStep(asked, late, trouble=late)
        missing = self._lacking(seen, asked) or self._dwell(seen, asked, step_s)
        if missing:
            return EngineStep(asked, f"{self.label}: {missing}")
        if self.index + 1 == len(self.phase.segment):
            return EngineStep(replace(asked, heater_duty_fraction_max=1.0), done=True)
        self.index += 1
        self._begin(seen)
        begins = f"{self.label} begins"
        return EngineStep(self._asked(seen, asked), begins, note=begins)

    # ---- where it begins --------------------------------------------------------------------

    def _begin(self, seen: Seen) -> None:
        self._from = (seen.temperature_setpoint_c, seen.pressure_setpoint_mpa)
        self.dwell_s, self.zone_s = 0.0, [0.0] * len(seen.zones_c)
        self.held, self.held_s = frozenset(), 0.0

    def _to_measurement(self, seen: Seen, ask: Ask, step_s: float) -> Ask | None:
        """None when the setpoints that are led are where the measurements are. A loop that was
        not led yet begins at its measurement anyway: the kernel sees to that."""
        self._servo_s += step_s
        zone_c = sum(seen.zones_c) / len(seen.zones_c)
        if self._servo is None:
            target_c = zone_c if ask.heat_enable or ask.cooling else ask.temperature_target_c
            self._servo = replace(
                ask,
                temperature_target_c=target_c,
                temperature_rate_c_per_s=SERVO_C_PER_S,
                temperature_holdback_k=0.0,
                pressure_target_mpa=max(0.0, seen.pressure_mpa),
                pressure_rate_mpa_per_s=SERVO_MPA_PER_S,
                pressure_holdback_mpa=0.0,
            )
        led = bool(ask.heat_enable or ask.cooling)
        off_k = abs(seen.temperature_setpoint_c - self._servo.temperature_target_c) if led else 0.0
        off_mpa = abs(seen.pressure_setpoint_mpa - self._servo.pressure_target_mpa)
        near = off_k <= SERVO_K and off_mpa <= SERVO_MPA
        return None if near or self._servo_s >= SERVO_S_MAX else self._servo

    # ---- what it asks -----------------------------------------------------------------------

    def _asked(self, seen: Seen, ask: Ask) -> Ask:
        segment, (from_c, from_mpa) = self.segment, self._from or (0.0, 0.0)
        asked = replace(
            ask,
            temperature_holdback_k=0.0,
            pressure_holdback_mpa=0.0,
            heater_duty_fraction_max=segment.heater_duty_fraction_max,
        )
        heat, press = segment.temperature, segment.pressure
        if heat is not None:
            falls = heat.temperature_c < from_c and self.phase.medium != "none"
            asked = replace(
                asked,
                heat_enable=int(not falls),
                cooling=MEDIUM[self.phase.medium] if falls else Cooling.OFF,
                temperature_target_c=heat.temperature_c,
                temperature_rate_c_per_s=heat.rate_c_per_s(from_c),
            )
        if press is not None:
            asked = replace(
                asked,
                hydraulics=Hydraulics.PRESSURE,
                pressure_target_mpa=press.pressure_mpa,
                pressure_rate_mpa_per_s=press.mpa_per_s(from_mpa),
            )
        if self._waits("temperature"):
            asked = replace(asked, temperature_rate_c_per_s=CREEP_C_PER_S)
        if self._waits("pressure"):
            asked = replace(asked, pressure_rate_mpa_per_s=CREEP_MPA_PER_S)
        return asked

    def _waits(self, loop: str) -> bool:
        return loop in self.held or (self.phase.mutual_holdback and bool(self.held))

    # ---- holdback ---------------------------------------------------------------------------

    def _hold_back(self, seen: Seen, step_s: float) -> None:
        heat, press = self.segment.temperature, self.segment.pressure
        held = set()
        if heat is not None:
            setpoint_c = seen.temperature_setpoint_c
            low_k = setpoint_c - min(seen.zones_c)
            high_k = max(seen.zones_c) - setpoint_c
            width_k = heat.holdback_k * self._ratio("temperature")
            if beyond(heat.holdback, low_k, high_k, width_k):
                held.add("temperature")
        if press is not None:
            low_mpa = seen.pressure_setpoint_mpa - seen.pressure_mpa
            width_mpa = press.holdback_mpa * self._ratio("pressure")
            if beyond(press.holdback, low_mpa, -low_mpa, width_mpa):
                held.add("pressure")
        self.held_s = self.held_s + step_s if held and self.held else 0.0
        self.held = frozenset(held)

    def _ratio(self, loop: str) -> float:
        return RELEASE_RATIO if loop in self.held else 1.0

    def _late(self) -> str:
        moves = {"temperature": self.segment.temperature, "pressure": self.segment.pressure}
        limits = [move.holdback_s_max for loop, move in moves.items() if move and loop in self.held]
        if not limits or self.held_s < min(limits):
            return ""
        return f"{self.label} held back for {self.held_s:.0f} s by {', '.join(sorted(self.held))}"

    # ---- has it arrived, and stayed ---------------------------------------------------------

    def _lacking(self, seen: Seen, asked: Ask) -> str:
        if self.held:
            mutual = ", both loops wait" if self.phase.mutual_holdback else ""
            return f"holdback of {', '.join(sorted(self.held))}{mutual}"
        heat, press = self.segment.temperature, self.segment.pressure
        if heat is not None:
            off_k = abs(seen.temperature_setpoint_c - heat.temperature_c)
            if not off_k <= SETPOINT_TOLERANCE:
                return f"{heat.temperature_c:g} °C; setpoint {seen.temperature_setpoint_c:.1f} °C"
        if press is not None:
            off_mpa = abs(seen.pressure_setpoint_mpa - press.pressure_mpa)
            if not off_mpa <= SETPOINT_TOLERANCE:
                return f"{press.pressure_mpa:g} MPa; setpoint {seen.pressure_setpoint_mpa:.1f} MPa"
        return ""

    def _dwell(self, seen: Seen, asked: Ask, step_s: float) -> str:
        segment = self.segment
        if not segment.guaranteed:
            if self.dwell_s >= segment.dwell_s - 1e-6:
                return ""
            self.dwell_s += step_s
            return f"dwell, {max(0.0, segment.dwell_s - self.dwell_s):.0f} s more"
        self._count_zones(seen, asked, step_s)
        self.dwell_s = min(self.zone_s)
        if self.dwell_s >= segment.dwell_s - 1e-6:
            return ""
        worst = self.zone_s.index(self.dwell_s) + 1
        return f"zone {worst} near for {self.dwell_s:.0f} of {segment.dwell_s:.0f} s"

    def _count_zones(self, seen: Seen, asked: Ask, step_s: float) -> None:
        """A zone's clock runs while it, the stack and the pressure are near their targets."""
        segment, target_c = self.segment, asked.temperature_target_c
        off_mpa = abs(seen.pressure_mpa - asked.pressure_target_mpa)
        pressed = seen.pressure_good and off_mpa <= segment.pressure_tolerance_mpa
        warm = not stack_off(seen, target_c, segment.stack_tolerance_k)
        heated = bool(asked.heat_enable or asked.cooling)
        for zone, zone_c in enumerate(seen.zones_c):
            near = abs(zone_c - target_c) <= segment.zone_tolerance_k
            if pressed and (not heated or (seen.zones_good and near and warm)):
                self.zone_s[zone] += step_s


def beyond(kind: Holdback, low: float, high: float, width: float) -> bool:
    """Does a deviation hold the programme back? What is not finite does."""
    if kind == "off":
        return False
    low_beyond, high_beyond = not low <= width, not high <= width
    return (kind != "high" and low_beyond) or (kind != "low" and high_beyond)
