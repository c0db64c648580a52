"""The hydraulic tables of a machine file, with each actuator a press may have."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hil.bounds import Area, Flow, Force, Part, Pressure

Actuator = Literal["relief", "directional", "pump_speed"]
ACTUATORS: tuple[Actuator, ...] = ("relief", "directional", "pump_speed")


class Directional(Part, frozen=True, kw_only=True):
    """4/3 proportional directional valve: the output sets a flow, either way.

    At `centre_fraction` of the output the spool is centred; below it oil leaves the cylinder.
    """

    centre_fraction: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.5
    overlap_fraction: Annotated[float, Meta(ge=0.0, le=0.5)]
    flow_m3_per_s: Flow
    flow_drop_bar: Pressure
    supply_bar: Pressure
    spool_leak_m3_per_s_pa: Annotated[float, Meta(ge=0.0, le=1e-12)] = 0.0


class PumpSpeed(Part, frozen=True, kw_only=True):
    """Pump on a frequency converter: the output sets its speed."""

    ramp_s: Annotated[float, Meta(ge=0.01, le=60.0)]
    speed_fraction_min: Annotated[float, Meta(ge=0.0, le=0.5)]
    slip_m3_per_s_pa: Annotated[float, Meta(ge=0.0, le=1e-11)]


class Hydraulic(Part, frozen=True, kw_only=True):
    """Cylinder, oil and what the one analogue output drives: `actuator` says which."""

    actuator: Actuator = "relief"
    directional: Directional | None = None
    pump_speed: PumpSpeed | None = None
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

    def __post_init__(self) -> None:
        for option in ("directional", "pump_speed"):
            if (getattr(self, option) is not None) != (self.actuator == option):
                raise ValueError(
                    f'actuator = "{self.actuator}": a table {option} belongs to '
                    f'actuator = "{option}", and to no other'
                )
        if self.directional is not None and self.directional.supply_bar > self.relief_crack_bar:
            raise ValueError("directional.supply_bar must not exceed relief_crack_bar")
