"""A warm isostatic press (WIP) as one object: its own sections, and what no single key shows.

Sections that feed the kernel use isostatic.h's field names; bounds are those of its own check
or tighter, so what loads here the kernel accepts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.numbers import TemperatureC, TemperatureK
from controller.config.station import Place, Ticks
from controller.config.station_base import StationBase
from controller.config.wip_advice import WipAdvice
from controller.config.wip_limit import WipMachineLimits

NODE_COUNT = 5
_REQUIRED_CHANNELS = (
    "fluid_1_temperature_c",
    "jacket_temperature_c",
    "vessel_a_pressure_mpa",
    "vessel_b_pressure_mpa",
    "vessel_low_pressure_bar",
    "intensifier_oil_pressure_bar",
    "intensifier_position_mm",
)

_five = Meta(min_length=NODE_COUNT, max_length=NODE_COUNT)
NodesMpa = Annotated[list[Annotated[float, Meta(ge=0.0, le=1000.0, description="MPa")]], _five]
NodesC = Annotated[list[Annotated[float, Meta(ge=0.0, le=300.0, description="°C")]], _five]
Heating = Annotated[float, Meta(ge=0.0, le=0.15, description="K/MPa")]
Heatings = Annotated[list[Annotated[list[Heating], _five]], _five]
Stiffnesses = Annotated[
    list[Annotated[float, Meta(ge=100.0, le=20_000.0, description="MPa")]], _five
]
Expansions = Annotated[list[Annotated[float, Meta(ge=0.0, le=10.0, description="MPa/K")]], _five]
Slew = Annotated[float, Meta(ge=1e-3, le=1e3, description="Of full scale a second")]
Conductance = Annotated[float, Meta(ge=0.1, le=1e4, description="W/K")]
Ratio = Annotated[float, Meta(ge=0.0, le=100.0)]

_NOT_ABOVE = (
    ("limit.temperature_c_max", "limit.temperature_c_trip"),
    ("limit.jacket_temperature_c_max", "limit.jacket_temperature_c_trip"),
    ("limit.release_slow_mpa_per_s_max", "limit.release_mpa_per_s_max"),
    ("limit.leak_window_s", "limit.leak_test_s"),
    ("limit.leak_learned_fraction", "limit.leak_model_fraction"),
    ("limit.h2s_start_ppm_max", "limit.h2s_alarm_ppm"),
    ("limit.h2s_alarm_ppm", "limit.h2s_trip_ppm"),
    ("limit.progress_fraction_min", "advice.stroke_ratio_min"),
    ("advice.drift_ratio_warn", "advice.drift_ratio_hold"),
    ("advice.thermometer_k_warn", "advice.thermometer_k_hold"),
    ("advice.heater_break_fraction", "advice.heater_weak_fraction"),
    ("advice.leak_mpa_per_min", "limit.leak_mpa_per_min_max"),
    ("advice.not_rising_s", "limit.over_run_s"),
)


class WipSite(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who this WIP is and how fast it beats."""

    unit: Literal["wip"]
    """Class of unit: a warm isostatic press."""
    tick_s: Annotated[float, Meta(ge=0.001, le=0.05, description="Base tick in s")] = 0.010
    predict_ticks: Annotated[int, Meta(ge=1, le=1000, description="Base ticks")] = 50
    """The peak of the fluid is predicted every so many base ticks."""


class WipMachine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the iron and the building can do, for the lint; the kernel sees the room only."""

    working_pressure_mpa_max: Annotated[float, Meta(ge=1.0, le=1000.0, description="MPa")]
    """Of the vessel's papers; the disc and the design pressure are above it."""
    limiter_temperature_c: TemperatureC
    """Setting of the independent, hard-wired limiter on the jacket; this file only repeats it."""
    limiter_margin_k: TemperatureK
    """The jacket's setpoints stay this far below it, or overshoot alone would trip it."""
    supply_temperature_c: Annotated[float, Meta(ge=5.0, le=99.0, description="°C of the water")]
    """As it is filled; pumping warms it by 20 K and more."""
    ambient_temperature_c: Annotated[float, Meta(ge=-20.0, le=60.0, description="°C of the room")]


