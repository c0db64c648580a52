"""What somebody may ask of whatever is conducted, by the verbs of the command path."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.recipe.manual import Manual
from controller.recipe.procedure import Procedure
from controller.recipe.states import FROM_PEOPLE, next_state


def do(procedure: object, verb: str, by: str, numbers: Mapping[str, float]) -> str:
    """Do it and return nothing, or say why not. `numbers` are those of manual mode."""
    if not isinstance(procedure, Procedure):
        return "no batch runs; the station is idle"
    if verb == "manual":
        return procedure.manual(Manual(**numbers), by)
    if verb == "tune":
        return f"tune needs an idle station; the batch is {procedure.state}"
    deeds: Mapping[str, Callable[[], bool]] = {
        "hold": lambda: procedure.hold(by),
        "restart": lambda: procedure.restart(by),
        "stop": lambda: procedure.stop(by),
        "abort": lambda: procedure.abort(by),
        "reset": procedure.reset,
        "vent": procedure.vent,
        "automatic": lambda: procedure.automatic(by),
    }
    return "" if deeds[verb]() else _not_now(procedure, verb)


def _not_now(procedure: Procedure, verb: str) -> str:
    needs = {"vent": "an aborting batch", "automatic": "a held batch", "reset": "a batch that runs"}
    if verb in needs:
        return f"{verb} needs {needs[verb]}; it is {procedure.state}"
    able = [str(request) for request in FROM_PEOPLE if next_state(procedure.state, request)]
    return f"{verb} is not possible in state {procedure.state}; possible: " + (
        ", ".join(able) or "nothing"
    )
