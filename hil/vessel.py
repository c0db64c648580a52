"""The simulated warm isostatic press, with the same face as `hil.Plant`.

    from hil import Plant

    wip = Plant.from_machine("wip-500MPa", seed=7)      # a Vessel, by the file's kind
    wip.preset(pressure_mpa=500.0, fluid_c=104.0, wall_c=80.0)
    wip.step(600.0)
    wip.truth()["vessel_pressure_mpa"]                   # sags as the fluid cools

Readings of current loops are in mA, all others in the unit their name ends with; pressures of
readings and truth are gauge.
"""

from __future__ import annotations

from typing import Any

from hil.bounds import bounded
from hil.physics import Kind, lib
from hil.simulated import Simulated
from hil.vessel_description import WATER_C
from hil.vessel_description import Vessel as Description
from hil.vessel_fields import vessel_fields

# What people, the building and broken parts do; a field that is not here is a switch.
_WORLD_BOUNDS: dict[str, tuple[float, float]] = {
    "mains_voltage_v": (0.0, 1000.0),
    "ambient_temperature_c": (-20.0, 60.0),
    "water_temperature_c": WATER_C,
    "cell_voltage_v": (-1.0, 6.0),
    "vessel_leak_ml_per_min": (0.0, 1000.0),
    "bag_leak_fraction": (0.0, 1.0),
    "check_valve_backflow_ratio": (0.0, 100.0),
    "needle_erosion_fraction": (0.0, 1.0),
    "rupture_strength_ratio": (0.01, 1.0),
}
KIND = Kind("wip", "vessel", _WORLD_BOUNDS)
READINGS = KIND.readings
DIGITAL_INPUTS = KIND.digital_inputs
DIGITAL_OUTPUTS = KIND.digital_outputs
ANALOGUE_OUTPUTS = KIND.analogue_outputs
CONDITIONS = tuple(KIND.conditions)
CONDITION_BOUNDS = KIND.condition_bounds
SIGNALS = KIND.signals


class Vessel(Simulated[Description]):
    """One simulated WIP. It starts with the lid shut and not locked, filled as the file says."""

    kind = KIND

    def _fields(self) -> dict[str, Any]:
        return vessel_fields(self.machine, READINGS)

    def _absent_truth(self) -> tuple[str, ...]:
        layers = range(len(self.machine.workpiece.layer), lib.VESSEL_LAYER_MAX)
        return tuple(f"layer_{i + 1}_density_ratio" for i in layers)

    def preset(self, *, pressure_mpa: float, fluid_c: float, wall_c: float) -> None:
        """Start in the middle of a cycle: locked, filled without air, at this pressure (gauge).

        Raises ValueError for numbers out of bounds; then nothing has changed.
        """
        numbers = (
            bounded("pressure_mpa", pressure_mpa, 0.0, self.machine.body.relief_crack_mpa),
            bounded("fluid_c", fluid_c, 0.0, 150.0),
            bounded("wall_c", wall_c, 0.0, 150.0),
        )
        lib.vessel_preset(self._config, self._state, *numbers)
