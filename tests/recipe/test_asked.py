"""Every verb somebody may ask, in every state: done, or refused with what would be possible."""

from __future__ import annotations

import json

import pytest
from fake_press import Drive
from press_header import NAMES

from controller.command.attended import Attended
from controller.command.desk import Desk
from controller.command.request import VERBS
from controller.ports import Event
from controller.recipe.asked import do
from controller.recipe.frames import Ask
from controller.recipe.idle import Idle
from controller.recipe.model import load_recipe
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import Procedure
from controller.recipe.states import State

RECIPE, _ = load_recipe("sulfide-hot-press-100")
HAND = {"temperature_c": 45.0, "rate_c_per_min": 2.0, "pressure_mpa": None}
ALWAYS = {"reset", "abort", "stop"}
POSSIBLE = {
    State.RUNNING: ALWAYS | {"hold"},
    State.HELD: ALWAYS | {"restart", "manual", "automatic"},
    State.STOPPING: {"reset", "abort"},
    State.ABORTING: {"reset", "vent"},
    State.ABORTED: set(),
}


def batch_in(state: State) -> Drive:
    run = Drive(Procedure(PressUnit(RECIPE, NAMES))).until("soak").for_s(3.0)
    path = {State.HELD: ["hold"], State.STOPPING: ["stop"], State.ABORTING: ["abort"],
            State.ABORTED: ["abort"]}  # fmt: skip
    for verb in path.get(state, []):
        assert do(run.procedure, verb, "a test", {}) == ""
    return run.until(lambda: run.procedure.state is state)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", POSSIBLE)
def test_a_verb_is_done_where_it_is_possible_and_refused_elsewhere(state, verb) -> None:
    run = batch_in(state)
    refused = do(run.procedure, verb, "A", HAND if verb == "manual" else {})
    assert (not refused) == (verb in POSSIBLE[state]), refused
    if refused:
        assert str(state) in refused
    run.step()
    moved = run.procedure.state is not state
    assert moved == (not refused and verb in {"hold", "restart", "stop", "abort"})


def test_a_refusal_names_what_is_possible() -> None:
    run = batch_in(State.RUNNING)
    assert do(run.procedure, "restart", "A", {}).endswith("possible: abort, stop, hold")
    assert do(batch_in(State.ABORTED).procedure, "hold", "A", {}).endswith("possible: nothing")


def test_by_hand_the_recipes_limits_are_the_bounds() -> None:
    run = batch_in(State.HELD)
    assert "must be within 5 .." in do(run.procedure, "manual", "A", {"temperature_c": 300.0})
    assert do(run.procedure, "manual", "A", HAND) == ""
    run.step()
    assert run.press.command.temperature_target_c == 45.0


@pytest.mark.parametrize("verb", VERBS)
def test_an_idle_station_does_nothing_and_says_so(verb: str) -> None:
    assert "no batch runs" in do(Idle(Ask()), verb, "A", {})


def test_who_asked_is_in_the_record_of_the_hold() -> None:
    run = batch_in(State.RUNNING)
    told: list[Event] = []
    answers: list[bytes] = []
    desk = Desk("press-1", VERBS, lambda: 0, answers.append)
    procedure = run.procedure
    run.procedure = Attended(
        procedure, desk, lambda r: do(procedure, r.verb, r.by, {}), told.append
    )
    asked = {"id": "a", "verb": "hold", "by": "Jörg", "ts": 0, "valid_for_s": 10}
    desk.offer(json.dumps(asked).encode(), False)
    tick_moves = len(run.moves)
    run.procedure.progress = procedure.progress
    run.step()
    assert procedure.state is State.HOLDING
    assert "requested by Jörg" in run.moves[tick_moves].cause
    assert [event.kind for event in told] == ["operator"]
    assert json.loads(answers[0])["result"] == "accepted"
