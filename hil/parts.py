"""The tables of a machine file that say what the press and its workpiece are made of.

Field names and units are those of the plant's C structs.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hil.bounds import (
    Area,
    Conductance,
    Delay,
    DewPoint,
    Exponent,
    Fraction,
    HeatCapacity,
    Modulus,
    Part,
    PartsPerMillion,
    Pressure,
    Room,
    Softening,
    Temperature,
)

ZONE_MAX = 6


class Zone(Part, frozen=True, kw_only=True):
    """One heater zone: cartridge, core and face of its piece of platen."""

    platen: Literal["top", "bottom"]
    power_w: Annotated[float, Meta(ge=0.0, le=50_000.0)]
    heater_heat_capacity_j_per_k: HeatCapacity
    heater_core_w_per_k: Annotated[float, Meta(ge=0.1, le=1e4)]
    core_heat_capacity_j_per_k: HeatCapacity
    core_face_w_per_k: Conductance
    face_heat_capacity_j_per_k: HeatCapacity
    core_loss_w_per_k: Conductance
    face_loss_w_per_k: Conductance
    water_w_per_k: Conductance
    air_w_per_k: Conductance
    contact_weight_ratio: Fraction


class Thermal(Part, frozen=True, kw_only=True):
    core_lateral_w_per_k: Conductance
    face_lateral_w_per_k: Conductance
    contact_w_per_k_base: Conductance
    contact_w_per_k_slope: Conductance
    contact_pressure_mpa_ref: Pressure
    contact_exponent_ratio: Exponent
    open_w_per_k: Conductance
    stack_loss_w_per_k: Conductance
    cooling_valve_s: Delay
    steam_limit_c: Temperature
    oil_heat_capacity_j_per_k: HeatCapacity
    oil_loss_w_per_k: Conductance
    oil_motor_w: Annotated[float, Meta(ge=0.0, le=50_000.0)]
    oil_temperature_c_max: Temperature


class Powder(Part, frozen=True, kw_only=True):
    """What densifies, by Heckel's law with creep."""

    areal_mass_g_per_cm2: Annotated[float, Meta(ge=1e-4, le=100.0)]
    true_density_g_per_cm3: Annotated[float, Meta(ge=0.1, le=25.0)]
    density_ratio_initial: Annotated[float, Meta(ge=0.05, le=1.0)]
    density_ratio_max: Annotated[float, Meta(ge=0.05, le=1.0)]
    yield_mpa_25c: Modulus
    softening_k: Softening
    instant_ratio: Fraction
    relaxation_s_100c: Annotated[float, Meta(ge=0.1, le=1e6)]
    activation_j_per_mol: Annotated[float, Meta(ge=0.0, le=3e5)]
    elastic_modulus_mpa: Annotated[float, Meta(ge=100.0, le=1e7)]

    def __post_init__(self) -> None:
        if self.density_ratio_initial > self.density_ratio_max:
            raise ValueError("density_ratio_initial must not exceed density_ratio_max")


class Stack(Powder, frozen=True, kw_only=True):
    """The workpiece. `area_mm2` and `areal_mass_g_per_cm2` belong to one another."""

    area_mm2: Area
    contact_ratio_initial: Annotated[float, Meta(ge=0.01, le=1.0)]
    contact_ratio_max: Annotated[float, Meta(ge=0.01, le=1.0)]
    contact_yield_mpa_25c: Modulus
    contact_softening_k: Softening
    interface_ohm_cm2_initial: Annotated[float, Meta(ge=0.0, le=1e9)]
    interface_exponent_ratio: Exponent
    percolation_density_ratio: Annotated[float, Meta(ge=0.0, le=0.99)]
    percolation_exponent_ratio: Exponent
    rate_mpa_per_s_max_25c: Annotated[float, Meta(ge=0.01, le=1e5)]
    rate_softening_k: Softening
    pressure_mpa_max: Annotated[float, Meta(ge=0.1, le=1e4)]
    heat_capacity_j_per_k: HeatCapacity
    open_circuit_voltage_v: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0
    has_lithium: bool = False
    lithium_mpa_max_25c: Annotated[float, Meta(ge=0.1, le=1e4)] = 70.0
    lithium_softening_k: Softening = 92.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.contact_ratio_initial > self.contact_ratio_max:
            raise ValueError("contact_ratio_initial must not exceed contact_ratio_max")


