"""Plays one scenario: the bench as a station around a station.

The controller runs its own loop. What the bench does it does inside `sense` and `actuate`:
before a tick is sensed its faults begin and end and its operator acts, after it was actuated
the outputs are read where they arrive, at the plant. So a scenario needs no clock of its own
and means the same on every face.

After `repair_s` the bench repairs everything, and once a second its operator turns the
limiter's key, resets what is tripped, lets off what an aborted vessel keeps and restarts what
is held: a machine that is whole again must bring its batch to an end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from controller.ports import (
    Event,
    OutputFrame,
    Sample,
    SensorFrame,
    Station,
    StationError,
    Tick,
)
from hil.description import MachineError
from hil.faults import FaultError
from hil.scenarios.controllers import Controller, open_controller
from hil.scenarios.course import Course, Edge, Mark, note_of
from hil.scenarios.faces import Rig, face_named
from hil.scenarios.model import OUTPUT_GROUPS, Injection, Scenario, recipe_path

OPERATOR_S = 1.0
WATCH_S = 0.005
WALL_S_MAX = 300.0  # of the wall, for one run: a wire that hangs is a result, not a wait
CLOSE_BEFORE_TICKS = 50
CLOSE_AFTER_S = 3.0  # at least; else half as much again as the limit
CLOSE_S_MAX = 30.0
# Of the truth, beside what the controller says; each machine has some of them.
_FACTS = (
    "stack_pressure_mpa", "cylinder_pressure_bar", "stack_temperature_c",
    "vessel_pressure_mpa", "fluid_temperature_c", "wall_temperature_c", "jacket_temperature_c",
)  # fmt: skip


class _Bench:
    """`controller.ports.Station` and `Sink` at once: everything passes here."""

    def __init__(
        self, scenario: Scenario, rig: Rig, controller: Controller, course: Course
    ) -> None:
        self._scenario, self._rig, self._controller = scenario, rig, controller
        self._station: Station = rig.station
        self._course = course
        self._waiting = list(scenario.fault)
        self._handles: dict[int, int] = {}  # of the bench -> index in course.marks
        self._entered_s: dict[str, float] = {}
        self._now_s = 0.0
        self._first_s: float | None = None
        self._operator_s = 0.0
        self._key_on = False
        self._bits = -1
        self._come_on = 0
        self._before: deque[tuple[float, list[float]]] = deque(maxlen=CLOSE_BEFORE_TICKS)
        self._columns = [
            (signal.name, i)
            for i, signal in enumerate(controller.signals)
            if _is_drawn(signal.name)
        ]
        self._close = _close_names(scenario, controller)
        limit_s = scenario.expect.within_s or 0.0
        self._close_after_s = min(CLOSE_S_MAX, max(CLOSE_AFTER_S, 1.5 * limit_s))
        for name, _ in self._columns:
            course.columns[name] = []
        self._facts = [name for name in _FACTS if name in rig.truth()]
        for name in self._facts:
            course.columns[f"true {name}"] = []
        for name, _ in self._close:
            course.close[name] = []

    # ---- the station ------------------------------------------------------------------------

    async def open(self) -> None:
        """Faults of time 0 are there before the controller looks."""
        self._inject_due(0.0)
        await self._station.open()

    async def sense(self, tick: Tick, frame: SensorFrame) -> None:
        now_s = self._begin()
        self._inject_due(now_s)
        self._come_on = 0
        self._note_ends(now_s)
        self._repair(now_s)
        await self._station.sense(tick, frame)
        self._look_closely(now_s, frame)

    async def actuate(self, tick: Tick, frame: OutputFrame) -> None:
        await self._station.actuate(tick, frame)
        self._look_at_outputs(self._now_s)

    async def close(self) -> None:
        await self._station.close()

    def statistics(self) -> Mapping[str, float]:
        return self._station.statistics()

    # ---- the sink ---------------------------------------------------------------------------

    def sample(self, sample: Sample) -> None:
        course = self._course
        truth = self._rig.truth()
        course.time_s.append(self._now_s)
        course.phases.append(sample.phase)
        for name, i in self._columns:
            course.columns[name].append(sample.values[i])
        for name in self._facts:
            course.columns[f"true {name}"].append(truth[name])
        if self._first_s is not None:
            self._bound(truth)

    def event(self, event: Event) -> None:
        self._course.notes.append(note_of(event, self._now_s))

    def stopping(self) -> bool:
        return bool(self._course.lost) or self._now_s >= self._scenario.scenario.time_s_max

    # ---- faults and people ------------------------------------------------------------------

    def _begin(self) -> float:
        now_s = self._now_s = self._rig.time_s()
        phase = self._controller.phase
        if phase not in self._entered_s:
            self._entered_s[phase] = now_s
        return now_s

    def _inject_due(self, now_s: float) -> None:
        if self._course.repair_s is not None or not self._waiting:
            return
        due = [injection for injection in self._waiting if self._is_due(injection, now_s)]
        for injection in due:
            self._waiting.remove(injection)
            self._inject(injection, now_s)

    def _is_due(self, injection: Injection, now_s: float) -> bool:
        at = injection.at
        since_s = 0.0 if at.phase is None else self._entered_s.get(at.phase)
        if since_s is None:
            return False
        moment_s = since_s + (at.after_s if at.time_s is None else at.time_s)
        return now_s >= moment_s - 1e-9 and (at.output is None or self._has_come_on(at.output))

    def _has_come_on(self, output: str) -> bool:
        """Since the last tick, at the plant."""
        return bool(self._come_on & self._course.bits_of([output]))

    def _inject(self, injection: Injection, now_s: float) -> None:
        fault = injection.fault
        try:
            handle = self._rig.bench.inject(fault, for_s=injection.for_s)
        except FaultError as error:
            self._course.lost = str(error)
            return
        self._handles[handle] = len(self._course.marks)
        self._course.marks.append(Mark(text=_said(injection), point=fault.point, begun_s=now_s))
        if self._first_s is None:
            self._first_s = now_s

    def _note_ends(self, now_s: float) -> None:
        if not self._handles:
            return
        acting = {active.handle for active in self._rig.bench.active()}
        for handle in [handle for handle in self._handles if handle not in acting]:
            self._course.marks[self._handles.pop(handle)].ended_s = now_s

    def _repair(self, now_s: float) -> None:
        if self._first_s is None or now_s < self._first_s + self._scenario.scenario.repair_s:
            return
        if self._course.repair_s is None:
            self._course.repair_s = self._operator_s = now_s
            self._rig.bench.clear()
            self._note_ends(now_s)
        if now_s >= self._operator_s:
            self._operator_s += OPERATOR_S
            self._key_on = not self._key_on
            self._rig.turn_limiter_key(on=self._key_on)
            phase = self._controller.phase
            if phase == "held":
                self._controller.ask("restart")
            elif phase in ("aborting", "gate"):
                self._controller.ask("reset")
                if phase == "aborting" and self._rig.keeps_pressure:
                    self._controller.ask("vent")

    # ---- what is written down ---------------------------------------------------------------

    def _look_closely(self, now_s: float, frame: SensorFrame) -> None:
        """Every tick around the first fault; before it only the last ones are kept."""
        if self._first_s is not None and now_s > self._first_s + self._close_after_s:
            return
        self._before.append((now_s, [frame.reading[i] for _, i in self._close]))
        if self._first_s is None:
            return
        for at_s, numbers in self._before:
            self._course.close_s.append(at_s)
            for (name, _), number in zip(self._close, numbers, strict=True):
                self._course.close[name].append(number)
        self._before.clear()

    def _look_at_outputs(self, now_s: float) -> None:
        bits = self._rig.output_bits()
        self._come_on |= bits & ~self._bits
        if bits != self._bits:
            self._bits = bits
            self._course.edges.append(Edge(now_s, bits))

    async def watch_outputs(self) -> None:
        """In real time the outputs may fall while the controller waits for an answer."""
        while True:
            self._look_at_outputs(self._rig.time_s())
            await asyncio.sleep(WATCH_S)

    def _bound(self, truth: Mapping[str, float]) -> None:
        expect, course = self._scenario.expect, self._course
        for name in expect.truth_max:
            course.truth_max[name] = max(course.truth_max.get(name, truth[name]), truth[name])
        for name in expect.truth_min:
            course.truth_min[name] = min(course.truth_min.get(name, truth[name]), truth[name])


def _said(injection: Injection) -> str:
    fault = injection.fault
    numbers = ", ".join(f"{name} {number}" for name, number in fault.parameters.items())
    return f"{fault.point} {fault.verb}{f' ({numbers})' if numbers else ''}"


_DRAWN = ("zone_", "stack_", "cylinder_", "vessel_", "fluid_", "wall_", "jacket_", "h2s_")
_DRAWN_TOO = frozenset(
    {
        "load_cell_force_kn", "valve_open_fraction", "thickness_mm", "bag_pressure_mbar",
        "needle_open_fraction", "pump_speed_fraction", "leak_mpa_per_min", "needle_gain_ratio",
    }
)  # fmt: skip


def _is_drawn(name: str) -> bool:
    return name.startswith(_DRAWN) or name in _DRAWN_TOO


def _close_names(scenario: Scenario, controller: Controller) -> list[tuple[str, int]]:
    """Readings of the faulty points as the controller gets them."""
    channels = controller.names.channels
    points = {injection.fault.point for injection in scenario.fault}
    partners = {str(injection.fault.parameters.get("with")) for injection in scenario.fault}
    return [(name, i) for i, name in enumerate(channels) if name in points | partners]


async def play(scenario: Scenario, face: str) -> Course:
    """Run it to its end on one face. Raises FaceError when that face is not there.

    A refusal by the controller and a fault the bench cannot inject are in the course.
    """
    header = scenario.scenario
    course = Course(scenario_id=scenario.id, face=face, tick_s=0.0, output_names=())
    try:
        kind = face_named(face)
        recipe = recipe_path(header.recipe)
        controller = open_controller(recipe, header.station, real_time=kind.real_time(scenario))
        course.tick_s, course.limits = controller.tick_s, dict(controller.limits)
        async with kind.open(scenario, controller) as rig:
            course.output_names = rig.output_names
            course.lost = _unknown_to(rig, scenario)
            bench = _Bench(scenario, rig, controller, course)
            before = rig.truth()["hard_protection_demands"]
            watch = asyncio.create_task(bench.watch_outputs()) if rig.real_time else None
            try:
                async with asyncio.timeout(WALL_S_MAX):
                    await controller.run(bench, [bench], bench.stopping)
            except TimeoutError:
                course.lost = f"not done after {WALL_S_MAX:g} s of wall time"
            finally:
                if watch is not None:
                    watch.cancel()
                course.invalid = rig.invalid()
                course.demands = round(rig.truth()["hard_protection_demands"] - before)
            course.end_s = course.time_s[-1] if course.time_s else 0.0
        _end(course, controller)
    except StationError as error:
        course.refused = str(error)
        course.outcome, course.cause = "Refused", str(error).splitlines()[0]
    except MachineError as error:
        course.lost = str(error)
    return course


def _unknown_to(rig: Rig, scenario: Scenario) -> str:
    """Names of the expectation that this machine does not have: nothing may pass by them."""
    expect, truth = scenario.expect, rig.truth()
    for name in (*expect.truth_max, *expect.truth_min):
        if name not in truth:
            return f"the machine has no true {name}"
    named = expect.outputs is not None and expect.outputs not in OUTPUT_GROUPS
    if named and expect.outputs not in rig.output_names:
        return f"the machine has no output {expect.outputs}"
    return ""


def _end(course: Course, controller: Controller) -> None:
    ended = controller.outcome
    if ended is not None:
        course.outcome, course.cause = ended
    else:
        course.outcome, course.cause = "Unfinished", f"still in {controller.phase}"
