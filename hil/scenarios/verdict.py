"""Was the reaction the expected one, in time, without leaning on the hard protection?

A reaction is believed when the plant feels it. For a trip that is the first instant from
which the plant's own outputs are safe and stay so for `DWELL_S`, which is longer than a
window of time-proportioned heating: a heater that is off for the rest of its window proves
nothing. A warning or a hold has no output of its own, and outputs that were safe before the
fault prove nothing; there the controller's event counts.

Inhibit, hold, stop and trip may be answered by a stronger one of them: it takes away more. The
table shows which it was. `ignore`, `warn` and `sub` mean that the batch runs on; there a hold,
a stop or a trip is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from hil.scenarios.course import Course, Edge, Note
from hil.scenarios.model import Expect, Reaction, Scenario

DWELL_S = 2.5
_EPSILON_S = 1e-6
STRENGTH: dict[Reaction, int] = {
    "ignore": 0, "warn": 1, "sub": 1, "inhibit": 2, "hold": 3, "stop": 4, "trip": 5, "refuse": 6,
}  # fmt: skip
_RUNS_ON = 1  # strongest reaction that asks nothing of the batch
RIDES_ON = STRENGTH["inhibit"]  # a ramp that waits a while is no end of a batch
_STATES: dict[str, Reaction] = {"holding": "hold", "stopping": "stop", "aborting": "trip"}
_SEVERE = ("warning", "alarm")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. Times in s of machine time, None where there is none."""

    id: str
    row: str
    face: str
    title: str
    expected: Reaction
    found: Reaction
    source: str
    fault_s: float | None
    reaction_s: float | None
    within_s: float | None
    demands: int
    demands_expected: int
    outcome: str
    cause: str
    passed: bool
    why: tuple[str, ...]
    known: str = ""
    invalid: str = ""

    @property
    def word(self) -> str:
        """PASS, FAIL, or INVALID: a run whose bench cannot be believed shows neither."""
        if self.invalid:
            return "INVALID"
        return "PASS" if self.passed else "FAIL"

    @property
    def is_surprise(self) -> bool:
        """A failure nobody knew of, or a known one that is none any more: its reason is stale."""
        return self.passed if self.known else not self.passed


def judge(scenario: Scenario, course: Course) -> Verdict:
    expect, header = scenario.expect, scenario.scenario
    note = _reaction(expect, course)
    reaction_s = _reaction_s(expect, course, note)
    found = _found(expect, course, note)
    why = tuple(_failures(expect, course, found, note, reaction_s))
    return Verdict(
        id=scenario.id,
        row=header.row,
        face=course.face,
        title=header.title,
        expected=expect.reaction,
        found=found,
        source=note.source if note is not None else "",
        fault_s=course.fault_s,
        reaction_s=reaction_s,
        within_s=expect.within_s,
        demands=course.demands,
        demands_expected=expect.hard_protection_demands,
        outcome=course.outcome,
        cause=course.cause,
        passed=not why and not course.invalid,
        why=why,
        known=header.known,
        invalid=course.invalid,
    )


def reaction_of(note: Note) -> Reaction | None:
    """What an event says the controller does; None for one that is no reaction."""
    if note.kind == "trip":
        follows = note.message.startswith("followed the first-out")
        return "trip" if note.severity == "trip" or follows else None
    if note.kind == "phase":
        return _STATES.get(str(note.detail.get("state", "")))
    if note.kind == "permissive":
        missing = note.detail.get("missing", "")
        return "inhibit" if missing not in ("", "no_trip") else None  # tripped is not a reason
    if note.kind == "interlock" and "priority" in note.detail:
        return "inhibit"
    if note.severity in _SEVERE:
        return "sub" if note.kind == "quality" else "warn"
    return None


def names_of(note: Note) -> set[str]:
    """Everything an event names as its source."""
    listed = ",".join(str(note.detail.get(key, "")) for key in ("missing", "also", "trips"))
    channel = str(note.detail.get("channel", ""))
    return {note.source, channel, *(name.strip() for name in listed.split(","))} - {""}


def _is_from(note: Note, sources: Sequence[str]) -> bool:
    if not sources:
        return True
    cause = str(note.detail.get("cause", "")) if note.kind == "phase" else ""
    return any(source in names_of(note) or (cause and source in cause) for source in sources)


def _after_fault(course: Course) -> list[Note]:
    """Events that can be an answer: from the first fault until the repair."""
    if course.fault_s is None:
        return []
    until_s = course.end_s if course.repair_s is None else course.repair_s
    return [n for n in course.notes if course.fault_s - _EPSILON_S <= n.time_s <= until_s]


def _reaction(expect: Expect, course: Course) -> Note | None:
    """The first event that is as strong as expected and names an expected source."""
    least = max(1, STRENGTH[expect.reaction])
    for note in _after_fault(course):
        kind = reaction_of(note)
        if kind is not None and STRENGTH[kind] >= least and _is_from(note, expect.sources):
            return note
    return None


