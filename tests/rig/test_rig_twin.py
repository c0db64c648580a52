"""The firmware itself, run by MicroPython over pseudo terminals, with a host and a plant."""

import math
import os
import signal
import statistics
import time

import pytest
from rig_case import READINGS, RESOLUTION, SIGNALS, WIRING, TapePlant, desk

from hil.bench import RigBench
from hil.devices.face import Face
from hil.devices.module import Module
from hil.devices.profile import read_profile
from hil.rig import protocol
from hil.rig_link import RigError, RigLink, RigLostError, RigRefusedError, RigResetError
from hil.rig_twin import RigTwin, micropython_command
from hil.rig_verdict import FROZEN, LINE, RESET

HAS_MICROPYTHON = micropython_command() is not None
INTERPRETERS = [
    pytest.param(
        "micropython",
        marks=pytest.mark.skipif(
            not HAS_MICROPYTHON, reason="no MicroPython (no wheel here): CPython shim only"
        ),
    ),
    "cpython-shim",
]
REACTION_S_MAX = 0.3  # R03


@pytest.fixture(scope="module", params=INTERPRETERS)
def shared(request):
    """One rig for all tests that leave it as they found it."""
    with desk(interpreter=request.param) as one:
        assert one.twin.interpreter == request.param
        yield one
        assert one.bench.verdict().is_valid


def opened(readings, bits):
    """As F01: nothing but open wires and dead loops."""
    return bits == 0 and readings[2] == 0.0 and all(map(math.isnan, readings[:2]))


def driven(readings, bits):
    return bits == 0b11 and not math.isnan(readings[0])


def test_readings_reach_the_modules_within_a_step_of_the_converters(shared):
    shared.settle()
    shared.sense_until(driven)
    readings, bits = shared.wire.sense()
    assert bits == 0b11
    for read, meant, step in zip(readings, READINGS, RESOLUTION, strict=True):
        assert read == pytest.approx(meant, abs=step)


def test_outputs_reach_the_plant(shared):
    shared.wire.command(0b101, 0.25)
    shared.settle()
    assert shared.plant.held == (0b101, 0.25)
    shared.wire.command(0b010, 1.0)
    shared.settle()
    assert shared.plant.held == (0b010, 1.0)
    shared.wire.command(0, math.nan)
    shared.settle()
    assert shared.plant.held == (0, 0.0)


@pytest.mark.parametrize(
    ("signal_name", "verb", "first", "shows"),
    [
        ("zone_1_temperature_c", "open", 0, math.isnan),
        ("zone_1_temperature_c", "wrong", 15_000, lambda c: abs(c - 150.0) < 0.02),
        ("limiter_temperature_c", "short", 0, lambda c: abs(c - 25.0) < 0.02),
        ("cylinder_bar", "scale", 250, lambda ma: abs(ma - 3.0) < 0.001),
        ("cylinder_bar", "off", 0, lambda ma: ma == 0.0),
    ],
)
def test_fault_verbs_change_the_emulated_sensor_and_no_other(
    shared, signal_name, verb, first, shows
):
    channel = SIGNALS.channels.index(signal_name)
    shared.settle()
    fault = shared.bench.inject(signal_name, verb, first)
    shared.sense_until(lambda readings, bits: shows(readings[channel]))
    readings, _ = shared.wire.sense()
    others = [i for i in range(5) if i != channel]
    assert all(abs(readings[i] - READINGS[i]) <= RESOLUTION[i] for i in others)
    assert shared.bench.clear(fault) == 1
    shared.sense_until(lambda r, bits: abs(r[channel] - READINGS[channel]) <= RESOLUTION[channel])


def test_switches_break_and_mend_by_themselves(shared):
    shared.settle()
    shared.bench.inject("estop_ok", "open", for_s=0.05)
    shared.sense_until(lambda readings, bits: bits == 0b01)
    shared.sense_until(lambda readings, bits: bits == 0b11)


