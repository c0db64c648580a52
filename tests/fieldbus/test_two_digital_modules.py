"""A unit with more points than one module has: bits and openings on two modules, in one frame."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fieldbus_bench import WALL_LINK, Frame, Machine, Unit, machine, now_tick
from virtual_line import Line, cycling, in_virtual_time, now_s

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device
from controller.ports import SignalNames, Tick

PROFILES = {
    "ai": "analogue-in-24", "dio": "digital-io-16", "ao": "analogue-out-4",
    "dio_2": "digital-io-16", "ao_2": "analogue-out-4",
}  # fmt: skip
NEEDLE, PUMP, BYPASS = "needle_open_fraction", "pump_speed_fraction", "bypass_open_fraction"
OPENINGS = (NEEDLE, PUMP, BYPASS)
COUNT = 20
ALL = (1 << COUNT) - 1
SIGNALS = SignalNames(
    ("oil_temperature_c",),
    tuple(f"input_{i}" for i in range(COUNT)),
    tuple(f"output_{i}" for i in range(COUNT)),
    OPENINGS,
)


def _terminals(letters: str) -> list[str]:
    """Sixteen of one module, four of the other, so mixed that neighbours are torn apart."""
    points = [f"dio.{letters}_{n}" for n in range(1, 17)]
    points += [f"dio_2.{letters}_{n}" for n in (3, 8, 9, 16)]
    random.Random(letters).shuffle(points)
    return points


WIRING = {
    "oil_temperature_c": "ai.rtd_1",
    **dict(zip(SIGNALS.digital_inputs, _terminals("di"), strict=True)),
    **dict(zip(SIGNALS.digital_outputs, _terminals("do"), strict=True)),
    **dict(zip(OPENINGS, ("ao.ao_1", "ao_2.ao_3", "ao.ao_4"), strict=True)),
}
UNIT = Unit(PROFILES, WIRING, SIGNALS)


def _bits_on(device: str, signals: tuple[str, ...]) -> int:
    on = [WIRING[name].partition(".")[0] == device for name in signals]
    return sum(1 << bit for bit, there in enumerate(on) if there)


OUTPUTS_2 = _bits_on("dio_2", SIGNALS.digital_outputs)


@asynccontextmanager
async def wired(monotonic: Any = time.monotonic) -> AsyncIterator[tuple[Machine, ModbusStation]]:
    async with machine(unit=UNIT) as unit:
        devices = [
            Device(name, profile, "127.0.0.1", unit.port, number, 2000)
            for number, (name, profile) in enumerate(PROFILES.items(), 1)
        ]
        station = ModbusStation(devices, WIRING, WALL_LINK, SIGNALS, monotonic)
        await station.open()
        yield unit, station
        await station.close()


def new_frame() -> Any:
    return Frame(*OPENINGS)


def ask(frame: Any, bits: int, *openings: float) -> None:
    frame.digital_output_bits = bits
    for name, opening in zip(OPENINGS, openings, strict=True):
        setattr(frame, name, opening)


def read_back(frame: Any) -> tuple[float, ...]:
    openings = [getattr(frame, f"{name}_readback") for name in OPENINGS]
    return frame.digital_output_bits_readback, *openings


async def test_any_frame_goes_both_ways_and_is_read_back() -> None:
    chance, frame = random.Random(1), new_frame()
    async with wired() as (unit, station):
        for index in range(100):
            inputs, outputs = chance.getrandbits(COUNT), chance.getrandbits(COUNT)
            openings = [chance.randrange(10_001) / 10_000 for _ in OPENINGS]
            unit.plant.input_bits = inputs
            ask(frame, outputs, *openings)
            await station.actuate(now_tick(index), frame)
            await station.sense(now_tick(index), frame)
            assert unit.plant.commands[-1] == (outputs, *openings)
            assert frame.digital_input_bits == inputs
            assert read_back(frame) == (outputs, *openings)
            assert (frame.digital_ok, frame.readback_ok) == (True, True)
        assert station.statistics()["echo_mismatch_count"] == 0


@pytest.mark.parametrize("lost", ["dio", "dio_2"])
async def test_some_bits_lost_are_all_of_them_in_doubt(lost: str) -> None:
    async with wired() as (unit, station):
        frame = new_frame()
        unit.plant.input_bits = ALL
        ask(frame, ALL, 0.1, 0.2, 0.3)
        await station.actuate(now_tick(0), frame)
        await station.sense(now_tick(0), frame)
        assert (frame.digital_ok, frame.digital_input_bits) == (True, ALL)
        unit.server._modules.pop(unit.modules[lost].unit_id)
        unit.plant.input_bits = 0
        ask(frame, 0, 0.4, 0.5, 0.6)
        await station.actuate(now_tick(1), frame)
        await station.sense(now_tick(1), frame)
        assert (frame.digital_ok, frame.readback_ok) == (False, False)
        said_last = _bits_on(lost, SIGNALS.digital_inputs)
        assert frame.digital_input_bits == said_last, "beside what the other says"
        assert read_back(frame) == (_bits_on(lost, SIGNALS.digital_outputs), 0.4, 0.5, 0.6)
        assert frame.reading_ok[0], "its neighbours are not drawn in"


async def test_the_age_is_that_of_the_older_half() -> None:
    clock_s = [100.0]
    async with wired(lambda: clock_s[0]) as (unit, station):
        frame = new_frame()
        await station.sense(Tick(0, clock_s[0], 0), frame)
        assert frame.digital_age_s == 0.0
        for converts in ("dio", "dio_2"):
            unit.face.sample()
            await station.sense(Tick(1, clock_s[0], 0), frame)
            clock_s[0] += 0.03
            unit.modules[converts].converted()
            await station.sense(Tick(1, clock_s[0], 0), frame)
            assert round(frame.digital_age_s, 9) == 0.03
            assert frame.digital_ok


async def test_lapses_of_all_modules_are_summed_and_each_ends_its_own_outputs() -> None:
    async with wired() as (unit, station):
        frame = new_frame()
        ask(frame, ALL, 0.1, 0.2, 0.3)
        left = {
            "ao_2": (ALL, 0.1, 0.0, 0.3),
            "dio": (OUTPUTS_2, 0.1, 0.0, 0.3),
            "ao": (OUTPUTS_2, 0.0, 0.0, 0.0),
            "dio_2": (0, 0.0, 0.0, 0.0),
        }
        await station.actuate(now_tick(0), frame)
        for count, (name, stays) in enumerate(left.items(), 1):
            unit.modules[name].expire_lease()
            unit.face.drive()
            await station.sense(now_tick(count), frame)
            assert unit.plant.commands[-1] == stays
            assert read_back(frame) == stays
            assert frame.lease_lapse_count == count
        await station.actuate(now_tick(9), frame)
        await station.sense(now_tick(9), frame)
        assert read_back(frame) == (ALL, 0.1, 0.2, 0.3), "the next write has them all back"
        assert frame.lease_lapse_count == 4


@in_virtual_time
async def test_at_the_lines_own_pace_each_opening_is_carried_forward_for_itself() -> None:
    """All move in every tick; the needle's terminal does not follow and shows by how much."""
    async with cycling(unit=UNIT) as (line, cycle, modules):
        hold_a_terminal(line, "ao", 0)
        frame = new_frame()
        for index in range(60):
            ask(frame, index * 0x1357 & ALL, index / 100, index / 200, index / 400)
            await cycle.actuate(index, frame, now_s())
            await asyncio.sleep(0.01)
            bits = 0
            for part in modules:
                part.put(frame, now_s())
                bits |= part.readback_bits()
            if index < 30:
                continue
            assert bits == frame.digital_output_bits
            assert abs(getattr(frame, f"{PUMP}_readback") - index / 200) < 1e-4
            assert abs(getattr(frame, f"{BYPASS}_readback") - index / 400) < 1e-4
            needle_off = getattr(frame, f"{NEEDLE}_readback") - index / 100
            assert needle_off < -0.1, "it has stood at 0 all the time"


def hold_a_terminal(line: Line, name: str, number: int) -> None:
    """The read-back of one analogue output stays 0, whatever is written."""
    module = next(m for m in line.modules if m.name == name)
    back = module.profile.sense.find(f"ao_{number + 1}", "analogue_readback")
    assert back is not None
    at = 2 * (back.offset + number)
    reflect = module.reflect

    def held() -> None:
        reflect()
        module.sense.memory[at : at + 2] = bytes(2)

    module.reflect = held  # type: ignore[method-assign]
