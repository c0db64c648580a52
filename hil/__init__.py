"""The other side of the wire: the simulated press, its stations, devices and bench."""

from hil.description import Machine, MachineError
from hil.machine import read_machine
from hil.plant import Plant

__all__ = ["Machine", "MachineError", "Plant", "read_machine"]
