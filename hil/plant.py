"""The simulated press through a Python face: set what acts on it, step, read what it says.

    from hil import Plant

    press = Plant.from_machine("press-500kN", seed=7)
    press.set(contactor_top=True, contactor_bottom=True, heater_1_ssr=True)
    press.step(60.0)
    press.reading("zone_1_temperature_c")        # as the wire carries it, with sensor error
    press.truth()["zone_1_temperature_c"]        # as it is

The face is `hil.simulated.Simulated`, which a warm isostatic press has as well.
"""

from __future__ import annotations

import importlib
from typing import Any, Self, cast

from controller.ports import SignalNames
from hil.conditions import OF_CHAMBER, OF_SECOND_CONTACTOR, WORLD_BOUNDS
from hil.description import Machine
from hil.machine import kind_of, plant_fields
from hil.physics import Kind, lib
from hil.simulated import Simulated

# Machines of another kind have a plant of their own, with this one's face.
FACES = {"press": "hil.plant:Plant", "wip": "hil.vessel:Vessel"}
KIND = Kind("press", "plant", WORLD_BOUNDS)
CONDITIONS = tuple(KIND.conditions)
CONDITION_BOUNDS = KIND.condition_bounds
ANALOGUE_OUTPUTS = KIND.analogue_outputs
# What every press may have, and what comes with a chamber round it.
READINGS = KIND.readings[: lib.PLANT_PRESS_READING_COUNT]
CHAMBER_READINGS = KIND.readings[lib.PLANT_PRESS_READING_COUNT :]
DIGITAL_INPUTS = KIND.digital_inputs[: lib.PLANT_PRESS_INPUT_COUNT]
CHAMBER_INPUTS = KIND.digital_inputs[lib.PLANT_PRESS_INPUT_COUNT :]
DIGITAL_OUTPUTS = KIND.digital_outputs[: lib.PLANT_PRESS_OUTPUT_COUNT]
CHAMBER_OUTPUTS = KIND.digital_outputs[lib.PLANT_PRESS_OUTPUT_COUNT :]


class Plant(Simulated[Machine]):
    """One simulated press; `from_machine` of a file of another kind gives that kind's plant."""

    kind = KIND

    @classmethod
    def _face_of(cls, machine: Machine) -> type[Self]:
        return cls if kind_of(machine) == cls.kind.name else cast(type[Self], face_of(machine))

    def _fields(self) -> dict[str, Any]:
        return plant_fields(self.machine, KIND.readings)

    def _signals(self) -> SignalNames:
        if self.machine.chamber is not None:
            return super()._signals()
        return SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)

    def _absent_conditions(self) -> frozenset[str]:
        machine = self.machine
        heads = tuple(f"heater_{i + 1}_" for i in range(len(machine.zone), lib.PLANT_ZONE_MAX))
        lacks = {name for name in CONDITIONS if name.startswith(heads)}
        if machine.chamber is None:
            lacks |= OF_CHAMBER
        if machine.electrical.contactors_in_series < lib.PLANT_SERIES_MAX:
            lacks |= OF_SECOND_CONTACTOR
        return frozenset(lacks)

    def _absent_truth(self) -> tuple[str, ...]:
        zones = range(len(self.machine.zone), lib.PLANT_ZONE_MAX)
        heads = [f"{head}_{i + 1}_" for head in ("zone", "heater", "face") for i in zones]
        if self.machine.chamber is None:
            heads += ["chamber_", "h2s_", "moisture_"]
        return tuple(name for name in KIND.truth_names if name.startswith(tuple(heads)))


def face_of(machine: Machine) -> type[Plant]:
    """The plant of a description, by its kind: `Plant`, or one with the same face."""
    module, _, name = FACES[kind_of(machine)].partition(":")
    return cast(type[Plant], getattr(importlib.import_module(module), name))
