"""What a press is made of: the tables of a machine file as frozen, fully bounded types.

Field names and units are those of the plant's C structs. Every number has both bounds, so
NaN and infinities are refused with the rest; what only the whole press can know is in
`_impossible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ZONE_MAX = 6

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Temperature = Annotated[float, Meta(ge=-50.0, le=1000.0)]
Room = Annotated[float, Meta(ge=-20.0, le=60.0)]
HeatCapacity = Annotated[float, Meta(ge=1.0, le=1e6)]
Conductance = Annotated[float, Meta(ge=0.0, le=1e4)]
Pressure = Annotated[float, Meta(ge=0.1, le=2000.0)]
Modulus = Annotated[float, Meta(ge=1.0, le=1e9)]
Flow = Annotated[float, Meta(ge=0.0, le=1e-2)]
Gain = Annotated[float, Meta(ge=0.0, le=1e-8)]
Force = Annotated[float, Meta(ge=0.0, le=1000.0)]
Delay = Annotated[float, Meta(ge=0.0, le=5.0)]
Area = Annotated[float, Meta(ge=1.0, le=1e6)]
Exponent = Annotated[float, Meta(ge=0.01, le=20.0)]
Softening = Annotated[float, Meta(ge=1.0, le=1e6)]
Terminal = Annotated[str, Meta(min_length=1, max_length=64)]


class MachineError(ValueError):
    """A machine description that cannot be read or cannot exist. One line, what and where."""


def explained(source: str, error: msgspec.ValidationError) -> str:
    """One line: source, field path, bound."""
    text, _, where = str(error).partition(" - at `$")
    field = where.strip("`.")
    return f"{source}: {field}: {text}" if field else f"{source}: {text}"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown keys are errors, in every table of the file."""


class Zone(_Part, frozen=True, kw_only=True):
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


class Thermal(_Part, frozen=True, kw_only=True):
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


class Hydraulic(_Part, frozen=True, kw_only=True):
    cylinder_area_mm2: Area
    cylinder_volume_l: Annotated[float, Meta(ge=0.01, le=1000.0)]
    frame_stiffness_kn_per_mm: Annotated[float, Meta(ge=1.0, le=1e5)]
    ram_mass_kg: Annotated[float, Meta(ge=1.0, le=1e5)]
    return_force_kn: Force
    daylight_mm: Annotated[float, Meta(ge=0.0, le=1000.0)]
    friction_coulomb_kn: Force
    friction_static_kn: Force
    friction_stribeck_mm_per_s: Annotated[float, Meta(ge=0.001, le=1000.0)]
    friction_viscous_n_s_per_m: Annotated[float, Meta(ge=0.0, le=1e7)]
    friction_pressure_ratio: Annotated[float, Meta(ge=0.0, le=100.0)]
    friction_pressure_bar_ref: Pressure
    friction_presliding_mm: Annotated[float, Meta(ge=1e-4, le=10.0)]
    oil_bulk_modulus_mpa: Annotated[float, Meta(ge=100.0, le=1e4)]
    oil_air_fraction: Annotated[float, Meta(ge=0.0, le=0.2)]
    oil_polytropic_ratio: Annotated[float, Meta(ge=1.0, le=1.67)]
    oil_density_kg_per_m3: Annotated[float, Meta(ge=500.0, le=2000.0)]
    leak_m3_per_s_pa: Annotated[float, Meta(ge=0.0, le=1e-12)]
    pump_m3_per_s: Flow
    valve_return_m3_per_s: Flow
    valve_gain_m3_per_s_pa: Annotated[float, Meta(ge=0.0, le=5e-10)]
    valve_full_scale_bar: Pressure
    valve_natural_hz: Annotated[float, Meta(ge=0.5, le=50.0)]
    valve_damping_ratio: Annotated[float, Meta(ge=0.05, le=5.0)]
    valve_hysteresis_fraction: Annotated[float, Meta(ge=0.0, le=0.5)]
    valve_deadband_fraction: Annotated[float, Meta(ge=0.0, le=0.5)]
    valve_pressure_bar_min: Annotated[float, Meta(ge=0.0, le=100.0)]
    valve_resolution_fraction: Annotated[float, Meta(ge=1e-6, le=0.1)]
    approach_m3_per_s: Flow
    approach_bar: Pressure
    approach_gain_m3_per_s_pa: Annotated[float, Meta(ge=0.0, le=1e-9)]
    relief_crack_bar: Pressure
    relief_gain_m3_per_s_pa: Annotated[float, Meta(ge=1e-14, le=5e-10)]
    dump_orifice_mm: Annotated[float, Meta(ge=0.05, le=10.0)]
    dump_discharge_ratio: Annotated[float, Meta(ge=0.1, le=1.0)]
    ripple_bar: Annotated[float, Meta(ge=0.0, le=50.0)]
    ripple_hz: Annotated[float, Meta(ge=0.0, le=50.0)]


class Stack(_Part, frozen=True, kw_only=True):
    """The workpiece. `area_mm2` and `areal_mass_g_per_cm2` belong to one another."""

    area_mm2: Area
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

    def __post_init__(self) -> None:
        if self.density_ratio_initial > self.density_ratio_max:
            raise ValueError("density_ratio_initial must not exceed density_ratio_max")
        if self.contact_ratio_initial > self.contact_ratio_max:
            raise ValueError("contact_ratio_initial must not exceed contact_ratio_max")


