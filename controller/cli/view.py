"""A run as a person watches it: phases, setpoint beside measurement, what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from controller.cli.faces import Face
from controller.ports import Event, Sample, Severity

_REFRESH_S = 0.25
_PLAIN_S = 10.0  # without a terminal: one line in so many seconds
_STYLE = {
    Severity.INFO: "default",
    Severity.WARNING: "yellow",
    Severity.ALARM: "bold yellow",
    Severity.TRIP: "bold red",
}


class Progress(Protocol):
    """Where a procedure stands (controller.recipe)."""

    @property
    def phase(self) -> str: ...

    @property
    def index(self) -> int: ...

    @property
    def count(self) -> int: ...

    @property
    def waits_for(self) -> str: ...

    @property
    def remaining_s(self) -> float: ...


class RunView:
    """A sink that shows the run on a console; steers nothing.

    `face` is that of the unit's class (controller.cli.faces). `stopwatch_s` paces the drawing
    by the wall, because a simulated run is faster than any screen.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        face: Face,
        progress: Callable[[], Progress],
        stopwatch_s: Callable[[], float],
    ) -> None:
        self._console = console
        self._title = title
        self._face = face
        self._progress = progress
        self._stopwatch_s = stopwatch_s
        self._begun_s = stopwatch_s()
        self._due_s = 0.0
        self._first_s = -1.0
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> RunView:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def event(self, event: Event) -> None:
        """Phase changes and anything worse than information go above the picture."""
        if event.kind != "phase" and event.severity is Severity.INFO:
            return
        line = Text(f"{_clock(event.monotonic_s)}  {event.message}", _STYLE[event.severity])
        self._console.print(line)

    def sample(self, sample: Sample) -> None:
        if self._first_s < 0.0:
            self._first_s = sample.tick.monotonic_s
        now_s = self._stopwatch_s()
        if now_s < self._due_s:
            return
        if self._console.is_terminal:
            self._due_s = now_s + _REFRESH_S
            self._live.update(self._picture(sample), refresh=True)
        elif self._due_s:
            self._due_s = now_s + _PLAIN_S
            self._console.print(self._line(sample), highlight=False)
        else:
            self._due_s = now_s + _PLAIN_S

    def _line(self, sample: Sample) -> str:
        progress, now = self._progress(), _clock(sample.tick.monotonic_s)
        return f"{now}  {progress.phase}: {self._face.line(sample)}; {progress.waits_for}"

    def _picture(self, sample: Sample) -> RenderableType:
        progress = self._progress()
        wall_s = self._stopwatch_s() - self._begun_s
        speed = sample.tick.monotonic_s / wall_s if wall_s > 0.0 else 0.0
        head = Text.assemble(
            (self._title, "bold"),
            f"   {_clock(sample.tick.monotonic_s)} process time, {speed:.1f} × real time",
        )
        phase = Text(
            f"phase {progress.index + 1}/{progress.count}  {progress.phase}: {progress.waits_for}"
            f"; about {_clock(progress.remaining_s)} left of the batch"
        )
        done_s, left_s = sample.tick.monotonic_s - self._first_s, progress.remaining_s
        bar = ProgressBar(total=max(done_s + left_s, 1.0), completed=done_s, width=60)
        return Group(head, self._table(sample), phase, bar)

    def _table(self, sample: Sample) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("", "setpoint", "measured", ""):
            table.add_column(heading, justify="right" if heading else "left")
        for row in self._face.rows(sample):
            table.add_row(*row)
        return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:d}:{minutes % 60:02d}:{rest:02d}"
