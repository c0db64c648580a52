"""Numbers with both bounds, a unit and a text: the only numbers a file may hold.

Both bounds always, because TOML can write `inf` and `nan`: a bound on one side lets one
of them through. Bounds here are what is physically sane for any press; what a material
or a machine allows is tighter and is checked by the recipe's lint.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

END = r"$(?!\n)"
"""`$` alone would let a trailing newline through; JSON Schema's expressions have no \\Z."""

Name = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z0-9][a-z0-9-]{{0,62}}{END}",
        description="Lower-case letters, digits and hyphens, 63 at most",
    ),
]
PathPiece = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_-]{{1,64}}{END}",
        description="One piece of the Unified-Namespace path: letters, digits, - and _",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=400, description="A sentence for people")]
Version = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9]{{1,4}}\.[0-9]{{1,4}}\.[0-9]{{1,4}}{END}", description="major.minor.patch"
    ),
]

TemperatureC = Annotated[float, Meta(ge=-50.0, le=400.0, description="°C")]
TemperatureK = Annotated[float, Meta(ge=0.0, le=200.0, description="Difference in K")]
ToleranceK = Annotated[float, Meta(ge=0.1, le=50.0, description="Difference in K")]
RateCPerMin = Annotated[float, Meta(ge=0.1, le=60.0, description="°C per minute, always positive")]
PressureMpa = Annotated[float, Meta(ge=0.0, le=700.0, description="Stack pressure in MPa")]
ToleranceMpa = Annotated[float, Meta(ge=0.01, le=100.0, description="Stack pressure in MPa")]
RateMpaPerS = Annotated[
    float, Meta(ge=0.001, le=20.0, description="Stack pressure in MPa per second, always positive")
]
PressureBar = Annotated[float, Meta(ge=0.0, le=700.0, description="Oil pressure in bar")]
DurationS = Annotated[float, Meta(ge=0.0, le=86_400.0, description="Seconds, a day at most")]
TimeoutS = Annotated[
    float, Meta(ge=1.0, le=86_400.0, description="Seconds before the phase gives up")
]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0, description="0 to 1")]
DensityGPerCm3 = Annotated[float, Meta(ge=0.1, le=25.0, description="g/cm³")]
