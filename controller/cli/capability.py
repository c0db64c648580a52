"""`hotpress capability`: Monte-Carlo of a recipe on varied powder, tooling and sensors."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from controller.capability import TARGET_CPK, Capability, capability, cpk_bound
from controller.cli.errors import refusals
from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.clocks import VirtualClock
from controller.composition import COMPLETE, ending, load_press_plan, run_batch
from controller.config.stack import Batch
from controller.kernel import PRESS
from controller.ports import Event, Sample
from controller.press_plan import PressPlan
from controller.timing import LoopTiming

BALANCE_SIGMA_FRACTION = 0.0005
GAUGE_SIGMA_MM = 0.0005
GAUGE = {
    "density_ratio_initial": 0.9,
    "yield_mpa_25c": 5000.0,
    "softening_k": 1000.0,
    "elastic_modulus_mpa": 210_000.0,
}
"""A block that does not densify, in the words of the simulated machine's stack."""
ZERO_RECIPE = "tooling-zero"


@dataclass(frozen=True, slots=True)
class Case:
    """One column of the table."""

    recipe: str
    station: str
    machine: str
    weighed: bool
    zeroed: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One batch: truth at its end, and what the hold knew when it ended."""

    seed: int
    outcome: str
    density_g_per_cm3: float
    estimate_g_per_cm3: float
    sigma_g_per_cm3: float
    fell_back: bool


class _Watcher:
    """The last density of each phase, and whether a hold gave density up."""

    def __init__(self) -> None:
        names = [signal.name for signal in PRESS.signals]
        self._density = names.index("density_g_per_cm3")
        self._sigma = names.index("density_g_per_cm3_sigma")
        self._thickness = names.index("thickness_mm")
        self.density = self.sigma = 0.0
        self.held_mm: list[float] = []
        self.fell_back = False

    def event(self, event: Event) -> None:
        self.fell_back = self.fell_back or event.kind == "batch"

    def sample(self, sample: Sample) -> None:
        if sample.phase == "hold":
            self.density = sample.values[self._density]
            self.sigma = sample.values[self._sigma]
            self.held_mm.append(sample.values[self._thickness])


def run_one(case: Case, seed: int) -> Run:
    """One batch of many, in this process. The same seed gives the same batch."""
    plan = load_press_plan(case.recipe, case.station)
    batch = Batch(id=f"capability-{seed}")
    if case.zeroed:
        batch = msgspec.structs.replace(batch, thickness_reference_mm=_zero(case, seed))
    run, _ = asyncio.run(_press(plan, batch, case, seed))
    return run


def _zero(case: Case, seed: int) -> float:
    """The displacement that this batch's tooling and sensors show without a stack."""
    plan = load_press_plan(ZERO_RECIPE, case.station)
    gauge = replace(case, weighed=False)
    _, watcher = asyncio.run(_press(plan, Batch(id=f"zero-{seed}"), gauge, seed, GAUGE))
    steady = watcher.held_mm[len(watcher.held_mm) // 2 :]
    return plan.station.stack.thickness_reference_mm + sum(steady) / len(steady)


async def _press(
    plan: PressPlan, batch: Batch, case: Case, seed: int, stack: dict[str, float] | None = None
) -> tuple[Run, _Watcher]:
    station = simulated_station(case.machine, plan, batch, seed, vary=True, more=stack)
    await station.open()
    whole = station.truth()
    mass = 0.1 * whole["density_g_per_cm3"] * whole["thickness_mm"]
    if case.weighed:
        weighed = mass * (1.0 + random.Random(f"{seed}/balance").gauss(0.0, BALANCE_SIGMA_FRACTION))
        batch = msgspec.structs.replace(
            batch,
            areal_mass_g_per_cm2=weighed,
            areal_mass_sigma_fraction=BALANCE_SIGMA_FRACTION,
        )
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=UTC_START_NS)
    procedure, watcher = plan.procedure(), _Watcher()
    await run_batch(
        station,
        clock,
        plan.kernel(batch),
        procedure,
        [watcher],
        stopping=lambda: False,
        stopwatch_s=lambda: 0.0,
        timing=LoopTiming(plan.station.station.tick_s),
    )
    if stack is not None:  # the gauge's own thickness, as its certificate says it
        error_mm = random.Random(f"{seed}/gauge").gauss(0.0, GAUGE_SIGMA_MM)
        pressed = 1.0 - 100.0 / stack["elastic_modulus_mpa"]
        watcher.held_mm = [
            mm - whole["thickness_mm"] * pressed - error_mm for mm in watcher.held_mm
        ]
    outcome, _ = ending(procedure) or ("Interrupted", "")
    truth = station.truth()["density_g_per_cm3"]
    fell_back = watcher.fell_back
    return Run(seed, outcome, truth, watcher.density, watcher.sigma, fell_back), watcher


