"""Faults of the rig itself, done to its twin: power, firmware, line."""

import time

import pytest
from rig_case import SIGNALS, desk
from test_rig_twin import driven, opened

from hil.faults import Bench, Fault, FaultError
from hil.faults.reach import Reach
from hil.rig_faults import RIG_VERBS, RigFaults, blamed
from hil.rig_verdict import FROZEN, LINE, RESET


@pytest.fixture(scope="module")
def shared():
    with desk() as one:
        bench = Bench(Reach(SIGNALS, {}, {}, rig_verbs=RIG_VERBS))
        RigFaults(bench, one.wire)
        yield one, bench


@pytest.fixture
def rig(shared):
    one, bench = shared
    one.link._reply_timeout_s, one.link._try_count = 0.5, 8
    until(one, lambda: driven(*one.wire.sense()))
    yield one, bench
    bench.clear()


def until(one, good, timeout_s=5.0):
    begin_s = time.monotonic()
    while not good():
        assert time.monotonic() - begin_s < timeout_s
        one.wire.advance()
        time.sleep(0.002)


def impatient(one):
    one.link._reply_timeout_s, one.link._try_count = 0.02, 1


def broken(verb, **parameters):
    return Fault(point="rig", verb=verb, parameters=parameters)


def test_without_power_everything_is_open_and_it_comes_back_as_another_boot(rig):
    one, bench = rig
    boot_id = one.bench.hello.boot_id
    handle = bench.inject(broken("off"))
    assert opened(*one.wire.sense())
    impatient(one)
    lost = one.bench.lost_beat_count
    for _ in range(25):
        one.wire.advance()
    assert one.bench.lost_beat_count == lost + 25
    assert one.plant.held == (0, 0.0)
    bench.clear(handle)
    one.link._reply_timeout_s = 0.1
    until(one, lambda: driven(*one.wire.sense()))
    assert one.bench.hello.boot_id != boot_id
    assert not one.bench.verdict().is_valid


def test_firmware_that_stood_still_runs_on(rig):
    one, bench = rig
    restarts = one.twin.restart_count
    impatient(one)
    one.wire.command(0b1, 0.5)
    handle = bench.inject(broken("stuck"))
    for _ in range(21):
        one.wire.advance()
    assert one.plant.held == (0, 0.0)
    bench.clear(handle)
    one.link._reply_timeout_s = 0.5
    until(one, lambda: one.plant.held == (0b1, 0.5))
    assert one.twin.restart_count == restarts, "shorter than its watchdog"


def test_a_cut_line_is_silence_both_ways_and_heals_by_itself(rig):
    one, bench = rig
    heard = one.link.counts.request_count
    boot_id = one.bench.hello.boot_id
    impatient(one)
    handle = bench.inject(broken("open"))
    one.plant.readings[2] = 19.0
    one.wire.advance()
    assert one.link.counts.request_count == heard + 1
    time.sleep(0.05)
    assert one.wire.sense()[0][2] != pytest.approx(19.0, abs=0.1)
    bench.clear(handle)
    one.link._reply_timeout_s = 0.5
    until(one, lambda: one.wire.sense()[0][2] == pytest.approx(19.0, abs=0.1))
    assert one.bench.hello.boot_id == boot_id


def test_noise_is_counted_against_the_line_and_never_forgiven(rig):
    one, bench = rig
    one.link._reply_timeout_s = 0.02
    bad = one.link.counts.bad_count
    handle = bench.inject(broken("noise", bit_error_ratio=1e-4))
    for _ in range(120):
        one.wire.advance()
    bench.clear(handle)
    assert one.link.counts.bad_count > bad
    assert LINE in [o.cause for o in one.bench.verdict(blamed([broken("noise")])).objections]


def test_what_a_fault_explains_is_forgiven_and_nothing_else():
    assert blamed([broken("off")]) == {RESET, FROZEN, LINE}
    assert blamed([broken("open")]) == {FROZEN, LINE}
    assert blamed([Fault(point="io.ai", verb="off")]) == frozenset()


def test_what_the_rig_cannot_have_is_refused(shared):
    _, bench = shared
    with pytest.raises(FaultError, match=r"a rig cannot be 'swap'"):
        bench.inject(Fault(point="rig", verb="swap"))
    with pytest.raises(FaultError, match="no such point"):
        Bench(Reach(SIGNALS, {}, {})).inject(broken("off"))
