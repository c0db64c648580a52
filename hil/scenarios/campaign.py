"""Many scenarios on several faces: played in processes of their own, compared face by face."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from hil.scenarios.course import Course
from hil.scenarios.model import Scenario
from hil.scenarios.runner import play
from hil.scenarios.verdict import RIDES_ON, STRENGTH, Verdict, judge


class Case(msgspec.Struct, frozen=True):
    """One scenario on one face; its course is kept in `folder` when there is one."""

    scenario: Scenario
    face: str
    folder: Path | None = None


def cases(
    scenarios: Iterable[Scenario], faces: Sequence[str], folder: Path | None = None
) -> Iterator[Case]:
    """Every scenario on every face that it is for."""
    for scenario in scenarios:
        for face in faces:
            if face in scenario.scenario.faces:
                yield Case(scenario, face, folder)


def run_case(case: Case) -> Verdict:
    """Play and judge one. Raises FaceError when the face is not there."""
    course = asyncio.run(play(case.scenario, case.face))
    if case.folder is not None:
        kept = Kept(case.scenario, course)
        write_run(case.folder / f"{case.scenario.id}-{case.face}.json", kept)
    return judge(case.scenario, course)


def run_cases(cases: Sequence[Case], jobs: int) -> Iterator[Verdict]:
    """Verdicts in the order of the cases, as they come. Raises FaceError."""
    if jobs <= 1 or len(cases) <= 1:
        yield from map(run_case, cases)
        return
    fresh = multiprocessing.get_context("spawn")  # a forked event loop is nobody's friend
    with ProcessPoolExecutor(min(jobs, len(cases)), mp_context=fresh) as pool:
        yield from pool.map(run_case, cases)


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run as a file: what was to be shown, and what was."""

    scenario: Scenario
    course: Course


def write_run(path: Path, kept: Kept) -> None:
    path.write_bytes(msgspec.json.encode(kept) + b"\n")


def read_run(path: Path) -> Kept:
    """Raises OSError, and msgspec.DecodeError for a file that is no run."""
    return msgspec.json.decode(path.read_bytes(), type=Kept)


class Difference(msgspec.Struct, frozen=True):
    """How one scenario went on two faces. `reaction_s` is other minus first, None without;
    `found` what was seen on both, empty when it was the same."""

    id: str
    first: str
    other: str
    same_verdict: bool
    reaction_s: float | None
    found: str = ""


def differences(verdicts: Sequence[Verdict]) -> list[Difference]:
    """Every further face of a scenario against its first one."""
    first: dict[str, Verdict] = {}
    found = []
    for verdict in verdicts:
        base = first.setdefault(verdict.id, verdict)
        if base is verdict:
            continue
        times = (base.reaction_s, verdict.reaction_s)
        both = times[1] - times[0] if times[0] is not None and times[1] is not None else None
        found.append(
            Difference(
                verdict.id,
                base.face,
                verdict.face,
                _is_same(base, verdict),
                both,
                "" if base.found == verdict.found else f"{base.found} → {verdict.found}",
            )
        )
    return found


def _is_same(one: Verdict, other: Verdict) -> bool:
    """A batch that runs on does so whether or not a ramp waited a moment on the way: that hangs
    on a tick. Any stronger reaction must be the same."""
    both_ran_on = max(STRENGTH[one.found], STRENGTH[other.found]) <= RIDES_ON
    same = one.found == other.found or both_ran_on
    return same and (one.passed, one.outcome) == (other.passed, other.outcome)


def is_as_known(verdicts: Sequence[Verdict], apart: Sequence[Difference]) -> bool:
    """Nothing new: every FAIL is known, none of those passes, every bench is to be believed and
    the faces agree."""
    surprises = any(one.is_surprise or one.invalid for one in verdicts)
    return not surprises and all(one.same_verdict for one in apart)


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many passed, and what became of the others, in words."""
    counts = {
        "known to fail": sum(one.word == "FAIL" and bool(one.known) for one in verdicts),
        "FAIL that nobody knew of": sum(one.word == "FAIL" and not one.known for one in verdicts),
        "known to fail, but passed": sum(one.passed and bool(one.known) for one in verdicts),
        "INVALID": sum(one.word == "INVALID" for one in verdicts),
    }
    passed = sum(one.passed for one in verdicts)
    others = [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join([f"{passed} of {len(verdicts)} passed", *others])
