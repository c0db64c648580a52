"""`hotpress simulate`: a recipe in this process, in virtual time, judged on the true state."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer
from rich.console import Console

from controller.cli.errors import EXIT_NOT_COMPLETE, refusals
from controller.cli.faces import face_of
from controller.cli.results import figures_table
from controller.cli.view import RunView
from controller.clocks import VirtualClock
from controller.composition import COMPLETE, ending, load_plan, run_batch
from controller.config.stack import Batch
from controller.plan import Plan
from controller.ports import SimulatedStation, StationError
from controller.record.journal import BatchRecord
from controller.record.model import Seal
from controller.timing import LoopTiming
from controller.verdict import VERDICTS

UTC_START_NS = 946_684_800_000_000_000  # 2000-01-01T00:00:00Z: a simulated run has no date


def simulated_station(
    machine: str,
    plan: Plan,
    batch: Batch,
    seed: int,
    *,
    vary: bool = False,
    more: Mapping[str, float] | None = None,
) -> SimulatedStation:
    """The in-process machine, through its entry point: the product never imports it.

    With `vary` the seed also draws loading, powder, tooling, mains and instruments; `more`
    are further numbers of the machine's stack.
    Raises StationError when no simulator is installed or it refuses the machine.
    """
    points = metadata.entry_points(group="hotpress.stations", name="simulation")
    if not points:
        raise StationError("no simulator is installed: entry point hotpress.stations/simulation")
    open_simulation = cast(Callable[..., SimulatedStation], next(iter(points)).load())
    try:
        return open_simulation(
            machine,
            plan.unit_class.names,
            seed=seed,
            variation_seed=seed if vary else None,
            tick_s=plan.station.station.tick_s,
            stack={**plan.workpiece(batch), **(more or {})},
        )
    except ValueError as error:
        raise StationError(str(error)) from None


@contextmanager
def _record_path(record: Path | None) -> Iterator[Path]:
    """Where the record goes; one that nobody asked to keep is thrown away."""
    if record is not None:
        yield record
        return
    with tempfile.TemporaryDirectory(prefix="hotpress-") as folder:
        yield Path(folder) / "simulation.sqlite"


def simulate(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe by name, or a file")],
    station: Annotated[str, typer.Option(help="Station: name or file")] = "demo-press",
    machine: Annotated[str, typer.Option(help="Simulated machine: name or file")] = "press-500kN",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of noise and bias")] = 1,
    vary: Annotated[
        bool, typer.Option("--vary", help="One batch of many: the seed draws powder and tooling")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file")] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep the batch record in this file (must not exist)")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view")] = False,
) -> None:
    """Try a recipe on the simulated machine, as fast as this computer can.

    Ends with exit code 0 when the recipe ran to Complete, 1 when it did not, 2 when
    something was refused. The same seed gives the same journal, byte for byte.
    """
    console = Console(quiet=quiet)
    with refusals(), _record_path(record) as path:
        plan = load_plan(recipe, station)
        figures = asyncio.run(_simulate(console, plan, machine, seed, path, vary))
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    console.print(figures_table("Simulated batch, judged on the true state", figures))
    if record is not None:
        console.print(f"record: {record}   report: hotpress record report {record}")
    if figures["outcome"] != COMPLETE:
        raise typer.Exit(EXIT_NOT_COMPLETE)


async def _simulate(
    console: Console, plan: Plan, machine: str, seed: int, path: Path, vary: bool
) -> dict[str, float | str]:
    batch = Batch(id=f"simulation-{plan.recipe.recipe.name}-{seed}")
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=UTC_START_NS)
    station = simulated_station(machine, plan, batch, seed, vary=vary)
    await station.open()
    kernel, procedure = plan.kernel(batch), plan.procedure()
    signals = plan.unit_class.signals
    verdict = VERDICTS[plan.unit_class.name](station.truth, signals)
    record = BatchRecord(path, plan.header(batch, clock, seed), signals, lossless=True)
    title = f"simulate {plan.recipe.recipe.name}, seed {seed}{', varied' if vary else ''}"
    view = RunView(console, title, face_of(plan), lambda: procedure.progress, time.monotonic)
    timing = LoopTiming(plan.station.station.tick_s)
    begun_s = time.perf_counter()
    outcome, cause = "Interrupted", "interrupted"
    try:
        with view:
            await run_batch(
                station,
                clock,
                kernel,
                procedure,
                [record, verdict, view],
                stopping=lambda: False,
                stopwatch_s=time.perf_counter,
                timing=timing,
            )
        outcome, cause = ending(procedure) or (outcome, cause)
    finally:
        seal: Seal = record.close(outcome, cause)
    wall_s = time.perf_counter() - begun_s
    return {
        "outcome": outcome,
        "cause": cause,
        **verdict.figures(),
        "process_s": clock.monotonic_s(),
        "wall_s": wall_s,
        "realtime_factor": clock.monotonic_s() / wall_s,
        "sample_count": seal.sample_count,
        "journal_sha256": seal.journal_sha256,
        "seed": seed,
    }
