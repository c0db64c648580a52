"""The controller on a test bench: the same kernel, procedure and loop, over any station.

A bench reaches `open_controller` through the entry point hotpress.controllers/press and
hands it a station of its own making, so it needs no import of the controller and the
controller none of the bench. Here is no second way to run a press: plan, kernel and
procedure come from the composition root, the beats from `controller.loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from controller.clocks import RealClock, VirtualClock
from controller.composition import ending, load_plan, run_batch
from controller.config.problem import ConfigError
from controller.config.stack import Batch
from controller.kernel import KernelConfigError
from controller.plan import Plan
from controller.ports import Signal, SignalNames, Sink, Station, StationError
from controller.timing import LoopTiming

UTC_START_NS = 946_684_800_000_000_000  # 2000-01-01T00:00:00Z: virtual time has no date
LOCKSTEP_BUDGET_MS = 250.0  # of the wall: the machine's own time stands still meanwhile
_NONE: Mapping[str, str] = {}
BENCH_BUDGET_MS = (15.0, 25.0)  # sense, actuate: machine and controller share this computer


class BenchController:
    """One batch of one recipe on one station file, made for one run.

    `stack` holds the fields of the workpiece by the names a simulated machine uses, `phase`
    the phase now, or the state's name while none is conducted.
    """

    def __init__(self, plan: Plan, *, real_time: bool) -> None:
        self._plan = plan
        self.tick_s = plan.station.station.tick_s
        self._clock: RealClock | VirtualClock = (
            RealClock(self.tick_s)
            if real_time
            else VirtualClock(self.tick_s, utc_start_ns=UTC_START_NS)
        )
        batch = Batch(id=f"bench-{plan.recipe.recipe.name}"[:64])
        self._kernel = plan.kernel(batch)
        self._procedure = plan.procedure()
        self.names: SignalNames = plan.unit_class.names
        self.signals: tuple[Signal, ...] = plan.unit_class.signals
        self.limits: Mapping[str, float] = {
            "temperature_c_max": plan.recipe.limits.temperature_c_max,
            "pressure_mpa_max": plan.recipe.limits.pressure_mpa_max,
        }
        self.stack: Mapping[str, float] = plan.workpiece(batch)

    @property
    def phase(self) -> str:
        return self._procedure.phase

    @property
    def outcome(self) -> tuple[str, str] | None:
        """Complete, Stopped or Aborted, and the cause; None while the batch runs."""
        return ending(self._procedure)

    def ask(self, request: str) -> bool:
        """What an operator may ask: hold, restart, stop, abort, reset or vent.

        Returns whether it was accepted. Raises KeyError for anything else.
        """
        procedure = self._procedure
        requests: Mapping[str, Callable[[], bool]] = {
            "hold": procedure.hold,
            "restart": procedure.restart,
            "stop": procedure.stop,
            "abort": procedure.abort,
            "reset": procedure.reset,
            "vent": procedure.vent,
        }
        return requests[request]()

    def modbus_tcp(
        self, host: str, port: int, *, lockstep: bool, instruments: Mapping[str, str] = _NONE
    ) -> Station:
        """The station file's own Modbus driver, its devices at another address; `instruments` that
        talk by themselves keep a serial line each, by device name.

        In lockstep a tick's budget is wall time for the wire and takes none from the press; in
        real time it is roomier than a station's, whose devices are computers of their own.
        Raises StationError when devices and wiring do not fit.
        """
        place = {"host": host, "port": port, "serial": None}
        return self._station(lockstep, place, {}, instruments)

    def modbus_rtu(
        self, path: str, baud: int, *, lockstep: bool, instruments: Mapping[str, str] = _NONE
    ) -> Station:
        """The same devices on one serial line, asked in every tick or at the line's own pace."""
        place = {"host": None, "port": None, "serial": path, "baud": baud}
        tick = {"serial_cycle": "tick", "serial_gap_ms": 0.0}
        cycle = tick if lockstep else {"serial_cycle": "free"}
        return self._station(lockstep, place, cycle, instruments)

    def _station(
        self,
        lockstep: bool,
        place: Mapping[str, object],
        line: Mapping[str, object],
        instruments: Mapping[str, str],
    ) -> Station:
        from controller.cli.session import modbus_station  # drivers only where there is a wire

        station = self._plan.station
        sense_ms, actuate_ms = (LOCKSTEP_BUDGET_MS,) * 2 if lockstep else BENCH_BUDGET_MS
        budgets = {"sense_budget_ms": sense_ms, "actuate_budget_ms": actuate_ms}
        devices = [
            structs.replace(device, serial=instruments[device.name])
            if device.name in instruments
            else structs.replace(device, **place)
            for device in station.device
        ]
        link = structs.replace(station.link, **budgets, **line)
        at_bench = structs.replace(station, device=devices, link=link)
        return modbus_station(self._plan.at(at_bench), self._clock)

    async def run(
        self, station: Station, sinks: Sequence[Sink], stopping: Callable[[], bool]
    ) -> None:
        """Open the station and run the batch to its end or until `stopping()` says so.

        The station is closed and its outputs are safe when this returns. Raises StationError
        when the station cannot be opened.
        """
        await station.open()
        await run_batch(
            station,
            self._clock,
            self._kernel,
            self._procedure,
            sinks,
            stopping=stopping,
            stopwatch_s=lambda: 0.0,
            timing=LoopTiming(self.tick_s),
        )


def open_controller(recipe: str, station: str, *, real_time: bool = False) -> BenchController:
    """The controller of a press or a WIP for one batch. `recipe` and `station` are names or files.

    Without `real_time` it beats as fast as the station answers. Raises StationError when
    recipe, station or the kernel's configuration is refused; the text names every problem.
    """
    try:
        return BenchController(load_plan(recipe, station), real_time=real_time)
    except (ConfigError, KernelConfigError) as error:
        raise StationError(str(error)) from None
