"""The rig's logic with instants handed in: who may drive it, when it lets go, what it counts."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_case import BOOT, FIRMWARE, HEADER, READINGS, Asked, reason

from hil.rig import protocol
from hil.rig.capture import EDGE_KEPT_MAX, Capture
from hil.rig.faults import VERB_NAMES
from hil.rig.framing import ERRORS, encode
from hil.rig.rig import ALL_OPEN
from hil.rig.terminals import number_of


def arming(firmware=FIRMWARE, header=HEADER, silence_ms=100, stall_ms=20):
    return struct.pack(protocol.ARM_REQUEST, firmware, header, silence_ms, stall_ms)


def status(asked):
    numbers = struct.unpack(protocol.STATUS_REPLY, asked.ask(protocol.STATUS).payload)
    return dict(zip(protocol.STATUS_NAMES, numbers, strict=True))


def edges(frame):
    head = struct.calcsize(protocol.EXCHANGE_REPLY)
    *_, count = struct.unpack(protocol.EXCHANGE_REPLY, frame.payload[:head])
    return [
        struct.unpack(protocol.EDGE, frame.payload[at : at + protocol.EDGE_SIZE])
        for at in range(head, head + count * protocol.EDGE_SIZE, protocol.EDGE_SIZE)
    ]


def flags(frame):
    return struct.unpack(protocol.EXCHANGE_REPLY, frame.payload[:14])[3]


def test_it_starts_open_and_drives_nothing_before_it_is_armed():
    asked = Asked()
    assert asked.is_open
    assert reason(asked.exchange()) == "not_armed"
    assert asked.is_open
    asked.arm()
    assert asked.is_open
    asked.exchange()
    assert not asked.is_open


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (arming(firmware=HEADER), "wrong_firmware"),
        (arming(header=FIRMWARE), "wrong_header"),
        (arming(silence_ms=19), "out_of_bounds"),
        (arming(silence_ms=2001), "out_of_bounds"),
        (arming(stall_ms=0), "out_of_bounds"),
        (arming()[:-1], "bad_payload"),
    ],
)
def test_a_refused_host_leaves_it_open_and_disarmed(content, why):
    asked = Asked()
    asked.arm()
    asked.exchange()
    assert reason(asked.ask(protocol.ARM, content)) == why
    assert asked.is_open
    assert reason(asked.exchange()) == "not_armed"


def test_another_boot_kind_or_version_is_refused_by_name():
    asked = Asked()
    asked.arm()
    assert reason(asked.ask(protocol.STATUS, boot_id=BOOT + 1)) == "other_boot"
    assert reason(asked.ask(99)) == "unknown_kind"
    assert reason(asked.ask(protocol.HELLO, bytes((9,)), 0)) == "wrong_version"


def test_hello_says_who_it_is_to_anybody():
    asked = Asked()
    reply = asked.ask(protocol.HELLO, bytes((protocol.VERSION,)), 0)
    told = struct.unpack(protocol.HELLO_REPLY, reply.payload)
    assert told == (protocol.VERSION, FIRMWARE, HEADER, b"desk\0\0\0\0", asked.now_us)
    assert reply.boot_id == BOOT


def test_a_repeated_request_is_answered_again_and_done_once():
    asked = Asked()
    asked.arm()
    asked.exchange()
    content = struct.pack(protocol.FAULT_REQUEST, 0, VERB_NAMES.index("open"), 0, 0, 0)
    asked.sequence += 1
    line = encode(protocol.FAULT, asked.sequence, BOOT, content)
    assert asked.say(line).payload == asked.say(line).payload
    assert status(asked)["repeat_count"] == 1
    cleared = struct.unpack(
        protocol.FAULT_REPLY, asked.ask(protocol.CLEAR, struct.pack("<H", 0)).payload
    )
    assert cleared[0] == 1


def test_a_gap_in_the_numbers_is_counted():
    asked = Asked()
    asked.arm()
    asked.sequence += 3
    asked.exchange()
    asked.exchange()
    assert status(asked)["gap_count"] == 1


@given(st.binary(max_size=600).map(lambda noise: noise.replace(b":", b"")))
def test_broken_frames_are_counted_and_not_answered(noise):
    asked = Asked()
    broken = encode(protocol.HELLO, 1, 0, b"\1").replace(b"01", b"02", 1)
    answer = asked.rig.receive(noise + b"\n" + broken, asked.now_us)
    assert answer == b""
    expected = 1 + bool(noise.strip(b"\r\n"))
    assert status(asked)["bad_frame_count"] >= min(expected, 2)
    assert len(ERRORS) == 6


@pytest.mark.parametrize("silence_ms", [20, 100, 500])
def test_silence_opens_every_terminal_on_the_rigs_own_clock(silence_ms):
    asked = Asked()
    asked.arm(silence_ms)
    asked.exchange()
    asked.pass_ms(silence_ms)
    assert not asked.is_open
    asked.pass_ms(1)
    assert asked.is_open
    told = status(asked)
    assert (told["silence_count"], told["silence_us"]) == (1, silence_ms * 1000 + 1000)
    asked.pass_ms(3 * silence_ms)
    assert status(asked)["silence_count"] == 1
    assert flags(asked.exchange()) == protocol.DROPPED
    assert not asked.is_open
    assert flags(asked.exchange()) == 0


def test_requests_that_are_no_exchange_do_not_keep_it_alive():
    asked = Asked()
    asked.arm(100)
    asked.exchange()
    for _ in range(11):
        asked.pass_ms(10)
        asked.ask(protocol.STATUS)
    assert asked.is_open


def test_a_loop_that_stood_still_lets_go_and_says_so():
    asked = Asked()
    asked.arm(silence_ms=1000, stall_ms=20)
    asked.exchange()
    asked.pass_ms(10)
    asked.pass_ms(20, step_ms=20)
    assert not asked.is_open
    asked.pass_ms(20.001, step_ms=20.001)
    assert asked.is_open
    told = status(asked)
    assert (told["stall_count"], told["loop_us_max"]) == (1, 20_001)
    assert flags(asked.exchange()) == protocol.STALLED


def test_a_fault_shows_at_the_terminal_at_once_and_goes_at_its_end():
    asked = Asked()
    asked.arm()
    asked.exchange()
    number = number_of("loop_2")
    whole = asked.rig.codes[number]
    content = struct.pack(protocol.FAULT_REQUEST, number, VERB_NAMES.index("scale"), 500, 0, 30)
    asked.ask(protocol.FAULT, content)
    assert asked.rig.codes[number] == pytest.approx(whole / 2, abs=1)
    asked.pass_ms(29)
    assert asked.rig.codes[number] != whole
    asked.pass_ms(1)
    assert asked.rig.codes[number] == whole


def test_a_fault_does_not_drive_a_rig_that_has_let_go():
    asked = Asked()
    asked.arm(100)
    asked.exchange()
    asked.pass_ms(101)
    content = struct.pack(protocol.FAULT_REQUEST, 0, VERB_NAMES.index("wrong"), 100, 0, 0)
    asked.ask(protocol.FAULT, content)
    asked.ask(protocol.CLEAR, struct.pack("<H", 0))
    assert asked.is_open


def test_clearing_what_is_not_there_is_refused():
    asked = Asked()
    asked.arm()
    assert reason(asked.ask(protocol.CLEAR, struct.pack("<H", 77))) == "no_fault"


def test_what_has_no_signal_or_is_not_a_number_is_an_open_terminal():
    asked = Asked()
    asked.arm()
    readings = list(READINGS)
    readings[0] = float("nan")
    asked.exchange(readings)
    wired = {number_of(name) for name in ("rtd_7", "loop_2", "lvdt_1", "ct_1")}
    assert asked.rig.open_mask == ALL_OPEN & ~sum(1 << n for n in wired)


def test_edges_carry_the_rigs_own_instants():
    asked = Asked()
    asked.arm()
    asked.rig.capture.levels(0b10, 5000, asked.now_us + 2000)
    asked.rig.capture.levels(0b00, 5000, asked.now_us + 5000)
    asked.now_us += 9000
    assert edges(asked.exchange()) == [
        (1 | 1 << 7, 5000, 7000),
        (protocol.VALVE_EDGE | 1 << 7, 5000, 7000),
        (1, 5000, 4000),
    ]
    assert edges(asked.exchange()) == []


def test_edges_nobody_fetches_are_bounded_and_their_loss_is_told():
    asked = Asked()
    asked.arm()
    for n in range(EDGE_KEPT_MAX + 10):
        asked.rig.capture.levels(n % 2, 0, asked.now_us + n)
    asked.now_us += 1000
    assert flags(asked.exchange()) == protocol.EDGES_LOST
    assert status(asked)["edge_lost_count"] == 9  # the first level was no change
    fetched = protocol.EDGE_MAX
    while got := edges(asked.exchange()):
        fetched += len(got)
    assert fetched == EDGE_KEPT_MAX


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 0xFFFF)), min_size=1, max_size=40))
def test_time_on_is_the_integral_of_the_levels(course):
    capture, now_us, bits, on_us = Capture(), 0, 0, [0] * 16
    for span_us, after in course:
        now_us += span_us
        on_us = [on + span_us * (bits >> n & 1) for n, on in enumerate(on_us)]
        capture.levels(after, 0, now_us)
        bits = after
    assert capture.on_us(now_us) == on_us
    assert capture.bits == bits


def test_the_valve_moves_an_edge_only_beyond_its_step():
    capture = Capture()
    for mv in (0, 20, 49, 50, 60, 99, 101, 60, 50):
        capture.levels(0, mv, 0)
    assert [(level, mv) for _, level, mv, _ in capture.edges] == [(1, 50), (1, 101), (0, 50)]
