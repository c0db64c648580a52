"""The machine's own sections of a station file: place, channels, laws and limits.

Sections that feed the kernel use press.h's field names, so that a person who reads one
has read the other; a test compares them with the header's text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.numbers import (
    DurationS,
    Fraction,
    Name,
    PathPiece,
    PressureBar,
    PressureMpa,
    RateCPerMin,
    TemperatureC,
    TemperatureK,
    Text,
)

Reading = Annotated[float, Meta(ge=-1000.0, le=100_000.0, description="In the channel's own unit")]
Span = Annotated[float, Meta(ge=0.0, le=100_000.0, description="In the channel's own unit")]
Ticks = Annotated[int, Meta(ge=1, le=10_000, description="Base ticks")]
Gain = Annotated[float, Meta(ge=0.0, le=100.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=10_000.0, description="s")]
Conductance = Annotated[float, Meta(ge=0.0, le=10_000.0, description="W/K")]
HeatCapacity = Annotated[float, Meta(ge=1.0, le=1_000_000.0, description="J/K")]
Rate = Annotated[float, Meta(ge=1e-6, le=10_000.0)]


class Site(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who this station is (the Unified-Namespace path) and how fast it beats."""

    id: Name
    description: Text
    enterprise: PathPiece
    site: PathPiece
    area: PathPiece
    line: PathPiece
    cell: PathPiece
    tick_s: Annotated[float, Meta(ge=0.001, le=0.1, description="Base tick in s")] = 0.010
    thermal_ticks: Ticks = 10
    """The thermal laws run every so many base ticks."""


class Machine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the iron can do, for the lint and for estimates of time; the kernel never sees it."""

    force_kn_max: Annotated[float, Meta(ge=1.0, le=10_000.0, description="kN")]
    platen_width_mm: Annotated[float, Meta(ge=10.0, le=2000.0, description="mm")]
    platen_depth_mm: Annotated[float, Meta(ge=10.0, le=2000.0, description="mm")]
    limiter_temperature_c: TemperatureC
    """Setting of the independent, hard-wired limiter; this file only repeats it."""
    limiter_margin_k: TemperatureK
    """Setpoints stay this far below it, or overshoot alone would trip it."""
    ambient_temperature_c: TemperatureC
    cooling_temperature_c: TemperatureC
    """Of the water; air is taken to be as warm as the room."""
    air_w_per_k: Conductance
    """Of one zone with the air full on."""
    pressing_bar_per_s_max: Annotated[float, Meta(ge=0.01, le=1000.0, description="bar/s")]
    heating_c_per_min_max: RateCPerMin
    """Of the loaded press as commissioned: slower than power over heat capacity, which
    knows nothing of the stack."""


class Channel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One analogue input. A channel without a section is not fitted."""

    kind: Literal["direct", "current_loop_4_20_ma"]
    range_low: Reading
    """Measurement at 4 mA, or the lower bound of a direct reading."""
    range_high: Reading
    rate_per_s_max: Span
    """Faster is implausible."""
    required: bool = True
    """Its loss takes away the permission to start."""
    noise_max: Span = 0.0
    """A step this small is noise, whatever its rate."""
    offset: Reading = 0.0
    stuck_band: Span = 0.0
    stuck_s_max: Seconds = 60.0
    age_s_max: Annotated[float, Meta(ge=0.01, le=10.0, description="s")] = 0.2
    filter_s: Annotated[float, Meta(ge=0.0, le=60.0, description="s")] = 0.0


class Zone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One heater zone: standard-form 2-DOF PID and its feed-forward."""

    platen: Literal["top", "bottom"]
    kp_per_c: Gain
    ti_s: Annotated[float, Meta(ge=0.1, le=10_000.0, description="s")]
    td_s: Seconds
    filter_s: Seconds
    setpoint_weight_ratio: Fraction
    tracking_s: Annotated[float, Meta(ge=0.1, le=10_000.0, description="s")]
    power_w: Annotated[float, Meta(ge=1.0, le=100_000.0, description="W at nominal mains")]
    heat_capacity_j_per_k: HeatCapacity
    loss_w_per_k: Conductance
    """Against the machine's ambient_temperature_c."""
    lag_s: Seconds
    """Heater power to measurement."""
    cooling_w_per_k: Conductance
    """Water full on, per kelvin above the water; 0 is a zone without water."""
    rated_current_a: Annotated[float, Meta(ge=0.01, le=1000.0, description="A")]


