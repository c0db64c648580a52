"""What really happened in a simulated batch, judged on the plant's own truth.

The controller measures; the simulated plant knows. This sink compares the two, so that a
sensor's error or a flattering estimate cannot hide an overshoot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.ports import Event, Sample, Signal
from controller.wip_verdict import WipVerdict

_STEADY_PHASES = ("soak", "hold")


class Verdict(Protocol):
    """A sink that judges."""

    def sample(self, sample: Sample) -> None: ...

    def event(self, event: Event) -> None: ...

    def figures(self) -> dict[str, float]:
        """The verdict so far as numbers by name."""
        ...


@dataclass(slots=True)
class PressVerdict:
    """Peaks of the true state against the setpoints the recipe asked for.

    `temperature_overshoot_k` and `pressure_overshoot_fraction` are how far the true hottest
    zone and the true stack pressure went beyond the highest setpoint of the run;
    `zone_deviation_k_max` is the largest distance of any true zone temperature from the
    setpoint during soak and hold.
    """

    truth: Callable[[], Mapping[str, float]]
    signals: tuple[Signal, ...]
    temperature_c_max: float = -273.15
    temperature_setpoint_c_max: float = -273.15
    pressure_mpa_max: float = 0.0
    pressure_setpoint_mpa_max: float = 0.0
    zone_deviation_k_max: float = 0.0
    density_estimate_g_per_cm3: float = 0.0
    sample_count: int = 0
    _column: dict[str, int] = field(init=False)
    _zones: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._column = {signal.name: i for i, signal in enumerate(self.signals)}
        self._zones = tuple(name for name in self.truth() if name.startswith("zone_"))

    def event(self, event: Event) -> None:
        """Events carry no truth."""

    def sample(self, sample: Sample) -> None:
        self.sample_count += 1
        truth = self.truth()
        zones = [truth[name] for name in self._zones]
        setpoint_c = sample.values[self._column["zone_temperature_setpoint_c"]]
        pressure_setpoint_mpa = sample.values[self._column["stack_pressure_setpoint_mpa"]]
        self.temperature_c_max = max(self.temperature_c_max, *zones)
        self.temperature_setpoint_c_max = max(self.temperature_setpoint_c_max, setpoint_c)
        self.pressure_mpa_max = max(self.pressure_mpa_max, truth["stack_pressure_mpa"])
        self.pressure_setpoint_mpa_max = max(self.pressure_setpoint_mpa_max, pressure_setpoint_mpa)
        if sample.phase in _STEADY_PHASES:
            deviation_k = max(abs(zone - setpoint_c) for zone in zones)
            self.zone_deviation_k_max = max(self.zone_deviation_k_max, deviation_k)
        measured = sample.values[self._column["density_g_per_cm3"]]
        if measured > 0.0:
            self.density_estimate_g_per_cm3 = measured

    def figures(self) -> dict[str, float]:
        """The verdict as numbers, by the names `hotpress simulate --json` uses."""
        truth = self.truth()
        setpoint_mpa = self.pressure_setpoint_mpa_max
        over_mpa = max(0.0, self.pressure_mpa_max - setpoint_mpa)
        return {
            "density_g_per_cm3": truth["density_g_per_cm3"],
            "density_estimate_g_per_cm3": self.density_estimate_g_per_cm3,
            "temperature_overshoot_k": max(
                0.0, self.temperature_c_max - self.temperature_setpoint_c_max
            ),
            "pressure_overshoot_fraction": over_mpa / setpoint_mpa if setpoint_mpa else 0.0,
            "zone_deviation_k_max": self.zone_deviation_k_max,
            "interface_resistance_ohm_cm2": truth["interface_resistance_ohm_cm2"],
            "hard_protection_demands": truth["hard_protection_demands"],
        }


Truth = Callable[[], Mapping[str, float]]
VERDICTS: Mapping[str, Callable[[Truth, tuple[Signal, ...]], Verdict]] = {
    "press": PressVerdict,
    "wip": WipVerdict,
}
"""By class of unit: judges a plant's truth beside the unit's signals."""
