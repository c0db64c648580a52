"""The only reply that may answer a request; everything else is refused by name."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.fieldbus.greeting import LinkError, RefusedError
from controller.fieldbus.pdu import read_input, write_multiple
from controller.fieldbus.rtu_exchange import ChecksumError, Exchange, ForeignError, framed
from hil.devices.serial_line import sealed

READ = read_input(1, 0x0100, 7)
WRITE = write_multiple(3, 0x0100, bytes(range(4)))
CONTENT = bytes(range(0x40, 0x4E))
REPLY = sealed(b"\x01\x04\x0e" + CONTENT)
WRITTEN = sealed(b"\x03\x10\x01\x00\x00\x02")


def test_frames_are_those_of_the_specification() -> None:
    # MODBUS over Serial Line V1.02 names polynomial and order; the vector is a public one.
    assert framed(1, bytes.fromhex("0300000001")).hex() == "010300000001840a"
    assert sealed(bytes.fromhex("010300000001")).hex() == "010300000001840a"


def test_the_right_replies_are_taken() -> None:
    assert Exchange(READ).feed(REPLY) == CONTENT
    assert Exchange(WRITE).feed(WRITTEN) == b"\x01\x00\x00\x02"


@given(st.integers(0, len(REPLY) - 1), st.booleans())
def test_any_split_is_the_same_as_one_piece(cut: int, echo: bool) -> None:
    exchange = Exchange(READ)
    stream = exchange.frame + REPLY if echo else REPLY
    found = (
        [exchange.feed(stream[:cut]), exchange.feed(stream[cut:])]
        if cut
        else [exchange.feed(stream[i : i + 1]) for i in range(len(stream))]
    )
    assert [f for f in found if f is not None] == [CONTENT]
    assert exchange.echo_count == echo


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (sealed(b"\x02\x04\x0e" + CONTENT), ForeignError),  # another unit
        (sealed(b"\x01\x03\x0e" + CONTENT), ForeignError),  # another function
        (sealed(b"\x01\x04\x0a" + CONTENT[:10]), ForeignError),  # the identity, late
        (sealed(b"\x01\x04\x10" + CONTENT + b"\0\0"), ForeignError),  # too much
        (b"\x00" + REPLY, ForeignError),  # a glitch in front; nothing is searched for
        (REPLY[:-1] + bytes((REPLY[-1] ^ 1,)), ChecksumError),
        (sealed(b"\x01\x84\x02"), RefusedError),
    ],
)
def test_what_is_not_the_reply_is_refused(reply: bytes, error: type[LinkError]) -> None:
    with pytest.raises(error):
        Exchange(READ).feed(reply)


@pytest.mark.parametrize("wrong", [b"\x03\x10\x01\x01\x00\x02", b"\x03\x10\x01\x00\x00\x03"])
def test_a_write_must_echo_address_and_count(wrong: bytes) -> None:
    with pytest.raises(ForeignError):
        Exchange(WRITE).feed(sealed(wrong))


def test_an_echo_alone_is_no_reply() -> None:
    for request in (READ, WRITE):
        exchange = Exchange(request)
        assert exchange.feed(exchange.frame) is None
        assert exchange.echo_count == 1


def test_a_second_frame_in_the_same_piece_is_counted_not_read() -> None:
    exchange = Exchange(READ)
    assert exchange.feed(REPLY + REPLY) == CONTENT
    assert exchange.surplus_bytes == len(REPLY)


@given(st.sets(st.integers(0, 8 * len(REPLY) - 1), min_size=1, max_size=3))
def test_up_to_three_wrong_bits_are_never_believed(bits: set[int]) -> None:
    number = int.from_bytes(REPLY, "big")
    for bit in bits:
        number ^= 1 << bit
    exchange = Exchange(READ)
    try:
        assert exchange.feed(number.to_bytes(len(REPLY), "big")) is None
    except LinkError:
        return


@given(st.lists(st.binary(max_size=64), max_size=40))
def test_garbage_is_refused_or_waited_for_in_bounded_memory(pieces: list[bytes]) -> None:
    exchange = Exchange(READ)
    for piece in pieces:
        try:
            payload = exchange.feed(piece)
        except LinkError:
            return
        assume(payload is None)
        assert len(exchange._heard) <= 256
