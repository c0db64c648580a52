"""The experiments behind the kernel: procedures of the loop, as a recipe is one.

They ask for a manual duty, or for a slow ramp of pressure; the kernel permits, and keeps
every interlock and trip. A trip, a lost sensor, a pressure or a product between the platens
ends the experiment with the reason and everything off.

All zones get the same duty, so that none heats another's record, and the step is judged on
their mean; with `zones` only those are driven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.ports import Tick
from controller.tuning.experiment import Experiment, Limits
from controller.tuning.record import Record
from controller.tuning.valve import ValvePoint

SAMPLE_S = 1.0
ARMING_S = 2.0
PERMISSION_S_MAX = 5.0
GAP_S_MAX = 1.0
LEASE_TICKS = 50
QUALITY_BAD = 2
FAST_C_PER_S = 0.1  # of the setpoint, which nothing follows here
HYDRAULICS_OFF, HYDRAULICS_CLOSE, HYDRAULICS_PRESSURE, HYDRAULICS_OPEN = range(4)


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the kernel's rows by bit, for messages."""

    permissives: Sequence[str]
    trips: Sequence[str]


class _Gate:
    """Before the first output: reset edge, permissives, and what must stay true afterwards."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._begun_s: float | None = None
        self._previous_s = 0.0
        self._reset = 0
        self.open = False
        self.refusal = ""

    def step(self, tick: Tick, seen: Any, command: Any) -> float:
        """Seconds since the last step; sets `open` or `refusal`."""
        if self._begun_s is None:
            self._begun_s = self._previous_s = tick.monotonic_s
        gap_s = tick.monotonic_s - self._previous_s
        self._previous_s = tick.monotonic_s
        elapsed_s = tick.monotonic_s - self._begun_s
        self._reset = 1 - self._reset if seen.trip_bits and elapsed_s < ARMING_S else 0
        command.reset = self._reset if not self.open else 0
        if seen.trip_bits and elapsed_s >= ARMING_S:
            self.refusal = f"tripped: {self._names(seen.trip_bits, self._tables.trips)}"
        elif gap_s > GAP_S_MAX:
            self.refusal = f"nothing was observed for {gap_s:.1f} s: the record has a hole"
        elif not self.open and not seen.trip_bits and seen.permissive_missing_bits == 0:
            self.open = True
        elif not self.open and elapsed_s > PERMISSION_S_MAX:
            missing = self._names(seen.permissive_missing_bits, self._tables.permissives)
            self.refusal = f"not permitted: {missing}"
        return gap_s

    @staticmethod
    def _names(bits: int, names: Sequence[str]) -> str:
        return ", ".join(name for bit, name in enumerate(names) if bits >> bit & 1)


def _ask_nothing(command: Any, tick: Tick) -> None:
    """Everything off, and that renewed."""
    command.temperature_target_c, command.temperature_rate_c_per_s = 20.0, FAST_C_PER_S
    command.pressure_target_mpa, command.pressure_rate_mpa_per_s = 0.0, 0.1
    command.temperature_holdback_k = command.pressure_holdback_mpa = 0.0
    command.heat_enable = command.cooling = command.dump_request = 0
    command.hydraulics, command.hot_only = HYDRAULICS_OFF, 0
    command.manual_zone_bits = 0
    command.valid_until_tick = tick.index + LEASE_TICKS


class ZoneTuning:
    """The temperature experiment on the zones `zones` (numbers from 1) of `zone_count`."""

    def __init__(
        self,
        limits: Limits,
        tables: Tables,
        *,
        zone_count: int,
        zones: Sequence[int] = (),
        pressure_bar_max: float = 8.0,
    ) -> None:
        self.zones = tuple(zones) or tuple(range(1, zone_count + 1))
        self.lead = Experiment(limits)
        self.records = {zone: Record() for zone in self.zones}
        self._gate = _Gate(tables)
        self._limits = limits
        self._zone_count = zone_count
        self._pressure_bar_max = pressure_bar_max
        self._sums = [0.0] * zone_count
        self._count = 0
        self._sample_s = 0.0

    @property
    def phase(self) -> str:
        return f"tuning, {self.lead.stage}"

    @property
    def finished(self) -> bool:
        return self.lead.finished

    @property
    def refusal(self) -> str:
        return self.lead.refusal

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Any, ...]:
        """Advance to `tick` and fill `command`."""
        _ask_nothing(command, tick)
        gap_s = self._gate.step(tick, observation, command)
        if not self.finished:
            self._watch(observation)
        if self._gate.open and not self.finished:
            self._gather(observation, gap_s)
            self._ask(command)
        return ()

    def _watch(self, seen: Any) -> None:
        if self._gate.refusal:
            self.lead.refuse(self._gate.refusal)
            return
        for zone in range(self._zone_count):
            if self._gate.open and seen.quality[zone] == QUALITY_BAD:
                self.lead.refuse(f"zone {zone + 1}: the sensor is bad or stuck")
                return
            hot_c = seen.measurement_channel_unit[zone]
            if hot_c > self._limits.temperature_c_max:
                self.lead.refuse(
                    f"zone {zone + 1} is at {hot_c:.1f} °C, the limit is "
                    f"{self._limits.temperature_c_max:g} °C"
                )
                return
        if seen.contact or seen.cylinder_pressure_bar > self._pressure_bar_max:
            self.lead.refuse(
                f"the platens are closed or under pressure ({seen.cylinder_pressure_bar:.1f} bar): "
                "tune with open, empty platens"
            )

    def _gather(self, seen: Any, gap_s: float) -> None:
        """Means over a second, like a slower and quieter sensor."""
        for zone in range(self._zone_count):
            self._sums[zone] += seen.measurement_channel_unit[zone]
        self._count += 1
        self._sample_s += gap_s
        if self._sample_s < SAMPLE_S - 1e-6:
            return
        means = [total / self._count for total in self._sums]
        time_s = self.lead.record.time_s[-1] + self._sample_s if self.lead.record.time_s else 0.0
        duty = self.lead.step(
            sum(means[zone - 1] for zone in self.zones) / len(self.zones), self._sample_s
        )
        for zone, record in self.records.items():
            record.add(time_s, duty, means[zone - 1])
        self._sums = [0.0] * self._zone_count
        self._count, self._sample_s = 0, 0.0

    def _ask(self, command: Any) -> None:
        command.heat_enable = 1
        command.temperature_target_c = self._limits.temperature_c_max
        command.manual_zone_bits = (1 << self._zone_count) - 1
        for zone in range(self._zone_count):
            driven = zone + 1 in self.zones
            command.manual_duty_fraction[zone] = self.lead.duty_fraction if driven else 0.0


class ValveStage(StrEnum):
    WAIT = "waits for permission"
    CLOSE = "closes"
    SETTLE = "settles"
    UP = "pressure up"
    DOWN = "pressure down"
    OPEN = "opens"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ValveLimits:
    """Of the valve experiment: low pressure on empty platens or a dummy, and its pace."""

    pressure_mpa_low: float
    pressure_mpa_high: float
    rate_mpa_per_s: float
    stage_s_max: float = 240.0
    settle_s: float = 10.0
    pressure_bar_max: float = 60.0
    turn_bar: float = 2.0
    """So far behind a turn nothing is recorded: the play is being crossed."""


class ValveTuning:
    """Slowly up and down; `opening` tells what the last gate gave the valve."""

    def __init__(
        self, limits: ValveLimits, tables: Tables, *, opening: Callable[[], float]
    ) -> None:
        self.stage = ValveStage.WAIT
        self.refusal = ""
        self.points: list[ValvePoint] = []
        self._limits = limits
        self._opening = opening
        self._gate = _Gate(tables)
        self._stage_s = 0.0
        self._turn_bar = 0.0

    @property
    def phase(self) -> str:
        return f"valve, {self.stage}"

    @property
    def finished(self) -> bool:
        return self.stage in (ValveStage.DONE, ValveStage.REFUSED)

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Any, ...]:
        """Advance to `tick` and fill `command`."""
        _ask_nothing(command, tick)
        self._stage_s += self._gate.step(tick, observation, command)
        if self.finished:
            return ()
        self._watch(observation)
        if not self.refusal:
            self._advance(observation)
        self._ask(command)
        return ()

    def _watch(self, seen: Any) -> None:
        limits, slow = self._limits, self.stage not in (ValveStage.WAIT, ValveStage.OPEN)
        if self._gate.refusal:
            self._refuse(self._gate.refusal)
        elif seen.pressure_quality == QUALITY_BAD:
            self._refuse("the pressure measurement is bad")
        elif seen.cylinder_pressure_bar > limits.pressure_bar_max:
            self._refuse(
                f"{seen.cylinder_pressure_bar:.1f} bar is above the limit of "
                f"{limits.pressure_bar_max:g} bar"
            )
        elif slow and self._stage_s > limits.stage_s_max:
            self._refuse(f"not done after {limits.stage_s_max:g} s in: {self.stage}")

    def _refuse(self, why: str) -> None:
        self.refusal = why
        self._enter(ValveStage.REFUSED)

    def _enter(self, stage: ValveStage) -> None:
        self.stage, self._stage_s = stage, 0.0

    def _advance(self, seen: Any) -> None:
        pressure_mpa, bar = seen.stack_pressure_setpoint_mpa, seen.cylinder_pressure_bar
        limits, near_mpa = self._limits, 0.02 * self._limits.pressure_mpa_high
        if self.stage is ValveStage.WAIT and self._gate.open:
            self._enter(ValveStage.CLOSE)
        elif self.stage is ValveStage.CLOSE and seen.contact:
            self._enter(ValveStage.SETTLE)
        elif self.stage is ValveStage.SETTLE and self._stage_s > limits.settle_s:
            if abs(pressure_mpa - limits.pressure_mpa_low) < near_mpa:
                self._turn_bar = bar
                self._enter(ValveStage.UP)
        elif self.stage is ValveStage.UP:
            self._take(bar, rising=True)
            if pressure_mpa > limits.pressure_mpa_high - near_mpa:
                self._turn_bar = bar
                self._enter(ValveStage.DOWN)
        elif self.stage is ValveStage.DOWN:
            self._take(bar, rising=False)
            if pressure_mpa < limits.pressure_mpa_low + near_mpa:
                self._enter(ValveStage.OPEN)
        elif self.stage is ValveStage.OPEN and self._stage_s > limits.settle_s:
            self._enter(ValveStage.DONE)

    def _take(self, bar: float, *, rising: bool) -> None:
        if abs(bar - self._turn_bar) > self._limits.turn_bar:
            self.points.append(
                ValvePoint(opening_fraction=self._opening(), pressure_bar=bar, rising=rising)
            )

    def _ask(self, command: Any) -> None:
        limits = self._limits
        command.pressure_rate_mpa_per_s = limits.rate_mpa_per_s
        if self.stage is ValveStage.CLOSE:
            command.hydraulics = HYDRAULICS_CLOSE
        elif self.stage in (ValveStage.SETTLE, ValveStage.UP, ValveStage.DOWN):
            up = self.stage is ValveStage.UP
            command.hydraulics = HYDRAULICS_PRESSURE
            command.pressure_target_mpa = (
                limits.pressure_mpa_high if up else limits.pressure_mpa_low
            )
        elif self.stage is ValveStage.OPEN:
            command.hydraulics = HYDRAULICS_OPEN
