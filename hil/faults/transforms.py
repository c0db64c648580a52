"""What an active fault does to readings, bits and the opening of the valve.

A transform sees the numbers of one tick and returns or changes them. It may be asked several
times within a tick and then says the same again: what it remembers goes by tick, never by how
often it was asked. So several compose in the order of their injection.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hil.faults.bench import Active
from hil.faults.laws import Delay, Held, Lag, Moment
from hil.faults.reach import Converter, Reach, unit_of

Law = Callable[[int, float], float]  # tick, number before -> number after
BitLaw = Callable[[int, int], int]  # tick, 0 or 1 before -> 0 or 1 after
ROOM_C = 22.0
LOOP_ZERO_MA, LOOP_SPAN_MA, LOOP_GARBAGE_MA = 4.0, 16.0, 25.0
_FORMS = {"nan": math.nan, "infinity": math.inf, "minus_zero": -0.0, "denormal": 5e-324}


class Instrument:
    """Numbers of one analogue input in what its wire carries: mA for a loop, else its unit."""

    def __init__(self, active: Active, converter: Converter) -> None:
        self._parameters = active.parameters
        self.converter = converter
        self.unit = unit_of(active.fault.point)
        self.span = LOOP_SPAN_MA if converter.is_loop else converter.span_channel_unit
        self.zero = LOOP_ZERO_MA if converter.is_loop else 0.0
        self._per_unit = self.span / converter.span_channel_unit

    def given(self, name: str) -> float | None:
        found = self._parameters.get(name)
        return found if isinstance(found, float) else None

    def size(self, stem: str, default_spans: float | None) -> float | None:
        """A difference, given in mA or in the unit, else so many spans."""
        in_ma, in_unit = self.given(f"{stem}_ma"), self.given(f"{stem}_{self.unit}")
        if in_ma is not None and self.converter.is_loop:
            return in_ma
        if in_unit is not None:
            return in_unit * self._per_unit
        return None if default_spans is None else default_spans * self.span

    def place(self, stem: str) -> float | None:
        """A reading, given in mA or in the unit."""
        in_ma, in_unit = self.given(f"{stem}_ma"), self.given(f"{stem}_{self.unit}")
        if in_ma is not None:
            return in_ma
        if in_unit is None or not self.converter.is_loop:
            return in_unit
        low = self.converter.range_low_channel_unit
        return LOOP_ZERO_MA + (in_unit - low) * self._per_unit

    @property
    def opened(self) -> float:
        """A wire is broken: no current; a thermometer's module sees it, the others read 0."""
        return 0.0 if self.converter.is_loop or self.unit != "c" else math.nan

    def burnt_out(self) -> float:
        burnout = self._parameters.get("burnout")
        if burnout == "upscale":
            return self.converter.range_high_channel_unit
        if burnout == "downscale":
            return self.converter.range_low_channel_unit
        return 0.0 if self.converter.is_loop else math.nan

    def anything(self, share: float) -> float:
        if self.converter.is_loop:
            return LOOP_GARBAGE_MA * share
        return self.converter.range_low_channel_unit + self.span * (2.0 * share - 0.5)


def analogue_input(active: Active, reach: Reach, moment: Moment) -> Law:
    """Every verb of an analogue input but the swap of two channels."""
    it = Instrument(active, reach.converter[active.fault.point])
    constant = _constant(active, it)
    if constant is not None:
        return lambda tick, number: constant
    match active.fault.verb:
        case "stuck":
            return Held[float]()
        case "slow":
            return Lag(moment)
        case "delayed":
            return Delay[float](moment)
        case "garbage":
            return lambda tick, number: it.anything(moment.uniform(moment.slot(tick)))
        case "intermittent":
            return lambda tick, number: it.opened if moment.broken(tick) else number
        case "wrong":
            return _biased(it)
        case "swap":
            return _reversed(it)
        case "scale":
            factor, offset = it.given("factor_ratio") or 0.0, it.size("offset", 0.0) or 0.0
            return lambda tick, number: it.zero + factor * (number - it.zero) + offset
    return _in_time(active, it, moment)


def _constant(active: Active, it: Instrument) -> float | None:
    """What the wire carries whatever is measured, None when it depends."""
    match active.fault.verb:
        case "off":
            return it.opened
        case "open":
            return it.burnt_out()
        case "short":
            room = ROOM_C if it.unit == "c" else 0.0
            given = it.place("to")
            return room if given is None else given
        case "stuck" | "scale":
            return it.place("to")
        case "garbage":
            return _FORMS.get(str(active.parameters["form"]))
    return None


