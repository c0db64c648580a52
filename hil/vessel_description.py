"""What a warm isostatic press (WIP) is made of: the tables of a machine file of kind "wip".

Field names and units are those of the plant's C structs (native/plant/vessel.h). Every number
has both bounds; what only the whole machine can know is in `_impossible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hil.bounds import (
    Conductance,
    Exponent,
    Fraction,
    HeatCapacity,
    MachineError,
    Modulus,
    Part,
    Pressure,
    Room,
    Softening,
    Temperature,
    Terminal,
    explained,
)
from hil.instruments import Device, Sensor, named_twice
from hil.parts import Powder, Supply
from hil.spread import VesselVariation

LAYER_MAX = 3
WATER_C = (1.0, 99.0)  # of the filling supply

Volume = Annotated[float, Meta(ge=1e-3, le=1e4)]
Millilitres = Annotated[float, Meta(ge=0.0, le=1e5)]
FlowLitres = Annotated[float, Meta(ge=0.0, le=100.0)]
Duration = Annotated[float, Meta(ge=0.001, le=3600.0)]
Power = Annotated[float, Meta(ge=0.0, le=100_000.0)]
Bore = Annotated[float, Meta(ge=0.01, le=50.0)]


class Fluid(Part, frozen=True, kw_only=True):
    """The pressure medium. Water has no numbers here: its laws are a fit to IAPWS-95."""

    medium: Literal["water", "oil"]
    oil_modulus_mpa: Annotated[float, Meta(ge=200.0, le=5000.0)] = 1500.0
    oil_modulus_slope_ratio: Annotated[float, Meta(ge=1.0, le=20.0)] = 10.0
    oil_density_kg_per_m3: Annotated[float, Meta(ge=500.0, le=2000.0)] = 870.0
    oil_heat_capacity_mj_per_m3_k: Annotated[float, Meta(ge=0.5, le=5.0)] = 1.6
    oil_heating_k_per_100mpa: Annotated[float, Meta(ge=0.5, le=15.0)] = 7.0
    transmission_lag_s: Annotated[float, Meta(ge=0.0, le=10.0)] = 1.5
    transmission_mpa_min: Pressure = 300.0


class Body(Part, frozen=True, kw_only=True):
    """Vessel, wall, jacket, valves at the mouth, relief, burst disc, lid, lock and yoke."""

    volume_l: Annotated[float, Meta(ge=0.05, le=500.0)]
    compliance_per_mpa: Annotated[float, Meta(ge=1e-6, le=1e-3)]
    fluid_wall_w_per_k: Conductance
    wall_heat_capacity_j_per_k: Annotated[float, Meta(ge=1e3, le=1e9)]
    wall_jacket_w_per_k: Conductance
    jacket_heat_capacity_j_per_k: Annotated[float, Meta(ge=1e3, le=1e9)]
    jacket_loss_w_per_k: Conductance
    jacket_power_w: Power
    fill_l_per_s: FlowLitres
    fill_mpa: Annotated[float, Meta(ge=0.02, le=2.0)]
    drain_l_per_s: FlowLitres
    vent_l_per_s_mpa: FlowLitres
    vent_mpa_max: Annotated[float, Meta(ge=0.05, le=20.0)]
    deair_l_per_s_mpa: FlowLitres
    air_mixing_ml: Annotated[float, Meta(ge=1.0, le=1e4)]
    air_trapped_ml: Annotated[float, Meta(ge=0.05, le=1e3)]
    air_polytropic_ratio: Annotated[float, Meta(ge=1.0, le=1.67)]
    relief_crack_mpa: Pressure
    relief_l_per_s_mpa: Annotated[float, Meta(ge=1e-6, le=1.0)]
    rupture_mpa: Pressure
    rupture_orifice_mm: Bore
    lid_release_mpa: Annotated[float, Meta(ge=0.005, le=1.0)]
    lid_lock_s: Duration
    yoke_s: Duration
    fill_fraction_initial: Fraction


class Intensifier(Part, frozen=True, kw_only=True):
    stroke_ml: Annotated[float, Meta(ge=1.0, le=1e4)]
    stroke_mm: Annotated[float, Meta(ge=1.0, le=2000.0)]
    area_ratio: Annotated[float, Meta(ge=1.0, le=100.0)]
    oil_l_per_min_max: Annotated[float, Meta(ge=0.1, le=1000.0)]
    speed_ramp_s: Duration
    reversal_s: Annotated[float, Meta(ge=0.0, le=10.0)]
    backflow_ml: Annotated[float, Meta(ge=0.0, le=100.0)]
    backflow_s: Annotated[float, Meta(ge=0.001, le=10.0)]
    charge_compression_ratio: Fraction
    friction_ratio: Fraction
    oil_relief_bar: Pressure
    oil_heat_capacity_j_per_k: HeatCapacity
    oil_loss_w_per_k: Conductance
    oil_motor_w: Power
    oil_temperature_c_max: Temperature
    self_reversing: bool

    def __post_init__(self) -> None:
        if 0.0 < self.reversal_s < self.backflow_s:
            raise ValueError("backflow_s must not exceed reversal_s")


class Needle(Part, frozen=True, kw_only=True):
    orifice_mm: Bore
    discharge_ratio: Annotated[float, Meta(ge=0.1, le=1.0)]
    stroke_s: Duration
    stiction_fraction: Annotated[float, Meta(ge=0.0, le=0.5)]
    resolution_fraction: Annotated[float, Meta(ge=1e-6, le=0.1)]


class Layer(Powder, frozen=True, kw_only=True):
    """One layer of the workpiece, pressed through its bag."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    percolation_density_ratio: Annotated[float, Meta(ge=0.0, le=0.99)] = 0.5
    percolation_exponent_ratio: Exponent = 1.8


