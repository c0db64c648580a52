"""The Pico's board against models of its chips: words on the bus, pins, latch and interrupts."""

import importlib
import sys
import time
import types

import pytest
from rig_case import READINGS, Asked

from hil.rig.rig import ALL_OPEN
from hil.rig.terminals import ANALOGUE, PT100

PT = [n for n, (_, kind) in enumerate(ANALOGUE) if kind == PT100]
VOLTS = [n for n, (_, kind) in enumerate(ANALOGUE) if kind != PT100]


class Bench:
    """Everything the pins lead to."""

    def __init__(self):
        self.ticks = 0
        self.pins = {}
        self.phase = 0
        self.shifted = bytearray(5)
        self.latched = bytes(5)
        self.latch_count = 0
        self.converters = {n: [None] * 8 for n in (22, 28)}
        self.resistances = [None] * 8
        self.adc = {26: 0, 27: 0}
        self.sent, self.waiting, self.fed_count = b"", b"", 0

    def clock(self, content):
        self.shifted = (self.shifted + content)[-5:]
        selected = [n for n in (5, 22, 28) if not self.pins[n].level]
        assert len(selected) <= 1
        if not selected:
            return
        if selected == [5]:
            assert (len(content), self.phase) == (5, 0)
            bits = int.from_bytes(content, "big")
            for chip, word in enumerate((bits & 0x3FFFF, bits >> 18 & 0x3FFFF)):
                self.resistances[4 * chip + (word >> 16)] = word & 0xFFFF
        else:
            assert (len(content), self.phase) == (4, 1)
            word = int.from_bytes(content, "big")
            assert word >> 24 == 3
            self.converters[selected[0]][word >> 20 & 0xF] = word >> 4 & 0xFFFF


def machine_of(bench):
    class Pin:
        OUT, IN, PULL_DOWN, IRQ_RISING, IRQ_FALLING = range(5)

        def __init__(self, number, mode=None, pull=None, value=0):
            self.number, self.level, self.interrupt = number, value, None
            bench.pins.setdefault(number, self)

        def __call__(self, level):
            if self.number == 4 and level and not self.level:
                bench.latched, bench.latch_count = bytes(bench.shifted), bench.latch_count + 1
            self.level = level

        def value(self):
            return self.level

        def irq(self, handler, trigger, hard):
            assert hard
            self.interrupt = handler

    class SPI:
        def __init__(self, *_, **options):
            bench.phase = options["phase"]

        def init(self, *_, **options):
            bench.phase = options["phase"]

        def write(self, content):
            bench.clock(bytes(content))

    class UART:
        def __init__(self, number, baud, **_):
            assert baud == 921600

        def any(self):
            return len(bench.waiting)

        def read(self, count):
            content, bench.waiting = bench.waiting[:count], bench.waiting[count:]
            return content

        def write(self, content):
            bench.sent += content

    class ADC:
        def __init__(self, number):
            self.number = number

        def read_u16(self):
            return bench.adc[self.number]

    class WDT:
        def __init__(self, timeout):
            assert timeout == 300

        def feed(self):
            bench.fed_count += 1

    parts = {"Pin": Pin, "SPI": SPI, "UART": UART, "ADC": ADC, "WDT": WDT}
    return types.SimpleNamespace(**parts)


WRAP = 2**30


@pytest.fixture
def chips(monkeypatch):
    bench = Bench()
    micropython = types.SimpleNamespace(native=lambda f: f, kbd_intr=lambda number: None)
    monkeypatch.setitem(sys.modules, "machine", machine_of(bench))
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    monkeypatch.setattr(time, "ticks_us", lambda: bench.ticks % WRAP, raising=False)
    monkeypatch.setattr(
        time, "ticks_diff", lambda a, b: (a - b + WRAP // 2) % WRAP - WRAP // 2, raising=False
    )
    monkeypatch.setattr(time, "sleep_us", lambda us: None, raising=False)
    monkeypatch.delitem(sys.modules, "hil.rig.board_rp2", raising=False)
    bench.board = importlib.import_module("hil.rig.board_rp2").Rp2Board()
    monkeypatch.delitem(sys.modules, "hil.rig.board_rp2")
    return bench


@pytest.fixture
def driving():
    asked = Asked()
    asked.arm()
    asked.exchange(READINGS)
    return asked.rig


def test_every_code_reaches_its_converter(chips, driving):
    driving.codes = [1000 * n + 7 for n in range(24)]
    chips.board.drive(driving)
    assert chips.resistances == [driving.codes[n] for n in PT]
    assert chips.converters[22] + chips.converters[28] == [driving.codes[n] for n in VOLTS]


@pytest.mark.parametrize(("inputs", "opened"), [(0, ALL_OPEN), (0x8001, 0), (0x1234, 0x0F0F01)])
def test_switches_and_open_terminals_come_last_and_are_latched(chips, driving, inputs, opened):
    driving.inputs, driving.open_mask = inputs, opened
    chips.board.drive(driving)
    assert chips.latched[:2] == inputs.to_bytes(2, "big")
    assert chips.latched[2:] == (ALL_OPEN & ~opened).to_bytes(3, "big")
    assert chips.latch_count == 1


def test_the_latch_moves_while_the_loop_lives_and_changes_nothing(chips, driving):
    chips.board.drive(driving)
    before, count = chips.latched, chips.latch_count
    for _ in range(100):
        chips.ticks += 1000
        chips.board.feed()
    assert chips.latched == before
    assert chips.latch_count - count == 20
    assert chips.fed_count == 100


def test_edges_keep_the_instant_of_the_interrupt_across_the_wrap_of_the_counter(chips, driving):
    board, rig = chips.board, driving
    for _ in range(5):  # rig time goes on when the counter wraps
        chips.ticks += WRAP // 4
        now_us = board.now_us()
    assert now_us == chips.ticks
    pin = chips.pins[6 + 3]
    for after_us, level in ((100, 1), (350, 0)):
        chips.ticks = now_us + after_us
        pin.level = level
        pin.interrupt(pin)
    chips.ticks = now_us + 2000
    board.look(rig)
    assert rig.capture.edges == [(3, 1, 0, now_us + 100), (3, 0, 0, now_us + 350)]


def test_a_flood_of_edges_keeps_the_newest(chips, driving):
    pin = chips.pins[6]
    for n in range(1000):
        chips.ticks += 10
        pin.level = n % 2
        pin.interrupt(pin)
    chips.board.look(driving)
    assert driving.capture.bits == 1
    assert len(driving.capture.edges) <= 64


def test_valve_voltage_and_cold_junction(chips, driving):
    chips.adc[26] = round(5.0 / (3.3 * 33.2 / 10.0) * 65535)
    chips.adc[27] = round(0.315 / 3.3 * 65535)
    chips.board.look(driving)
    assert driving.capture.valve_mv == pytest.approx(5000, abs=1)
    chips.board.drive(driving)
    assert driving.cold_junction_c == pytest.approx(31.5, abs=0.05)
    chips.adc[26], chips.adc[27] = 65535, 65535
    chips.board.look(driving)
    chips.board.drive(driving)
    assert driving.capture.valve_mv == 10_000
    assert driving.cold_junction_c == 60.0


def test_the_line_is_read_as_it_comes(chips):
    assert chips.board.read() == b""
    chips.waiting = b":abc"
    assert chips.board.wait()
    assert chips.board.read() == b":abc"
    chips.board.write(b":def\n")
    assert chips.sent == b":def\n"
