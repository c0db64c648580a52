"""What a fault is: a point, a verb, and numbers with units. Tables first, rules below.

The verbs are PX4's (off stuck garbage wrong slow delayed intermittent) and those of a field
(open short swap scale drift spike noise). What a verb means depends on the kind of point; the
tables give its parameters with default and both bounds. `{unit}` in a parameter's name is the
unit of the signal (`bias_{unit}` of `zone_1_temperature_c` is `bias_c`); bounds and defaults
of these are in spans of the instrument. A current loop also takes them in mA.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Verb = Literal[
    "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent",
    "open", "short", "swap", "scale", "drift", "spike", "noise",
]  # fmt: skip
VERBS: tuple[Verb, ...] = get_args(Verb)
Kind = Literal[
    "loop", "direct", "digital_input", "digital_output", "analogue_output",
    "condition", "switch", "device", "indicator", "line", "rig",
]  # fmt: skip
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Word = Annotated[str, Meta(max_length=64)]


class FaultError(ValueError):
    """This machine, face or point cannot have this fault. One line: what, and what is possible."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault. `id` is a row of the catalogue ("S04") or a name of one's own.

    `point`: a signal; "plant.<condition>"; "io.<device>"; "line" (the serial line);
    "rig" (the bench's own rig, where there is one).
    """

    point: Annotated[str, Meta(min_length=1, max_length=64)]
    verb: Verb
    id: Annotated[str, Meta(max_length=64)] = ""
    parameters: dict[Word, Number | Word] = {}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` None: not given means "as it is when the fault begins" or "not this way"."""

    name: str
    default: float | str | None
    low: float = 0.0
    high: float = 0.0
    of_span: bool = False  # default and bounds are multiples of the instrument's span
    choices: tuple[str, ...] = ()
    about: str = ""


def _in_unit(stem: str, default: float | None, bound: float, *, about: str) -> Parameter:
    return Parameter(f"{stem}_{{unit}}", default, -bound, bound, of_span=True, about=about)


def _in_ma(stem: str, low: float, high: float, *, about: str) -> Parameter:
    return Parameter(f"{stem}_ma", None, low, high, about=about)


_SLOT = Parameter("slot_s", 0.05, 0.001, 3600.0, about="chance is asked anew so often")
_SHARE = Parameter("fraction", 0.5, 0.0, 1.0, about="share of the time it is broken")
_DELAY = Parameter("delay_s", 2.0, 0.001, 60.0)
_LAG = Parameter("lag_s", 5.0, 0.001, 3600.0, about="first-order lag added")
_STATE = Parameter("to_state", None, 0.0, 1.0, about="0 or 1; not given: as it is now")
_FORM = Parameter(
    "form", "any", choices=("any", "nan", "infinity", "minus_zero", "denormal"),
    about="but for `any` only where no converter stands between (in process)",
)  # fmt: skip
_RATE = Parameter("rate_per_min", 0.0, 0.0, 6000.0, about="0: once")
_WIDTH = Parameter("width_s", 0.01, 0.001, 10.0)

_Verbs = dict[str, tuple[Parameter, ...]]

_ANALOGUE_INPUT: _Verbs = {
    "stuck": (_in_unit("to", None, 10.0, about="not given: as it is now"),),
    "garbage": (_SLOT, _FORM),
    "wrong": (
        _in_unit("bias", None, 10.0, about="added; 0.15 of the span if nothing is given"),
        Parameter("step_{unit}", None, 1e-6, 1.0, of_span=True, about="coarser steps"),
    ),
    "slow": (_LAG,),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE, _SLOT),
    "open": (Parameter("burnout", "code", choices=("code", "upscale", "downscale")),),
    "swap": (Parameter("with", None, about="a signal of the same kind, or `polarity`"),),
    "scale": (
        Parameter("factor_ratio", 1.0, -1000.0, 1000.0),
        _in_unit("offset", 0.0, 10.0, about="added after the factor"),
    ),
    "drift": (_in_unit("rate", None, 100.0, about="per minute; 0.01 if not given"),),
    "spike": (_in_unit("height", None, 10.0, about="the whole span if not given"), _RATE, _WIDTH),
    "noise": (Parameter("sigma_{unit}", None, 0.0, 10.0, of_span=True, about="0.01 if not given"),),
}
# Beside the unit of the measurement, what an ammeter in the loop would show.
_LOOP_EXTRA: _Verbs = {
    "stuck": (_in_ma("to", 0.0, 60.0, about="NE43: < 3.6 and > 21 are failures"),),
    "wrong": (_in_ma("bias", -60.0, 60.0, about="added"),),
    "scale": (_in_ma("to", 0.0, 60.0, about="the loop is driven to this current"),),
    "drift": (_in_ma("rate", -600.0, 600.0, about="per minute"),),
    "spike": (_in_ma("height", -60.0, 60.0, about="added"),),
    "noise": (_in_ma("sigma", 0.0, 60.0, about="one sigma"),),
}
_LOOP: _Verbs = {
    **{
        verb: parameters + _LOOP_EXTRA.get(verb, ()) for verb, parameters in _ANALOGUE_INPUT.items()
    },
    "off": (),
    "open": (),
    "short": (Parameter("to_ma", 25.0, 21.0, 60.0, about="what the supply drives through"),),
}
_DIRECT: _Verbs = {
    **_ANALOGUE_INPUT,
    "off": (),
    "short": (_in_unit("to", None, 10.0, about="room temperature, or 0, if not given"),),
}
_TWO_STATE: _Verbs = {
    "off": (),
    "stuck": (_STATE,),
    "garbage": (_SLOT,),
    "wrong": (),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE, _SLOT),
    "open": (),
    "short": (),
    "swap": (Parameter("with", None, about="a signal of the same kind"),),
}
_DIGITAL_OUTPUT: _Verbs = {**_TWO_STATE, "slow": (_DELAY,)}
_ANALOGUE_OUTPUT: _Verbs = {
    "off": (),
    "stuck": (Parameter("to_fraction", None, 0.0, 1.0, about="not given: as it is now"),),
    "garbage": (_SLOT,),
    "wrong": (Parameter("bias_fraction", 0.1, -1.0, 1.0),),
    "slow": (_LAG,),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE, _SLOT),
    "open": (),
    "short": (),
    "swap": (Parameter("with", "polarity", choices=("polarity",), about="1 - x"),),
    "scale": (
        Parameter("factor_ratio", 1.0, -1000.0, 1000.0),
        Parameter("offset_fraction", 0.0, -1.0, 1.0),
    ),
    "drift": (Parameter("rate_fraction_per_min", 0.05, -100.0, 100.0),),
    "spike": (Parameter("height_fraction", 1.0, -1.0, 1.0), _RATE, _WIDTH),
    "noise": (Parameter("sigma_fraction", 0.02, 0.0, 1.0),),
}
_TO = Parameter("to", None, -1e9, 1e9, about="in the unit of the condition, within its bounds")
_CONDITION: _Verbs = {
    "stuck": (_TO,),
    "drift": (Parameter("rate_per_min", None, -1e9, 1e9, about="to the condition's bound"),),
    "intermittent": (_TO, _SHARE, _SLOT),
}
_SWITCH: _Verbs = {
    "off": (),
    "stuck": (Parameter("to", None, 0.0, 1.0, about="not given: the other state"),),
    "intermittent": (_SHARE, _SLOT),
}
ANSWERS = (
    "exception", "unit_id", "function", "length", "transaction_id", "duplicate", "split",
    "merged", "reset", "identity", "sample_count", "restart", "foreign_write",
    "echo", "foreign",
)  # fmt: skip
_ANSWER = Parameter("answer", "exception", choices=ANSWERS)
_CODE = Parameter("code", 4.0, 1.0, 11.0, about="of the Modbus exception")
_DEVICE: _Verbs = {
    "off": (),
    "open": (),
    "stuck": (),
    "garbage": (),
    "wrong": (_ANSWER, _CODE),
    "slow": (Parameter("byte_s", 1.0, 0.001, 60.0, about="from byte to byte of an answer"),),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE,),
}
_LINE: _Verbs = {
    "off": (),
    "open": (),
    "short": (),
    "swap": (),
    "stuck": (),
    "garbage": (_SHARE,),
    "wrong": (_ANSWER, _CODE),
    "slow": (Parameter("byte_s", 1.0, 0.001, 60.0, about="from byte to byte of an answer"),),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE,),
    "spike": (_RATE,),
    "noise": (Parameter("bit_error_ratio", 1e-3, 0.0, 0.5),),
}
_SAYS = Parameter("says", "unit", choices=("unit", "net", "overload", "checksum"))
_INDICATOR: _Verbs = {
    "off": (),
    "open": (),
    "stuck": (),
    "garbage": (_SHARE,),
    "wrong": (_SAYS,),
    "slow": (Parameter("byte_s", 0.02, 0.001, 1.0, about="from byte to byte of a line"),),
    "delayed": (_DELAY,),
    "intermittent": (_SHARE,),
    "noise": (Parameter("bit_error_ratio", 1e-3, 0.0, 0.5),),
}
_RIG: _Verbs = {
    "off": (),
    "stuck": (),
    "open": (),
    "noise": (Parameter("bit_error_ratio", 1e-6, 0.0, 0.5),),
}
PARAMETERS: Mapping[Kind, _Verbs] = {
    "loop": _LOOP,
    "direct": _DIRECT,
    "digital_input": _TWO_STATE,
    "digital_output": _DIGITAL_OUTPUT,
    "analogue_output": _ANALOGUE_OUTPUT,
    "condition": _CONDITION,
    "switch": _SWITCH,
    "device": _DEVICE,
    "indicator": _INDICATOR,
    "line": _LINE,
    "rig": _RIG,
}


