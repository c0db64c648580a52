"""Faults of a machine, by name, at any time: PX4's vocabulary at the seam of plant and wire.

`model` says what a fault is, `catalogue` which ones there are, `bench` holds those that act on one
machine, `wire` and `near` let them act. A fault that a machine or a face cannot have is refused.
"""

from hil.faults.bench import Active, Bench
from hil.faults.model import Fault, FaultError, Verb

__all__ = ["Active", "Bench", "Fault", "FaultError", "Verb"]
