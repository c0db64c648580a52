"""Raspberry Pi Pico and Pico 2: pins of README.md and wiring.svg, nothing else.

The front end is on while the latch line moves: a 100 ms retriggerable monostable, outside of
the chip, opens every terminal when this loop stands still. The chip's own watchdog restarts
it soon after.
"""

import time
from array import array

import micropython
from machine import ADC, SPI, UART, WDT, Pin

from hil.rig.rig import Rig
from hil.rig.terminals import ANALOGUE, ANALOGUE_COUNT, PT100, VALVE_MV_MAX

BAUD = 921600
WATCHDOG_MS = 300
FIRST_OUTPUT_PIN = 6  # do_1 .. do_16 on GP6 .. GP21
RESISTANCE_SELECT_PIN = 5  # two quad multiplying converters in a chain, 18 bits each
VOLTAGE_SELECT_PINS = (22, 28)  # two eight-fold converters, 32 bits
SPI_HZ = 10_000_000
LATCH_PIN = 4
VALVE_PIN, COLD_JUNCTION_PIN = 26, 27
FULL_SCALE_MV = 10956  # valve voltage at full scale of the converter: 3.3 V * 33.2 / 10
JUNCTION_MV_PER_C = 10  # LM35-like sensor at the thermocouple terminals
REFERENCE_MV = 3300
JUNCTION_C = (-10.0, 60.0)
FEED_US = 5000
_EDGES_KEPT = 64
_WRITE_UPDATE = 3  # command of an eight-fold converter: write and update channel n
_RESISTANCES = [n for n in range(ANALOGUE_COUNT) if ANALOGUE[n][1] == PT100]
_VOLTAGES = [n for n in range(ANALOGUE_COUNT) if ANALOGUE[n][1] != PT100]


class Edges:
    """Instants taken in the pin interrupt: preallocated, because nothing may allocate there."""

    def __init__(self, pins: "list[Pin]") -> None:
        self._pins = pins
        self._at = array("i", [0] * _EDGES_KEPT)
        self._levels = array("i", [0] * _EDGES_KEPT)
        self._written = 0
        self._read = 0
        for pin in pins:
            pin.irq(self._moved, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)

    @micropython.native
    def _moved(self, pin: Pin) -> None:
        levels = 0
        bit = 1
        for one in self._pins:
            if one.value():
                levels |= bit
            bit <<= 1
        place = self._written % _EDGES_KEPT
        self._at[place] = time.ticks_us()  # type: ignore[call-overload]
        self._levels[place] = levels
        self._written += 1

    def take(self) -> "list[tuple[int, int]]":
        """Raw instant and levels, oldest first; overrun keeps the newest."""
        end = self._written
        first = max(self._read, end - _EDGES_KEPT)
        self._read = end
        return [
            (self._at[n % _EDGES_KEPT], self._levels[n % _EDGES_KEPT]) for n in range(first, end)
        ]


class Rp2Board:
    def __init__(self) -> None:
        micropython.kbd_intr(-1)
        self._line = UART(0, BAUD, tx=Pin(0), rx=Pin(1), txbuf=1024, rxbuf=1024, timeout=0)
        self._spi = SPI(0, SPI_HZ, polarity=0, phase=0, sck=Pin(2), mosi=Pin(3))
        self._resistance = Pin(RESISTANCE_SELECT_PIN, Pin.OUT, value=1)
        self._voltages = [Pin(number, Pin.OUT, value=1) for number in VOLTAGE_SELECT_PINS]
        self._latch = Pin(LATCH_PIN, Pin.OUT, value=0)
        self._outputs = [Pin(FIRST_OUTPUT_PIN + n, Pin.IN, Pin.PULL_DOWN) for n in range(16)]
        self._valve = ADC(VALVE_PIN)
        self._junction = ADC(COLD_JUNCTION_PIN)
        self._edges = Edges(self._outputs)
        self._word = bytearray(4)
        self._chain = bytearray(5)  # 36 bits, the first four fall out at the end of the chain
        self._shift = bytearray(5)  # 16 switches, 24 terminals closed
        self._ticks = time.ticks_us()
        self._now_us = 0
        self._fed_us = 0
        self._watchdog = WDT(timeout=WATCHDOG_MS)

    def now_us(self) -> int:
        """Extends the wrapping counter; called far more often than it wraps (17 min)."""
        ticks = time.ticks_us()
        self._now_us += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_us

    def wait(self) -> bool:
        if not self._line.any():
            time.sleep_us(200)
        return True

    def read(self) -> bytes:
        count = self._line.any()
        return self._line.read(count) or b"" if count else b""

    def write(self, content: bytes) -> None:
        self._line.write(content)

    def look(self, rig: Rig) -> None:
        valve_mv = self._valve.read_u16() * FULL_SCALE_MV // 65535
        valve_mv = min(valve_mv, VALVE_MV_MAX)
        now_us = self.now_us()
        for ticks, levels in self._edges.take():
            at_us = now_us + time.ticks_diff(ticks, self._ticks)
            rig.capture.levels(levels, rig.capture.valve_mv, at_us)
        levels = 0
        for n in range(16):
            levels |= self._outputs[n].value() << n
        rig.capture.levels(levels, valve_mv, now_us)

    def drive(self, rig: Rig) -> None:
        """Converters first, then switches and open terminals with one latch pulse."""
        junction_c = self._junction.read_u16() * REFERENCE_MV / 65535 / JUNCTION_MV_PER_C
        rig.cold_junction_c = min(max(junction_c, JUNCTION_C[0]), JUNCTION_C[1])
        self._spi.init(SPI_HZ, polarity=0, phase=1)  # they take bits at the falling edge
        for place in range(len(_VOLTAGES)):
            code = rig.codes[_VOLTAGES[place]]
            self._voltage(self._voltages[place // 8], place % 8, code)
        self._spi.init(SPI_HZ, polarity=0, phase=0)  # all others at the rising one
        for channel in range(4):
            near, far = rig.codes[_RESISTANCES[channel]], rig.codes[_RESISTANCES[channel + 4]]
            self._resistances(channel, near, far)
        closed = ~rig.open_mask & 0xFFFFFF
        shift = self._shift
        shift[0], shift[1] = rig.inputs >> 8 & 0xFF, rig.inputs & 0xFF
        shift[2], shift[3], shift[4] = closed >> 16, closed >> 8 & 0xFF, closed & 0xFF
        self._spi.write(shift)
        self._pulse()

    def _voltage(self, select: Pin, channel: int, code: int) -> None:
        word = self._word
        word[0] = _WRITE_UPDATE
        word[1] = channel << 4 | code >> 12
        word[2] = code >> 4 & 0xFF
        word[3] = code << 4 & 0xF0
        self._send(select, word)

    def _resistances(self, channel: int, near: int, far: int) -> None:
        """One channel of both converters; what is sent first ends in the far one."""
        chain = self._chain
        chain[0] = channel << 2 | far >> 14
        chain[1] = far >> 6 & 0xFF
        chain[2] = far << 2 & 0xFC | channel
        chain[3] = near >> 8
        chain[4] = near & 0xFF
        self._send(self._resistance, chain)

    def _send(self, select: Pin, content: bytearray) -> None:
        select(0)
        self._spi.write(content)
        select(1)

    def feed(self) -> None:
        """The latch pulse repeats what the registers hold; the monostable sees it."""
        self._watchdog.feed()
        if self.now_us() - self._fed_us >= FEED_US:
            self._pulse()

    def _pulse(self) -> None:
        self._latch(1)
        self._latch(0)
        self._fed_us = self.now_us()
