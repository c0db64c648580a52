"""Registers to frames and back, against the slow way of reading the map."""

import struct

from fieldbus_bench import Frame
from hypothesis import given
from hypothesis import strategies as st

from controller.fieldbus.codec import BitMap, ChannelBlock, layout, output_count
from controller.fieldbus.profile import load_profile

AI = load_profile("analogue-in-24")
STRUCT, INDEX = layout(AI.profile.sense)
BLOCK = st.binary(min_size=66, max_size=66)
FORMATS = {"int16": ">h", "uint16": ">H", "int32": ">i"}


def slow_reading(block: bytes, point: str) -> tuple[float, bool]:
    """One terminal, straight from the profile: its reading and whether it is good."""
    terminal = AI.sensed[point]
    (count,) = struct.unpack_from(FORMATS[terminal.group.type], block, 2 * terminal.offset)
    faults = struct.unpack_from(">H", block, 6)[0] | struct.unpack_from(">H", block, 8)[0] << 16
    flagged = faults >> terminal.group.fault_bit + terminal.number & 1
    return count / terminal.group.counts_per_unit, not flagged and count not in (
        terminal.group.fault_codes
    )


@given(block=BLOCK, quiet=st.booleans(), order=st.permutations(range(24)), used=st.integers(1, 24))
def test_every_channel_reads_as_the_profile_says(
    block: bytes, quiet: bool, order: list[int], used: int
) -> None:
    if quiet:  # the usual case: no diagnostics
        block = block[:6] + bytes(4) + block[10:]
    points = list(AI.sensed.values())
    channels = list(zip(order, points, strict=True))[:used]
    codec = ChannelBlock(channels, INDEX)
    words = STRUCT.unpack(block)
    faults = words[3] | words[4] << 16
    codec.take(words, faults)
    frame = Frame()
    codec.put(frame, 0.25)
    for number, point in channels:
        reading, good = slow_reading(block, point.name)
        assert frame.reading[number] == reading
        assert frame.reading_ok[number] == good
        assert frame.reading_age_s[number] == 0.25
    untouched = set(range(24)) - {number for number, _ in channels}
    assert all(frame.reading_ok[n] == 0 and frame.reading[n] == 0.0 for n in untouched)


def test_lost_readings_stay_but_are_marked() -> None:
    codec = ChannelBlock([(0, AI.sensed["rtd_1"])], INDEX)
    frame = Frame()
    codec.take(STRUCT.unpack(bytes(10) + b"\x09\xc4" + bytes(54)), 0)
    codec.put(frame, 0.0)
    assert (frame.reading[0], frame.reading_ok[0]) == (25.0, 1)
    codec.lose()
    codec.put(frame, 1.5)
    assert (frame.reading[0], frame.reading_ok[0], frame.reading_age_s[0]) == (25.0, 0, 1.5)


@given(
    module_bits=st.lists(st.integers(0, 15), unique=True, max_size=16),
    kernel_bits=st.permutations(range(32)),
    word=st.integers(0, 0xFFFF),
    bits=st.integers(0, 0xFFFFFFFF),
)
def test_bits_move_to_their_place_and_back(
    module_bits: list[int], kernel_bits: list[int], word: int, bits: int
) -> None:
    pairs = list(zip(kernel_bits, module_bits, strict=False))
    moved = BitMap(pairs)
    assert moved.to_kernel(word) == sum((word >> m & 1) << k for k, m in pairs)
    assert moved.to_module(bits) == sum((bits >> k & 1) << m for k, m in pairs)


@given(st.floats())
def test_an_output_that_is_no_fraction_is_the_safe_zero(fraction: float) -> None:
    count = output_count(fraction, 10_000)
    if 0.0 <= fraction <= 1.0:
        assert abs(count - 10_000 * fraction) <= 0.5
    else:
        assert count == 0