class StackThermal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How heat reaches the fixture and the stack: the estimator's commissioning constants.

    G = base + slope · min(1, p / contact_pressure_mpa_ref), per platen.
    """

    heat_capacity_j_per_k: HeatCapacity
    contact_w_per_k_base: Conductance
    contact_w_per_k_slope: Conductance
    contact_pressure_mpa_ref: Annotated[float, Meta(ge=0.1, le=700.0, description="MPa")]
    loss_w_per_k: Conductance
    thickness_reference_mm: Annotated[float, Meta(ge=-100.0, le=500.0, description="mm")]


class Hydraulic(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    cylinder_area_mm2: Annotated[float, Meta(ge=100.0, le=1_000_000.0, description="mm²")]
    ram_weight_kn: Annotated[float, Meta(ge=0.0, le=100.0, description="kN")]
    valve_full_scale_bar: Annotated[float, Meta(ge=1.0, le=1000.0, description="bar")]
    valve_deadband_fraction: Fraction
    valve_hysteresis_fraction: Fraction
    kp_per_bar: Gain
    ki_per_bar_s: Gain
    trim_bar_max: PressureBar
    pressure_min_bar: PressureBar
    contact_force_kn: Annotated[float, Meta(ge=0.01, le=100.0, description="kN")]
    frame_stiffness_kn_per_mm: Annotated[float, Meta(ge=1.0, le=100_000.0, description="kN/mm")]
    platen_expansion_mm_per_k: Annotated[float, Meta(ge=-0.1, le=0.1, description="mm/K")]
    close_bar: PressureBar


class MachineLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """press_limit_config_t without what recipe and material decide
    (temperature_c_max, stack_pressure_mpa_max and the cold-stack rule)."""

    temperature_c_trip: TemperatureC
    over_temperature_warn_k: TemperatureK
    over_temperature_warn_s: Seconds
    over_temperature_trip_k: TemperatureK
    out_of_family_k: TemperatureK
    out_of_family_s: Seconds
    cylinder_bar_trip: PressureBar
    pressure_pair_bar_max: PressureBar
    pressure_pair_s_max: Seconds
    force_mismatch_fraction_max: Fraction
    temperature_holdback_k: TemperatureK
    pressure_holdback_mpa: PressureMpa
    ssr_welded_current_a: Annotated[float, Meta(ge=0.0, le=1000.0, description="A")]
    ssr_welded_s: Seconds
    uncommanded_rise_k_per_s: Annotated[float, Meta(ge=0.001, le=10.0, description="K/s")]
    uncommanded_rise_s: Seconds
    heater_break_fraction: Fraction
    heater_break_s: Seconds
    loop_break_s: Seconds
    loop_break_rise_k: TemperatureK
    contactor_mismatch_s: Seconds
    pump_mismatch_s: Seconds
    pump_no_rise_s: Seconds
    pressure_loss_bar_per_min: Annotated[float, Meta(ge=0.01, le=1000.0, description="bar/min")]
    pressure_loss_s: Seconds
    io_age_s_max: Annotated[float, Meta(ge=0.01, le=10.0, description="s")]
    zone_sensor_bad_s_max: DurationS
    steam_limit_c: TemperatureC
    released_bar_max: PressureBar
    start_temperature_c_max: TemperatureC
    readback_s_max: Seconds


class Ramp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How softly a setpoint starts and ends its move."""

    temperature_jerk_c_per_s3: Rate
    temperature_acceleration_c_per_s2: Rate
    pressure_jerk_mpa_per_s3: Rate
    pressure_acceleration_mpa_per_s2: Rate


class LastGate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The time-proportioning window and the slews that no output can exceed."""

    window_ticks: Ticks = 200
    window_resolution_ticks: Ticks = 2
    valve_slew_fraction_per_s: Rate
    heater_slew_fraction_per_s: Rate
