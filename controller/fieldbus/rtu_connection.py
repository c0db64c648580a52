"""Modbus RTU transactions on one serial line under strict rules.

- One request in flight, each with a deadline of its own: the time of its bytes on the line
  and `reply_s` for the module to think.
- Before every request the line must have been silent; after anything unexpected for longer,
  and what the driver still holds is thrown away.
- A reply counts only if it fits its request in everything (`rtu_exchange`). After one that
  did not come or did not fit, the owner asks a question of another shape before it trusts
  a reply of the old shape again (`rtu_endpoint`): modules answer in order, so the late
  reply is out of the line once the other question is answered.
- A line that never stops talking is closed for a while: bounded memory, bounded time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from controller.fieldbus.greeting import LinkError, RefusedError
from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.pdu import BlockRequest
from controller.fieldbus.rtu_exchange import ChecksumError, Exchange
from controller.fieldbus.serial_port import Port, SerialPort
from controller.fieldbus.settings import Device, Link, Parity

OpenPort = Callable[[str, int, Parity, Callable[[bytes], None], Callable[[str], None]], Port]

_CHARACTER_BITS = 11  # start, 8, parity or second stop, stop
_FAST_BAUD, _FAST_GAP_S = 19_200, 1.75e-3
_QUIET_S_MIN = 0.005  # after trouble; a USB adapter hands bytes over in pieces
_NOISE_BYTES_MAX = 65_536  # since the last good reply
_INSTANT_S = 1e-6


class RtuConnection:
    """Owns at most one open port."""

    def __init__(
        self,
        device: Device,
        link: Link,
        statistics: LinkStatistics,
        stopwatch_s: Callable[[], float],
        open_port: OpenPort = SerialPort,
    ) -> None:
        self._device = device
        self._character_s = _CHARACTER_BITS / device.baud
        self._gap_s = gap_s(device.baud, link)
        self._quiet_s = max(3.5 * self._character_s, self._gap_s, _QUIET_S_MIN)
        self._reply_s = link.serial_reply_ms * 1e-3
        self._statistics = statistics
        self._stopwatch_s = stopwatch_s
        self._open = open_port
        self._port: Port | None = None
        self._exchange: Exchange | None = None
        self._waiter: asyncio.Future[bytes] | None = None
        self._last_byte_s = 0.0  # of the loop's clock
        self._troubled = True
        self._noise_bytes = 0
        self._fault = ""

    @property
    def connected(self) -> bool:
        return self._port is not None

    def connect(self) -> None:
        """Open the port. Raises OSError."""
        self.drop()
        self._port = self._open(
            self._device.serial or "",
            self._device.baud,
            self._device.parity,
            self._received,
            self._lost,
        )
        self._fault = ""
        self._noise_bytes = 0
        self._trouble()

    def drop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()
        self._fail(LinkError(self._fault or "port closed"))

    def fault(self) -> str:
        """Why the port was given up, '' when it was not."""
        return self._fault

    async def transact(self, request: BlockRequest) -> bytes:
        """Payload of the reply. Raises RefusedError, or LinkError: then a reply of this
        shape may still come, as it may after a cancellation."""
        self._statistics.counters.request_count += 1
        exchange = Exchange(request)
        await self._silence()
        port = self._open_port()
        begun_s = self._stopwatch_s()
        self._exchange = exchange
        self._waiter = asyncio.get_running_loop().create_future()
        done = False
        try:
            port.write(exchange.frame)
            async with asyncio.timeout(self._patience_s(exchange)):
                payload = await self._waiter
            done = True
        except TimeoutError:
            self._statistics.counters.timeout_count += 1
            raise LinkError("no reply in time") from None
        except OSError as error:
            self._statistics.counters.connection_lost_count += 1
            self._give_up(str(error))
            raise LinkError(self._fault) from None
        except RefusedError:
            done = True
            raise
        finally:
            if self._waiter.done() and not self._waiter.cancelled():
                self._waiter.exception()  # seen, even when the deadline came with it
            self._exchange = self._waiter = None
            if not done:
                self._trouble()
        self._statistics.round_trip(self._stopwatch_s() - begun_s)
        self._noise_bytes = 0
        return payload

    def _patience_s(self, exchange: Exchange) -> float:
        characters = len(exchange.frame) + exchange.reply_bytes
        return characters * self._character_s + self._reply_s

    def _open_port(self) -> Port:
        if self._port is None:
            raise LinkError(self._fault or "not connected")
        return self._port

    async def _silence(self) -> None:
        """Until nothing was heard for long enough. Raises LinkError when that does not happen."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + self._quiet_s + self._reply_s
        while True:
            port = self._open_port()
            needed_s = self._quiet_s if self._troubled else self._gap_s
            rest_s = self._last_byte_s + needed_s - now_s()
            if rest_s <= _INSTANT_S:
                break
            if now_s() > until_s:
                self._statistics.counters.protocol_fault_count += 1
                raise LinkError("the line is never silent")
            await asyncio.sleep(rest_s)
        if self._troubled:
            port.flush()
            self._troubled = False

    def _received(self, piece: bytes) -> None:
        self._last_byte_s = asyncio.get_running_loop().time()
        exchange, waiter = self._exchange, self._waiter
        if exchange is None or waiter is None or waiter.done():
            self._noise(len(piece))
            return
        echo_count = exchange.echo_count
        try:
            payload = exchange.feed(piece)
        except LinkError as error:
            waiter.set_exception(error)
            self._count(error, len(piece))
        else:
            self._statistics.counters.echo_count += exchange.echo_count - echo_count
            if payload is not None:
                waiter.set_result(payload)
                self._noise(exchange.surplus_bytes)

    def _count(self, error: LinkError, piece_bytes: int) -> None:
        counters = self._statistics.counters
        if isinstance(error, RefusedError):
            counters.exception_reply_count += 1
            return
        if isinstance(error, ChecksumError):
            counters.checksum_fault_count += 1
        else:
            counters.protocol_fault_count += 1
        self._noise(piece_bytes)

    def _noise(self, count: int) -> None:
        if count == 0:
            return
        self._trouble()
        self._statistics.counters.noise_byte_count += count
        self._noise_bytes += count
        if self._noise_bytes > _NOISE_BYTES_MAX:
            self._statistics.counters.babble_count += 1
            self._give_up("the line never stops talking")

    def _trouble(self) -> None:
        self._troubled = True
        self._last_byte_s = asyncio.get_running_loop().time()

    def _give_up(self, why: str) -> None:
        self._fault = why
        self.drop()

    def _lost(self, why: str) -> None:
        self._statistics.counters.connection_lost_count += 1
        self._port = None
        self._fault = f"port lost: {why}"
        self._fail(LinkError(self._fault))

    def _fail(self, error: LinkError) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


def gap_s(baud: int, link: Link) -> float:
    """Silence before each request."""
    if link.serial_gap_ms is not None:
        return link.serial_gap_ms * 1e-3
    return _FAST_GAP_S if baud > _FAST_BAUD else 3.5 * _CHARACTER_BITS / baud
