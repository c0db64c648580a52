"""A procedure with a desk: whoever asks is heard at the recipe tick, and it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from controller.command.desk import Desk
from controller.command.request import Request
from controller.ports import Event, Severity, Tick


class Conducted(Protocol):
    """A procedure as the loop sees it."""

    @property
    def phase(self) -> str: ...

    @property
    def finished(self) -> bool: ...

    def step(self, tick: Tick, observation: Any, command: Any) -> Any: ...


class Attended:
    """Stands in the loop where `procedure` would. `do` does what a request asks and says why not,
    or nothing; `tell` takes the event of it."""

    def __init__(
        self,
        procedure: Conducted,
        desk: Desk,
        do: Callable[[Request], str],
        tell: Callable[[Event], None],
    ) -> None:
        self._procedure = procedure
        self._desk = desk
        self._do = do
        self._tell = tell

    @property
    def phase(self) -> str:
        return self._procedure.phase

    @property
    def finished(self) -> bool:
        return self._procedure.finished

    def step(self, tick: Tick, observation: Any, command: Any) -> Any:
        """Obey what waits, then step."""
        for request in self._desk.take():
            refused = self._desk.objection(request) or self._do(request)
            self._tell(_event(tick, request, refused))
            self._desk.close(request, refused)
        return self._procedure.step(tick, observation, command)


def _event(tick: Tick, request: Request, refused: str) -> Event:
    """Of what was asked, done or not: who, what, with which numbers, and why not."""
    result = f"refused: {refused}" if refused else "accepted"
    return Event(
        tick.index,
        tick.monotonic_s,
        tick.utc_ns,
        kind="operator",
        source=request.verb,
        severity=Severity.WARNING if refused else Severity.INFO,
        message=f"{request.verb} asked by {request.by}: {result}",
        detail={
            "id": request.id,
            "by": request.by,
            "result": result,
            **request.numbers,
        },
    )
