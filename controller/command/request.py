"""One request, parsed and bounded once, at the edge. Bytes in; a request or one named reason out.

    {"id": "7f3a", "verb": "hold", "by": "A. Operator", "ts": 1790000000000, "valid_for_s": 10}

`id` is the asker's own and new for every request: one that is sent twice is answered twice and
done once. `ts` is when it was asked, in UTC milliseconds; `valid_for_s` after that it is refused.
`by` is who asks, as the asker says: whether that is true is the broker's affair (its access list).
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

SIZE_MAX = 4096
VALID_FOR_S_MAX = 60.0
AHEAD_S_MAX = 5.0
"""A request from further in the future has a wrong clock, and would be valid for too long."""

Verb = Literal["hold", "restart", "stop", "abort", "reset", "vent", "manual", "automatic", "tune"]
VERBS: tuple[Verb, ...] = get_args(Verb)

_END = r"$(?!\n)"
_ID = rf"^[A-Za-z0-9._:-]{{1,64}}{_END}"
_Text = Annotated[str, Meta(pattern=_ID)]
_By = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9À-ɏ ._@:-]{{1,64}}{_END}")]


class ManualAsk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a held batch is led to by hand. Bounds of a number that can be meant; the recipe's own
    limits are judged when it is done."""

    temperature_c: Annotated[float, Meta(ge=0.0, le=400.0)] | None = None
    rate_c_per_min: Annotated[float, Meta(ge=0.0, le=60.0)] = 2.0
    pressure_mpa: Annotated[float, Meta(ge=0.0, le=700.0)] | None = None
    rate_mpa_per_s: Annotated[float, Meta(ge=0.0, le=20.0)] = 0.5
    duty_fraction: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None


class TuneAsk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An experiment on an idle press with open, empty platens; the bounds of `hotpress tune`."""

    zone: Annotated[int, Meta(ge=1, le=6)] | None = None
    rise_k: Annotated[float, Meta(ge=2.0, le=100.0)] = 25.0
    duty_fraction: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.6
    time_s: Annotated[float, Meta(ge=300.0, le=86_400.0)] = 3600.0


class Request(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody asks of the station."""

    id: _Text
    verb: Verb
    by: _By
    ts: Annotated[int, Meta(ge=0, le=1 << 53)]
    valid_for_s: Annotated[float, Meta(ge=0.5, le=VALID_FOR_S_MAX)]
    manual: ManualAsk | None = None
    tune: TuneAsk | None = None

    def __post_init__(self) -> None:
        for verb, numbers in (("manual", self.manual), ("tune", self.tune)):
            if (self.verb == verb) != (numbers is not None):
                raise ValueError(f'"{verb}" has the numbers of the verb "{verb}", and of no other')

    @property
    def numbers(self) -> dict[str, float]:
        """Those that were given or have a default."""
        asked = self.manual or self.tune
        found = msgspec.structs.asdict(asked) if asked is not None else {}
        return {name: number for name, number in found.items() if number is not None}

    def late_s(self, utc_ns: int) -> float:
        """For how long it has been invalid; negative while it is valid."""
        return utc_ns / 1e9 - self.ts / 1e3 - self.valid_for_s

    def ahead_s(self, utc_ns: int) -> float:
        """How far in the future it was asked."""
        return self.ts / 1e3 - utc_ns / 1e9


class RequestError(ValueError):
    """Not a request; the text says why, with the bound. `id` as far as there was one."""

    def __init__(self, reason: str, id_: str = "") -> None:
        super().__init__(reason)
        self.id = id_


def parse(payload: bytes) -> Request:
    """Raises RequestError, and nothing else, for whatever is no request."""
    if len(payload) > SIZE_MAX:
        raise RequestError(f"{len(payload)} bytes, must be at most {SIZE_MAX}")
    try:
        found = json.loads(
            payload.decode(), object_pairs_hook=_once, parse_constant=_no_number
        )  # fmt: skip
    except RecursionError:
        raise RequestError("is nested too deeply") from None
    except ValueError as error:
        raise RequestError(f"is no JSON object: {_plain(error)}") from None
    id_ = found.get("id") if isinstance(found, dict) else None
    known = id_ if isinstance(id_, str) and re.search(_ID, id_) else ""
    try:
        return msgspec.convert(found, Request)
    except (ValueError, OverflowError) as error:
        raise RequestError(_plain(error), known) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that is there twice means two things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _plain(error: BaseException) -> str:
    """An error's words may hold what the asker sent: short and printable only."""
    return str(error).encode("ascii", "backslashreplace").decode()[:200]
