"""Running an experiment on a press and making its proposal: what `hotpress tune` is made of."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from rich.console import Console

from controller.cli.session import stop_on_signals
from controller.composition import run_batch
from controller.config.stack import Batch
from controller.config.station import Zone
from controller.kernel import PRESS
from controller.loop import Procedure
from controller.plan import software_version
from controller.ports import Clock, Event, Sample, Severity, Station
from controller.press_plan import PressPlan
from controller.timing import LoopTiming
from controller.tuning import Limits, TuningError
from controller.tuning.edit import with_texts
from controller.tuning.figure import valve_svg, zone_svg
from controller.tuning.identify import Asked, describe
from controller.tuning.procedure import ZoneTuning
from controller.tuning.proposal import Change, Loop, Proposal, zone_changes
from controller.tuning.record import Record
from controller.tuning.start_gate import Tables
from controller.tuning.valve import ValveFit, ValvePoint, fit_valve
from controller.tuning.valve_procedure import ValveLimits, ValveTuning

TABLES = Tables(
    PRESS.permissives.names,
    [f"{name} ({text})" for name, text in zip(PRESS.trips.names, PRESS.trips.texts, strict=True)],
)
WORKING_C = 100.0  # the predicted step ends here, or at the recipe's maximum
VALVE_BAR_LOW, VALVE_BAR_HIGH, VALVE_BAR_PER_S = 15.0, 45.0, 0.5
FULL_SCALE_SHARE_MAX = 0.9


@dataclass(frozen=True, slots=True)
class Rig:
    """One press for one experiment; `open_station` gives a station that is not open yet."""

    plan: PressPlan
    clock: Clock
    open_station: Callable[[], Station]
    on_the_wire: bool = False
    """Ctrl-C and SIGTERM then ask for the safe end."""


@dataclass(slots=True)
class Found:
    """A proposal and the files that go beside it, by name."""

    proposal: Proposal
    files: dict[str, str] = field(default_factory=dict)


class _Stages:
    """A sink that says which stage began and what went wrong."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""

    def sample(self, sample: Sample) -> None:
        if sample.phase != self._phase:
            self._phase = sample.phase
            self._console.print(f"{sample.tick.monotonic_s:8.1f} s  {sample.phase}")

    def event(self, event: Event) -> None:
        if event.severity in (Severity.ALARM, Severity.TRIP):
            self._console.print(f"{event.monotonic_s:8.1f} s  {event.message}")


def tuning_limits(
    plan: PressPlan, zone: int | None, rise_k: float, duty_fraction: float, time_s: float
) -> Limits:
    """What the experiment may never exceed on this press. Raises TuningError."""
    if zone is not None and zone > len(plan.station.zone):
        raise TuningError(f"zone {zone}: the station has {len(plan.station.zone)} zones")
    bounds = plan.recipe.limits.temperature_c_max, plan.station.limit.temperature_c_trip - 10.0
    # A zone alone leaves its family: no further than half of what would trip.
    alone_k = max(2.0, 0.5 * plan.station.limit.out_of_family_k)
    return Limits(
        temperature_c_max=min(80.0, *bounds),
        rise_k_max=min(rise_k, alone_k) if zone is not None else rise_k,
        duty_fraction_max=duty_fraction,
        time_s_max=time_s,
    )


def zone_tuning(plan: PressPlan, limits: Limits, zone: int | None) -> ZoneTuning:
    """The temperature experiment on all zones, or on one."""
    return ZoneTuning(
        limits,
        TABLES,
        zone_count=len(plan.station.zone),
        zones=() if zone is None else (zone,),
        pressure_bar_max=plan.station.limit.released_bar_max,
    )


async def tune_zones(
    rig: Rig, limits: Limits, zones: Sequence[int], machine: str, console: Console
) -> Found:
    """The temperature experiment on all zones, or on the first of those named. Raises
    TuningError."""
    plan = rig.plan
    tuning = zone_tuning(plan, limits, zones[0] if zones else None)
    await _run(rig, lambda _opening: tuning, console)
    if tuning.refusal:
        raise TuningError(tuning.refusal)
    if not tuning.finished:
        raise TuningError("interrupted: there is no result")
    measured = tuning.records, tuning.lead.delay_s
    return await asyncio.to_thread(zones_found, plan, *measured, limits, machine)


async def tune_valve(rig: Rig, found: Found, console: Console) -> Found:
    """The valve's curve added to what was found. Raises TuningError."""
    limits = valve_limits(rig.plan)
    made: list[ValveTuning] = []

    def make(opening: Callable[[], float]) -> ValveTuning:
        made.append(ValveTuning(limits, TABLES, opening=opening))
        return made[-1]

    await _run(rig, make, console)
    if made[-1].refusal or not made[-1].finished:
        raise TuningError(f"valve: {made[-1].refusal or 'interrupted, there is no result'}")
    return _with_valve(rig.plan, found, made[-1].points)


