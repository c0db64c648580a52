"""A recipe in execution: observation in, command out, nothing else.

The same for every class of unit: what a phase of a press or a WIP asks for and waits for is in
its `Unit` (controller.recipe.unit).

Theory of operation. `step` is called ten times a second with the tick, what the kernel
observed and the command to fill. It asks; the kernel permits. So nothing here protects
anything: every rule that matters for safety is in the kernel, which gates again after
this, and an error here can spoil a batch but not un-trip a press.

One step: look once · obey one request · let a trip abort and an advisory hold · do what the
state says (the table `_acts`) · renew the command's lease. The states are in
controller.recipe.states.

The kernel boots tripped. The gate phase gives it the reset edge, for at most two seconds
from the start of the batch: a trip that appears later in the gate needs a person's
`reset`, or releasing an E-stop would start the press.

Time comes from the tick only. Time in which nothing was observed does not count as soak
or hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.ports import Tick
from controller.recipe.duration import Point
from controller.recipe.inbox import Inbox
from controller.recipe.manual import Manual
from controller.recipe.phases import Gate, labels
from controller.recipe.progress import Outcome, PhaseRun, Progress, Transition
from controller.recipe.states import FINAL, Request, State, next_state
from controller.recipe.status import Status
from controller.recipe.unit import EngineStep, Unit, tail_start

__all__ = ["Outcome", "Procedure", "Progress", "Transition"]

STEP_S_MAX = 1.0
"""A longer gap between two observations counts as this much soak or hold, no more."""
ARMING_S = 2.0
GUARD_S_MAX = 60.0
HOLDING_S_MAX = 300.0
RESTARTING_S_MAX = 120.0
ABORT_S_MAX = 7200.0
BLIND_S_MAX = 60.0


class Procedure:
    """One batch of one recipe on one unit. Made for it and used up by it."""

    def __init__(self, unit: Unit, *, lease_ticks: int = 50) -> None:
        self._unit = unit
        self._lease_ticks = lease_ticks
        self._labels = labels(unit.recipe.phase)
        self._state = State.IDLE
        self._state_s = 0.0  # in this state
        self._blind_s = 0.0
        self._previous_s: float | None = None
        self._cause = ""
        self._inbox = Inbox()
        self._manual: tuple[Manual | None, str] | None = None  # asked for and not yet done
        self._moves: list[Transition] = []
        self._ask: Any = unit.start
        self._kept = self._ask  # what was asked when a hold came
        self._known: frozenset[str] = frozenset()  # advisories that a person has seen standing
        self._seen: Status | None = None
        self._before: Status | None = None
        self._run = self._phase_run(0)
        self._acts: dict[State, Callable[[Status, float], None]] = {
            State.RUNNING: self._conduct,
            State.STOPPING: self._conduct,
            State.HOLDING: self._holding,
            State.HELD: self._held,
            State.RESTARTING: self._restarting,
            State.ABORTING: self._aborting,
        }

    # ---- what people may ask; each says whether it is accepted --------------------------------

    def hold(self, cause: str = "operator") -> bool:
        """Freeze setpoints and timers. Can be undone with `restart`."""
        return self._inbox.put(self._state, Request.HOLD, cause)

    def restart(self, cause: str = "operator") -> bool:
        """Go on where a hold interrupted."""
        return self._inbox.put(self._state, Request.RESTART, cause)

    def stop(self, cause: str = "operator") -> bool:
        """An orderly end: cool under pressure, release, unload."""
        return self._inbox.put(self._state, Request.STOP, cause)

    def abort(self, cause: str = "operator") -> bool:
        """An emergency end: heaters off, pressure kept until the stack is cool."""
        return self._inbox.put(self._state, Request.ABORT, cause)

    def reset(self) -> bool:
        """Give the kernel one reset edge: clears the trips whose cause is gone."""
        if not self.finished:
            self._inbox.want_reset()
        return not self.finished

    def vent(self) -> bool:
        """Personnel before product: ask for the dump valve while aborting."""
        accepted = self._state is State.ABORTING
        self._inbox.vent = self._inbox.vent or accepted
        return accepted

    def manual(self, manual: Manual, cause: str = "operator") -> str:
        """Lead the setpoints, or the heaters' duty, of a held batch by hand.

        Returns why it is refused, with the bound; empty when it is accepted. In the record as
        an operator's deed. `automatic` or `restart` ends it.
        """
        if self._state is not State.HELD:
            return f"manual mode needs a held batch; it is {self._state}"
        refused = self._unit.refusal(manual, self._seen)
        if not refused:
            self._manual = (manual, cause)
        return refused

    def automatic(self, cause: str = "operator") -> bool:
        """Out of manual mode; the batch stays held at the setpoints there are."""
        accepted = self._state is State.HELD
        if accepted:
            self._manual = (None, cause)
        return accepted

    # ---- what it says of itself ---------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._state

    @property
    def finished(self) -> bool:
        return self._state in FINAL

    @property
    def phase(self) -> str:
        """The phase's name while one is conducted, else the state's."""
        conducted = self._state in (State.RUNNING, State.STOPPING)
        return self._run.label if conducted else str(self._state)

    @property
    def outcome(self) -> Outcome | None:
        """None until the batch has ended."""
        return Outcome(self._state, self._cause) if self.finished else None

    @property
    def progress(self) -> Progress:
        known = not self.finished and self._state is not State.ABORTING
        return Progress(
            phase=self.phase,
            index=self._run.index,
            count=len(self._labels),
            state=self._state,
            elapsed_s=self._run.elapsed_s,
            waits_for=self._run.waits_for,
            remaining_s=self._run.remaining_s(self._point()) if known else 0.0,
        )

    # ---- the step -----------------------------------------------------------------------------

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Transition, ...]:
        """Advance to `tick` and fill `command`. Returns what changed, mostly nothing."""
        self._moves = []
        self._before = self._seen
        seen = self._seen = self._unit.look(observation)
        gap_s = 0.0 if self._previous_s is None else tick.monotonic_s - self._previous_s
        self._previous_s = tick.monotonic_s
        self._state_s += gap_s
        if self._state is State.IDLE:
            self._turn(Request.START, f"recipe {self._unit.recipe.recipe.name} started")
        asked = self._inbox.take(self._state)
        if asked is not None:
            self._enter(*asked)
        if seen.trips and self._state not in (State.ABORTING, *FINAL):
            self._trip(seen)
        self._heed(seen)
        act = self._acts.get(self._state)
        if act is not None:
            act(seen, gap_s)
        reset = self._inbox.reset_edge(arming=self._arming(seen), finished=self.finished)
        self._ask.write(command, valid_until_tick=tick.index + self._lease_ticks, reset=reset)
        return tuple(self._moves)

    def _trip(self, seen: Status) -> None:
        """A trip aborts, except in the gate, where nothing is energised and it is waited out."""
        if not isinstance(self._run.phase, Gate):
            self._enter(
                Request.ABORT, f"trip {seen.first_out} at {seen.first_out_number:.4g}", seen.trips
            )

    def _heed(self, seen: Status) -> None:
        """A new advisory that asks for it holds. One that stands through a restart does not hold
        again before it has cleared: the person who restarted has seen it."""
        fresh = [name for name in seen.holding if name not in self._known]
        self._known = frozenset(seen.holding)
        running = self._state is State.RUNNING and not isinstance(self._run.phase, Gate)
        if fresh and running:
            self._enter(Request.HOLD, f"advisory {', '.join(fresh)}")

    def _arming(self, seen: Status) -> bool:
        """The start of the batch resets what stood before it; nothing that comes later."""
        gate = self._state is State.RUNNING and isinstance(self._run.phase, Gate)
        return gate and bool(seen.trips) and self._run.elapsed_s < ARMING_S

    # ---- what each acting state does ----------------------------------------------------------

    def _conduct(self, seen: Status, gap_s: float) -> None:
        """Running and Stopping: guard, ask, wait, next."""
        run = self._run
        run.elapsed_s += gap_s
        if not run.asked:
            run.waits_for = run.row.guard(run.phase, seen, self._ask)
            if run.waits_for:
                if run.elapsed_s >= min(GUARD_S_MAX, run.limit_s):
                    self._overrun(f"not entered: waits for {run.waits_for}")
                return
        self._ask = run.row.ask(run.phase, seen, self._ask)
        if not run.asked:
            run.asked = True  # what the kernel makes of it is seen with the next step
            run.waits_for = run.row.condition(run.phase, seen, self._ask)
            return
        step_s = min(gap_s, STEP_S_MAX)
        lacking = run.row.condition(run.phase, seen, self._ask)
        held_back_by = [name for name in run.row.held_back_by if name in seen.interlocks]
        run.count(met=not lacking, held_back=bool(held_back_by), step_s=step_s)
        if run.engine is not None and run.engine.active:
            step = run.engine.step(
                seen, self._ask, lacking=lacking, counted_s=run.counted_s, step_s=step_s
            )
            self._by_engine(run, step)
            return
        run.waits_for = lacking or f"{max(0.0, run.need_s - run.counted_s):.0f} s more"
        if held_back_by:
            run.waits_for += f" (ramp held by {', '.join(held_back_by)})"
        self._judge(run, lacking, held_back_by)

    def _by_engine(self, run: PhaseRun, step: EngineStep) -> None:
        """A phase that one row cannot describe has asked and decided by itself."""
        self._ask, run.waits_for = step.ask, step.waits_for
        if step.note:
            self._note(self.phase, f"{run.label}: {step.note}", kind="batch")
        if step.trouble:
            self._overrun(step.trouble, step.answer)
        elif step.done:
            said = f": {step.said}" if step.said else ""
            self._next(f"{run.label} done after {run.elapsed_s:.1f} s{said}")
        elif run.elapsed_s >= run.limit_s:
            self._overrun(f"timeout after {run.elapsed_s:.0f} s: waits for {run.waits_for}")

    def _judge(self, run: PhaseRun, lacking: str, held_back_by: list[str]) -> None:
        """Done, too late, held back for too long, or none of them."""
        if not lacking and run.counted_s >= run.need_s - 1e-6:
            self._next()
        elif run.elapsed_s >= run.limit_s:
            self._overrun(f"timeout after {run.elapsed_s:.0f} s: waits for {run.waits_for}")
        elif held_back_by and run.held_back_s >= getattr(run.phase, "holdback_s_max", run.limit_s):
            self._overrun(f"ramp held back for {run.held_back_s:.0f} s: {', '.join(held_back_by)}")

    def _next(self, cause: str = "") -> None:
        run = self._run
        cause = cause or f"{run.label} done after {run.elapsed_s:.1f} s"
        if run.index + 1 < len(self._labels):
            self._go_to(run.index + 1, cause)
        else:
            stopped = self._state is State.STOPPING  # the outcome tells why, not only how
            self._turn(Request.DONE, f"{self._cause}; {cause}" if stopped else cause)
            self._ask = self._unit.rest

    def _overrun(self, cause: str, answer: str = "") -> None:
        """The phase's own answer; an acting end that fails aborts."""
        answer = answer or self._run.phase.on_timeout
        request = Request.ABORT if self._state is State.STOPPING else Request(answer)
        self._enter(request, f"{self._run.label}: {cause}")

    def _holding(self, seen: Status, gap_s: float) -> None:
        self._ask = self._unit.quietened(self._ask, seen)
        self._run.waits_for = "setpoints at rest"
        braked = self._before is not None and self._unit.at_rest(
            self._before, seen, gap_s, self._ask
        )
        if braked and self._state_s > 0.0:
            self._ask = self._unit.resting(seen, self._ask)
            self._turn(Request.DONE, "setpoints at rest")
        elif self._state_s >= HOLDING_S_MAX:
            self._enter(Request.ABORT, f"setpoints not at rest after {self._state_s:.0f} s")

    def _held(self, seen: Status, gap_s: float) -> None:
        if self._manual is not None:
            self._by_hand(seen, *self._manual)
        self._ask = self._unit.quietened(self._ask, seen)
        left_s = self._unit.recipe.limits.held_s_max - self._state_s
        self._run.waits_for = f"restart or stop; stops by itself in {max(0.0, left_s):.0f} s"
        if left_s <= 0.0:
            self._enter(Request.STOP, f"held for {self._state_s:.0f} s and not restarted")

    def _by_hand(self, seen: Status, manual: Manual | None, cause: str) -> None:
        """Somebody is there, so the time a batch may be held begins again."""
        self._manual, self._state_s = None, 0.0
        if manual is None:
            self._ask = self._unit.automatic(seen, self._ask)
            said = "automatic"
        else:
            self._ask = self._unit.manual(manual, self._ask)
            said = f"manual: {manual}"
        self._note(self.phase, f"{said}, by {cause}", kind="operator")

    def _restarting(self, seen: Status, gap_s: float) -> None:
        self._run.waits_for = self._run.row.guard(self._run.phase, seen, self._ask)
        if not self._run.waits_for and self._state_s > 0.0:
            self._turn(Request.DONE, "restarted")
            self._run.extend()
        elif self._state_s >= RESTARTING_S_MAX:
            self._enter(Request.ABORT, f"cannot restart: waits for {self._run.waits_for}")

    def _aborting(self, seen: Status, gap_s: float) -> None:
        self._blind_s = self._blind_s + gap_s if "io_fresh" in seen.missing else 0.0
        step = self._unit.abort_step(
            self._run.phase, seen, elapsed_s=self._state_s, vent=self._inbox.vent
        )
        self._ask, self._run.waits_for = step.ask, step.waits_for
        undone = expired(self._state_s, self._blind_s) if step.waits_for else ""
        if undone or (not step.waits_for and self._state_s > 0.0):
            kept = "" if seen.released else f"; {seen.pressure_mpa:.1f} MPa retained"
            self._cause += f"; {undone}" if undone else kept
            self._turn(Request.DONE, self._cause)
            self._ask = self._unit.rest

    # ---- moves ----------------------------------------------------------------------------------

    def _enter(self, request: Request, cause: str, trips: tuple[str, ...] = ()) -> None:
        """Turn the state and prepare what the new one needs."""
        was_held = self._state in (State.HOLDING, State.HELD)
        self._manual = None
        self._turn(request, cause, trips)
        if request is Request.HOLD:
            self._kept, self._ask = self._ask, self._unit.braking(self._run.phase, self._ask)
        elif request is Request.ABORT:
            self._ask = self._unit.rest
        elif was_held:
            self._ask = self._kept
        if request is Request.STOP:
            self._begin_tail(cause)

    def _begin_tail(self, cause: str) -> None:
        """Jump to the closing run of phases; from the gate there is none."""
        first = tail_start(self._unit.recipe.phase, self._unit.tail)
        if isinstance(self._run.phase, Gate):
            self._turn(Request.DONE, cause)
            self._ask = self._unit.rest
        elif first == len(self._labels):
            self._enter(Request.ABORT, f"{cause}; the recipe has no orderly end")
        elif first > self._run.index:
            self._go_to(first, cause)
        else:
            self._run.extend()

    def _turn(self, request: Request, cause: str, trips: tuple[str, ...] = ()) -> None:
        """Change the state by the table; its absence there is an error of this file."""
        before, state_before = self.phase, self._state
        after_it = next_state(self._state, request)
        assert after_it is not None, f"{request} in {self._state}"
        self._state, self._state_s, self._cause = after_it, 0.0, cause
        extra = {"trips": ", ".join(trips)} if trips else {}
        self._note(before, cause, state_from=str(state_before), **extra)

    def _go_to(self, index: int, cause: str) -> None:
        before = self.phase
        elapsed_s = self._run.elapsed_s
        self._run = self._phase_run(index)
        self._note(before, cause, elapsed_s=round(elapsed_s, 3))

    def _phase_run(self, index: int) -> PhaseRun:
        return PhaseRun(self._unit, index, self._labels[index], self._point())

    def _note(
        self, before: str, cause: str, kind: str = "phase", **detail: float | int | str
    ) -> None:
        if self._seen is not None:
            detail |= self._unit.figures(self._seen)
        self._moves.append(
            Transition(before, self.phase, cause, {"state": str(self._state), **detail}, kind)
        )

    def _point(self) -> Point:
        return self._unit.point(self._seen)


def expired(elapsed_s: float, blind_s: float) -> str:
    """Why an abort ends undone; empty while it need not."""
    if blind_s >= BLIND_S_MAX:
        return f"no input for {blind_s:.0f} s; the pressure is unknown and kept, vent by hand"
    if elapsed_s >= ABORT_S_MAX:
        return f"not safe after {elapsed_s:.0f} s; the pressure is kept, vent by hand"
    return ""
