"""Frames of the rig's line: whatever comes, in whatever pieces, one event for each thing said."""

import struct
from binascii import crc_hqx, hexlify

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.rig import framing
from hil.rig.framing import Decoder, Frame, crc16, encode

frames = st.builds(
    lambda kind, sequence, boot_id, payload: (kind, sequence, boot_id, payload),
    st.integers(0, 0xFF),
    st.integers(0, 0xFFFF),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=framing.PAYLOAD_MAX),
)
# Bytes that mean something come often, or garbage would hardly ever look like a frame.
garbage = st.binary(max_size=1200) | st.lists(
    st.sampled_from([b":", b"\n", b"\r", b"00", b"zz", b"0", b"\x03", b"a" * 300]), max_size=30
).map(b"".join)
noisy_lines = st.lists(frames.map(lambda f: encode(*f)) | garbage, max_size=6).map(b"".join)


def said(event: Frame | str) -> object:
    if isinstance(event, str):
        return event
    return event.kind, event.sequence, event.boot_id, event.payload


def heard(chunks: list[bytes]) -> list[object]:
    decoder = Decoder()
    return [said(event) for chunk in chunks for event in decoder.feed(chunk)]


@given(st.binary(max_size=300))
def test_the_crc_is_that_of_the_standard_library(content):
    assert crc16(content) == crc_hqx(content, 0xFFFF)


@given(st.lists(frames, max_size=5))
def test_frames_come_out_as_they_went_in(sent):
    assert heard([b"".join(encode(*frame) for frame in sent)]) == sent


@given(noisy_lines, st.data())
def test_any_cutting_into_chunks_says_the_same(line, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=8)))
    pieces = [line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True)]
    whole = heard([line])
    assert heard(pieces) == whole
    assert heard([line[i : i + 1] for i in range(len(line))]) == whole


@given(garbage)
def test_garbage_is_named_and_the_next_frame_is_heard(content):
    *before, last = heard([content + b"\n" + encode(7, 8, 9, b"still here")])
    assert last == (7, 8, 9, b"still here")
    assert all(event in framing.ERRORS for event in before)
    assert before or not content.strip(b"\r\n")


@given(frames, st.data())
def test_a_flipped_bit_is_never_taken_for_a_frame(frame, data):
    line = bytearray(encode(*frame))
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    events = [event for event in heard([bytes(line) + b"\n"]) if not isinstance(event, str)]
    same = bytes(line).lower() == encode(*frame)  # only the case of a hex digit has changed
    assert events == ([frame] if same else [])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"abc\n", framing.NOISE),
        (b":0011:", framing.CUT),
        (b":" + b"0" * (framing.LINE_MAX + 1), framing.TOO_LONG),
        (b":00\n", framing.TOO_SHORT),
        (b":0x11\n", framing.NOT_HEX),
        (b":000\n", framing.NOT_HEX),
        (b":" + hexlify(struct.pack("<BHIH", 1, 2, 3, 4)) + b"\n", framing.CRC),
    ],
)
def test_each_error_has_its_name(line, error):
    assert heard([line]) == [error]


def test_endless_garbage_is_one_error_and_one_line_of_memory():
    decoder = Decoder()
    events = decoder.feed(b":")
    for _ in range(200):
        events += decoder.feed(b"7" * 1000)
    assert events == [framing.TOO_LONG]
    assert len(decoder._line) == framing.LINE_MAX  # it never grew
    (frame,) = decoder.feed(encode(1, 2, 3))
    assert said(frame) == (1, 2, 3, b"")


def test_no_frame_holds_a_control_c():
    assert b"\x03" not in encode(3, 0x0303, 0x03030303, b"\x03" * framing.PAYLOAD_MAX)


def test_a_payload_too_long_is_refused():
    with pytest.raises(ValueError, match=f"at most {framing.PAYLOAD_MAX} bytes"):
        encode(1, 1, 1, bytes(framing.PAYLOAD_MAX + 1))