async def _run(
    rig: Rig, make: Callable[[Callable[[], float]], Procedure], console: Console
) -> None:
    kernel = rig.plan.kernel(Batch(id="tuning"))
    station = rig.open_station()
    stopping = asyncio.Event()
    if rig.on_the_wire:
        stop_on_signals(stopping.set)
    await station.open()
    await run_batch(
        station,
        rig.clock,
        kernel,
        make(lambda: float(kernel.output.valve_open_fraction)),
        [_Stages(console)],
        stopping=stopping.is_set,
        stopwatch_s=time.perf_counter,
        timing=LoopTiming(rig.plan.station.station.tick_s),
    )


def valve_limits(plan: PressPlan) -> ValveLimits:
    """Low pressures of the cylinder as stack pressure, inside the recipe's maximum.

    Raises TuningError when the recipe's stack leaves no span.
    """
    hydraulic, area_mm2 = plan.station.hydraulic, plan.recipe.stack.area_mm2

    def stack_mpa(bar: float) -> float:
        force_kn = bar * hydraulic.cylinder_area_mm2 * 1e-4 - hydraulic.ram_weight_kn
        return force_kn * 1e3 / area_mm2

    most_mpa = FULL_SCALE_SHARE_MAX * plan.recipe.limits.pressure_mpa_max
    low_mpa, high_mpa = stack_mpa(VALVE_BAR_LOW), min(stack_mpa(VALVE_BAR_HIGH), most_mpa)
    if not high_mpa > 1.5 * low_mpa:
        raise TuningError(
            f"valve: {low_mpa:.1f} to {high_mpa:.1f} MPa on {area_mm2:g} mm² is no span; use the "
            "recipe of a larger stack"
        )
    return ValveLimits(
        pressure_mpa_low=low_mpa,
        pressure_mpa_high=high_mpa,
        rate_mpa_per_s=(high_mpa - low_mpa) * VALVE_BAR_PER_S / (VALVE_BAR_HIGH - VALVE_BAR_LOW),
        pressure_bar_max=1.3 * VALVE_BAR_HIGH,
    )


def zones_found(
    plan: PressPlan, records: Mapping[int, Record], delay_s: float, limits: Limits, machine: str
) -> Found:
    """Fits and pictures: seconds of arithmetic, after the press was made safe."""
    step_s = plan.station.station.tick_s * plan.station.station.thermal_ticks
    loops: list[Loop] = []
    changes: list[Change] = []
    files: dict[str, str] = {}
    for zone, record in records.items():
        noise_c = record.noise_c(limits.rest_s)
        target_c = min(WORKING_C, plan.recipe.limits.temperature_c_max)
        asked = Asked(step_k=target_c - record.temperature_c[0], step_s=max(0.5, step_s))
        loop = describe(record, noise_c, delay_s, zone=zone, asked=asked)
        settings = {
            key: float(number)
            for key, number in msgspec.structs.asdict(plan.station.zone[zone - 1]).items()
            if isinstance(number, float | int)
        }
        loops.append(loop)
        changes += zone_changes(
            loop, settings, index=zone - 1, keys=frozenset(Zone.__struct_fields__)
        )
        files[f"zone-{zone}.csv"] = record.csv()
        with _pictures():
            files[f"zone-{zone}.svg"] = zone_svg(loop, record, plan.station.station.id, asked)
    proposal = Proposal(
        software_version=software_version(),
        created_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        station=plan.station.station.id,
        station_sha256=plan.station_source.sha256,
        machine=machine,
        limits=limits,
        loops=loops,
        changes=with_texts(plan.station_source.text, changes),
    )
    return Found(proposal, files)


class _pictures:  # noqa: N801 - a context, read as a phrase
    """Without matplotlib (extra `report`) a proposal has no picture and is whole all the same."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, ImportError)


def _with_valve(plan: PressPlan, found: Found, points: Sequence[ValvePoint]) -> Found:
    rows = [f"{p.opening_fraction:.6f},{p.pressure_bar:.4f},{int(p.rising)}" for p in points]
    text = "\n".join(["opening_fraction,pressure_bar,rising", *rows, ""])
    fit = fit_valve(points, hashlib.sha256(text.encode()).hexdigest())
    files = {**found.files, "valve.csv": text}
    with _pictures():
        files["valve.svg"] = valve_svg(fit, points, plan.station.station.id)
    fitted = with_texts(plan.station_source.text, _valve_changes(plan, fit))
    changes = [*found.proposal.changes, *fitted]
    return Found(msgspec.structs.replace(found.proposal, valve=fit, changes=changes), files)


def _valve_changes(plan: PressPlan, fit: ValveFit) -> list[Change]:
    """Only what was measured: the dead band lies below the pressures that were gone to."""
    new = {
        "valve_full_scale_bar": float(f"{fit.full_scale_bar:.4g}"),
        "valve_hysteresis_fraction": float(f"{fit.hysteresis_fraction:.3g}"),
    }
    return [
        Change(
            table="hydraulic",
            index=None,
            key=key,
            old=getattr(plan.station.hydraulic, key),
            new=number,
        )
        for key, number in new.items()
    ]
