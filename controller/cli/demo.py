"""`hotpress demo`: a whole batch on real I/O, with nothing but this computer."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs
from rich.console import Console

from controller import log
from controller.cli.errors import EXIT_INTERRUPTED, EXIT_NOT_COMPLETE, refusals
from controller.cli.faces import face_of
from controller.cli.machine import Machine, simulated_machine
from controller.cli.record import kpi_table, write_report
from controller.cli.session import Ending, Session, new_batch, open_record, run_session
from controller.cli.view import RunView
from controller.clocks import VirtualClock
from controller.composition import COMPLETE, load_plan
from controller.plan import Plan
from controller.record.reader import StoredRecord
from controller.telemetry.broker import Broker, start_broker

_LOCKSTEP_BUDGET_MS = 10_000.0  # of the wall: the machine's own time stands still meanwhile


def demo(
    recipe: Annotated[
        str, typer.Option(help="A shipped recipe by name, or a file")
    ] = "sulfide-hot-press-100",
    station: Annotated[str, typer.Option(help="Station: name or file")] = "demo-press",
    machine: Annotated[str, typer.Option(help="Simulated machine: name or file")] = "press-500kN",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of noise and bias")] = 1,
    records: Annotated[Path, typer.Option(help="Folder of the batch records")] = Path("records"),
) -> None:
    """Press a stack: simulated machine over Modbus TCP, MQTT broker, record and report.

    Starts machine and broker as child processes on loopback and runs the recipe in
    lockstep, as fast as the wire allows. Exit code 0 when the batch is Complete.
    """
    console = Console()
    writer = log.configure(_Nowhere(), console=True)
    try:
        with refusals(), ExitStack() as stack:
            plan = load_plan(recipe, station)
            broker = stack.enter_context(start_broker())
            child = stack.enter_context(simulated_machine(machine, seed=seed))
            _announce(console, broker, child)
            ending = asyncio.run(_demo(console, _on_loopback(plan, broker, child), records))
        _conclude(console, ending)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        writer.close(1.0)


class _Nowhere:
    """The demo shows events in its view; a log between would only tear it."""

    def write(self, text: str, /) -> None: ...

    def flush(self) -> None: ...


def _announce(console: Console, broker: Broker, machine: Machine) -> None:
    console.print(f"broker: {broker.kind} on {broker.host}:{broker.port}")
    console.print(f"machine: Modbus TCP on {machine.host}:{machine.port}, process {machine.pid}")


def _on_loopback(plan: Plan, broker: Broker, machine: Machine) -> Plan:
    """The same station, its devices and broker at the children's addresses."""
    station = plan.station
    devices = [
        structs.replace(device, host=machine.host, port=machine.port) for device in station.device
    ]
    link = structs.replace(
        station.link,
        sense_budget_ms=_LOCKSTEP_BUDGET_MS,
        actuate_budget_ms=_LOCKSTEP_BUDGET_MS,
    )
    mqtt = structs.replace(station.mqtt, enabled=True, host=broker.host, port=broker.port)
    return plan.at(structs.replace(station, device=devices, link=link, mqtt=mqtt))


async def _demo(console: Console, plan: Plan, records: Path) -> Ending:
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=time.time_ns())
    batch = new_batch(plan, clock, None)
    procedure = plan.procedure()
    title = f"batch {batch.id}"
    view = RunView(console, title, face_of(plan), lambda: procedure.progress, time.monotonic)
    kernel = plan.kernel(batch)
    record = partial(open_record, plan, batch, clock, records)
    with view:
        return await run_session(Session(plan, clock, procedure, kernel, record, [view]))


def _conclude(console: Console, ending: Ending) -> None:
    path = ending.record
    assert path is not None, "a demo has a record"
    with refusals(), StoredRecord(path) as stored:
        console.print(kpi_table(stored))
        report = write_report(stored, path.with_suffix(".html"))
    console.print(f"outcome: {ending.outcome} ({ending.cause})")
    console.print(f"record:  {path}")
    console.print(f"report:  {report}")
    if ending.outcome == "Interrupted":
        raise typer.Exit(EXIT_INTERRUPTED)
    if ending.outcome != COMPLETE:
        raise typer.Exit(EXIT_NOT_COMPLETE)
