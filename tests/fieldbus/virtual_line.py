"""A serial line in virtual time: the real server and the real driver, no port, no waiting."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from fieldbus_bench import PRESS, Unit

from controller.fieldbus.module import Module as Driven
from controller.fieldbus.rtu_cycle import CarriedModule, RtuCycle
from controller.fieldbus.rtu_endpoint import RtuEndpoint
from controller.fieldbus.settings import Device, Link
from controller.fieldbus.wiring import Wired, resolve
from hil.devices.face import Face
from hil.devices.modbus_rtu import RtuServer
from hil.devices.module import Module
from hil.devices.profile import read_profile
from hil.devices.serial_end import TimedWriter
from hil.devices.serial_line import Acting, LineFault

BAUD = 115_200
MODULUS = 6_000


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next timer instead of passing."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual_s = 100.0
        select = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout: float | None = None) -> Any:
            assert timeout is not None, "nothing would ever happen again"
            self.virtual_s += max(timeout, 0.0)
            return select(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self.virtual_s


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, in which nothing waits."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*arguments, **named))

    return run


def now_s() -> float:
    return asyncio.get_running_loop().time()


class CountingPlant:
    """Every conversion has a number, and all readings tell it."""

    def __init__(self) -> None:
        self.count = 0
        self.times_s: list[float] = []
        self.commands: list[tuple[float, int]] = []

    def command(self, output_bits: int, *open_fractions: float) -> None:
        self.commands.append((now_s(), output_bits))

    def advance(self) -> None:
        """Time passes by `Line.live`."""

    def sense(self) -> tuple[array[float], int]:
        self.count = len(self.times_s)
        self.times_s.append(now_s())
        return array("d", (reading(self.count, i) for i in range(24))), self.count & 0x3FFF


def reading(count: int, channel: int) -> float:
    """Of this conversion at this terminal; exact on the wire of every terminal."""
    return (count * 7 + channel * 3) % MODULUS / 100


def conversion(reading_0: float) -> int:
    """The first conversion whose channel 0 was this; it comes again after MODULUS more."""
    return round(reading_0 * 100) * pow(7, -1, MODULUS) % MODULUS


class Line:
    """Modules, plant and the wire to them."""

    def __init__(self, seed: int = 1, unit: Unit = PRESS) -> None:
        self.plant = CountingPlant()
        self.modules = [
            Module(name, number, read_profile(profile), 1000, now_s)
            for number, (name, profile) in enumerate(unit.profiles.items(), 1)
        ]
        self.face = Face(self.modules, unit.wiring, unit.signals, self.plant)
        for module in self.modules:
            module.outputs_written = lambda module: self.face.drive()
        self.faults: list[Acting] = []
        self.server = RtuServer(self.modules, None, self._acting, seed=seed, now_s=now_s)
        self.received: Callable[[bytes], None] = lambda piece: None
        self.server._writer = TimedWriter(lambda piece: self.received(piece), BAUD)
        self.frame_count = 0
        self._life: asyncio.Task[None] | None = None

    def _acting(self) -> Sequence[Acting]:
        return self.faults

    def fault(self, verb: str, handle: int = 1, **parameters: float | str) -> None:
        self.faults.append(LineFault(verb, parameters, handle))

    async def __aenter__(self) -> Line:
        self._life = asyncio.get_running_loop().create_task(self._live())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._life is not None
        self._life.cancel()
        await self.server.stop()

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(0.002)
            self.face.lapse_if_due()
            self.face.sample()

    async def drained(self) -> None:
        """Everything that was late has been heard."""
        assert self.server._writer is not None
        while self.server._writer._waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def open_port(
        self, path: str, baud: int, parity: str, received: Callable[[bytes], None], lost: object
    ) -> _VirtualPort:
        self.received = received
        return _VirtualPort(self)


class _VirtualPort:
    def __init__(self, line: Line) -> None:
        self._line = line

    def write(self, frame: bytes) -> None:
        self._line.frame_count += 1
        self._line.server._received(frame)

    def flush(self) -> None:
        """Nothing waits in a driver here."""

    def close(self) -> None:
        self._line.received = lambda piece: None


LINK = Link(sense_budget_ms=5000, actuate_budget_ms=5000, reconnect_s_max=0.1, open_s_max=2)


def _wired(unit: Unit) -> tuple[Device, list[Wired]]:
    devices = [
        Device(name, profile, unit_id=number, lease_ms=1000, serial="/dev/virtual", baud=BAUD)
        for number, (name, profile) in enumerate(unit.profiles.items(), 1)
    ]
    return devices[0], resolve(devices, unit.wiring, unit.signals)


@asynccontextmanager
async def asking(seed: int = 1) -> AsyncIterator[tuple[Line, RtuEndpoint, list[Driven]]]:
    """A line, the driver that asks once a tick, and the modules as the driver knows them."""
    device, wired = _wired(PRESS)
    modules = [Driven(module) for module in wired]
    async with Line(seed) as line:
        endpoint = RtuEndpoint(device, modules, LINK, now_s, now_s, line.open_port)
        await endpoint.open()
        yield line, endpoint, modules
        await endpoint.close()


@asynccontextmanager
async def cycling(
    seed: int = 1, unit: Unit = PRESS
) -> AsyncIterator[tuple[Line, RtuCycle, list[CarriedModule]]]:
    """A line, the driver that goes round at its own pace, and the modules as it knows them."""
    device, wired = _wired(unit)
    modules = [CarriedModule(module) for module in wired]
    names = unit.signals.analogue_outputs
    async with Line(seed, unit) as line:
        endpoint = RtuCycle(device, modules, LINK, now_s, now_s, names, line.open_port)
        await endpoint.open()
        yield line, endpoint, modules
        await endpoint.close()
