"""The ASCII indicator: whole lines believed or named garbage, silence and nonsense are bad."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from fieldbus_bench import Frame, now_tick, until
from hypothesis import given
from hypothesis import strategies as st

from controller.fieldbus.indicator_frame import (
    LINE_BYTES_MAX,
    Garbage,
    Indication,
    IndicatorParser,
)
from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import SignalNames, StationError
from hil.devices.serial_instrument import AsciiIndicator, indication
from hil.devices.serial_line import LineFault

SIGNALS = SignalNames(("load_cell_force_kn",), (), (), ())
LINK = Link(sense_budget_ms=500, reconnect_s_max=0.05, open_s_max=0.5)
READINGS = st.integers(-999_999, 999_999).map(lambda hundredths: hundredths / 100)


@given(st.lists(READINGS, min_size=1, max_size=5), st.integers(1, 40))
def test_any_split_gives_the_same_indications(readings: list[float], size: int) -> None:
    stream = b"".join(indication(reading, "kN") for reading in readings)
    parser = IndicatorParser()
    events = [e for i in range(0, len(stream), size) for e in parser.feed(stream[i : i + size])]
    assert events == [Indication(reading, "kN", True, False, False) for reading in readings]


@given(READINGS, st.integers(0, 200), st.integers(0, 7))
def test_one_wrong_bit_is_never_believed(reading: float, at: int, bit: int) -> None:
    line = bytearray(indication(reading, "kN"))
    line[at % len(line)] ^= 1 << bit
    parser = IndicatorParser()
    parser.feed(b"\n")
    assert not any(isinstance(e, Indication) for e in parser.feed(bytes(line) + b"\n"))


@given(st.lists(st.binary(max_size=200), max_size=60))
def test_garbage_for_ever_is_named_and_held_in_bounded_memory(pieces: list[bytes]) -> None:
    parser = IndicatorParser()
    for piece in pieces:
        assert all(isinstance(event, Garbage) for event in parser.feed(piece))
        assert parser.held_bytes <= LINE_BYTES_MAX
    events = parser.feed(b"\n" + indication(12.5, "kN"))
    assert events[-1] == Indication(12.5, "kN", True, False, False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"x" * 60 + b"\n", "too long"),
        (b"ST,GS,+0001.00kN\r\n", "not a line"),
        (b"ST,GS,+0001.00kN*0000\r\n", "checksum"),
        (b"ST,GS,+1e999kN*0000\r\n", "not a line"),
        (b"ST,GS,+nankN*0000\r\n", "not a line"),
    ],
)
def test_a_bad_line_has_a_reason(line: bytes, reason: str) -> None:
    parser = IndicatorParser()
    parser.feed(b"\n")
    assert parser.feed(line) == [Garbage(reason)]


def test_a_first_line_caught_in_its_middle_is_no_fault() -> None:
    assert IndicatorParser().feed(indication(1.0, "kN")[7:]) == []


class Bench:
    """An indicator on a pseudo-terminal and a station with nothing else."""

    def __init__(self, unit_text: str = "kN", *, paced: bool = False) -> None:
        self.paced = paced
        self.force_kn = 123.45
        self.faults: list[LineFault] = []
        self.indicator = AsciiIndicator(
            lambda: self.force_kn, unit_text, lambda: self.faults, period_s=0.01
        )
        self.frame = Frame()

    async def __aenter__(self) -> Bench:
        path = await self.indicator.start("pty", 9600, paced=self.paced)
        device = Device("scale", "load-indicator-ascii", serial=path, baud=9600)
        wiring = {"load_cell_force_kn": "scale.indication_1"}
        self.station = ModbusStation([device], wiring, LINK, SIGNALS, time.monotonic)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.station.close()
        await self.indicator.stop()

    async def sense(self) -> Frame:
        await self.station.sense(now_tick(0), self.frame)
        return self.frame

    async def until_ok(self, ok: bool) -> None:
        for _ in range(400):
            if bool((await self.sense()).reading_ok[0]) == ok:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"never {'good' if ok else 'bad'}")


async def test_readings_arrive_with_their_age() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.force_kn = -7.25
        await until(lambda: bench.indicator._last == -7.25)
        await asyncio.sleep(0.05)
        frame = await bench.sense()
        assert frame.reading_ok[0]
        assert frame.reading[0] == -7.25
        assert 0.0 <= frame.reading_age_s[0] < 1.0


async def test_overload_is_bad_and_ends_with_it() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.force_kn = math.nan
        await bench.until_ok(False)
        assert bench.station.statistics()["invalid_reading_count"] >= 1
        bench.force_kn = 3.0
        await bench.until_ok(True)


async def test_an_indicator_of_another_unit_is_refused_at_the_start() -> None:
    async with Bench(unit_text="t") as bench:
        with pytest.raises(StationError, match="another unit than kN"):
            await bench.station.open()


async def test_silence_makes_the_reading_bad_and_old() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.indicator._period_s = 3600.0
        await bench.until_ok(False)
        assert bench.frame.reading_age_s[0] > 0.15


async def test_a_babbling_line_is_let_go_and_does_not_stop_the_loop() -> None:
    async with Bench() as bench:
        await bench.station.open()
        for _ in range(60):
            bench.indicator.babble(bytes(range(1, 10)) * 400)
            begun_s = time.monotonic()
            await bench.sense()
            await asyncio.sleep(0.002)
            assert time.monotonic() - begun_s < 1.0
        counters = bench.station.statistics()
        assert counters["garbage_line_count"] + counters["babble_count"] >= 1
        await bench.until_ok(True)


@pytest.mark.parametrize(
    ("verb", "parameters", "counter"),
    [
        ("off", {}, None),
        ("open", {}, None),
        ("garbage", {"fraction": 1.0}, "garbage_line_count"),
        ("slow", {"byte_s": 0.03}, None),
        ("wrong", {"says": "unit"}, "invalid_reading_count"),
        ("wrong", {"says": "net"}, "invalid_reading_count"),
        ("wrong", {"says": "overload"}, "invalid_reading_count"),
        ("wrong", {"says": "checksum"}, "checksum_fault_count"),
    ],
)
async def test_what_is_no_reading_is_never_taken_for_one(verb, parameters, counter) -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.faults.append(LineFault(verb, parameters))
        bench.force_kn = 55.5  # seen by nobody while the line is not well
        await bench.until_ok(False)
        if verb != "slow":
            assert bench.frame.reading[0] == pytest.approx(123.45)
        if counter is not None:
            before = bench.station.statistics()[counter]
            await until(lambda: bench.station.statistics()[counter] > before)
        bench.faults.clear()
        await bench.until_ok(True)
        await until_reading(bench, 55.5)


async def test_late_lines_begin_with_a_gap_and_then_tell_of_the_past() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.faults.append(LineFault("delayed", {"delay_s": 0.4}))
        await bench.until_ok(False)
        bench.force_kn = 77.0
        await bench.until_ok(True)
        assert (await bench.sense()).reading[0] == pytest.approx(123.45)
        await until_reading(bench, 77.0)


async def test_an_indicator_that_hangs_says_the_same_for_ever() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.faults.append(LineFault("stuck", {}))
        lines = bench.indicator.line_count
        await until(lambda: bench.indicator.line_count > lines + 1)
        bench.force_kn = 77.0
        lines = bench.indicator.line_count
        await until(lambda: bench.indicator.line_count > lines + 3)
        frame = await bench.sense()
        assert frame.reading[0] == pytest.approx(123.45)
        bench.faults.clear()
        await until_reading(bench, 77.0)


async def test_half_of_the_lines_is_enough() -> None:
    async with Bench() as bench:
        await bench.station.open()
        bench.faults.append(LineFault("intermittent", {"fraction": 0.5}))
        bench.force_kn = 77.0
        await until_reading(bench, 77.0)


async def test_a_line_carries_no_more_than_its_speed() -> None:
    """9600 baud are 960 characters a second, 40 lines; the indicator skips what does not fit."""
    async with Bench(paced=True) as bench:
        await bench.station.open()
        lines, begun_s = bench.indicator.line_count, time.monotonic()
        await asyncio.sleep(0.5)
        per_s = (bench.indicator.line_count - lines) / (time.monotonic() - begun_s)
        assert per_s <= 960 / len(indication(0.0, "kN")) * 1.1 + 2


async def until_reading(bench: Bench, reading: float) -> None:
    for _ in range(400):
        if (await bench.sense()).reading[0] == pytest.approx(reading):
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"never read {reading}")
