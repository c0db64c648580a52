"""Modbus as the specification has it: framing in any split, requests answered or refused."""

import struct

import pytest
from devices_bench import Clock, modules
from hypothesis import given
from hypothesis import strategies as st

from hil.devices.modbus_tcp import Framer, FramingError, reply_frame
from hil.devices.pdu import respond

FRAMES = st.lists(
    st.tuples(st.integers(0, 65_535), st.integers(0, 255), st.binary(min_size=1, max_size=253)),
    max_size=6,
)


@given(frames=FRAMES, data=st.data())
def test_any_split_of_the_stream_gives_the_same_frames(
    frames: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(reply_frame(*frame) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer = Framer()
    found = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[begin:end])
    assert found == frames


@given(st.binary(max_size=2000))
def test_garbage_is_one_named_error_or_waits_for_less_than_a_frame(garbage: bytes) -> None:
    framer = Framer()
    try:
        framer.feed(garbage)
    except FramingError:
        return
    assert len(framer._rest) < 260


@pytest.mark.parametrize("head", ["0000 0001 0006 01", "0000 0000 0001 01", "0000 0000 00ff 01"])
def test_a_header_that_is_not_modbus_ends_the_stream(head: str) -> None:
    with pytest.raises(FramingError):
        Framer().feed(bytes.fromhex(head) + bytes(8))


def ask(unit: int, request: str) -> str:
    module = modules(Clock())[unit - 1]
    return respond(bytes.fromhex(request), module.inputs, module.holding).hex(" ")


def test_identity_is_in_the_input_registers() -> None:
    assert ask(2, "04 0000 0003").startswith("04 06 48 50 0a 04 00 01")


@pytest.mark.parametrize(
    ("unit", "request_pdu", "reply"),
    [
        (1, "01 0000 0001", "81 01"),  # coils: not this kind of module
        (1, "2b 0e 01 00", "ab 01"),
        (1, "04 0000 0006", "84 02"),  # over the end of the identity
        (1, "04 00ff 0002", "84 02"),
        (1, "04 0100 0000", "84 03"),
        (1, "04 0100 007e", "84 03"),  # 126 registers
        (1, "04 0100", "84 03"),
        (1, "04 0100 0001 00", "84 03"),
        (1, "03 0000 0001", "83 02"),  # an input module has no holding registers
        (1, "10 0100 0001 02 0000", "90 02"),
        (2, "03 0100 0005", "03 0a 00 00 00 00 00 00 00 00 00 00"),
        (2, "10 0100 0005 0a 0001 0000 0000 0000 0007", "10 01 00 00 05"),
        (2, "10 0100 0006 0c 0001 0000 0000 0000 0007 0000", "90 02"),
        (2, "10 0100 0001 04 0001", "90 03"),  # byte count lies
        (2, "10 0100 0001 02 00", "90 03"),
        (2, "10 0100 0000 00", "90 03"),
        (2, "10 0000 0001 02 0001", "90 03"),  # lease of 1 ms
        (2, "06 0101 04d2", "06 01 01 04 d2"),
        (2, "06 0101 2711", "86 03"),
        (2, "06 0005 0000", "86 02"),
        (3, "17 0100 0002 0100 0002 04 a5a5 0009", "17 04 a5 a5 00 09"),
        (3, "17 0200 0001 0100 0002 04 a5a5 0009", "97 02"),
        (3, "17 0100 0001 0100 0002 04 a5a5", "97 03"),
    ],
)
def test_requests_and_refusals(unit: int, request_pdu: str, reply: str) -> None:
    assert ask(unit, request_pdu) == reply


def test_a_refused_read_write_has_not_written() -> None:
    dio = modules(Clock())[2]
    respond(bytes.fromhex("17 0200 0001 0100 0002 04 a5a5 0009"), dio.inputs, dio.holding)
    assert dio.holding.read(0x0100, 2) == bytes(4)
    assert not dio.lease.held


@given(unit=st.integers(0, 2), pdu=st.binary(min_size=1, max_size=253))
def test_no_request_is_too_strange_to_answer(unit: int, pdu: bytes) -> None:
    module = modules(Clock())[unit]
    reply = respond(pdu, module.inputs, module.holding)
    assert reply[0] in (pdu[0], pdu[0] | 0x80)
    assert len(reply) <= 253
    if reply[0] == pdu[0] < 0x80:
        assert pdu[0] in (3, 4, 6, 16, 23)


@given(count=st.integers(1, 33), at=st.integers(0, 32))
def test_a_part_of_a_block_reads_as_in_the_whole(count: int, at: int) -> None:
    module = modules(Clock())[0]
    module.sense.memory[:] = bytes(range(66))
    reply = respond(struct.pack(">BHH", 4, 0x100 + at, count), module.inputs, module.holding)
    if at + count <= 33:
        assert reply[2:] == bytes(range(66))[2 * at : 2 * (at + count)]
    else:
        assert reply == b"\x84\x02"