def runs_of(case: Case, seeds: Sequence[int], jobs: int) -> list[Run]:
    """All seeds of a case, on `jobs` processes."""
    if jobs == 1:
        return [run_one(case, seed) for seed in seeds]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(partial(run_one, case), seeds))


def capability_command(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe by name, or a file")],
    beside: Annotated[str | None, typer.Option(help="Another recipe, for comparison")] = None,
    runs: Annotated[int, typer.Option(min=2, max=10_000, help="Batches of each")] = 25,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes at a time")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Of the first batch")] = 1,
    target: Annotated[float, typer.Option(min=0.1, max=25.0, help="g/cm³")] = 3.10,
    tolerance: Annotated[float, typer.Option(min=0.001, max=5.0, help="g/cm³, each side")] = 0.05,
    weighed: Annotated[bool, typer.Option("--weighed", help="Every stack is weighed")] = False,
    zeroed: Annotated[
        bool, typer.Option("--zeroed", help="Displacement zeroed with the tooling of the batch")
    ] = False,
    station: Annotated[str, typer.Option(help="Station: name or file")] = "demo-press",
    machine: Annotated[str, typer.Option(help="Simulated machine")] = "press-500kN",
    json: Annotated[Path | None, typer.Option(help="Write every batch to this file")] = None,
) -> None:
    """Cpk of the true density over batches of varied loading, powder, tooling and sensors.

    The bound is what the uncertainty of the density leaves to a perfect hold.
    """
    names = [recipe] if beside is None else [recipe, beside]
    seeds = range(seed, seed + runs)
    with refusals():
        cases = [Case(name, station, machine, weighed, zeroed) for name in names]
        found = [(case, runs_of(case, seeds, jobs)) for case in cases]
    Console().print(_table(found, target, tolerance))
    if json is not None:
        said = {case.recipe: runs for case, runs in found}
        json.write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")


def _table(found: list[tuple[Case, list[Run]]], target: float, tolerance: float) -> Table:
    title = f"Density of {len(found[0][1])} batches against {target:g} ± {tolerance:g} g/cm³"
    table = Table(title=title, title_justify="left", box=None)
    for heading in (
        "recipe",
        "mean",
        "sigma",
        "Cpk",
        "90 % low",
        "bound",
        "fell back to time",
        "Complete",
    ):
        table.add_column(heading, justify="left" if heading == "recipe" else "right")
    for case, runs in found:
        table.add_row(case.recipe, *_row(runs, target, tolerance))
    known = found[0][0]
    table.caption = (
        f"mass {'weighed' if known.weighed else 'nominal'}, displacement "
        f"{'zeroed per batch' if known.zeroed else 'as commissioned'}; asked for: ≥ {TARGET_CPK}"
    )
    return table


def _row(runs: list[Run], target: float, tolerance: float) -> tuple[str, ...]:
    done = [run for run in runs if run.outcome == COMPLETE]
    if len(done) < 2:
        return ("–",) * 6 + (f"{len(done)}/{len(runs)}",)
    densities = [run.density_g_per_cm3 for run in done]
    of: Capability = capability(densities, target - tolerance, target + tolerance)
    sigma = sum(run.sigma_g_per_cm3 for run in done) / len(done)
    fallen = sum(run.fell_back for run in done)
    return (
        f"{of.mean:.4f}",
        f"{of.sigma:.4f}",
        f"{of.cpk:.2f}",
        f"{of.cpk_low:.2f}",
        f"{cpk_bound(tolerance, sigma):.2f}",
        f"{fallen}",
        f"{len(done)}/{len(runs)}",
    )
