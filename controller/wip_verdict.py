"""What really happened in a simulated batch of a WIP; see controller.verdict."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.ports import Event, Sample, Signal

_RATE_S = 1.0
"""Rates are means over so long: a check valve that falls shut is no release."""
_RATE_TOLERANCE_S = 1e-6
_WORD = re.compile(r"[a-z0-9]+")
_AT_THE_END = (
    "density_g_per_cm3",
    "thickness_mm",
    "damage_ratio",
    "cracked_count",
    "shorted_count",
    "interface_resistance_ohm_cm2",
    "bag_water_ml",
    "h2s_released_l",
    "hard_protection_demands",
)


@dataclass(slots=True)
class WipVerdict:
    """Peaks of the true state against what the recipe asked for.

    `fluid_peak_error_k` is the hottest true fluid while pumping and holding, less the target
    it was pumped for: above 0 it passed it. Deviations are of the holds, from the setpoint of
    the instant. Fall rates are means over a second; the slow one is of pressures that began
    it at or below `slow_below_mpa`. A figure that was never measured is left out.
    """

    truth: Callable[[], Mapping[str, float]]
    signals: tuple[Signal, ...]
    slow_below_mpa: float = 20.0
    sample_count: int = 0
    _figures: dict[str, float] = field(default_factory=dict)
    _target_c_max: float = 0.0
    _fluid_c_max: float = -273.15
    _recent: deque[tuple[float, float]] = field(default_factory=deque)
    _column: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._column = {signal.name: i for i, signal in enumerate(self.signals)}

    def event(self, event: Event) -> None:
        """Events carry no truth."""

    def sample(self, sample: Sample) -> None:
        self.sample_count += 1
        truth = self.truth()
        pressure_mpa, fluid_c = truth["vessel_pressure_mpa"], truth["fluid_temperature_c"]
        self._most("vessel_pressure_mpa_max", pressure_mpa)
        self._fall(sample.tick.monotonic_s, pressure_mpa)
        words = _WORD.findall(sample.phase)
        if "pump" in words:
            target_c = self._asked(sample, "fluid_temperature_target_c")
            self._target_c_max = max(self._target_c_max, target_c)
        if "pump" in words or "hold" in words:
            self._fluid_c_max = max(self._fluid_c_max, fluid_c)
        if "hold" in words:
            self._held(sample, pressure_mpa, fluid_c)

    def figures(self) -> dict[str, float]:
        """The verdict as numbers, by the names `hotpress simulate --json` uses."""
        truth = self.truth()
        layers = sorted(name for name in truth if re.fullmatch(r"layer_\d+_density_ratio", name))
        peak = {}
        if self._target_c_max > 0.0:
            peak = {
                "fluid_temperature_c_max": self._fluid_c_max,
                "fluid_peak_error_k": self._fluid_c_max - self._target_c_max,
            }
        return {**peak, **self._figures, **{name: truth[name] for name in (*layers, *_AT_THE_END)}}

    def _held(self, sample: Sample, pressure_mpa: float, fluid_c: float) -> None:
        setpoint_mpa = self._asked(sample, "vessel_pressure_setpoint_mpa")
        if setpoint_mpa > 0.0:
            away = abs(pressure_mpa / setpoint_mpa - 1.0)
            self._most("hold_pressure_deviation_fraction_max", away)
        target_c = self._asked(sample, "fluid_temperature_target_c")
        if target_c > 0.0:
            self._most("hold_fluid_deviation_k_max", abs(fluid_c - target_c))

    def _fall(self, now_s: float, pressure_mpa: float) -> None:
        """The fall over the last second; it counts where it began."""
        self._recent.append((now_s, pressure_mpa))
        while now_s - self._recent[0][0] > _RATE_S + _RATE_TOLERANCE_S:
            self._recent.popleft()
        then_s, then_mpa = self._recent[0]
        if now_s - then_s < _RATE_S - _RATE_TOLERANCE_S:
            return
        name = "release_mpa_per_s" if then_mpa > self.slow_below_mpa else "release_slow_mpa_per_s"
        self._most(f"{name}_max", (then_mpa - pressure_mpa) / (now_s - then_s))

    def _most(self, name: str, figure: float) -> None:
        self._figures[name] = max(self._figures.get(name, figure), figure)

    def _asked(self, sample: Sample, name: str) -> float:
        return sample.values[self._column[name]]
