"""What faults can touch on one machine behind one face, and the check that they can.

Built once from the machine file and its modules; everything the bench accepts has passed here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.ports import SignalNames
from hil.faults.model import ANSWERS, Fault, FaultError, Kind, parameters_of, resolved

Resolved = dict[str, float | str | None]


@dataclass(frozen=True, slots=True)
class Converter:
    """From an instrument to counts: how a module shows a channel, and how it says "broken"."""

    is_loop: bool
    range_low_channel_unit: float  # at 4 mA, or the least a healthy instrument shows
    range_high_channel_unit: float
    counts_per_unit: float
    count_low: int = -(2**31)
    count_high: int = 2**31 - 1
    open_code: int | None = None
    codes: frozenset[int] = frozenset()

    @property
    def span_channel_unit(self) -> float:
        return self.range_high_channel_unit - self.range_low_channel_unit

    def shown(self, reading: float) -> tuple[float, bool]:
        """The reading as the wire carries it, and whether the module calls it good."""
        scaled = reading * self.counts_per_unit
        count = round(scaled) if self.count_low <= scaled <= self.count_high else None
        if count is None or count in self.codes:
            if count is None or count == self.open_code:
                count = self.open_code
            if count is None:
                return math.nan, False
            return count / self.counts_per_unit, False
        return count / self.counts_per_unit, True


@dataclass(frozen=True, slots=True)
class Reach:
    """Signals and their instruments, conditions with bounds, devices with their signals.

    `device_verbs` and `answers` are what the face can do to its devices, `indicator_verbs` to
    those of them that talk by themselves; `carries_any_double`
    is a face without converters, which can carry what is not a number.
    """

    signals: SignalNames
    converter: Mapping[str, Converter]
    condition: Mapping[str, tuple[float, float, bool]]  # low, high, is a switch
    device: Mapping[str, frozenset[str]] = field(default_factory=dict)
    device_verbs: frozenset[str] = frozenset()
    indicators: frozenset[str] = frozenset()
    indicator_verbs: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset(ANSWERS)
    line_verbs: frozenset[str] = frozenset()
    line_answers: frozenset[str] = frozenset()
    rig_verbs: frozenset[str] = frozenset()
    carries_any_double: bool = False
    face: str = "this face"

    def points(self) -> tuple[str, ...]:
        """Every point that some fault can act on."""
        signals = self.signals
        io = tuple(f"io.{name}" for name in self.device) if self.device_verbs else ()
        return (
            *(name for name in signals.channels if name in self.converter),
            *signals.digital_inputs, *signals.digital_outputs, *signals.analogue_outputs,
            *(f"plant.{name}" for name in self.condition), *io,
            *(("line",) if self.line_verbs else ()), *(("rig",) if self.rig_verbs else ()),
        )  # fmt: skip

    def kind_of(self, point: str) -> Kind:
        """Raises FaultError for a point this machine does not have."""
        head, _, rest = point.partition(".")
        signals = self.signals
        if point in signals.channels and point in self.converter:
            return "loop" if self.converter[point].is_loop else "direct"
        if point in signals.digital_inputs:
            return "digital_input"
        if point in signals.digital_outputs:
            return "digital_output"
        if point in signals.analogue_outputs:
            return "analogue_output"
        if head == "plant" and rest in self.condition:
            return "switch" if self.condition[rest][2] else "condition"
        if head == "io" and rest in self.device:
            return "indicator" if rest in self.indicators else "device"
        if point == "line" and self.line_verbs:
            return "line"
        if point == "rig" and self.rig_verbs:
            return "rig"
        raise FaultError(f"{point}: no such point; {self._nearest(point, head)}")

    def _nearest(self, point: str, head: str) -> str:
        if head == "plant":
            return f"conditions are: {', '.join(f'plant.{name}' for name in self.condition)}"
        if head == "io":
            return f"devices are: {', '.join(f'io.{name}' for name in self.device) or 'none'}"
        if point == "line":
            return f"{self.face} has no serial line"
        if point == "rig":
            return f"{self.face} has no rig"
        fitted = [name for name in self.points() if "." not in name]
        return f"signals are: {', '.join(fitted)}; and plant.<condition>, io.<device>"

    def resolve(self, fault: Fault) -> tuple[Kind, Resolved]:
        """Kind of point and all parameters. Raises FaultError when it cannot be injected."""
        kind = self.kind_of(fault.point)
        try:
            known = parameters_of(kind, fault.verb, unit_of(fault.point), self._span(fault.point))
            parameters = resolved(fault.parameters, known)
            self._check_face(kind, fault.verb, parameters)
            self._check_device(fault.point, parameters.get("answer"))
            self._check_ways(fault, parameters)
            analogue = kind in ("loop", "direct", "analogue_output")
            if "with" in parameters and not (analogue and parameters["with"] == "polarity"):
                self._check_partner(fault.point, kind, parameters["with"])
            if kind in ("condition", "switch"):
                self._check_condition(fault, kind, parameters)
        except FaultError as error:
            raise FaultError(f"{fault.point} {fault.verb}: {error}") from None
        return kind, parameters

    def _span(self, point: str) -> float:
        converter = self.converter.get(point)
        return converter.span_channel_unit if converter is not None else 1.0

    def _check_face(self, kind: Kind, verb: str, parameters: Resolved) -> None:
        form = parameters.get("form", "any")
        if form != "any" and not self.carries_any_double:
            raise FaultError(f"form is {form!r}: {self.face} carries counts only; it can be: any")
        if kind == "device" and verb not in self.device_verbs:
            there = " ".join(sorted(self.device_verbs)) or "nothing"
            raise FaultError(f"{self.face} has no such wire; it can: {there}")
        if kind == "indicator" and verb not in self.indicator_verbs:
            there = " ".join(sorted(self.indicator_verbs))
            raise FaultError(f"{self.face} has no line of an indicator; it can: {there}")
        if kind == "line" and verb not in self.line_verbs:
            raise FaultError(f"{self.face} cannot; it can: {' '.join(sorted(self.line_verbs))}")
        if kind == "rig" and verb not in self.rig_verbs:
            raise FaultError(f"this rig cannot; it can: {' '.join(sorted(self.rig_verbs))}")
        answer = parameters.get("answer")
        answers = self.line_answers if kind == "line" else self.answers
        if answer is not None and answer not in answers:
            there = ", ".join(sorted(answers))
            raise FaultError(f"answer is {answer!r}: {self.face} has none such; it can be: {there}")

    def _check_device(self, point: str, answer: float | str | None) -> None:
        if answer == "foreign_write":
            wired = self.device.get(point.partition(".")[2], frozenset())
            if not wired & frozenset(self.signals.digital_outputs):
                raise FaultError("answer is 'foreign_write': the device has no digital outputs")

    def _check_ways(self, fault: Fault, parameters: Resolved) -> None:
        """One way to say how much: in mA or in the measurement's unit."""
        ways = [name for name in fault.parameters if name.endswith("_ma")]
        others = [f"{name[:-3]}_{unit_of(fault.point)}" for name in ways]
        both = [name for name in others if name in fault.parameters and not name.endswith("_ma")]
        if both:
            raise FaultError(f"{ways[0]} and {both[0]} say the same; give one of them")

    def _check_partner(self, point: str, kind: Kind, partner: float | str | None) -> None:
        names = {
            "digital_input": self.signals.digital_inputs,
            "digital_output": self.signals.digital_outputs,
        }.get(kind)
        if names is None:
            loop = kind == "loop"
            fitted = [n for n in self.signals.channels if n in self.converter]
            names = tuple(n for n in fitted if self.converter[n].is_loop == loop)
            if not loop:
                names = tuple(n for n in names if unit_of(n) == unit_of(point))
        if partner not in names or partner == point:
            there = ", ".join(name for name in names if name != point)
            raise FaultError(f"with is {partner!r}; it can be: {there}")

    def _check_condition(self, fault: Fault, kind: Kind, parameters: Resolved) -> None:
        low, high, _ = self.condition[fault.point.partition(".")[2]]
        if fault.verb == "drift" and parameters["rate_per_min"] is None:
            raise FaultError("rate_per_min is missing")
        to = parameters.get("to")
        if kind == "switch":
            if to not in (None, 0.0, 1.0):
                raise FaultError(f"to is {to}, must be 0 or 1")
        elif "to" in parameters and not (isinstance(to, float) and low <= to <= high):
            raise FaultError(f"to is {to}, must be given and within {low:g} .. {high:g}")


def unit_of(point: str) -> str:
    """The unit a signal's name ends with: `flow_l_per_min` -> `l_per_min`."""
    head, per, tail = point.partition("_per_")
    unit = head.rpartition("_")[2]
    return f"{unit}_per_{tail}" if per else unit