def _strongest(course: Course) -> Reaction:
    found: Reaction = "ignore"
    for note in _after_fault(course):
        kind = reaction_of(note)
        if kind is not None and STRENGTH[kind] > STRENGTH[found]:
            found = kind
    return found


def _found(expect: Expect, course: Course, note: Note | None) -> Reaction:
    if course.refused:
        return "refuse"
    if note is not None and STRENGTH[expect.reaction] > _RUNS_ON:
        return reaction_of(note) or "ignore"
    return _strongest(course)


def is_safe(course: Course, outputs: str) -> Callable[[int], bool]:
    """Whether these outputs at the plant are safe. The watchdog lamp switches nothing."""
    names = course.output_names
    heaters = course.bits_of([name for name in names if name.endswith("_ssr")])
    contactors = course.bits_of([name for name in names if name.startswith("contactor_")])
    pump = course.bits_of(["pump", "approach_valve"])
    every = course.bits_of([name for name in names if name != "watchdog"])
    if outputs == "heat":
        return lambda bits: not bits & heaters or not bits & contactors
    groups = {"contactors": contactors, "pump": pump, "power": contactors | pump, "all": every}
    mask = groups[outputs] if outputs in groups else course.bits_of([outputs])
    return lambda bits: not bits & mask


def safe_since(
    edges: Sequence[Edge], safe: Callable[[int], bool], begun_s: float, until_s: float
) -> tuple[float | None, bool]:
    """First instant from `begun_s` on from which the outputs stay safe for DWELL_S or to
    `until_s`; and whether they were safe already before, which proves nothing."""
    before = [edge for edge in edges if edge.time_s < begun_s - _EPSILON_S]
    was_safe = not before or safe(before[-1].bits)
    start_s = begun_s if was_safe else None
    for edge in edges[len(before) :]:
        if edge.time_s > until_s:
            break
        if not safe(edge.bits):
            if start_s is not None and edge.time_s - start_s >= DWELL_S:
                break
            start_s = None
        elif start_s is None:
            start_s = edge.time_s
    return start_s, was_safe and start_s == begun_s


def _reaction_s(expect: Expect, course: Course, note: Note | None) -> float | None:
    """From the fault to the outputs at the plant, or to the event where there are none."""
    begun_s = course.fault_s
    if begun_s is None or note is None:
        return None
    told_s = max(0.0, note.time_s - begun_s)
    if expect.outputs is None or expect.outputs == "none":
        return told_s
    until_s = course.end_s if course.repair_s is None else course.repair_s
    safe = is_safe(course, expect.outputs)
    shown_s, already = safe_since(course.edges, safe, begun_s, until_s)
    if shown_s is None:
        return None
    return told_s if already else max(0.0, shown_s - begun_s)


def _failures(
    expect: Expect, course: Course, found: Reaction, note: Note | None, reaction_s: float | None
) -> list[str]:
    if course.lost:
        return [f"the bench could not: {course.lost}"]
    if course.fault_s is None and not course.refused:
        return [f"no fault was injected: its moment never came ({course.outcome})"]
    return [
        *_wrong_reaction(expect, course, found, note),
        *_too_late(expect, note, reaction_s),
        *_harm(expect, course),
    ]


def _wrong_reaction(
    expect: Expect, course: Course, found: Reaction, note: Note | None
) -> list[str]:
    if expect.reaction == "refuse" or found == "refuse":
        same = expect.reaction == found
        return [] if same else [f"expected {expect.reaction}, found {found}"]
    if STRENGTH[expect.reaction] <= _RUNS_ON and STRENGTH[_strongest(course)] > RIDES_ON:
        return [f"expected {expect.reaction}, but {_strongest(course)}"]
    if expect.reaction != "ignore" and note is None:
        of = f" of {' or '.join(expect.sources)}" if expect.sources else ""
        return [f"no {expect.reaction}{of}; strongest was {_strongest(course)}"]
    return []


def _too_late(expect: Expect, note: Note | None, reaction_s: float | None) -> list[str]:
    if note is None or expect.reaction in ("ignore", "refuse"):
        return []
    if reaction_s is None:
        return [f"the outputs at the plant ({expect.outputs}) never became safe"]
    if expect.within_s is not None and reaction_s > expect.within_s + _EPSILON_S:
        return [f"{reaction_s:.2f} s, limit {expect.within_s:g} s"]
    return []


def _harm(expect: Expect, course: Course) -> list[str]:
    found = []
    if course.demands != expect.hard_protection_demands:
        asked = expect.hard_protection_demands
        found.append(f"{course.demands} demands on the hard protection, expected {asked}")
    if course.outcome != expect.outcome:
        found.append(f"outcome {course.outcome} ({course.cause}), expected {expect.outcome}")
    for name, bound in expect.truth_max.items():
        if course.truth_max.get(name, bound) > bound:
            found.append(f"true {name} rose to {course.truth_max[name]:.4g}, bound {bound:g}")
    for name, bound in expect.truth_min.items():
        if course.truth_min.get(name, bound) < bound:
            found.append(f"true {name} fell to {course.truth_min[name]:.4g}, bound {bound:g}")
    return found