class Supply(Part, frozen=True, kw_only=True):
    """Mains, contactors, safety relay and the independent limiter."""

    mains_voltage_v_nominal: Annotated[float, Meta(ge=12.0, le=1000.0)]
    mains_voltage_v_min: Annotated[float, Meta(ge=0.0, le=1000.0)]
    mains_voltage_ratio: Annotated[float, Meta(ge=0.5, le=1.5)] = 1.0
    contactor_s: Annotated[float, Meta(ge=0.001, le=1.0)]
    safety_relay_s: Annotated[float, Meta(ge=0.001, le=1.0)]
    current_window_s: Annotated[float, Meta(ge=0.001, le=5.0)]
    limiter_c: Temperature
    limiter_reset_c: Temperature

    def __post_init__(self) -> None:
        if self.limiter_reset_c > self.limiter_c:
            raise ValueError("limiter_reset_c must not exceed limiter_c")
        if self.mains_voltage_v_min >= self.mains_voltage_v_nominal:
            raise ValueError("mains_voltage_v_min must be below mains_voltage_v_nominal")


class Electrical(Supply, frozen=True, kw_only=True):
    mains_hz: Annotated[float, Meta(ge=40.0, le=70.0)]
    contactors_in_series: Annotated[int, Meta(ge=1, le=2)] = 1
    """Of each load. Two is ISO 13849-1 category 3; one that nobody wrote down is not there."""
    limiter_zone_top: Annotated[int, Meta(ge=1, le=ZONE_MAX)]
    limiter_zone_bottom: Annotated[int, Meta(ge=1, le=ZONE_MAX)]


class Displacement(Part, frozen=True, kw_only=True):
    stretch_ratio: Fraction
    expansion_mm_per_k: Annotated[float, Meta(ge=0.0, le=0.1)]
    reference_temperature_c: Room
    zero_mm: Annotated[float, Meta(ge=-1000.0, le=1000.0)]
    tilt_um_max: Annotated[float, Meta(ge=0.0, le=1000.0)]


class Chamber(Part, frozen=True, kw_only=True):
    """The closed room round a press: gas, moisture, vacuum, and the sulfide that is in it."""

    volume_l: Annotated[float, Meta(ge=1.0, le=1e5)]
    leak_l_per_h: Annotated[float, Meta(ge=0.0, le=1e6)]
    door_l_per_s: Annotated[float, Meta(ge=0.0, le=1e4)]
    hall_dew_point_c: DewPoint
    purge_l_per_min: Annotated[float, Meta(ge=0.0, le=1e5)]
    extract_l_per_min: Annotated[float, Meta(ge=0.0, le=1e5)]
    purge_dew_point_c: DewPoint
    purge_oxygen_ppm: PartsPerMillion
    vacuum_pump_l_per_s: Annotated[float, Meta(ge=0.0, le=1e4)]
    vacuum_mbar_ultimate: Annotated[float, Meta(ge=1e-5, le=1000.0)]
    vacuum_pump_s: Annotated[float, Meta(ge=0.01, le=600.0)]
    wall_outgas_mbar_l_per_s: Annotated[float, Meta(ge=0.0, le=10.0)]
    moisture_g: Annotated[float, Meta(ge=0.0, le=1e4)]
    moisture_g_saturated: Annotated[float, Meta(ge=0.0, le=1e4)]
    drying_s_80c: Annotated[float, Meta(ge=1.0, le=1e6)]
    drying_activation_j_per_mol: Annotated[float, Meta(ge=0.0, le=3e5)]
    sulfide_g: Annotated[float, Meta(ge=0.0, le=1e5)]
    sulfide_exposed_fraction: Fraction
    hydrolysis_cc_per_g_min_ppm: Annotated[float, Meta(ge=0.0, le=1.0)]
    sulfide_cc_per_g: Annotated[float, Meta(ge=0.0, le=1e4)]

    def __post_init__(self) -> None:
        if self.moisture_g > self.moisture_g_saturated:
            raise ValueError("moisture_g must not exceed moisture_g_saturated")
        if self.extract_l_per_min < self.purge_l_per_min:
            raise ValueError("extract_l_per_min must not be below purge_l_per_min")
