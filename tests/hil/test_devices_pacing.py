"""Who moves the machine's time, and what silence does to the plant."""

import asyncio
import math

import pytest
from devices_bench import SIGNALS, WIRING, Clock, TapePlant, face, modules
from hypothesis import given
from hypothesis import strategies as st

from hil.devices.face import Face
from hil.devices.pacing import LeaseWatch, Lockstep, RealTime
from hil.devices.wires import WiringError

LAMP, PUMP = 1, 2


def write_outputs(bench: Face, bits: int, opened: int) -> None:
    """A controller's tick: the analogue output first, the digital outputs last."""
    bench.modules["ao"].holding.write(0x0104 - 2, opened.to_bytes(2, "big"))
    word = (bits & 1) | (bits >> 1 & 1) << 8
    bench.modules["dio"].holding.write(0x0100, word.to_bytes(2, "big") + bytes(2))


def test_lockstep_moves_one_tick_with_each_digital_write_and_never_else() -> None:
    plant, clock = TapePlant(), Clock()
    bench = face(clock, plant)
    Lockstep(bench)
    write_outputs(bench, LAMP, 2500)
    assert plant.tape == [(LAMP, 0.25)]
    bench.modules["ao"].holding.write(0x0102, b"\x13\x88")
    bench.modules["dio"].holding.write(0, b"\x00\xc8")
    clock.now_s += 0.1
    assert plant.tape == [(LAMP, 0.25)]
    write_outputs(bench, PUMP, 10_000)
    assert plant.tape == [(LAMP, 0.25), (PUMP, 1.0)]


def test_lockstep_owes_one_safe_tick_for_a_silence() -> None:
    plant, clock = TapePlant(), Clock()
    bench = face(clock, plant)
    pacer = Lockstep(bench)
    write_outputs(bench, LAMP | PUMP, 5000)
    clock.now_s += 3.0
    assert bench.lapse_if_due()
    pacer.lapsed()
    assert len(plant.tape) == 1, "time stands still while the host is silent"
    write_outputs(bench, LAMP, 100)
    write_outputs(bench, LAMP, 100)
    assert plant.tape == [(LAMP | PUMP, 0.5), (0, 0.0), (LAMP, 0.01), (LAMP, 0.01)]


def test_sample_counters_follow_the_conversions() -> None:
    plant = TapePlant()
    bench = face(Clock(), plant)
    Lockstep(bench)
    before = bench.modules["ai"].inputs.read(0x0102, 1)
    write_outputs(bench, 0, 0)
    after = bench.modules["ai"].inputs.read(0x0102, 1)
    assert int.from_bytes(after, "big") - int.from_bytes(before, "big") == 1


async def test_real_time_beats_by_the_clock_with_the_outputs_as_they_stand() -> None:
    plant, clock = TapePlant(), Clock()
    bench = face(clock, plant)
    pacer = RealTime(bench, 0.010, clock)
    pacer.start()
    write_outputs(bench, PUMP, 0)
    assert plant.tape == []
    for _ in range(3):
        clock.now_s += 0.0100001
        pacer.beat()
    assert plant.tape == [(PUMP, 0.0)] * 3
    pacer.beat()
    assert len(plant.tape) == 3, "an early timer is not a beat"
    pacer.stop()


async def test_real_time_catches_up_by_a_bounded_amount_and_counts_the_rest() -> None:
    plant, clock = TapePlant(), Clock()
    pacer = RealTime(face(clock, plant), 0.010, clock)
    pacer.start()
    clock.now_s += 0.0451  # four beats due
    pacer.beat()
    assert len(plant.tape) == 4
    assert pacer.lateness.late_beat_count == 3
    clock.now_s += 5.0
    pacer.beat()
    assert len(plant.tape) == 14
    assert pacer.lateness.lost_beat_count == 490
    assert pacer.lateness.lateness_s_max == pytest.approx(5.0, abs=0.02)
    clock.now_s += 0.0100001
    pacer.beat()
    assert len(plant.tape) == 15, "in step again"
    pacer.stop()


async def test_the_watch_makes_outputs_safe_on_the_wall() -> None:
    loop = asyncio.get_running_loop()
    plant = TapePlant()
    bench = face(loop.time, plant, lease_ms=40)
    lapsed: asyncio.Future[float] = loop.create_future()
    RealTime(bench, 0.010, loop.time)
    watch = LeaseWatch(bench, lambda: lapsed.set_result(loop.time()), loop.time)
    watch.start()
    write_outputs(bench, LAMP, 0)
    written_s = loop.time()
    assert plant.held == (LAMP, 0.0)
    lapsed_s = await asyncio.wait_for(lapsed, 5.0)
    assert lapsed_s - written_s >= 0.039
    assert plant.held == (0, 0.0)
    watch.stop()


@given(st.floats())
def test_a_reading_arrives_or_is_flagged_as_a_fault(temperature_c: float) -> None:
    plant = TapePlant()
    plant.temperature_c = temperature_c
    ai = face(Clock(), plant).modules["ai"]
    count = int.from_bytes(ai.inputs.read(0x0106, 1), "big", signed=True)
    faults = int.from_bytes(ai.inputs.read(0x0103, 1), "big")
    if math.isfinite(temperature_c) and -327.68 <= temperature_c < 327.665:
        assert abs(count - 100 * temperature_c) <= 0.5 + 1e-9
        assert not faults & 2
    else:
        assert count == 32_767
        assert faults & 2


def test_unwired_terminals_read_open() -> None:
    ai = face(Clock(), TapePlant()).modules["ai"]
    faults = ai.inputs.read(0x0103, 2)
    assert faults == (0xFFFD).to_bytes(2, "big") + (0x00FF).to_bytes(2, "big")
    assert ai.inputs.read(0x0105, 1) == b"\x7f\xff"


def test_digital_inputs_lie_where_they_are_wired() -> None:
    plant = TapePlant()
    bench = face(Clock(), plant)
    assert bench.modules["dio"].inputs.read(0x0105, 1) == b"\0\x10"
    plant.shut = 0
    bench.sample()
    assert bench.modules["dio"].inputs.read(0x0105, 1) == b"\0\0"


@pytest.mark.parametrize(
    ("signal", "address", "told"),
    [
        ("lamp", "dio.do_17", "digital-io-16 has no digital output 'do_17'"),
        ("lamp", "ai.rtd_1", "analogue-in-24 has no digital output"),
        ("lamp", "io.do_1", "no device is named 'io'"),
        ("fan", "dio.do_2", "no such signal"),
    ],
)
def test_a_loose_wire_is_named(signal: str, address: str, told: str) -> None:
    with pytest.raises(WiringError, match=told):
        Face(modules(Clock()), {**WIRING, signal: address}, SIGNALS, TapePlant())
