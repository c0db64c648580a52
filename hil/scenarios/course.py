"""What one run was: outputs at the plant, events, samples, faults. Data only, as JSON too."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.ports import Event


class Mark(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One injected fault: when it began and ended on the machine's clock."""

    text: str
    point: str
    begun_s: float
    ended_s: float | None = None


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event of the controller, as far as a verdict or a picture needs it."""

    time_s: float
    kind: str
    source: str
    severity: str
    message: str
    detail: dict[str, float | int | str]


def note_of(event: Event, time_s: float) -> Note:
    return Note(
        time_s=time_s,
        kind=event.kind,
        source=event.source,
        severity=str(event.severity),
        message=event.message,
        detail=dict(event.detail),
    )


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """From this instant on the plant has these digital outputs."""

    time_s: float
    bits: int


class Course(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A run. `columns[name][i]` belongs to `time_s[i]`; `close` is the same at every tick
    around the first fault. Times are the machine's, from the first tick on."""

    scenario_id: str
    face: str
    tick_s: float
    output_names: tuple[str, ...]
    limits: dict[str, float] = {}
    marks: list[Mark] = []
    repair_s: float | None = None
    notes: list[Note] = []
    edges: list[Edge] = []
    time_s: list[float] = []
    phases: list[str] = []
    columns: dict[str, list[float]] = {}
    close_s: list[float] = []
    close: dict[str, list[float]] = {}
    truth_max: dict[str, float] = {}
    truth_min: dict[str, float] = {}
    demands: int = 0
    outcome: str = "Unfinished"
    cause: str = ""
    refused: str = ""
    lost: str = ""
    """Why the bench could not do what the scenario asks; such a run proves nothing."""
    invalid: str = ""
    """Why the bench itself cannot be believed (a rig that was lost); neither PASS nor FAIL."""
    end_s: float = 0.0

    @property
    def fault_s(self) -> float | None:
        """Begin of the first fault; None when none was ever injected."""
        return min((mark.begun_s for mark in self.marks), default=None)

    def bits_of(self, names: Sequence[str]) -> int:
        return sum(1 << i for i, name in enumerate(self.output_names) if name in names)
