"""Units as people write them, read from the suffix of a name (`pressure_mpa_max` -> MPa)."""

from __future__ import annotations

import re

_UNIT_OF_SUFFIX = {
    "c": "°C",
    "k": "K",
    "bar": "bar",
    "mbar": "mbar",
    "mbar_per_min": "mbar/min",
    "mpa": "MPa",
    "mpa_per_s": "MPa/s",
    "mpa_per_min": "MPa/min",
    "kn": "kN",
    "mm": "mm",
    "um": "µm",
    "ml": "ml",
    "ppm": "ppm",
    "a": "A",
    "v": "V",
    "g_per_cm3": "g/cm³",
    "s": "s",
    "ms": "ms",
    "us": "µs",
    "fraction": "",
    "ratio": "",
    "bits": "",
    "count": "",
    "channel_unit": "",
}
_QUALIFIERS = "median|estimate|predicted|wanted|sigma|max|min|p50|p99|p999"
_SUFFIX = re.compile(
    rf"_({'|'.join(sorted(_UNIT_OF_SUFFIX, key=len, reverse=True))})(?:_(?:{_QUALIFIERS}))?$"
)


def unit_of(name: str) -> str:
    """The unit of a signal by its name; '' when it has none.

    Raises ValueError when the name carries no unit suffix at all: every quantity does.
    """
    if name.endswith("_c_sigma"):
        return "K"  # a spread of temperatures is a difference
    match = _SUFFIX.search(name)
    if match is None:
        raise ValueError(f"{name}: no unit suffix; names are quantity_unit[_qualifier]")
    return _UNIT_OF_SUFFIX[match[1]]
