"""What a person sees of a unit while it runs: a line, or a table of setpoint and measurement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from controller.plan import Plan
from controller.ports import Sample, Signal, SignalNames

Row = tuple[str, str, str, str]
"""Quantity, setpoint, measurement, and what else there is to say."""

_ZONE = re.compile(r"zone_\d+_temperature_c")
_PRESSING = re.compile(r"\b(pump|hold)\b")
_BAD = 2


class Face(Protocol):
    def line(self, sample: Sample) -> str:
        """The most important measurements, without the table."""
        ...

    def rows(self, sample: Sample) -> Iterable[Row]: ...


class _Place:
    """Numbers of a sample by the name of their signal."""

    def __init__(self, signals: tuple[Signal, ...]) -> None:
        self._column = {signal.name: i for i, signal in enumerate(signals)}

    def number(self, sample: Sample, name: str) -> float:
        return sample.values[self._column[name]]


class PressFace(_Place):
    """Zones that are not fitted, or bad, are not shown."""

    def __init__(self, signals: tuple[Signal, ...], names: SignalNames) -> None:
        super().__init__(signals)
        self._zones = [
            (i, signal.channel) for i, signal in enumerate(signals) if _ZONE.fullmatch(signal.name)
        ]

    def line(self, sample: Sample) -> str:
        return (
            f"{self.number(sample, 'zone_temperature_c_median'):.1f} °C, "
            f"{self.number(sample, 'stack_pressure_mpa'):.1f} MPa"
        )

    def rows(self, sample: Sample) -> Iterable[Row]:
        setpoint_c = self.number(sample, "zone_temperature_setpoint_c")
        median_c = self.number(sample, "zone_temperature_c_median")
        yield "temperature", f"{setpoint_c:.1f} °C", f"{median_c:.2f} °C", self._spread(sample)
        stack_c = self.number(sample, "stack_temperature_c_estimate")
        yield "stack (estimate)", "", f"{stack_c:.2f} °C", ""
        setpoint_mpa = self.number(sample, "stack_pressure_setpoint_mpa")
        pressure_mpa = self.number(sample, "stack_pressure_mpa")
        force = f"{self.number(sample, 'force_kn'):.1f} kN"
        yield "pressure", f"{setpoint_mpa:.2f} MPa", f"{pressure_mpa:.2f} MPa", force
        density = self.number(sample, "density_g_per_cm3")
        measured = f"{density:.3f} g/cm³" if density > 0.0 else "–"
        yield "density", "", measured, f"{self.number(sample, 'thickness_mm'):.3f} mm"

    def _spread(self, sample: Sample) -> str:
        zones = [sample.values[i] for i, at in self._zones if sample.quality[at] != _BAD]
        if not zones:
            return "no good zone"
        return f"{len(zones)} zones {min(zones):.2f} … {max(zones):.2f} °C"


class WipFace(_Place):
    """The fluid has a target and a peak to come while it is pumped and held."""

    def __init__(self, signals: tuple[Signal, ...], names: SignalNames) -> None:
        super().__init__(signals)
        self._input = {name: 1 << i for i, name in enumerate(names.digital_inputs)}

    def line(self, sample: Sample) -> str:
        return (
            f"{self.number(sample, 'vessel_pressure_mpa'):.1f} MPa, "
            f"fluid {self.number(sample, 'fluid_temperature_c_estimate'):.1f} °C, "
            f"lid {self._lid(sample)}"
        )

    def rows(self, sample: Sample) -> Iterable[Row]:
        def shown(name: str, pattern: str) -> str:
            return pattern.format(self.number(sample, name))

        yield (
            "vessel pressure",
            shown("vessel_pressure_setpoint_mpa", "{:.1f} MPa"),
            shown("vessel_pressure_mpa", "{:.2f} MPa"),
            shown("vessel_pressure_rate_mpa_per_s", "{:+.2f} MPa/s"),
        )
        wanted = bool(_PRESSING.search(sample.phase))
        yield (
            "fluid (estimate)",
            shown("fluid_temperature_target_c", "{:.1f} °C") if wanted else "",
            shown("fluid_temperature_c_estimate", "{:.2f} °C"),
            shown("fluid_temperature_c_predicted", "predicted peak {:.1f} °C") if wanted else "",
        )
        yield "wall (estimate)", "", shown("wall_temperature_c_estimate", "{:.2f} °C"), ""
        yield (
            "jacket",
            shown("jacket_temperature_setpoint_c", "{:.1f} °C"),
            shown("jacket_temperature_c", "{:.2f} °C"),
            f"{100.0 * self.number(sample, 'jacket_duty_fraction'):.0f} % heat",
        )
        yield (
            "intensifier",
            f"{100.0 * self.number(sample, 'pump_speed_fraction'):.0f} % speed",
            shown("delivered_ml", "{:.0f} ml"),
            shown("intensifier_position_mm", "plunger at {:.0f} mm"),
        )
        yield "leak", "", shown("leak_mpa_per_min", "{:.3f} MPa/min"), f"lid {self._lid(sample)}"

    def _lid(self, sample: Sample) -> str:
        bits = int(self.number(sample, "digital_input_bits"))
        if bits & self._input["lid_locked_a"] and bits & self._input["lid_locked_b"]:
            return "locked"
        return "shut, not locked" if bits & self._input["yoke_in"] else "open"


FACES: Mapping[str, Callable[[tuple[Signal, ...], SignalNames], Face]] = {
    "press": PressFace,
    "wip": WipFace,
}
"""By class of unit."""


def face_of(plan: Plan) -> Face:
    """The face of this plan's unit."""
    unit_class = plan.unit_class
    return FACES[unit_class.name](unit_class.signals, unit_class.names)
