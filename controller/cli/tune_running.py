"""A running idle press that tunes itself when it is asked: the experiment inside the daemon.

The experiment is the procedure of `hotpress tune` (controller.tuning), stepped where the idle one
would be: the same kernel, every interlock and trip. What it measured is written beside the records
and fitted by a process of its own: the fit takes seconds of CPU that the loop must not miss.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from controller.cli.tune_run import tuning_limits, zone_tuning
from controller.command.request import Request, TuneAsk
from controller.ports import Tick
from controller.press_plan import PressPlan
from controller.recipe.progress import Transition
from controller.tuning import Limits, TuningError
from controller.tuning.procedure import ZoneTuning
from controller.tuning.record import Record

MEASURED = "measured.json"
FIT_S_MAX = 600.0


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment that is over, as its fit needs it."""

    station: str
    station_sha256: str
    recipe: str
    limits: Limits
    delay_s: float
    records: dict[int, Record]

    def encode(self) -> bytes:
        return msgspec.json.encode(self)


def decode(payload: bytes) -> Measured:
    """Raises TuningError."""
    try:
        return msgspec.json.decode(payload, type=Measured)
    except msgspec.MsgspecError as error:
        raise TuningError(f"{MEASURED}: {error}") from None


class Fit:
    """Writes what was measured and fits it, in a thread that only waits and a process that
    computes. `said` is empty until it is over."""

    def __init__(self, folder: Path, measured: Measured) -> None:
        self.said = ""
        self._folder, self._measured = folder, measured
        threading.Thread(target=self._run, name="tuning-fit", daemon=True).start()

    def _run(self) -> None:
        command = [sys.executable, "-m", "controller", "tune", "fit", str(self._folder)]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / MEASURED).write_bytes(self._measured.encode())
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=FIT_S_MAX, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.said = f"tuning without a proposal: {error}"
            return
        said = " ".join((done.stdout + done.stderr).split())[-300:]
        self.said = said or f"the fit ended with {done.returncode}"


class TunableIdle:
    """Stands where a procedure would, without a batch; never finishes.

    `idle` asks for nothing while no experiment runs. `folder` is where proposals go.
    """

    finished = False

    def __init__(
        self,
        idle: Any,
        plan: PressPlan,
        recipe: str,
        folder: Path,
        fit: Callable[[Path, Measured], Any] = Fit,
    ) -> None:
        self._idle, self._plan, self._recipe, self._folder = idle, plan, recipe, folder
        self._make_fit = fit
        self._fit: Any = None
        self._tuning: ZoneTuning | None = None
        self._limits = Limits()
        self._phase = "idle"
        self._seen: Any = None

    @property
    def phase(self) -> str:
        return self._phase

    # ---- what people may ask ------------------------------------------------------------------

    def do(self, request: Request) -> str:
        """Do it and return nothing, or say why not."""
        if request.tune is not None:
            return self._begin(request.tune)
        if request.verb not in ("abort", "stop"):
            return f"no batch runs; the station is {self._phase}"
        if self._tuning is None:
            return "nothing runs; the station is idle"
        self._tuning.lead.refuse(f"ended by {request.by}")
        return ""

    def _begin(self, asked: TuneAsk) -> str:
        refused = self._objection()
        if refused:
            return refused
        try:
            self._limits = tuning_limits(
                self._plan, asked.zone, asked.rise_k, asked.duty_fraction, asked.time_s
            )
        except TuningError as error:
            return str(error)
        self._tuning = zone_tuning(self._plan, self._limits, asked.zone)
        return ""

    def _objection(self) -> str:
        """What stands against an experiment now; the experiment itself goes on looking."""
        seen = self._seen
        if self._tuning is not None:
            return f"it tunes already: {self._phase}"
        if self._fit is not None:
            return "the last experiment is still being fitted"
        if seen is None:
            return "nothing was observed yet"
        trips = [name for name in self._names(seen.trip_bits, "trips") if name != "boot"]
        if trips:
            return f"tripped: {', '.join(trips)}"
        missing = self._names(seen.permissive_missing_bits, "permissives")
        missing = [name for name in missing if name != "no_trip"]
        if missing:
            return f"not permitted: {', '.join(missing)}"
        if seen.contact:
            return "the platens are closed: tune with open, empty platens"
        return ""

    def _names(self, bits: int, table: str) -> list[str]:
        names = getattr(self._plan.unit_class, table).names
        return [name for bit, name in enumerate(names) if bits >> bit & 1]

    # ---- the step -----------------------------------------------------------------------------

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Transition, ...]:
        self._seen = observation
        if self._tuning is None:
            self._idle.step(tick, observation, command)
            return self._fitted()
        self._tuning.step(tick, observation, command)
        if self._tuning.finished:
            return self._end(self._tuning, tick)
        return self._to(self._tuning.phase, "the experiment goes on")

    def _to(self, phase: str, cause: str) -> tuple[Transition, ...]:
        if phase == self._phase:
            return ()
        move = Transition(self._phase, phase, cause)
        self._phase = phase
        return (move,)

    def _end(self, tuning: ZoneTuning, tick: Tick) -> tuple[Transition, ...]:
        """Everything is off already; a result is fitted."""
        self._tuning = None
        if tuning.refusal:
            return self._to("idle", f"tuning ended without a result: {tuning.refusal}")
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(tick.utc_ns // 1_000_000_000))
        folder = self._folder / f"{self._plan.station.station.id}-{stamp}"
        source = self._plan.station_source
        measured = Measured(
            str(source.path.absolute()),
            source.sha256,
            self._recipe,
            self._limits,
            tuning.lead.delay_s,
            tuning.records,
        )
        self._fit = self._make_fit(folder, measured)
        return self._to("idle", f"tuning done; being fitted in {folder}")

    def _fitted(self) -> tuple[Transition, ...]:
        if self._fit is None or not self._fit.said:
            return ()
        said, self._fit = self._fit.said, None
        return (Transition("idle", "idle", said, kind="operator"),)
