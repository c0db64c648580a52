"""The pressure law of native/kernel/pressure.c in plain Python, one tick at a time, with `==`.

The setpoint ramp and what is found of the valve have references of their own, so here their
states come in as three numbers each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

OFF, CLOSE, PRESSURE, OPEN = range(4)
COLD_STACK, UNCERTAIN, HOLDBACK, OIL = (
    "cold_stack",
    "pressure_uncertain",
    "pressure_holdback",
    "oil_not_ok",
)
TURN_BAR, TRACKING_S = 0.3, 0.5
REFILL_REST_S, REFILL_BAND_RATIO, REFILL_PREPARE_S = 10.0, 0.25, 1.0
REST_BAND_BAR, REST_BAND_RATIO, REST_WAKE_RATIO = 0.12, 0.002, 3.0


class Ramp(NamedTuple):
    position: float
    velocity: float
    arrived: bool


class Valve(NamedTuple):
    offset_bar: float
    slope: float
    play_fraction: float


@dataclass(frozen=True)
class Machine:
    tick_s: float
    area_mm2: float
    cylinder_area_mm2: float
    ram_weight_kn: float
    valve_full_scale_bar: float
    valve_deadband_fraction: float
    valve_hysteresis_fraction: float
    kp_per_bar: float
    ki_per_bar_s: float
    trim_bar_max: float
    pressure_min_bar: float
    close_bar: float
    lag_s: float
    soft_bar: float
    refill_bar: float
    stack_pressure_mpa_max: float
    cold_stack_pressure_mpa_max: float
    cold_stack_margin_k: float

    def bar_of(self, stack_pressure_mpa: float) -> float:
        force_kn = stack_pressure_mpa * self.area_mm2 * 1e-3 + self.ram_weight_kn
        return 1e4 / self.cylinder_area_mm2 * force_kn

    def stiffness(self, bar: float) -> float:
        bar = max(bar, self.pressure_min_bar)
        return bar / (bar + self.soft_bar) if self.soft_bar > 0.0 else 1.0

    def lead_bar(self, bar: float, mpa_per_s: float) -> float:
        bar_per_s = 10.0 * mpa_per_s * self.area_mm2 / self.cylinder_area_mm2
        return self.lag_s / self.stiffness(bar) * bar_per_s


@dataclass(frozen=True)
class Seen:
    stack_pressure_mpa: float
    cylinder_bar: float
    quality: int  # 0 good, 1 uncertain, 2 bad
    contact: bool
    coldest_c: float  # of the stack estimate and the usable zones
    oil_not_ok: bool
    tripped: bool
    pump_running: bool = False


@dataclass(frozen=True)
class Ask:
    hydraulics: int
    target_mpa: float
    temperature_target_c: float
    holdback_mpa: float
    hot_only: bool
    dump: bool


@dataclass
class Pressure:
    machine: Machine
    trim_bar: float = 0.0
    sign: float = 1.0
    turn_bar: float = 0.0
    asked: float = 0.0
    asleep: bool = False
    held: frozenset[str] = frozenset()
    led: bool = False
    resting: bool = False
    rest_s: float = 0.0
    refill_s: float = 0.0
    valve: Valve | None = None

    def hold(self, seen: Seen, ask: Ask, ramp: Ramp) -> frozenset[str]:
        """Decides what holds the ramp, with the ramp as it stands before the tick."""
        leads = not seen.tripped and ask.hydraulics in (PRESSURE, OPEN)
        if not (leads and self.led):
            self._servo(seen)
            ramp = Ramp(max(seen.stack_pressure_mpa, 0.0), 0.0, True)
        self.led = leads
        self.held = self._holds(seen, ask, ramp) if leads else frozenset()
        return self.held

    def step(
        self, seen: Seen, ask: Ask, ramp: Ramp, achieved: float, found: Valve
    ) -> tuple[float, set[str]]:
        """Valve opening and the hydraulic outputs that are on. `ramp` is that after the tick."""
        valve, on, self.valve = 0.0, set(), found
        if self.led and (ask.hydraulics == PRESSURE or not ramp.arrived):
            pump, shut = self._refill(seen, ramp)
            valve = self._follow(seen, ramp, achieved, shut)
            on = {"pump"} if pump else set()
            on |= set() if shut else {"load_holding_valve_open"}
        elif self.led:
            on = {"load_holding_valve_open", "dump_valve", "approach_valve"}
        elif ask.hydraulics == CLOSE and not seen.tripped:
            m = self.machine
            valve = m.close_bar / m.valve_full_scale_bar + 0.5 * found.play_fraction
            valve = min(max(valve, 0.0), 1.0)
            on = {"pump", "load_holding_valve_open"} | (
                set() if seen.contact else {"approach_valve"}
            )
        if ask.dump:
            on.add("dump_valve")
        self.asked = valve
        return valve, on

    def _servo(self, seen: Seen) -> None:
        most = self.machine.trim_bar_max
        lacking = seen.cylinder_bar - self.machine.bar_of(seen.stack_pressure_mpa)
        self.trim_bar = min(max(lacking, -most), most) if seen.contact else 0.0
        self.sign, self.turn_bar, self.held = 1.0, 0.0, frozenset()
        self.resting, self.rest_s, self.refill_s = False, 0.0, 0.0

    def _holds(self, seen: Seen, ask: Ask, ramp: Ramp) -> frozenset[str]:
        m, held = self.machine, set()
        target = min(max(ask.target_mpa, 0.0), m.stack_pressure_mpa_max)
        target = 0.0 if ask.hydraulics == OPEN else target
        limit = ask.holdback_mpa * (0.5 if HOLDBACK in self.held else 1.0)
        controllable = m.bar_of(ramp.position) + self.trim_bar > m.pressure_min_bar
        behind = abs(ramp.position - seen.stack_pressure_mpa) > limit
        if ask.holdback_mpa > 0.0 and controllable and behind:
            held.add(HOLDBACK)
        if target <= ramp.position:
            return frozenset(held)
        if seen.quality != 0:
            held.add(UNCERTAIN)
        if seen.oil_not_ok:
            held.add(OIL)
        cold = seen.coldest_c < ask.temperature_target_c - m.cold_stack_margin_k
        if ask.hot_only and cold and target > m.cold_stack_pressure_mpa_max <= ramp.position:
            held.add(COLD_STACK)
        return frozenset(held)

    def _opening(self, sign: float, bar: float) -> float:
        curve = (bar + self.valve.offset_bar + self.valve.slope * bar) / (
            self.machine.valve_full_scale_bar
        )
        return curve + 0.5 * self.valve.play_fraction * sign

    def _refill(self, seen: Seen, ramp: Ramp) -> tuple[bool, bool]:
        """Whether the pump runs, and whether the load-holding valve is shut."""
        m = self.machine
        error = m.bar_of(ramp.position) - m.bar_of(seen.stack_pressure_mpa)
        calm = ramp.arrived and seen.quality == 0
        half_tick_s = 0.5 * m.tick_s
        if not self.resting:
            close = calm and seen.contact and abs(error) <= REFILL_BAND_RATIO * m.refill_bar
            self.rest_s = self.rest_s + m.tick_s if close and m.refill_bar > 0.0 else 0.0
            self.resting, self.refill_s = self.rest_s >= REFILL_REST_S - half_tick_s, 0.0
            return not self.resting, self.resting
        if self.refill_s == 0.0 and calm and abs(error) <= m.refill_bar:
            return False, True
        if seen.pump_running or self.refill_s == 0.0:
            self.refill_s += m.tick_s
        if self.refill_s < REFILL_PREPARE_S - half_tick_s:
            return True, True
        self.resting, self.rest_s = False, 0.0
        return True, False

    def _follow(self, seen: Seen, ramp: Ramp, achieved: float, shut: bool) -> float:
        m = self.machine
        forward = m.bar_of(ramp.position)
        trim = self.trim_bar if shut else self._trim(seen, ramp, forward, achieved)
        demand = max(forward + trim + m.lead_bar(forward, ramp.velocity), m.pressure_min_bar)
        self._steer(ramp.velocity, forward + self.trim_bar)
        opening = self._opening(self.sign, demand)
        return 0.0 if opening < m.valve_deadband_fraction else min(max(opening, 0.0), 1.0)

    def _trim(self, seen: Seen, ramp: Ramp, forward: float, achieved: float) -> float:
        m = self.machine
        if seen.quality == 2 or not seen.contact:
            return self.trim_bar
        error = forward - m.bar_of(seen.stack_pressure_mpa)
        band = REST_BAND_BAR + REST_BAND_RATIO * forward
        if not ramp.arrived or abs(error) > band:
            self.asleep = False
        elif REST_WAKE_RATIO * abs(error) < band:
            self.asleep = True
        slow = forward + self.trim_bar
        controls = slow > m.pressure_min_bar and (
            self._opening(self.sign, slow) >= m.valve_deadband_fraction
        )
        if controls and not self.asleep:
            missing, play = achieved - self.asked, self.valve.play_fraction
            beyond = missing - play if missing > play else min(missing + play, 0.0)
            withheld = beyond * m.valve_full_scale_bar
            self.trim_bar += m.tick_s * (
                m.valve_full_scale_bar * m.ki_per_bar_s * m.stiffness(forward) * error
                + withheld / TRACKING_S
            )
            self.trim_bar = min(max(self.trim_bar, -m.trim_bar_max), m.trim_bar_max)
        quick = self.trim_bar + m.valve_full_scale_bar * m.kp_per_bar * error
        return min(max(quick, -m.trim_bar_max), m.trim_bar_max)

    def _steer(self, rate: float, slow: float) -> None:
        sign, shut = self.sign, self._opening(-1.0, slow) < self.machine.valve_deadband_fraction
        if rate > 0.0 or (rate == 0.0 and shut):
            sign = 1.0
        elif rate < 0.0:
            sign = -1.0
        elif self.sign * (self.turn_bar - slow) > TURN_BAR:
            sign = -self.sign
        if sign != self.sign or sign * (slow - self.turn_bar) > 0.0:
            self.turn_bar = slow
        self.sign = sign
