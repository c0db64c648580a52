"""Silence is safe: the module's own lease, its register and what it does to the terminals."""

import pytest
from devices_bench import Clock, TapePlant, face, modules
from hypothesis import given
from hypothesis import strategies as st

from hil.devices.lease import OutputLease
from hil.devices.registers import RefusedError


@given(
    gaps_ms=st.lists(st.integers(0, 500), max_size=30),
    timeout_ms=st.integers(20, 400),
    step_ms=st.integers(1, 9),
)
def test_lapses_once_for_every_silence_longer_than_the_lease(
    gaps_ms: list[int], timeout_ms: int, step_ms: int
) -> None:
    """Whole milliseconds, so that the oracle is exact; checked every `step_ms`."""
    lease = OutputLease(timeout_ms)
    now_ms = 0
    lapses = 0
    for gap_ms in gaps_ms:
        lease.renew(now_ms)
        assert lease.held
        for at_ms in (*range(now_ms + step_ms, now_ms + gap_ms, step_ms), now_ms + gap_ms):
            lapsed = lease.lapse_if_due(at_ms)
            assert not (lapsed and at_ms - now_ms < timeout_ms), "never early"
            lapses += lapsed
            assert lease.held == (at_ms - now_ms < timeout_ms), "never late"
        now_ms += gap_ms
    assert lapses == lease.lapse_count == sum(gap >= timeout_ms for gap in gaps_ms)


def test_nothing_to_lapse_before_the_first_write() -> None:
    lease = OutputLease(0.2)
    assert not lease.lapse_if_due(1e9)
    assert lease.lapse_count == 0


def test_a_lapse_zeroes_outputs_readback_and_status() -> None:
    clock, plant = Clock(), TapePlant()
    bench = face(clock, plant)
    dio = bench.modules["dio"]
    dio.holding.write(0x0100, b"\xff\xff\x12\x34")
    bench.drive()
    assert plant.held == (0b11, 0.0)
    assert dio.inputs.read(0x0100, 7) == bytes.fromhex("0001 0001 0001 0000 1234 0010 ffff")
    clock.now_s += 0.199
    assert not bench.lapse_if_due()
    clock.now_s += 0.002
    assert bench.lapse_if_due()
    assert plant.held == (0, 0.0)
    assert dio.inputs.read(0x0100, 7) == bytes.fromhex("0005 0001 0001 0001 0000 0010 0000")
    assert dio.holding.read(0x0100, 2) == bytes(4)
    assert not bench.lapse_if_due(), "one silence, one lapse"


@pytest.mark.parametrize("ms", [0, 19, 10_001, 65_535])
def test_a_lease_out_of_bounds_is_refused_and_changes_nothing(ms: int) -> None:
    _, ao, _ = modules(Clock())
    with pytest.raises(RefusedError) as refused:
        ao.holding.write(0, ms.to_bytes(2, "big"))
    assert refused.value.code == 3
    assert ao.lease.timeout_s == 0.2


def test_a_host_sets_its_own_lease_and_a_restart_forgets_it() -> None:
    _, ao, _ = modules(Clock())
    ao.holding.write(0, (750).to_bytes(2, "big"))
    assert ao.lease.timeout_s == 0.75
    assert ao.holding.read(0, 1) == (750).to_bytes(2, "big")
    ao.holding.write(0x0100, b"\x27\x10" + bytes(8))
    ao.restart()
    assert ao.lease.timeout_s == 0.2
    assert not ao.lease.held
    assert ao.holding.read(0x0100, 5) == bytes(10)
    assert ao.inputs.read(0x0101, 1) == b"\0\2"


def test_writing_the_lease_does_not_renew_it() -> None:
    clock = Clock()
    _, ao, _ = modules(clock)
    ao.holding.write(0x0100, b"\x27\x10" + bytes(8))
    clock.now_s += 0.15
    ao.holding.write(0, (200).to_bytes(2, "big"))
    clock.now_s += 0.1
    assert ao.lapse_if_due()


def test_an_analogue_output_beyond_its_span_is_refused_whole() -> None:
    """F11: not clamped silently."""
    _, ao, _ = modules(Clock())
    with pytest.raises(RefusedError) as refused:
        ao.holding.write(0x0100, (5000).to_bytes(2, "big") + (10_001).to_bytes(2, "big") + bytes(6))
    assert refused.value.code == 3
    assert ao.holding.read(0x0100, 5) == bytes(10)
    assert not ao.lease.held
