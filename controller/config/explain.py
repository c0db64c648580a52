"""Why one number, text or choice does not fit its type, and what would."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

SHOWN_MAX_CHARACTERS = 60


def explain(annotation: Any, found: Any) -> str:
    """Empty when `found` fits `annotation`; else what was found, the bound and the remedy."""
    try:
        msgspec.convert(found, annotation)
    except msgspec.ValidationError as error:
        fallback = str(error).partition(" - at `")[0]
    except OverflowError:
        fallback = "is too large a number"
    else:
        return ""
    bare, metas = _leaf(annotation)
    if get_origin(bare) is Literal:
        return one_of(get_args(bare), found)
    if bare in (float, int):
        return _number(bare, metas, found)
    if bare is bool:
        return f"is {shown(found)}, must be true or false"
    if bare is str:
        return _text(metas, found)
    return f"is {shown(found)}: {fallback}"


def near_miss(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` or nothing."""
    close = difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _leaf(annotation: Any) -> tuple[Any, list[msgspec.Meta]]:
    """The leaf type under Annotated and `| None`, with every Meta on the way."""
    metas: list[msgspec.Meta] = []
    while True:
        if get_origin(annotation) is Annotated:
            metas += [meta for meta in annotation.__metadata__ if isinstance(meta, msgspec.Meta)]
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            options = [option for option in get_args(annotation) if option is not type(None)]
            if len(options) != 1:
                return annotation, metas
            annotation = options[0]
        else:
            return annotation, metas


def _number(kind: type, metas: list[msgspec.Meta], found: Any) -> str:
    low = next((meta.ge for meta in metas if meta.ge is not None), None)
    high = next((meta.le for meta in metas if meta.le is not None), None)
    unit = next((f" ({meta.description})" for meta in metas if meta.description), "")
    what = "a whole number" if kind is int else "a number"
    bounds = f"{what} from {low} to {high}{unit}"
    if isinstance(found, bool) or not isinstance(found, int | float):
        return f"is {shown(found)}, must be {bounds}"
    if isinstance(found, float) and not math.isfinite(found):
        return f"is {found}, which no machine can follow; must be {bounds}"
    if low is not None and found < low:
        return f"is {shown(found)}, below the least allowed {low}; raise it, {bounds}"
    if high is not None and found > high:
        return f"is {shown(found)}, above the greatest allowed {high}; lower it, {bounds}"
    return f"is {shown(found)}, must be {bounds}"


def one_of(options: tuple[Any, ...], found: Any) -> str:
    """What was found where only these texts may be, and the nearest of them."""
    listed = ", ".join(f'"{option}"' for option in options)
    hint = near_miss(str(found), [str(option) for option in options])
    return f"is {shown(found)}, must be one of {listed}{hint}"


def _text(metas: list[msgspec.Meta], found: Any) -> str:
    if not isinstance(found, str):
        return f"is {shown(found)}, must be text in quotes"
    wanted = next((meta.description for meta in metas if meta.description), "shorter text")
    return f"is {shown(found)}, must be: {wanted}"


def shown(found: Any) -> str:
    """What was found, short enough for one line."""
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, list | dict):
        return "an array" if isinstance(found, list) else "a table"
    if isinstance(found, int) and abs(found) > 10**18:
        return "a number of more than 18 digits"
    text = f'"{found}"' if isinstance(found, str) else str(found)
    return text if len(text) <= SHOWN_MAX_CHARACTERS else text[: SHOWN_MAX_CHARACTERS - 4] + '..."'