@pytest.mark.parametrize(
    ("signal_name", "verb", "numbers", "text"),
    [
        ("estop_ok", "scale", (500,), "no verb"),
        ("estop_ok", "melt", (), "no verb 'melt'"),
        ("cylinder_bar", "slow", (0,), "out of bounds"),
        ("cylinder_bar", "wrong", (2**31,), "must fit 32 bits"),
    ],
)
def test_what_cannot_be_injected_is_an_error(shared, signal_name, verb, numbers, text):
    with pytest.raises(RigError, match=text):
        shared.bench.inject(signal_name, verb, *numbers)


def test_reactions_are_measured_on_the_rigs_clock(shared):
    shared.wire.command(0b001, 0.0)
    shared.settle()
    fault = shared.bench.inject("cylinder_bar", "open")
    for _ in range(4):  # a controller that takes four ticks to see it
        shared.wire.advance()
        time.sleep(0.01)
    shared.wire.command(0b000, 0.0)
    time.sleep(0.01)
    shared.settle()
    shared.bench.clear()
    reaction_s = shared.bench.reaction_s(fault.started_us, output=1, level=0)
    assert reaction_s is not None
    assert 0.04 <= reaction_s < 1.0
    assert shared.bench.reaction_s(fault.started_us, output=5, level=0) is None


def test_duty_is_time_on_over_time(shared):
    shared.wire.command(0b010, 0.0)
    shared.settle()
    measured = shared.bench.duty_fractions()
    time.sleep(0.03)
    duties = measured()
    shared.wire.command(0, 0.0)
    assert duties[15] == 1.0  # contactor on do_16
    assert sum(duties) == 1.0


def test_collecting_garbage_pauses_briefly_and_keeps_the_heap(shared):
    if shared.twin.interpreter != "micropython":
        pytest.skip("the heap of CPython says nothing about the rig's")
    shared.settle()
    first = shared.bench.status()
    heaps = []
    for _ in range(5):
        for _ in range(60):
            shared.wire.advance()
        heaps.append(shared.bench.status()["heap_byte_count"])
    last = shared.bench.status()
    assert last["collect_count"] - first["collect_count"] >= 300  # after each answer, not else
    assert max(heaps) - min(heaps) < 8192
    assert last["collect_us_max"] < 20_000  # R03


def test_every_beat_is_one_tick_of_the_plant(shared):
    before = len(shared.plant.tape)
    for _ in range(25):
        shared.wire.advance()
    assert len(shared.plant.tape) == before + 25


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_a_silent_host_makes_the_rig_let_go_by_its_own_clock(interpreter):
    with desk(interpreter=interpreter, silence_ms=100) as one:
        one.settle()
        one.sense_until(driven)
        one.sense_until(opened)
        status = one.bench.status()
        assert 100_000 < status["silence_us"] < REACTION_S_MAX * 1e6
        assert status["silence_count"] == 1
        one.settle()
        one.sense_until(driven)
        assert [o.cause for o in one.bench.verdict().objections] == [FROZEN]
        assert one.bench.verdict(tested=[FROZEN]).is_valid


def test_a_rig_of_another_header_is_refused():
    with RigTwin(time.monotonic) as twin:
        twin.stamp.write_text("00" * 32)
        twin.reset()
        link = RigLink(twin.port, time.monotonic, reply_timeout_s=0.5)
        with pytest.raises(RigError, match="another plant header"):
            RigBench.open(TapePlant(), WIRING, link, SIGNALS)
        hello = link.hello()
        with pytest.raises(RigRefusedError, match="wrong header"):
            link.arm(hello.firmware, bytes(range(32)), 100, 20)


def test_a_rig_of_other_firmware_is_refused_on_both_sides():
    with RigTwin(time.monotonic) as twin:
        source = twin.stamp.parent / "watch.py"
        source.write_text(source.read_text() + "\n# one remark more\n")
        twin.reset()
        link = RigLink(twin.port, time.monotonic, reply_timeout_s=0.5)
        with pytest.raises(RigError, match="its firmware is another"):
            RigBench.open(TapePlant(), WIRING, link, SIGNALS)
        hello = link.hello()
        with pytest.raises(RigRefusedError, match="wrong firmware"):
            link.arm(bytes(32), hello.header, 100, 20)


