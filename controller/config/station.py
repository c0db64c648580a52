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
LagS = Annotated[float, Meta(ge=0.0, le=600.0, description="s")]
Conductance = Annotated[float, Meta(ge=0.0, le=10_000.0, description="W/K")]
HeatCapacity = Annotated[float, Meta(ge=1.0, le=1_000_000.0, description="J/K")]
Rate = Annotated[float, Meta(ge=1e-6, le=10_000.0)]


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who a station is: the Unified-Namespace path."""

    id: Name
    description: Text
    enterprise: PathPiece
    site: PathPiece
    area: PathPiece
    line: PathPiece
    cell: PathPiece


class Site(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who this press is and how fast it beats."""

    unit: Literal["press"] = "press"
    """Class of unit: a hot press."""
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
    rate_per_s_max: Annotated[
        float, Meta(ge=1e-6, le=100_000.0, description="In the channel's own unit, a second")
    ]
    """Faster is implausible."""
    required: bool = True
    """Its loss takes away the permission to start."""
    noise_max: Span = 0.0
    """A step this small is noise, whatever its rate."""
    offset: Reading = 0.0
    stuck_band: Span = 0.0
    stuck_s_max: Annotated[float, Meta(ge=1.0, le=86_400.0, description="s")] = 60.0
    flat_s_max: Annotated[float, Meta(ge=1.0, le=86_400.0, description="s")] = 86_400.0
    """A live instrument's noise never stands still for so long; for pressures while pumping."""
    age_s_max: Annotated[float, Meta(ge=0.01, le=10.0, description="s")] = 0.2
    filter_s: Annotated[float, Meta(ge=0.0, le=60.0, description="s")] = 0.0


class Zone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One heater zone: its law, standard-form 2-DOF PID or predictive, and its feed-forward."""

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
    law: Literal["pid", "predictive"] = "pid"
    """`predictive`: model, dead time and observer; it falls back to the PID when its model lies.
    Its gain is power_w / loss_w_per_k, its time constant heat_capacity_j_per_k / loss_w_per_k."""
    dead_time_s: LagS = 6.0
    """Heater power to the window's mean measurement, without heater_lag_s."""
    heater_lag_s: LagS = 10.0
    """Second time constant: cartridge, sleeve and sensor."""
    noise_c: Annotated[float, Meta(ge=0.001, le=5.0, description="K")] = 0.02
    """Standard deviation of the mean measurement of one window."""
    response_s: Annotated[float, Meta(ge=0.1, le=1000.0, description="s")] = 4.0
    """So long until an error of the forecast is taken back; a fifth of dead time and lag."""
    observer_s: Annotated[float, Meta(ge=0.1, le=10_000.0, description="s")] = 20.0
    """So long until a slow disturbance is believed; about dead time and lag."""
    contact_ratio: Fraction = 0.0
    """This zone's share of its platen's contact with the stack; 0 is not known."""


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
    thickness_reference_sigma_mm: Annotated[float, Meta(ge=0.0, le=1.0, description="mm")] = 0.005
    """Standard uncertainty of that reference and of the tooling's thickness on the day."""


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
    position_sigma_mm: Annotated[float, Meta(ge=0.0, le=1.0, description="Of one LVDT, mm")] = 0.003
    stretch_sigma_fraction: Annotated[
        float, Meta(ge=0.0, le=0.5, description="How well the frame's stretch is known, 0 to 1")
    ] = 0.002
    close_bar: PressureBar
    lag_s: Annotated[float, Meta(ge=0.0, le=2.0, description="s")] = 0.0
    """Valve and stiff oil: what the valve is led by; 0 leads it by nothing."""
    soft_bar: Annotated[float, Meta(ge=0.0, le=200.0, description="bar")] = 0.0
    """At this pressure the oil is half as stiff as under load; 0 is stiff everywhere."""
    refill_bar: Annotated[float, Meta(ge=0.0, le=50.0, description="bar")] = 0.0
    """At rest the pump stops, and refills when so much is missing; 0 lets it run on."""


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
    mains_s_max: Annotated[float, Meta(ge=0.0, le=1.0, description="s")] = 0.5
    """A shorter dip of the mains is ridden through."""
    zone_falls_k: Annotated[float, Meta(ge=0.5, le=50.0, description="K")] = 1.0
    """A zone that falls by this while its heat should have raised it by as much trips."""
    runaway_k_per_s: Annotated[float, Meta(ge=0.05, le=1000.0, description="K/s")] = 0.5
    """Above the warning level; more than any heater of this machine can do."""
    burst_fraction: Annotated[float, Meta(ge=0.05, le=0.95, description="of the pressure")] = 0.35
    """Lost within 0.2 s, with `burst_bar` at least: a seal or a bag has burst."""
    burst_bar: Annotated[float, Meta(ge=1.0, le=700.0, description="bar")] = 12.0
    uncommanded_bar: Annotated[float, Meta(ge=1.0, le=100.0, description="bar")] = 12.0
    """Above what the valve is asked for, no rise is anybody's wish."""
    uncommanded_rise_bar: Annotated[float, Meta(ge=0.5, le=700.0, description="bar")] = 3.0
    follow_bar: Annotated[float, Meta(ge=0.5, le=100.0, description="bar")] = 1.0
    """So far the setpoint moves before the oil is asked whether it came along."""
    follow_ratio_min: Annotated[float, Meta(ge=0.01, le=0.9)] = 0.3
    dump_stuck_s: Annotated[float, Meta(ge=0.2, le=60.0, description="s")] = 2.0
    """An open dump that does not empty the cylinder."""