class Vessel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The vessel and what is in it, as commissioned: the model that foretells the peak."""

    node_pressure_mpa: NodesMpa
    node_temperature_c: NodesC
    heating_k_per_mpa: Heatings
    """Along the isentrope: one row a temperature node, one column a pressure node."""
    stiffness_mpa: Stiffnesses
    """Isothermal, by pressure node, with the vessel's own compliance."""
    expansion_mpa_per_k: Expansions
    """What a kelvin is worth in the blocked-in vessel, by pressure node."""
    volume_ml: Annotated[float, Meta(ge=50.0, le=5e5, description="mL")]
    fluid_heat_capacity_j_per_k: Annotated[float, Meta(ge=100.0, le=1e7, description="J/K")]
    wall_heat_capacity_j_per_k: Annotated[float, Meta(ge=100.0, le=1e8, description="J/K")]
    wall_w_per_k: Conductance
    """Fluid to wall."""
    jacket_w_per_k: Conductance
    """Wall to jacket."""
    jacket_loss_w_per_k: Annotated[float, Meta(ge=0.0, le=1e4, description="W/K")]
    """To the room."""
    jacket_power_w: Annotated[float, Meta(ge=10.0, le=1e5, description="W")]
    fluid_lag_s: Annotated[float, Meta(ge=0.0, le=60.0, description="s")]
    """Of the fluid's thermometers."""
    fluid_correction_s: Annotated[float, Meta(ge=0.5, le=1000.0, description="s")]
    """So long until the observer believes them."""
    wall_correction_s: Annotated[float, Meta(ge=1.0, le=1e5, description="s")]
    fill_ml_per_s: Annotated[float, Meta(ge=1.0, le=1e4, description="mL/s")]
    """Of a flush, both mouths open."""


class Drive(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Intensifier, needle and jacket, and how their laws react."""

    stroke_ml: Annotated[float, Meta(ge=0.1, le=1e4, description="mL")]
    stroke_mm: Annotated[float, Meta(ge=1.0, le=1e4, description="mm")]
    flow_ml_per_s_max: Annotated[float, Meta(ge=0.01, le=1e3, description="mL/s")]
    """At full speed, on the high-pressure side."""
    oil_bar_per_mpa: Annotated[float, Meta(ge=0.05, le=10.0, description="bar/MPa")]
    """Oil pressure while delivering, over the vessel's pressure."""
    charge_fraction: Annotated[float, Meta(ge=0.01, le=1.0, description="0 to 1")]
    """Pump speed while the plunger compresses its charge."""
    reaction_s: Annotated[float, Meta(ge=0.2, le=60.0, description="s")]
    """Of the law that tops up."""
    rise_mpa_per_s_max: Annotated[float, Meta(ge=0.01, le=50.0, description="MPa/s")]
    """Catching up included."""
    needle_flow_ml_per_s: Annotated[float, Meta(ge=1e-3, le=1e3, description="mL/s")]
    """Fully open at 1 MPa, as new."""
    needle_gain_ratio_max: Annotated[float, Meta(ge=1.0, le=10.0)]
    """How far wear is believed, either way."""
    needle_learn_s: Annotated[float, Meta(ge=0.5, le=1e4, description="s")]
    release_reaction_s: Annotated[float, Meta(ge=0.5, le=100.0, description="s")]
    jacket_kp_per_c: Annotated[float, Meta(ge=0.0, le=10.0)]
    wall_gain_ratio: Ratio
    """Jacket above the wall's target, over the wall's error."""


class WipRamp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How softly the pressure's setpoint starts and ends its move."""

    pressure_jerk_mpa_per_s3: Annotated[float, Meta(ge=1e-3, le=1e4)]
    pressure_acceleration_mpa_per_s2: Annotated[float, Meta(ge=1e-3, le=1e4)]


class WipLastGate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The jacket's time-proportioning window and the slews that no output can exceed."""

    window_ticks: Ticks = 200
    needle_slew_fraction_per_s: Slew
    pump_slew_fraction_per_s: Slew


class WipStation(StationBase, frozen=True, forbid_unknown_fields=True, kw_only=True):
    station: WipSite
    machine: WipMachine
    vessel: Vessel
    drive: Drive
    limit: WipMachineLimits
    advice: WipAdvice
    ramp: WipRamp
    last_gate: WipLastGate


def wip_problems(station: WipStation) -> Iterator[tuple[str, str]]:
    """(path, message) of what only two keys together show."""
    for name in _REQUIRED_CHANNELS:
        if name not in station.channel:
            yield f"channel.{name}", "is missing: the kernel cannot do without it; add it"
    vessel = station.vessel
    yield from _nodes("vessel.node_pressure_mpa", vessel.node_pressure_mpa)
    yield from _nodes("vessel.node_temperature_c", vessel.node_temperature_c)
    machine, jacket_c = station.machine, station.limit.jacket_temperature_c_max
    most_c = machine.limiter_temperature_c - machine.limiter_margin_k
    if jacket_c > most_c:
        yield (
            "limit.jacket_temperature_c_max",
            f"is {jacket_c}, must not be above limiter_temperature_c less limiter_margin_k "
            f"({most_c})",
        )
    for low, high in _NOT_ABOVE:
        found, bound = attrgetter(low)(station), attrgetter(high)(station)
        if found > bound:
            yield low, f"is {found}, must not be above {high} ({bound})"


def _nodes(path: str, nodes: Sequence[float]) -> Iterator[tuple[str, str]]:
    for index in range(1, len(nodes)):
        least = nodes[index - 1] + 1.0
        if nodes[index] < least:
            yield f"{path}[{index}]", f"is {nodes[index]}, must be {least} or more: nodes ascend"
