"""`hotpress run`: the daemon of a real station, in real time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from controller import log
from controller.cli.errors import EXIT_NOT_COMPLETE, refusals
from controller.cli.session import Ending, Session, new_batch, open_record, run_session
from controller.clocks import RealClock
from controller.composition import COMPLETE, Plan, load_plan
from controller.config.stack import Batch
from controller.log import LogSink
from controller.realtime import realtime
from controller.recipe.idle import Idle

DEFAULT_RECIPE = "sulfide-hot-press-100"  # gives an idle kernel its limits


def run(
    config: Annotated[str, typer.Option(help="Station: name of a shipped one, or a file")],
    recipe: Annotated[
        str | None, typer.Option(help="Press this recipe once, then end; without it: idle")
    ] = None,
    batch: Annotated[str | None, typer.Option(help="Batch id; default: time and recipe")] = None,
) -> None:
    """Run a station: sense, publish, and press a recipe if one is given.

    SIGTERM and Ctrl-C end in the safe state: heaters and pump off, pressure kept by the
    load-holding valve. Exit code 0 when a recipe ran to Complete or an idle station was
    asked to end, 1 when a batch did not complete, 2 when something was refused.
    """
    writer = log.configure()
    try:
        with refusals():
            plan = load_plan(recipe or DEFAULT_RECIPE, config)
            ending = _run_loop(_run(plan, recipe is not None, batch))
        if ending.record is not None:
            _report(ending.record)
    finally:
        writer.close(2.0)
    if recipe is not None and ending.outcome != COMPLETE:
        raise typer.Exit(EXIT_NOT_COMPLETE)


def _run_loop(main: Coroutine[Any, Any, Ending]) -> Ending:
    """On uvloop where it is installed: half the cost of a Modbus round trip."""
    try:
        import uvloop
    except ImportError:
        structlog.get_logger("start").info("uvloop is not installed, using asyncio's own loop")
        return asyncio.run(main)
    return uvloop.run(main)


async def _run(plan: Plan, pressing: bool, given: str | None) -> Ending:
    clock = RealClock(plan.station.station.tick_s)
    batch = new_batch(plan, clock, given) if pressing else Batch(id="idle")
    folder = Path(plan.station.record.directory)
    kernel = plan.kernel(batch)
    record = partial(open_record, plan, batch, clock, folder) if pressing else None
    procedure = plan.procedure() if pressing else Idle()
    session = Session(plan, clock, procedure, kernel, record, [LogSink()])
    with realtime(plan.station.realtime) as grants:
        for grant in grants:
            structlog.get_logger("start").info(str(grant))
        return await run_session(session)


def _report(record: Path) -> None:
    """In a process of its own: drawing takes seconds of CPU that the press must not miss."""
    command = [sys.executable, "-m", "controller", "record", "report", str(record)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    structlog.get_logger("report").info((done.stdout or done.stderr).strip())
