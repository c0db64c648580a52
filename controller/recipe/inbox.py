"""What people asked for and the procedure has not done yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.recipe.states import FROM_PEOPLE, Request, State, next_state


@dataclass(slots=True)
class Inbox:
    """Requests wait here for the next step; a refused one never gets in."""

    _causes: dict[Request, str] = field(default_factory=dict)
    _reset_wanted: bool = False
    _reset_given: bool = False
    vent: bool = False

    def put(self, state: State, request: Request, cause: str) -> bool:
        """Accept a request if the table has it for this state."""
        accepted = next_state(state, request) is not None
        if accepted:
            self._causes.setdefault(request, f"{request} requested by {cause}")
        return accepted

    def take(self, state: State) -> tuple[Request, str] | None:
        """The gravest request that still is accepted; the others are dropped with it."""
        found = [
            (request, self._causes[request])
            for request in FROM_PEOPLE
            if request in self._causes and next_state(state, request) is not None
        ]
        self._causes.clear()
        return found[0] if found else None

    def want_reset(self) -> None:
        self._reset_wanted = True

    def reset_edge(self, *, arming: bool, finished: bool) -> bool:
        """The reset line of this step: 0 after every 1, so that each 1 is an edge."""
        wanted = not self._reset_given and not finished and (self._reset_wanted or arming)
        if wanted:
            self._reset_wanted = False
        self._reset_given = wanted
        return wanted
