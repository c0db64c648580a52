"""The host's end of the line: what is lost is asked again, what is late is never taken."""

import struct

import pytest
from rig_case import BOOT, FIRMWARE, HEADER, Asked

from hil.rig import protocol
from hil.rig.framing import encode
from hil.rig_link import RigLink, RigLostError, RigRefusedError, RigResetError


class Line:
    """A rig at the end of a line that loses and delays; its time is the host's."""

    def __init__(self):
        self.asked = Asked()
        self.now_s = 1.0
        self.lose_requests = 0
        self.lose_replies = 0
        self.written = 0
        self.arriving = b""
        self.late = b""

    def clock(self):
        return self.now_s

    def write(self, content):
        self.written += 1
        self.now_s += 0.0001
        if self.lose_requests:
            self.lose_requests -= 1
            return
        reply = self.asked.rig.receive(content, round(self.now_s * 1e6))
        if self.lose_replies:
            self.lose_replies -= 1
            self.late += reply
        else:
            self.arriving += self.late + reply
            self.late = b""

    def read(self, timeout_s):
        content, self.arriving = self.arriving, b""
        self.now_s += 0.0001 if content else timeout_s
        return content


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def link(line):
    link = RigLink(line, line.clock, reply_timeout_s=0.02, try_count=4)
    link.hello()
    link.arm(FIRMWARE, HEADER, 1000, 500)
    return link


def readings(line):
    return line.asked.harness.payload([100.0, 90.0, 12.0, 7.5, 4.0], 3)


def test_what_is_lost_is_asked_again_and_done_once(line, link):
    line.lose_requests, line.lose_replies = 1, 2
    fault = link.inject(0, 0, 0, 0, 0)
    assert link.counts.resend_count == 3
    assert link.clear() == 1
    assert fault.handle == 1
    assert link.status()["repeat_count"] == 2


def test_an_instant_of_the_rig_lies_between_question_and_answer_even_when_repeated(line, link):
    line.lose_replies = 2
    exchange = link.exchange(readings(line))
    assert link.sent_s * 1e6 <= exchange.now_us <= link.received_s * 1e6
    assert link.received_s - link.sent_s > 0.04


def test_a_late_reply_to_an_earlier_question_is_never_taken(line, link):
    line.lose_replies = 4
    with pytest.raises(RigLostError, match="4 times; check line"):
        link.on_times_us()
    frames = link.status()["frame_count"]  # arrives behind four replies to the question before
    assert link.counts.stale_count == 4
    assert link.counts.lost_count == 1
    assert frames > 4


def test_a_rig_that_is_gone_costs_the_time_outs_and_no_more(line, link):
    line.lose_requests = 10**6
    begin_s = line.now_s
    with pytest.raises(RigLostError):
        link.exchange(readings(line))
    assert line.now_s - begin_s == pytest.approx(4 * 0.02, abs=0.001)
    begin_s, before = line.now_s, line.written
    with pytest.raises(RigLostError):
        link.exchange(readings(line), is_probe=True)
    assert line.now_s - begin_s < 0.006
    assert line.written == before + 1


def test_endless_garbage_neither_blocks_nor_grows(line, link):
    line.lose_requests = 10**6
    line.read = lambda timeout_s: setattr(line, "now_s", line.now_s + 0.001) or b"\xff:" * 500
    begin_s = line.now_s
    with pytest.raises(RigLostError):
        link.status()
    assert line.now_s - begin_s < 0.1
    assert set(link.counts.errors) == {"noise", "cut"} | set(link.counts.errors) & {"not_hex"}
    assert sum(link.counts.errors.values()) > 1000


def test_another_boot_and_a_refusal_have_errors_of_their_own(line, link):
    with pytest.raises(RigRefusedError, match="out of bounds") as refused:
        link.arm(FIRMWARE, HEADER, 1, 1)
    assert refused.value.reason == "out_of_bounds"
    line.asked.rig.identity.boot_id = BOOT + 1
    with pytest.raises(RigResetError):
        link.status()


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (protocol.STATUS | protocol.REPLY, b"short", "another length"),
        (protocol.DUTY | protocol.REPLY, b"", "another question"),
        (protocol.NAK, b"\xf0", "unknown reason"),
    ],
)
def test_answers_that_make_no_sense_are_errors_not_crashes(line, link, kind, content, text):
    def write(request):
        frame = line.asked.decoder.feed(request)[0]
        line.arriving = encode(kind, frame.sequence, BOOT, content)

    line.write = write
    with pytest.raises((RigLostError, RigRefusedError), match=text):
        link.status()


def test_an_exchange_whose_edges_are_cut_off_is_an_error(line, link):
    def write(request):
        frame = line.asked.decoder.feed(request)[0]
        head = struct.pack(protocol.EXCHANGE_REPLY, 1, 0, 0, 0, 3)
        line.arriving = encode(protocol.EXCHANGE | protocol.REPLY, frame.sequence, BOOT, head)

    line.write = write
    with pytest.raises(RigLostError, match="another length"):
        link.exchange(readings(line))


def test_a_rig_that_is_still_starting_is_no_bad_line(line):
    line.lose_requests = 40
    link = RigLink(line, line.clock, reply_timeout_s=0.02, try_count=4)
    assert link.hello().boot_id == BOOT
    assert link.counts.bad_count == 0
