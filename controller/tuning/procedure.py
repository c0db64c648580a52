"""The temperature experiment behind the kernel: a procedure of the loop, as a recipe is one.

It asks for a manual duty; the kernel permits, and keeps every interlock and trip. A trip, a
lost sensor, a pressure or a product between the platens ends it with the reason and
everything off.

All zones get the same duty, so that none heats another's record, and the step is judged on
their mean; with `zones` only those are driven.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.ports import Tick
from controller.tuning.experiment import Experiment, Limits
from controller.tuning.record import Record
from controller.tuning.start_gate import QUALITY_BAD, Gate, Tables, ask_nothing

SAMPLE_S = 1.0


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
        self._gate = Gate(tables)
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
        ask_nothing(command, tick)
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
        command.heat_enable, command.heater_duty_fraction_max = 1, 1.0
        command.temperature_target_c = self._limits.temperature_c_max
        command.manual_zone_bits = (1 << self._zone_count) - 1
        for zone in range(self._zone_count):
            driven = zone + 1 in self.zones
            command.manual_duty_fraction[zone] = self.lead.duty_fraction if driven else 0.0
