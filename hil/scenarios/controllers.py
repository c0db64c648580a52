"""The controller under test, through its entry point: the bench imports none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Protocol, cast

from controller.ports import Signal, SignalNames, Sink, Station, StationError

GROUP, NAME = "hotpress.controllers", "press"


class Controller(Protocol):
    """One batch, made for one run (hotpress.controllers/press)."""

    tick_s: float
    names: SignalNames
    signals: tuple[Signal, ...]
    stack: Mapping[str, float]
    limits: Mapping[str, float]

    @property
    def phase(self) -> str: ...

    @property
    def outcome(self) -> tuple[str, str] | None: ...

    def ask(self, request: str) -> bool: ...

    def modbus_tcp(
        self, host: str, port: int, *, lockstep: bool, instruments: Mapping[str, str] = ...
    ) -> Station: ...

    def modbus_rtu(
        self, path: str, baud: int, *, lockstep: bool, instruments: Mapping[str, str] = ...
    ) -> Station: ...

    async def run(
        self, station: Station, sinks: Sequence[Sink], stopping: Callable[[], bool]
    ) -> None: ...


def open_controller(recipe: str, station: str, *, real_time: bool = False) -> Controller:
    """Raises StationError when none is installed or it refuses recipe or station."""
    points = metadata.entry_points(group=GROUP, name=NAME)
    if not points:
        raise StationError(f"no controller is installed: entry point {GROUP}/{NAME}")
    found = cast(Callable[..., Controller], next(iter(points)).load())
    return found(recipe, station, real_time=real_time)
