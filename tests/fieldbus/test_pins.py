"""Pins of this computer: off at the start, off in silence, off and floating at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from fieldbus_bench import Frame, now_tick, until

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.pins import GpiodLines, PinRequest
from controller.fieldbus.settings import Device, Link
from controller.ports import SignalNames, StationError

SIGNALS = SignalNames((), ("guard_closed", "level_ok"), ("lamp", "pump"), ())
WIRING = {
    "guard_closed": "pins.di_1",
    "level_ok": "pins.di_2",
    "lamp": "pins.do_1",
    "pump": "pins.do_2",
}
PIN = {"di_1": 17, "di_2": 27, "do_1": 5, "do_2": 6}
LINK = Link(sense_budget_ms=500, actuate_budget_ms=500, reconnect_s_max=0.02)


class FakeChip:
    """Lines in memory, with a wire that can be pulled."""

    def __init__(self) -> None:
        self.levels: dict[int, bool] = {17: False, 27: False, 5: False, 6: False, 13: False}
        self.requests: list[PinRequest] = []
        self.released_count = 0
        self.broken = False

    def __call__(self, request: PinRequest) -> FakeChip:
        if self.broken:
            raise OSError("no such chip")
        self.requests.append(request)
        for line in request.outputs:
            self.levels[line] = False
        return self

    def read(self) -> Mapping[int, bool]:
        if self.broken:
            raise OSError("gone")
        return dict(self.levels)

    def write(self, states: Mapping[int, bool]) -> None:
        if self.broken:
            raise OSError("gone")
        self.levels.update(states)

    def release(self) -> None:
        self.released_count += 1
        for line in self.requests[-1].outputs:
            self.levels[line] = False


def pins(chip: FakeChip, **changes: Any) -> ModbusStation:
    given = {"chip": "/dev/gpiochip0", "pin": PIN, "lease_ms": 100, **changes}
    device = Device("pins", "sbc-pins", **given)
    return ModbusStation([device], WIRING, LINK, SIGNALS, time.monotonic, open_pins=chip)


async def test_bits_go_both_ways_and_the_end_is_safe() -> None:
    chip, frame = FakeChip(), Frame()
    station = pins(chip)
    await station.open()
    chip.levels[27] = True
    frame.digital_output_bits = 0b10
    await station.actuate(now_tick(0), frame)
    await station.sense(now_tick(1), frame)
    assert frame.digital_ok
    assert frame.digital_input_bits == 0b10
    assert frame.digital_output_bits_readback == 0b10
    assert (chip.levels[5], chip.levels[6]) == (False, True)
    await station.close()
    assert chip.released_count == 1
    assert (chip.levels[5], chip.levels[6]) == (False, False)


async def test_silence_of_the_loop_ends_the_outputs_and_is_counted() -> None:
    chip, frame = FakeChip(), Frame()
    station = pins(chip)
    await station.open()
    frame.digital_output_bits = 0b11
    await station.actuate(now_tick(0), frame)
    assert chip.levels[5]
    await until(lambda: not chip.levels[5])
    assert not chip.levels[6]
    await station.sense(now_tick(1), frame)
    assert frame.lease_lapse_count == 1
    await station.close()


async def test_the_heartbeat_changes_with_every_write_and_not_without() -> None:
    chip, frame = FakeChip(), Frame()
    station = pins(chip, heartbeat_pin=13)
    await station.open()
    seen = []
    for index in range(4):
        await station.actuate(now_tick(index), frame)
        seen.append(chip.levels[13])
    assert seen == [True, False, True, False]
    await station.close()


async def test_lines_that_go_are_bad_frames_and_come_back_as_a_lapse() -> None:
    chip, frame = FakeChip(), Frame()
    station = pins(chip)
    await station.open()
    chip.broken = True
    await station.sense(now_tick(0), frame)
    await station.actuate(now_tick(0), frame)
    assert not frame.digital_ok
    chip.broken = False
    await asyncio.sleep(0.03)
    await station.sense(now_tick(1), frame)
    assert frame.digital_ok
    assert frame.lease_lapse_count == 1, "outputs were off meanwhile"
    await station.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pin": {**PIN, "do_2": 17}}, "a line is there twice"),
        ({"pin": {k: v for k, v in PIN.items() if k != "do_2"}}, r"pin\.do_2 is missing"),
        ({"pin": {**PIN, "di_3": 9}}, "no signal is wired"),
        ({"active_low": ("di_9",)}, "no signal is wired"),
    ],
)
def test_pins_that_do_not_fit_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(StationError, match=told):
        pins(FakeChip(), **changes)


async def test_a_chip_that_is_not_there_is_a_station_error() -> None:
    chip = FakeChip()
    chip.broken = True
    with pytest.raises(StationError, match="cannot have the lines"):
        await pins(chip).open()


class FakeGpiod:
    """The part of gpiod 2 that is used; what it was told is kept."""

    def __init__(self) -> None:
        self.line = SimpleNamespace(
            Direction=SimpleNamespace(INPUT="in", OUTPUT="out"),
            Value=SimpleNamespace(ACTIVE=1, INACTIVE=0),
        )
        self.told: list[Any] = []
        self.values: dict[int, int] = {}

    def LineSettings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802
        return settings

    def request_lines(self, path: str, *, config: Any, consumer: str) -> FakeGpiod:
        self.told.append((path, config, consumer))
        self.values = dict.fromkeys(config, 0)
        return self

    def get_values(self, offsets: tuple[int, ...]) -> list[int]:
        return [self.values[offset] for offset in offsets]

    def set_values(self, values: dict[int, int]) -> None:
        self.values.update(values)
        self.told.append(dict(values))

    def reconfigure_lines(self, config: Any) -> None:
        self.told.append(config)

    def release(self) -> None:
        self.told.append("released")


def test_gpiod_is_asked_for_outputs_that_start_off_and_end_floating() -> None:
    gpiod = FakeGpiod()
    lines = GpiodLines(gpiod, PinRequest("/dev/gpiochip0", (17,), (5, 6), frozenset({17})))
    _, config, _ = gpiod.told[0]
    assert config[17] == {"direction": "in", "output_value": 0, "active_low": True}
    assert config[5] == {"direction": "out", "output_value": 0, "active_low": False}
    lines.write({5: True})
    assert lines.read() == {17: False, 5: True, 6: False}
    lines.release()
    assert gpiod.told[-3:] == [{5: 0, 6: 0}, {(5, 6): {"direction": "in"}}, "released"]


def test_the_real_package_has_what_is_used_of_it() -> None:
    gpiod = pytest.importorskip("gpiod", reason="the extra `gpio` is not installed")
    assert gpiod.LineSettings(
        direction=gpiod.line.Direction.OUTPUT,
        output_value=gpiod.line.Value.INACTIVE,
        active_low=True,
    ).active_low
    for name in ("get_values", "set_values", "reconfigure_lines", "release"):
        assert callable(getattr(gpiod.LineRequest, name))
    with pytest.raises(OSError, match="No such file"):
        GpiodLines(gpiod, PinRequest("/dev/gpiochip-none", (17,), (), frozenset()))
