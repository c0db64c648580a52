"""`hotpress tune`: find out how a press behaves, propose settings, apply or revert them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from controller.cli.command import ask
from controller.cli.errors import EXIT_REFUSED, refusals
from controller.cli.session import modbus_station
from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.cli.tune_run import Found, Rig, tune_valve, tune_zones, tuning_limits, zones_found
from controller.cli.tune_running import MEASURED
from controller.cli.tune_running import decode as decode_measured
from controller.clocks import RealClock, VirtualClock
from controller.composition import IDLE_RECIPES, NAMES, load_press_plan
from controller.config.model import load_station
from controller.config.stack import Batch
from controller.press_plan import PressPlan
from controller.tuning import Limits, Proposal, TuningError
from controller.tuning import edit as editing
from controller.tuning.proposal import Change, Loop, decode

PROPOSAL = "proposal.json"


class _StationOrCommand(TyperGroup):
    """A first word that is no command is a station: `hotpress tune demo-press`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["station", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_StationOrCommand,
    no_args_is_help=True,
    help="Identify a press and tune it: STATION [options], apply, revert, show.",
)


@app.command("station")
def station_command(
    station: Annotated[str, typer.Argument(help="Station: name of a shipped one, or a file")],
    machine: Annotated[
        str | None,
        typer.Option(help="Simulated machine in this process; without it: over the wire"),
    ] = None,
    zone: Annotated[
        int | None, typer.Option(min=1, max=6, help="Drive and tune this zone alone")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Whose limits hold")] = IDLE_RECIPES["press"],
    valve: Annotated[
        bool, typer.Option("--valve", help="Then the valve's curve, on empty platens or a dummy")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Folder of the proposal")] = None,
    rise_k: Annotated[float, typer.Option(min=2.0, max=100.0, help="Rise allowed, K")] = 25.0,
    duty: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the step")] = 0.6,
    time_s: Annotated[float, typer.Option(min=300.0, max=86_400.0, help="At most, s")] = 3600.0,
    running: Annotated[
        bool, typer.Option("--running", help="Ask the idle daemon of this station to do it")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of a simulated machine")] = 1,
) -> None:
    """A safe experiment with open, empty platens; ends in a proposal and changes nothing.

    Two steps of duty up to the allowed rise, a coast after each; everything off at the end.
    Exit code 0 with a proposal, 2 when it was refused, with the reason. With --running 0 says
    that the daemon has begun; its events tell the rest, and the proposal lies beside its records.
    """
    console = Console(highlight=False, soft_wrap=True)
    with refusals():
        plan = load_press_plan(recipe, station)
        if running:
            _ask_running(station, zone, rise_k, duty, time_s, machine or output or valve)
            return
        folder = output or Path("tuning") / f"{plan.station.station.id}-{_stamp()}"
        if (folder / PROPOSAL).exists():
            raise TuningError(f"{folder / PROPOSAL} is there already: give another --output")
        limits = tuning_limits(plan, zone, rise_k, duty, time_s)
        rig = _rig(plan, machine, seed)
        zones = () if zone is None else (zone,)
        found = asyncio.run(_tune(rig, limits, zones, machine or "wire", valve, console))
        _save(found, folder)
    console.print(_loops_table(found.proposal))
    console.print(_changes_table(found.proposal.changes))
    console.print(f"proposal: {folder / PROPOSAL}   pictures: {folder}/*.svg")
    console.print(f"apply: hotpress tune apply {folder / PROPOSAL} STATION.toml")


def _ask_running(
    station: str, zone: int | None, rise_k: float, duty: float, time_s: float, local: object
) -> None:
    """Over the command path; the daemon's events tell how it goes. Raises what `ask` raises."""
    if local:
        raise TuningError("--running: the station has machine, valve and folder of its own")
    numbers = {"rise_k": rise_k, "duty_fraction": duty, "time_s": time_s}
    refused = ask(station, "tune", None, numbers if zone is None else {**numbers, "zone": zone})
    if refused:
        raise typer.Exit(EXIT_REFUSED)


@app.command("fit", hidden=True)
def fit_command(
    folder: Annotated[Path, typer.Argument(help="Of an experiment that a running station made")],
) -> None:
    """Fit what a running station has measured, and write the proposal beside it."""
    with refusals():
        measured = decode_measured(_read(folder / MEASURED))
        plan = load_press_plan(measured.recipe, measured.station)
        if plan.station_source.sha256 != measured.station_sha256:
            raise TuningError(f"{measured.station} was changed since the experiment: tune again")
        found = zones_found(plan, measured.records, measured.delay_s, measured.limits, "wire")
        _save(found, folder)
    typer.echo(f"proposal: {folder / PROPOSAL}")


def _rig(plan: PressPlan, machine: str | None, seed: int) -> Rig:
    tick_s = plan.station.station.tick_s
    if machine is None:
        clock = RealClock(tick_s)
        return Rig(plan, clock, lambda: modbus_station(plan, clock), on_the_wire=True)
    batch = Batch(id="tuning")
    return Rig(
        plan,
        VirtualClock(tick_s, utc_start_ns=UTC_START_NS),
        lambda: simulated_station(machine, plan, batch, seed),
    )


async def _tune(
    rig: Rig, limits: Limits, zones: tuple[int, ...], machine: str, valve: bool, console: Console
) -> Found:
    found = await tune_zones(rig, limits, zones, machine, console)
    return await tune_valve(rig, found, console) if valve else found


def _stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime())


def _save(found: Found, folder: Path) -> None:
    """The proposal last: where it is, its data are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.files.items():
            (folder / name).write_text(text)
        (folder / PROPOSAL).write_bytes(found.proposal.encode())
    except OSError as error:
        raise TuningError(f"{folder}: {error.strerror}; give another --output") from None


@app.command("apply")
def apply_command(
    proposal: Annotated[Path, typer.Argument(help="proposal.json")],
    station: Annotated[Path, typer.Argument(help="The station file to change")],
) -> None:
    """Write a proposal's numbers into a station file; comments and order stay.

    Refused with exit code 2 when a number there is not the one the proposal replaces.
    """
    _edit(proposal, station, editing.apply, "revert")


@app.command("revert")
def revert_command(
    proposal: Annotated[Path, typer.Argument(help="The proposal that was applied")],
    station: Annotated[Path, typer.Argument(help="The station file to change back")],
) -> None:
    """Put back what `apply` replaced."""
    _edit(proposal, station, editing.revert, "apply")


@app.command("show")
def show_command(
    proposal: Annotated[Path, typer.Argument(help="proposal.json")],
) -> None:
    """What a proposal found and would change."""
    console = Console(highlight=False, soft_wrap=True)
    with refusals():
        found = decode(_read(proposal))
    console.print(_loops_table(found))
    console.print(_changes_table(found.changes))


def _edit(
    proposal: Path, station: Path, edit: Callable[[str, list[Change]], str], undo: str
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    with refusals():
        changes = decode(_read(proposal)).changes
        try:
            text = edit(_read(station).decode(), changes)
        except UnicodeDecodeError:
            raise TuningError(f"{station} is no text") from None
        _replace(station, text)
    console.print(_changes_table(changes))
    console.print(f"{station}: {len(changes)} numbers written")
    console.print(f"undo: hotpress tune {undo} {proposal} {station}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TuningError(f"{path}: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    """Checked as a station file before it takes the old one's place, in one step."""
    beside = path.with_name(f".{path.stem}.tuned.toml")
    try:
        beside.write_text(text)
        beside.chmod(path.stat().st_mode)
        load_station(str(beside.absolute()), {"press": NAMES["press"]})
        beside.replace(path)
    except OSError as error:
        raise TuningError(f"{path}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def _loops_table(proposal: Proposal) -> Table:
    table = Table(title="Loops", title_justify="left", box=None)
    for heading in ("zone", "model", "gain K", "τ s", "lag s", "dead s", "residual K", "PID"):
        table.add_column(heading)
    table.add_column("margins")
    table.add_column("predicted step: overshoot, settling ÷ least")
    for loop in proposal.loops:
        table.add_row(*_loop_row(loop))
    if proposal.valve is not None:
        fit = proposal.valve
        table.add_row(
            "valve",
            f"{fit.full_scale_bar:.4g} ± {fit.full_scale_bar_sigma:.2g} bar",
            f"hysteresis {100 * fit.hysteresis_fraction:.2f} %",
        )
    return table


def _loop_row(loop: Loop) -> list[str]:
    model, pid = loop.law_model, loop.pid
    told = [
        f"{p.law}: +{p.overshoot_k:.2f} K, {p.settle_bound_ratio:.2f}" for p in loop.predictions
    ]
    return [
        str(loop.zone),
        f"{loop.models[0].kind} → {model.kind}",
        f"{model.gain_c:.4g} ± {model.gain_c_sigma:.2g}",
        f"{model.time_constant_s:.4g} ± {model.time_constant_s_sigma:.2g}",
        f"{model.lag_s:.3g} ± {model.lag_s_sigma:.2g}",
        f"{model.dead_time_s:.3g} ± {model.dead_time_s_sigma:.2g}",
        f"{model.residual_c:.3f}",
        f"{pid.rule} kp {pid.kp_per_c:.3g} ti {pid.ti_s:.3g} td {pid.td_s:.2g}",
        f"{pid.gain_margin_ratio:.2g}, {pid.phase_margin_deg:.0f}°",
        "\n".join(told),
    ]


def _changes_table(changes: list[Change]) -> Table:
    table = Table(title="Changes", title_justify="left", box=None)
    for heading in ("setting", "old", "new"):
        table.add_column(heading)
    for change in changes:
        table.add_row(change.path, f"{change.old:g}", f"{change.new:g}")
    return table
