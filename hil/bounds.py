"""What every table of a machine file has in common: bounded numbers, refused unknown keys.

Every number has both bounds, so NaN and infinities are refused with the rest.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta

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
Seconds = Annotated[float, Meta(ge=0.0, le=1e6)]
DewPoint = Annotated[float, Meta(ge=-100.0, le=60.0)]
PartsPerMillion = Annotated[float, Meta(ge=0.0, le=1e6)]


class MachineError(ValueError):
    """A machine description that cannot be read or cannot exist. One line, what and where."""


def bounded(name: str, number: float, low: float, high: float) -> float:
    """The number. Raises ValueError when it is not within its bounds, or none."""
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name} is {number}, must be within {low} .. {high}")
    return number


def explained(source: str, error: msgspec.ValidationError) -> str:
    """One line: source, field path, bound."""
    text, _, where = str(error).partition(" - at `$")
    field = where.strip("`.")
    return f"{source}: {field}: {text}" if field else f"{source}: {text}"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown keys are errors, in every table of the file."""
