"""One run over a wire: the loop, its telemetry and its record, from first tick to safe end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import structlog

from controller.cli.link_watch import LinkWatch
from controller.command.attended import Attended
from controller.command.desk import Desk
from controller.command.request import Request
from controller.composition import ending, run_batch
from controller.config.stack import Batch
from controller.fieldbus.modbus_station import ModbusStation
from controller.kernel import Kernel
from controller.loop import Procedure
from controller.plan import Plan
from controller.ports import Clock, Event, Sample, Sink
from controller.recipe import asked
from controller.recipe.procedure import Procedure as RecipeProcedure
from controller.record.journal import BatchRecord
from controller.record.model import Seal
from controller.telemetry.credentials import read_password
from controller.telemetry.plane import JsonPlane
from controller.telemetry.settings import UnsPath
from controller.timing import LoopTiming

_STATISTICS_SAMPLES = 50  # every 5 s of process time


@dataclass(frozen=True, slots=True)
class Session:
    """What one run is made of. `open_record` is None while the station idles; it is called
    when the press has answered, so that a refused start leaves no record behind."""

    plan: Plan
    clock: Clock
    procedure: Procedure
    kernel: Kernel
    open_record: Callable[[], BatchRecord] | None
    sinks: Sequence[Sink] = ()
    do: Callable[[Request], str] | None = None
    """Does what a request asks, or says why not; None: by the verbs of a batch."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, for the exit code and the last lines on the screen."""

    outcome: str
    cause: str
    record: Path | None
    seal: Seal | None
    statistics: Mapping[str, float]


def modbus_station(plan: Plan, clock: Clock) -> ModbusStation:
    """The press of this plan behind its Modbus modules. Raises StationError."""
    station, names = plan.station, plan.unit_class.names
    return ModbusStation(
        station.device,
        station.wiring,
        station.link,
        names,
        clock.monotonic_s,
        not_fitted=station.not_fitted(names),
    )


def json_plane(plan: Plan, clock: Clock) -> JsonPlane | None:
    """The JSON telemetry of this plan; None when it is switched off. Raises CredentialsError."""
    mqtt, site = plan.station.mqtt, plan.station.station
    if not mqtt.enabled:
        return None
    path = UnsPath(site.enterprise, site.site, site.area, site.line, site.cell)
    password = read_password(Path(mqtt.password_file)) if mqtt.password_file else None
    return JsonPlane(
        mqtt,
        path,
        plan.identity(),
        random=Random(),  # jitter of reconnecting: the one place where runs should differ
        utc_ns=clock.utc_ns,
        password=password,
    )


class _Reporter:
    """A sink that keeps the plane's retained state and statistics current."""

    def __init__(
        self, plane: JsonPlane, procedure: Procedure, statistics: Callable[[], Mapping[str, float]]
    ) -> None:
        self._plane = plane
        self._procedure = procedure
        self._statistics = statistics
        self._count = 0

    def event(self, event: Event) -> None:
        """Events go their own way."""

    def sample(self, sample: Sample) -> None:
        self._count += 1
        if self._count % _STATISTICS_SAMPLES == 1:
            self._plane.statistics(self._statistics())
        if self._count % 10 == 1 and isinstance(self._procedure, RecipeProcedure):
            progress = self._procedure.progress
            fraction = progress.index / progress.count
            self._plane.state(
                {"progress_fraction": fraction, "remaining_s": round(progress.remaining_s, 1)}
            )


def attended(session: Session, plane: JsonPlane, tell: Callable[[Event], None]) -> Procedure:
    """The procedure, with a desk in front of it when the station takes commands."""
    site, mqtt = session.plan.station.station, session.plan.station.mqtt
    if not mqtt.command_verbs:
        return session.procedure

    def do(request: Request) -> str:
        return asked.do(session.procedure, request.verb, request.by, request.numbers)

    desk = Desk(site.id, mqtt.command_verbs, session.clock.utc_ns, plane.answer)
    plane.listen(desk.offer)
    return Attended(session.procedure, desk, session.do or do, tell)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """SIGTERM and Ctrl-C ask for the safe end instead of tearing the loop apart."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def run_session(session: Session) -> Ending:
    """Run to the end of the procedure or to a signal; outputs are safe when it returns.

    The record is sealed whatever happens. Raises StationError when the press cannot be
    opened and RecordError when the record cannot.
    """
    stopping = asyncio.Event()
    stop_on_signals(stopping.set)
    timing = LoopTiming(session.plan.station.station.tick_s)
    station = modbus_station(session.plan, session.clock)
    plane = json_plane(session.plan, session.clock)

    def statistics() -> dict[str, float]:
        return {**timing.statistics(), **station.statistics()}

    await station.open()
    record = session.open_record() if session.open_record is not None else None
    sinks: list[Sink] = [*session.sinks]
    if record is not None:
        sinks.append(record)
    if plane is not None:
        sinks += [plane, _Reporter(plane, session.procedure, statistics)]
    online = (lambda: plane.online) if plane is not None else None
    fault = (lambda: record.fault) if record is not None else None
    sinks.append(LinkWatch(station.statistics, online, fault, tuple(sinks)))

    def tell(event: Event) -> None:
        for sink in sinks:
            sink.event(event)

    procedure = session.procedure if plane is None else attended(session, plane, tell)
    outcome, cause, seal = "Interrupted", "interrupted by an operator or the system", None
    try:
        async with asyncio.TaskGroup() as tasks:
            if plane is not None:
                tasks.create_task(plane.run(), name="telemetry")
            try:
                await run_batch(
                    station,
                    session.clock,
                    session.kernel,
                    procedure,
                    sinks,
                    stopping=stopping.is_set,
                    stopwatch_s=time.perf_counter,
                    timing=timing,
                )
                outcome, cause = ending(session.procedure) or (outcome, cause)
            finally:
                if plane is not None:
                    plane.state({"outcome": outcome})
                    plane.statistics(statistics())
                    await plane.close()
    except BaseException as error:
        outcome, cause = "Interrupted", f"{type(error).__name__}: {error}"
        raise
    finally:
        if record is not None:
            seal = await asyncio.to_thread(record.close, outcome, cause)
    structlog.get_logger("session").info("run ended", outcome=outcome, cause=cause)
    path = record.path if record is not None else None
    return Ending(outcome, cause, path, seal, statistics())


def new_batch(plan: Plan, clock: Clock, given: str | None) -> Batch:
    """A batch by the operator's id, or one made of time and recipe."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock.utc_ns() // 1_000_000_000))
    return Batch(id=given or f"{stamp}-{plan.recipe.recipe.name}"[:64])


def open_record(plan: Plan, batch: Batch, clock: Clock, folder: Path) -> BatchRecord:
    """Start the record of a batch over the wire. Raises RecordError."""
    folder.mkdir(parents=True, exist_ok=True)
    return BatchRecord(
        folder / f"{batch.id}.sqlite",
        plan.header(batch, clock),
        plan.unit_class.signals,
        lossless=False,
        settings=plan.station.record,
    )