def _biased(it: Instrument) -> Law:
    step = it.size("step", None)
    bias = it.size("bias", None if step is not None else 0.15) or 0.0
    if step is None:
        return lambda tick, number: number + bias

    def stepped(tick: int, number: float) -> float:
        moved = number + bias
        return round(moved / step) * step if math.isfinite(moved) else moved

    return stepped


def _reversed(it: Instrument) -> Law:
    """A thermocouple shows its difference to the terminals upside down; a loop carries nothing."""
    if it.converter.is_loop:
        return lambda tick, number: 0.0
    about = 2.0 * ROOM_C if it.unit == "c" else 0.0
    return lambda tick, number: about - number


def _in_time(active: Active, it: Instrument, moment: Moment) -> Law:
    verb = active.fault.verb
    if verb == "drift":
        rate_per_s = (it.size("rate", 0.01) or 0.0) / 60.0
        return lambda tick, number: number + rate_per_s * moment.elapsed_s(tick)
    if verb == "noise":
        sigma = it.size("sigma", 0.01) or 0.0
        return lambda tick, number: number + sigma * moment.normal(tick)
    height = it.size("height", None)
    if height is not None:
        return lambda tick, number: number + height * abs(moment.spike(tick))
    return lambda tick, number: number + it.span * moment.spike(tick)


def two_state(active: Active, moment: Moment) -> BitLaw:
    """Every verb of a digital input or output but the swap of two."""
    match active.fault.verb:
        case "off" | "open":
            return lambda tick, state: 0
        case "short":
            return lambda tick, state: 1
        case "wrong":
            return lambda tick, state: 1 - state
        case "garbage":
            return lambda tick, state: moment.bits(moment.slot(tick)) & 1
        case "intermittent":
            return lambda tick, state: 0 if moment.broken(tick) else state
        case "delayed" | "slow":
            return Delay[int](moment)
    to_state = active.parameters["to_state"]
    if to_state is None:
        return Held[int]()
    return lambda tick, state: int(float(to_state) >= 0.5)


def analogue_output(active: Active, moment: Moment) -> Law:
    """Every verb of an analogue output; the plant's amplifier clamps what comes out."""
    verb, number_of = active.fault.verb, moment.number
    match verb:
        case "off" | "open":
            return lambda tick, number: 0.0
        case "short":
            return lambda tick, number: 1.0
        case "garbage":
            return lambda tick, number: moment.uniform(moment.slot(tick))
        case "intermittent":
            return lambda tick, number: 0.0 if moment.broken(tick) else number
        case "delayed":
            return Delay[float](moment)
        case "slow":
            return Lag(moment)
        case "swap":
            return lambda tick, number: 1.0 - number
        case "scale":
            factor, offset = number_of("factor_ratio"), number_of("offset_fraction")
            return lambda tick, number: factor * number + offset
        case "wrong":
            bias = number_of("bias_fraction")
            return lambda tick, number: number + bias
    return _output_in_time(active, moment)


def _output_in_time(active: Active, moment: Moment) -> Law:
    verb = active.fault.verb
    if verb == "drift":
        rate_per_s = moment.number("rate_fraction_per_min") / 60.0
        return lambda tick, number: number + rate_per_s * moment.elapsed_s(tick)
    if verb == "noise":
        sigma = moment.number("sigma_fraction")
        return lambda tick, number: number + sigma * moment.normal(tick)
    if verb == "spike":
        height = moment.number("height_fraction")
        return lambda tick, number: number + height * abs(moment.spike(tick))
    to_fraction = active.parameters["to_fraction"]
    if to_fraction is None:
        return Held[float]()
    held = float(to_fraction)
    return lambda tick, number: held


def condition(active: Active, reach: Reach, moment: Moment) -> Law:
    """Of what people, the building and broken parts do to the machine."""
    low, high, is_switch = reach.condition[active.fault.point.partition(".")[2]]
    verb, to = active.fault.verb, active.parameters.get("to")
    if verb == "drift":
        rate_per_s = moment.number("rate_per_min") / 60.0
        return lambda tick, number: min(
            max(number + rate_per_s * moment.elapsed_s(tick), low), high
        )
    if verb == "off":
        return lambda tick, number: 0.0

    def other(number: float) -> float:
        if to is not None:
            return float(to)
        return 1.0 - number if is_switch else number

    if verb == "intermittent":
        return lambda tick, number: other(number) if moment.broken(tick) else number
    return lambda tick, number: other(number)