class Workpiece(Part, frozen=True, kw_only=True):
    """Cell and bag. `layer` is from the one whose density counts to the last."""

    layer: Annotated[tuple[Layer, ...], Meta(min_length=1, max_length=LAYER_MAX)]
    has_lithium: bool
    contact_ratio_initial: Annotated[float, Meta(ge=0.01, le=1.0)]
    contact_ratio_max: Annotated[float, Meta(ge=0.01, le=1.0)]
    contact_yield_mpa_25c: Modulus
    contact_softening_k: Softening
    contact_instant_ratio: Fraction
    interface_ohm_cm2_initial: Annotated[float, Meta(ge=0.0, le=1e9)]
    interface_exponent_ratio: Exponent
    rate_mpa_per_s_max_25c: Annotated[float, Meta(ge=0.01, le=1e5)]
    rate_softening_k: Softening
    gas_rate_mpa_per_s_max: Annotated[float, Meta(ge=0.001, le=1e4)]
    gas_mpa: Annotated[float, Meta(ge=0.0, le=1000.0)]
    pressure_mpa_max: Annotated[float, Meta(ge=0.1, le=1e4)]
    lithium_mpa_25c: Pressure
    lithium_mpa_120c: Pressure
    heat_capacity_j_per_k: HeatCapacity
    fluid_w_per_k: Conductance
    bag_void_ml: Annotated[float, Meta(ge=0.01, le=1e4)]
    bag_leak_ml_per_s: Millilitres
    bag_pump_s: Duration
    bag_pressure_mbar_min: Annotated[float, Meta(ge=0.001, le=1000.0)]
    sulfide_g: Annotated[float, Meta(ge=0.0, le=1000.0)]

    def __post_init__(self) -> None:
        if self.contact_ratio_initial > self.contact_ratio_max:
            raise ValueError("contact_ratio_initial must not exceed contact_ratio_max")


class Purge(Part, frozen=True, kw_only=True):
    head_space_l: Volume
    purge_l_per_s: FlowLitres
    exhaust_ratio: Fraction
    extract_ratio: Annotated[float, Meta(ge=1.0, le=100.0)]
    transfer_s: Duration
    leak_fraction_per_ml: Fraction


class VesselSensor(Sensor, frozen=True, kw_only=True):
    """An instrument of the vessel; its zero drifts with the temperature of its body."""

    zero_drift_channel_unit_per_k: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.0
    body_wall_ratio: Fraction = 0.0  # 0: as the room, 1: as the wall
    reference_temperature_c: Room = 22.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in PRESS_ONLY:
            if getattr(self, field) != 0.0:
                raise ValueError(f"{field}: instruments of a wip have none, leave it out")


# What instruments of a press can have and the vessel's C does not model.
PRESS_ONLY = (
    "dead_time_s", "drift_channel_unit_per_day", "cross_ratio", "recovery_s",
)  # fmt: skip


class Vessel(Part, frozen=True, kw_only=True):
    """A whole WIP. Build one with `read_machine`."""

    kind: Literal["wip"]
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: Annotated[str, Meta(max_length=400)] = ""
    ambient_temperature_c: Room
    water_temperature_c: Annotated[float, Meta(ge=WATER_C[0], le=WATER_C[1])]
    fluid: Fluid
    body: Body
    intensifier: Intensifier
    needle: Needle
    workpiece: Workpiece
    purge: Purge
    electrical: Supply
    variation: VesselVariation = VesselVariation()
    sensor: Annotated[tuple[VesselSensor, ...], Meta(min_length=1, max_length=32)]
    device: Annotated[tuple[Device, ...], Meta(max_length=32)] = ()
    wiring: dict[Terminal, Terminal] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for problem in _impossible(self):
            raise ValueError(problem)

    def with_stack(self, changes: Mapping[str, Any]) -> Vessel:
        """The same machine with another workpiece: fields of `Workpiece`, or of its first layer.

        Raises MachineError for an unknown key or a number out of its bounds.
        """
        tables = msgspec.to_builtins(self.workpiece)
        for key, found in changes.items():
            inner = key in Layer.__struct_fields__
            (tables["layer"][0] if inner else tables)[key] = found
        try:
            return msgspec.structs.replace(self, workpiece=msgspec.convert(tables, Workpiece))
        except msgspec.ValidationError as error:
            raise MachineError(explained(f"{self.name}, workpiece", error)) from None


def _impossible(machine: Vessel) -> list[str]:
    """Rules that only the whole machine knows."""
    problems = []
    body = machine.body
    if body.rupture_mpa <= body.relief_crack_mpa:
        problems.append("body.rupture_mpa: must exceed relief_crack_mpa")
    if body.lid_release_mpa >= body.vent_mpa_max:
        problems.append("body.lid_release_mpa: must be below vent_mpa_max")
    if body.air_trapped_ml >= 500.0 * body.volume_l:
        problems.append("body.air_trapped_ml: more than half the vessel")
    return problems + named_twice(machine.sensor, machine.device, machine.wiring)