def parameters_of(kind: Kind, verb: str, unit: str, span: float) -> dict[str, Parameter]:
    """By full name, in the signal's unit. Raises FaultError when the verb has no meaning there."""
    verbs = PARAMETERS[kind]
    if verb not in verbs:
        raise FaultError(
            f"a {kind.replace('_', ' ')} cannot be {verb!r}; it can: {' '.join(verbs)}"
        )
    named = {}
    for row in verbs[verb]:
        by = span if row.of_span else 1.0
        default = row.default * by if isinstance(row.default, float) else row.default
        name = row.name.replace("{unit}", unit)
        named[name] = Parameter(
            name, default, row.low * by, row.high * by, choices=row.choices, about=row.about
        )
    return named


def resolved(
    given: Mapping[str, float | str], known: Mapping[str, Parameter]
) -> dict[str, float | str | None]:
    """Defaults filled in, everything within its bounds. Raises FaultError."""
    for name in given:
        if name not in known:
            there = ", ".join(known) or "none"
            raise FaultError(f"no parameter {name!r}; there are: {there}")
    return {name: _checked(row, given.get(name, row.default)) for name, row in known.items()}


def _checked(row: Parameter, found: float | str | None) -> float | str | None:
    if found is None:
        return None
    if row.choices or isinstance(row.default, str) or row.name == "with":
        if not isinstance(found, str) or (row.choices and found not in row.choices):
            raise FaultError(f"{row.name} is {found!r}; it can be: {', '.join(row.choices)}")
        return found
    if isinstance(found, str) or not (math.isfinite(found) and row.low <= found <= row.high):
        raise FaultError(f"{row.name} is {found!r}, must be within {row.low:g} .. {row.high:g}")
    return float(found)
