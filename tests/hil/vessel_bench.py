"""What the vessel's tests share: machines with changed parameters and hands to work them."""

from __future__ import annotations

from typing import Any

import msgspec

from hil import read_machine
from hil.vessel import Vessel
from hil.vessel_description import Vessel as Description

WIP: Description = read_machine("wip-500MPa")  # type: ignore[assignment]

# A wall that nothing warms, and one that no heat reaches.
STEADY = {"wall_heat_capacity_j_per_k": 1e9, "jacket_heat_capacity_j_per_k": 1e9}
INSULATED = {"fluid_wall_w_per_k": 0.0}
# A pump that only pushes: one long stroke at once at full pressure, no reversal.
IDEAL_PUMP = {
    "stroke_ml": 5000.0,
    "reversal_s": 0.0,
    "charge_compression_ratio": 0.0,
    "speed_ramp_s": 0.001,
    "oil_relief_bar": 1000.0,
}
LIMITLESS = {"relief_crack_mpa": 900.0, "rupture_mpa": 950.0}


def wip_with(**tables: dict[str, Any]) -> Description:
    """The reference machine with fields of its tables changed: body={...}, needle={...}."""
    changed = {
        table: msgspec.structs.replace(getattr(WIP, table), **fields)
        for table, fields in tables.items()
    }
    return msgspec.structs.replace(WIP, **changed)


def quiet_wip(machine: Description = WIP, **changes: Any) -> Vessel:
    return Vessel(machine, noise=False, **changes)


def shut(
    machine: Description = WIP,
    pressure_mpa: float = 0.0,
    fluid_c: float = 65.0,
    wall_c: float = 80.0,
) -> Vessel:
    """Locked and full, without a workpiece, so that the fluid is alone."""
    wip = quiet_wip(machine)
    wip.set(bag_loaded=0)
    wip.step(0.010)  # the bag is out before the lid is on
    wip.preset(pressure_mpa=pressure_mpa, fluid_c=fluid_c, wall_c=wall_c)
    return wip


def pump(wip: Vessel, litres_per_min: float) -> None:
    machine = wip.machine.intensifier
    most = machine.oil_l_per_min_max / machine.area_ratio
    wip.set(pump=1, pump_speed_fraction=litres_per_min / most)


def pressure(wip: Vessel) -> float:
    return wip.truth()["vessel_pressure_mpa"]


def until(
    wip: Vessel, target_mpa: float, *, limit_s: float = 1000.0, step_s: float = 0.05
) -> float:
    """Step until the pressure has crossed the target; returns the time it took."""
    begun_s, rising = wip.time_s, pressure(wip) < target_mpa
    while (pressure(wip) < target_mpa) == rising:
        wip.step(step_s)
        assert wip.time_s - begun_s < limit_s, f"{target_mpa} MPa not reached"
    return wip.time_s - begun_s


def release(wip: Vessel, orifice_mm: float) -> None:
    """Set the needle, then open the line to it."""
    wip.set(needle_open_fraction=orifice_mm / wip.machine.needle.orifice_mm)
    wip.step(wip.machine.needle.stroke_s + 0.1)
    wip.set(decompression_valve=1)


def loaded_and_full(wip: Vessel) -> Vessel:
    """What an operator does: yoke in, fill with the mouth open, de-air, shut."""
    wip.set(yoke_close=1, fill_valve=1, deair_valve=1, vent_valve=1)
    wip.step(40.0)
    wip.set(fill_valve=0)
    wip.step(2.0)
    wip.set(deair_valve=0, vent_valve=0)
    return wip
