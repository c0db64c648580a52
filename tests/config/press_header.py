"""Names and struct fields read from press.h's text: what the Python side must agree with."""

from __future__ import annotations

import re
from pathlib import Path

from controller.kernel import PRESS
from controller.ports import SignalNames
from controller.recipe.status import KernelNames

HEADER = (Path(__file__).parents[2] / "native" / "kernel" / "press.h").read_text()
_BARE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)


def enumerators(enum: str) -> dict[str, int]:
    body = re.search(rf"enum {enum} \{{(.*?)\}};", _BARE, re.S)
    assert body is not None, enum
    found: dict[str, int] = {}
    number = -1
    for item in filter(None, (part.strip() for part in body[1].split(","))):
        name, _, explicit = (piece.strip() for piece in item.partition("="))
        number = int(explicit) if explicit else number + 1
        if not name.endswith("_COUNT"):
            found[name] = number
    return found


def rows(enum: str, prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix).lower() for name in enumerators(enum))


def fields(struct: str) -> set[str]:
    bodies = re.findall(r"typedef struct \{([^{}]*)\}\s*(\w+);", _BARE)
    body = next(text for text, name in bodies if name == struct)
    return set(re.findall(r"(\w+)(?:\[\w+\])?;", body))


SIGNALS = SignalNames(
    rows("press_channel", "PRESS_CHANNEL_"),
    rows("press_input", "PRESS_INPUT_"),
    rows("press_digital_output", "PRESS_OUTPUT_"),
    ("valve_open_fraction",),
)
NAMES = KernelNames(
    permissives=rows("press_permissive", "PRESS_PERMISSIVE_"),
    interlocks=rows("press_interlock", "PRESS_INTERLOCK_"),
    trips=rows("press_trip", "PRESS_TRIP_"),
    advisories=rows("press_advisory", "PRESS_ADVISORY_"),
    advice=PRESS.advice,
)