class Electrical(_Part, frozen=True, kw_only=True):
    mains_voltage_v_nominal: Annotated[float, Meta(ge=12.0, le=1000.0)]
    mains_voltage_v_min: Annotated[float, Meta(ge=0.0, le=1000.0)]
    mains_hz: Annotated[float, Meta(ge=40.0, le=70.0)]
    contactor_s: Annotated[float, Meta(ge=0.001, le=1.0)]
    safety_relay_s: Annotated[float, Meta(ge=0.001, le=1.0)]
    current_window_s: Annotated[float, Meta(ge=0.001, le=5.0)]
    limiter_c: Temperature
    limiter_reset_c: Temperature
    limiter_zone_top: Annotated[int, Meta(ge=1, le=ZONE_MAX)]
    limiter_zone_bottom: Annotated[int, Meta(ge=1, le=ZONE_MAX)]


class Displacement(_Part, frozen=True, kw_only=True):
    stretch_ratio: Fraction
    expansion_mm_per_k: Annotated[float, Meta(ge=0.0, le=0.1)]
    reference_temperature_c: Room
    zero_mm: Annotated[float, Meta(ge=-1000.0, le=1000.0)]
    tilt_um_max: Annotated[float, Meta(ge=0.0, le=1000.0)]


class Sensor(_Part, frozen=True, kw_only=True):
    """An instrument; `channel_unit` is the unit its point's name ends with."""

    points: Annotated[tuple[str, ...], Meta(min_length=1, max_length=24)]
    kind: Literal["direct", "current_loop"] = "direct"
    range_low_channel_unit: Annotated[float, Meta(ge=-1e5, le=1e5)]
    range_high_channel_unit: Annotated[float, Meta(ge=-1e5, le=1e5)]
    counts_per_unit: Annotated[float, Meta(ge=0.1, le=1e7)]
    lag_s: Annotated[float, Meta(ge=0.0, le=300.0)] = 0.0
    dead_time_s: Delay = 0.0
    noise_channel_unit: Annotated[float, Meta(ge=0.0, le=1e3)] = 0.0
    bias_channel_unit_max: Annotated[float, Meta(ge=0.0, le=1e3)] = 0.0
    bias_slope_ratio_max: Fraction = 0.0
    conversion_s: Annotated[float, Meta(ge=0.01, le=10.0)] = 0.01

    def __post_init__(self) -> None:
        if self.range_high_channel_unit <= self.range_low_channel_unit:
            raise ValueError("range_high_channel_unit must exceed range_low_channel_unit")


class Device(_Part, frozen=True, kw_only=True):
    """One I/O module of the press; its registers are in the profile of that name."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
    profile: Annotated[str, Meta(min_length=1, max_length=64)]
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    lease_ms: Annotated[int, Meta(ge=20, le=10_000)] = 200


class Machine(_Part, frozen=True, kw_only=True):
    """A whole press. Build one with `read_machine`."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: Annotated[str, Meta(max_length=400)] = ""
    ambient_temperature_c: Room
    water_temperature_c: Annotated[float, Meta(ge=0.0, le=60.0)]
    zone: Annotated[tuple[Zone, ...], Meta(min_length=1, max_length=ZONE_MAX)]
    thermal: Thermal
    hydraulic: Hydraulic
    stack: Stack
    electrical: Electrical
    displacement: Displacement
    sensor: Annotated[tuple[Sensor, ...], Meta(min_length=1, max_length=24)]
    device: Annotated[tuple[Device, ...], Meta(max_length=32)] = ()
    wiring: dict[Terminal, Terminal] = {}

    def __post_init__(self) -> None:
        for problem in _impossible(self):
            raise ValueError(problem)

    def with_stack(self, changes: Mapping[str, float]) -> Machine:
        """The same press with another workpiece. Keys are fields of `Stack`.

        Raises MachineError for an unknown key or a number out of its bounds.
        """
        stack = {**msgspec.to_builtins(self.stack), **changes}
        try:
            return msgspec.structs.replace(self, stack=msgspec.convert(stack, Stack))
        except msgspec.ValidationError as error:
            raise MachineError(explained(f"{self.name}, stack", error)) from None


def _impossible(machine: Machine) -> list[str]:
    """Rules that only the whole press knows."""
    problems = []
    for platen in ("top", "bottom"):
        shares = [zone.contact_weight_ratio for zone in machine.zone if zone.platen == platen]
        if shares and abs(sum(shares) - 1.0) > 1e-6:
            problems.append(f"zone: contact_weight_ratio of the {platen} zones must sum to 1")
    order = [zone.platen for zone in machine.zone]
    if order != sorted(order, reverse=True):
        problems.append("zone: top zones come first, then bottom zones, side by side")
    electrical = machine.electrical
    if max(electrical.limiter_zone_top, electrical.limiter_zone_bottom) > len(machine.zone):
        problems.append(f"electrical.limiter_zone_*: there are {len(machine.zone)} zones")
    if electrical.limiter_reset_c > electrical.limiter_c:
        problems.append("electrical.limiter_reset_c: must not exceed limiter_c")
    if electrical.mains_voltage_v_min >= electrical.mains_voltage_v_nominal:
        problems.append("electrical.mains_voltage_v_min: must be below mains_voltage_v_nominal")
    hydraulic = machine.hydraulic
    if hydraulic.friction_static_kn < hydraulic.friction_coulomb_kn:
        problems.append("hydraulic.friction_static_kn: must not be below friction_coulomb_kn")
    problems += _twice("sensor.points", [p for s in machine.sensor for p in s.points])
    problems += _twice("device.name", [device.name for device in machine.device])
    problems += _twice("device.unit_id", [str(device.unit_id) for device in machine.device])
    problems += _twice("wiring", list(machine.wiring.values()))
    return problems


def _twice(field: str, names: list[str]) -> list[str]:
    return [
        f"{field}: {name} appears twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
