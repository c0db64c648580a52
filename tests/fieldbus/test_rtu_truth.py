"""Whatever a serial line does, no wrong reading is believed and none is called younger than it is.

The real server behind a line with random faults, the real driver in front of it, virtual time.
Every reading tells the number of its conversion, so a mixed-up, damaged or late reply shows.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fieldbus_bench import Frame
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from virtual_line import MODULUS, Line, asking, conversion, cycling, in_virtual_time, now_s, reading

from controller.fieldbus.rtu_endpoint import RtuEndpoint

ANSWERS = ("exception", "unit_id", "function", "length", "duplicate", "split", "merged",
           "echo", "foreign")  # fmt: skip
FAULTS = st.one_of(
    st.tuples(st.just("delayed"), st.fixed_dictionaries({"delay_s": st.floats(0.001, 0.3)})),
    st.tuples(st.just("noise"), st.fixed_dictionaries({"bit_error_ratio": st.floats(0, 2e-3)})),
    st.tuples(st.just("spike"), st.fixed_dictionaries({"rate_per_min": st.floats(0, 6000)})),
    st.tuples(st.just("garbage"), st.fixed_dictionaries({"fraction": st.floats(0.1, 1)})),
    st.tuples(st.just("intermittent"), st.fixed_dictionaries({"fraction": st.floats(0.1, 1)})),
    st.tuples(st.just("slow"), st.fixed_dictionaries({"byte_s": st.floats(1e-4, 0.01)})),
    st.tuples(st.just("wrong"), st.fixed_dictionaries({"answer": st.sampled_from(ANSWERS)})),
    st.tuples(st.sampled_from(("stuck", "short", "swap", "off")), st.just({})),
)
STRETCHES = st.lists(st.lists(FAULTS, max_size=2), min_size=2, max_size=6)
exchanged: list[int] = []


def believed(line: Line, frame: Frame) -> None:
    """All good readings are of one conversion, and it was still the newest at their stamp."""
    if not frame.reading_ok[0]:
        return
    times_s = line.plant.times_s
    stamp_s = now_s() - frame.reading_age_s[0]
    seen = frame.reading.tolist()
    newest = conversion(seen[0])
    while newest + MODULUS < len(times_s):
        newest += MODULUS
    assert newest < len(times_s), "a reading that no conversion ever gave"
    assert seen == [reading(newest, i) for i in range(24)], "a reading of two conversions"
    superseded_s = times_s[newest + 1] if newest + 1 < len(times_s) else now_s()
    assert superseded_s >= stamp_s - 1e-9, "called younger than it is"


def wrong_bits(line: Line, frame: Frame) -> None:
    if frame.digital_ok:
        assert 0 <= frame.digital_input_bits < len(line.plant.times_s)


def fill(endpoint: RtuEndpoint, frame: Frame) -> None:
    frame.digital_ok = False
    for part in endpoint.parts:
        part.put(frame, now_s())  # type: ignore[arg-type]
        if part.has_inputs:
            frame.digital_input_bits, frame.digital_ok = part.input_bits(), part.fresh


async def live(line: Line, endpoint: RtuEndpoint, stretches: list[Any]) -> None:
    frame, index = Frame(), 0
    for stretch in [*stretches, []]:
        line.faults.clear()
        for handle, (verb, parameters) in enumerate(stretch, index + 1):
            line.fault(verb, handle, **parameters)
        for _ in range(12):
            index += 1
            frame.digital_output_bits = index & 0xFFFF
            begun_s = now_s()
            await endpoint.sense(begun_s + 0.05)
            fill(endpoint, frame)
            believed(line, frame)
            wrong_bits(line, frame)
            await endpoint.actuate(index, frame, now_s() + 0.05)  # type: ignore[arg-type]
            assert now_s() - begun_s < 0.2, "the tick ends whatever the line does"
            assert len(line.server.framer._heard) <= 256
            await asyncio.sleep(0.01)
    await line.drained()
    await asyncio.sleep(0.2)
    for _ in range(40):
        await endpoint.sense(now_s() + 1.0)
        await asyncio.sleep(0.01)
    fill(endpoint, frame)
    assert all(frame.reading_ok), "good again once the line is"
    assert frame.reading_age_s[0] < 0.1
    exchanged.append(endpoint.statistics.counters.request_count)


@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate])
@given(STRETCHES, st.integers(0, 2**32))
@in_virtual_time
async def test_no_fault_of_the_line_makes_a_wrong_reading_in_every_tick(
    stretches: list[Any], seed: int
) -> None:
    async with asking(seed) as (line, endpoint, _):
        await live(line, endpoint, stretches)


@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate])
@given(STRETCHES, st.integers(0, 2**32))
@in_virtual_time
async def test_no_fault_of_the_line_makes_a_wrong_reading_at_its_own_pace(
    stretches: list[Any], seed: int
) -> None:
    async with cycling(seed) as (line, endpoint, _):
        await live(line, endpoint, stretches)


def test_that_was_thousands_of_exchanges() -> None:
    assert sum(exchanged) > 10_000
