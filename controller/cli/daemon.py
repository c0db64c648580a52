"""`hotpress run`: the daemon of a real station, in real time."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from msgspec.structs import replace

from controller import log
from controller.cli.errors import EXIT_NOT_COMPLETE, refusals
from controller.cli.session import Ending, Session, new_batch, open_record, run_session
from controller.cli.springback import learn_from
from controller.cli.tune_running import TunableIdle
from controller.clocks import RealClock
from controller.composition import COMPLETE, IDLE_RECIPES, load_idle_plan, load_plan
from controller.config.stack import Batch
from controller.log import LogSink
from controller.plan import Plan
from controller.press_plan import PressPlan
from controller.realtime import realtime
from controller.record.model import RecordError
from controller.springback import SpringbackError


def run(
    config: Annotated[str, typer.Option(help="Station: name of a shipped one, or a file")],
    recipe: Annotated[
        str | None, typer.Option(help="Press this recipe once, then end; without it: idle")
    ] = None,
    batch: Annotated[str | None, typer.Option(help="Batch id; default: time and recipe")] = None,
    areal_mass: Annotated[
        float | None, typer.Option(min=0.001, max=50.0, help="Of the weighed stack, g/cm²")
    ] = None,
    thickness_reference: Annotated[
        float | None,
        typer.Option(min=-100.0, max=500.0, help="Displacement of today's empty tooling, mm"),
    ] = None,
) -> None:
    """Run a station: sense, publish, and press a recipe if one is given.

    SIGTERM and Ctrl-C end in the safe state: heaters and pump off, pressure kept by the
    load-holding valve. Exit code 0 when a recipe ran to Complete or an idle station was
    asked to end, 1 when a batch did not complete, 2 when something was refused.
    """
    writer = log.configure()
    try:
        with refusals():
            plan = load_plan(recipe, config) if recipe else load_idle_plan(config)
            measured = Batch(
                id="measured",
                areal_mass_g_per_cm2=areal_mass,
                thickness_reference_mm=thickness_reference,
            )
            ending = _run_loop(_run(plan, recipe is not None, batch, measured))
        if ending.record is not None:
            _report(ending.record)
            if plan.ends_on_density:
                _learn(ending.record.parent, plan.recipe.recipe.name)
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


async def _run(plan: Plan, pressing: bool, given: str | None, measured: Batch) -> Ending:
    clock = RealClock(plan.station.station.tick_s)
    name = new_batch(plan, clock, given).id if pressing else "idle"
    batch = replace(measured, id=name)
    folder = Path(plan.station.record.directory)
    plan = plan.corrected(folder) if pressing else plan
    for said in plan.learned():
        structlog.get_logger("start").info(said)
    kernel = plan.kernel(batch)
    record = partial(open_record, plan, batch, clock, folder) if pressing else None
    procedure = plan.procedure() if pressing else plan.idle()
    session = Session(plan, clock, procedure, kernel, record, [LogSink()])
    if not pressing and isinstance(plan, PressPlan):
        host = TunableIdle(plan.idle(), plan, IDLE_RECIPES["press"], folder / "tuning")
        session = dataclasses.replace(session, procedure=host, do=host.do)
    with realtime(plan.station.realtime) as grants:
        for grant in grants:
            structlog.get_logger("start").info(str(grant))
        return await run_session(session)


def _learn(records: Path, recipe: str) -> None:
    """After the batch, where a second of reading harms nobody."""
    try:
        history, said = learn_from(records, recipe)
    except (RecordError, SpringbackError) as error:
        structlog.get_logger("springback").warning(str(error))
        return
    for line in said:
        structlog.get_logger("springback").info(line)
    structlog.get_logger("springback").info(
        "springback learned", recipe=recipe, correction_fraction=history.correction_fraction
    )


def _report(record: Path) -> None:
    """In a process of its own: drawing takes seconds of CPU that the press must not miss."""
    command = [sys.executable, "-m", "controller", "record", "report", str(record)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    structlog.get_logger("report").info((done.stdout or done.stderr).strip())