def test_a_restart_shows_as_another_boot_and_lost_io():
    """R02."""
    with desk() as one:
        one.settle()
        one.sense_until(driven)
        boot_id = one.link.boot_id
        one.twin.reset()
        assert opened(*one.wire.sense())
        held = len(one.plant.tape)
        one.bench.beat()
        assert len(one.plant.tape) == held + 1
        with pytest.raises(RigResetError):
            one.bench.status()
        assert [o.cause for o in one.bench.verdict().objections] == [RESET]
        assert not one.bench.verdict(tested=[LINE]).is_valid
        one.bench.arm(silence_ms=2000, stall_ms=2000)
        assert one.link.boot_id != boot_id
        one.settle()
        one.sense_until(driven)
        assert not one.bench.verdict().is_valid  # the run stays what it was
        assert one.bench.verdict(tested=[RESET]).is_valid


def analogue_module():
    return Module("ai", 1, read_profile("analogue-in-24"), 200, time.monotonic)


def test_a_frozen_rig_is_lost_io_to_the_controllers_modules():
    """R03: the front end lets go, the watchdog restarts the chip, the run is invalid."""
    with desk(quick=True) as one:
        module = analogue_module()
        wiring = {name: at for name, at in WIRING.items() if at.startswith("ai.")}
        one.wire.command(0b111, 1.0)
        one.settle()
        assert one.plant.held == (0b111, 1.0)
        one.sense_until(driven)
        face = Face([module], wiring, SIGNALS, one.wire)
        faults_before = module.sense.word(module.profile.sense.words["channel_fault_low"])
        os.kill(one.twin.process_id, signal.SIGSTOP)
        assert one.sense_until(opened) < REACTION_S_MAX
        face.sample()
        faults = module.sense.word(module.profile.sense.words["channel_fault_low"])
        assert faults & ~faults_before == 1 << 0 | 1 << 6 | 1 << 14  # rtd_1, rtd_7, lvdt_1
        one.link._reply_timeout_s = 0.02  # the patience of life
        for _ in range(30):
            one.wire.advance()
        assert one.plant.held == (0, 0.0)  # unknown outputs count as off
        assert not one.bench.verdict().is_valid
        one.sense_until(lambda *_: one.twin.restart_count == 1)


def test_a_noisy_line_is_resent_counted_and_judged():
    """R01: never a wrong reading, never PASS beyond one percent."""
    with desk(noise=12) as one:
        for n in range(150):
            one.wire.command(n % 8, (n % 5) / 4)
            one.plant.readings[2] = 4.0 + n * 0.1
            one.wire.advance()
        assert one.port.spoilt_count > 5
        assert one.bench.lost_beat_count == 0
        commands = [(0, 0.0)] + [(n % 8, (n % 5) / 4) for n in range(150)]
        for n, held in enumerate(one.plant.tape):  # levels race the request by one beat at most
            assert held in commands[n : n + 2]
        one.port.one_in = 0
        one.settle()
        readings, _ = one.wire.sense()
        assert readings[2] == pytest.approx(4.0 + 149 * 0.1, abs=4e-4)
        assert one.link.counts.resend_count > 0
        assert [o.cause for o in one.bench.verdict().objections] == [LINE]


def test_a_line_that_is_gone_is_named():
    with RigTwin(time.monotonic) as twin:
        link = RigLink(twin.port, time.monotonic)
        port = twin.port
    with pytest.raises(RigLostError, match="the rig's line is gone"):
        port.write(b"x")
    assert link.counts.request_count == 0


def test_exchanges_take_less_than_a_tick(shared):
    if shared.twin.interpreter != "micropython":
        pytest.skip("how quick the shim is says nothing")
    spans = []
    for _ in range(100):
        begin_s = time.perf_counter()
        shared.wire.advance()
        spans.append(time.perf_counter() - begin_s)
    assert statistics.median(spans) < 0.010
    assert protocol.EDGE_MAX * 7 + 15 < 256