class Advice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """press_advice_config_t: when a person is told and when the recipe holds.

    Defaults are those of the demo press; a station may leave any of them out.
    """

    sensor_bad_s: Annotated[float, Meta(ge=0.0, le=60.0, description="s")] = 0.2
    noise_ratio_max: Annotated[float, Meta(ge=0.01, le=100.0)] = 0.5
    """Mean second difference over the channel's `noise_max`."""
    drift_ratio_warn: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.3
    """Of `pressure_pair_bar_max`, which trips."""
    drift_ratio_hold: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.6
    drift_force_ratio_warn: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.75
    """Of `force_mismatch_fraction_max`; friction of the seals takes half of it."""
    drift_force_ratio_hold: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.9
    drift_s: Annotated[float, Meta(ge=0.0, le=600.0, description="s")] = 0.3
    limiter_gap_k_warn: Annotated[float, Meta(ge=0.1, le=100.0, description="K")] = 3.0
    limiter_gap_k_hold: Annotated[float, Meta(ge=0.1, le=100.0, description="K")] = 5.0
    family_power_fraction_warn: Annotated[float, Meta(ge=0.001, le=1.0)] = 0.025
    """Heat a zone needs beside its family, of its heater's power."""
    family_power_fraction_hold: Annotated[float, Meta(ge=0.001, le=1.0)] = 0.04
    family_s: Annotated[float, Meta(ge=1.0, le=3600.0, description="s")] = 60.0
    gain_rise_k: Annotated[float, Meta(ge=0.5, le=50.0, description="K")] = 2.5
    """Heat is judged when it should have made this rise ..."""
    gain_s_max: Annotated[float, Meta(ge=1.0, le=3600.0, description="s")] = 120.0
    """... within this time."""
    gain_ratio_min: Annotated[float, Meta(ge=0.01, le=0.9)] = 0.25
    mass_ratio_min: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.65
    mass_ratio_max: Annotated[float, Meta(ge=1.0, le=100.0)] = 1.5
    swap_k: Annotated[float, Meta(ge=0.2, le=50.0, description="K")] = 1.0
    heater_weak_fraction: Annotated[float, Meta(ge=0.05, le=0.99)] = 0.8
    """Of the rated current; `heater_break_fraction` trips below it."""
    heater_weak_s: Annotated[float, Meta(ge=0.1, le=600.0, description="s")] = 3.0
    ramp_unmet_s: Annotated[float, Meta(ge=1.0, le=3600.0, description="s")] = 60.0
    no_isolation_s: Annotated[float, Meta(ge=0.1, le=60.0, description="s")] = 1.0
    not_rising_s: Annotated[float, Meta(ge=0.1, le=600.0, description="s")] = 2.0
    follow_ratio_slow: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.5
    hunting_mpa: Annotated[float, Meta(ge=0.001, le=100.0, description="MPa")] = 0.4
    hunting_s: Annotated[float, Meta(ge=1.0, le=3600.0, description="s")] = 60.0
    hunting_count_max: Annotated[float, Meta(ge=1.0, le=10_000.0)] = 6.0
    leak_bar_per_min: Annotated[float, Meta(ge=0.01, le=1000.0, description="bar/min")] = 3.0
    near_limit_fraction: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.97
    flow_s: Annotated[float, Meta(ge=0.05, le=60.0, description="s")] = 0.3
    """Water on without flow, its pulses added up."""
    mains_dip_s: Annotated[float, Meta(ge=0.0, le=1.0, description="s")] = 0.1
    discrepancy_s: Annotated[float, Meta(ge=0.0, le=60.0, description="s")] = 0.4
    limiter_zone_top: Annotated[int, Meta(ge=0, le=6, description="from 1; 0 unknown")] = 0
    """The zone where the limiter's sensor sits."""
    limiter_zone_bottom: Annotated[int, Meta(ge=0, le=6, description="from 1; 0 unknown")] = 0


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
