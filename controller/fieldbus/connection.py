"""One Modbus TCP connection under strict rules, around pymodbus' asynchronous client.

pymodbus frames, sends and matches; what it leaves open is closed here:

- it takes a reply with transaction id 0 for any request, and a reply of another function;
- it answers an undecodable reply with an exception out of the transport's callback;
- a lost connection leaves its waiter to the timeout (3 s, times 4, by default);
- it reconnects by itself, without asking the device again who it is.

So its retries and its reconnection are off, its timeout is out of the way of the caller's
deadline, and every received byte passes `_trace`, pymodbus' documented packet hook, first.
What is neither the awaited reply nor a whole frame of an earlier request closes the
connection: a late reply has no reader and cannot be taken for a new one.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from controller.fieldbus.greeting import LinkError, RefusedError
from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.pdu import REPLIES, WRITE_MULTIPLE, BlockReply, BlockRequest

_NEVER_S = 3600.0  # pymodbus' own timeout; the caller's deadline is always nearer
_STALE_MAX = 16  # stale frames on one connection before it is given up
_LENGTH_MIN, _LENGTH_MAX = 3, 254  # of the MBAP header: unit, function, at least one byte
_MBAP = struct.Struct(">HHH")

# Its warnings repeat what the counters of this module say, once a frame.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


@contextmanager
def _heeding_cancellation() -> Iterator[None]:
    """asyncio.wait_for, inside pymodbus, swallows a cancellation or deadline that meets a result.

    One from before is being obeyed already: a cancelled task still writes the all-off frame.
    """
    task = asyncio.current_task()
    count = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > count:
            raise asyncio.CancelledError


class Connection:
    """Owns at most one socket. One request in flight, ever."""

    def __init__(
        self, host: str, port: int, statistics: LinkStatistics, stopwatch_s: Callable[[], float]
    ) -> None:
        self._host = host
        self._port = port
        self._statistics = statistics
        self._stopwatch_s = stopwatch_s
        self._client: AsyncModbusTcpClient | None = None
        self._deadline: asyncio.Timeout | None = None  # of the request in flight
        self._head = b""  # transaction id of the request in flight
        self._tail = b""  # its unit id and function code
        self._fault = ""
        self._stale_count = 0

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def connect(self) -> bool:
        """True when connected. Bounded by the caller's timeout."""
        self.drop()
        self._fault = ""
        self._stale_count = 0
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=_NEVER_S,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
            trace_connect=self._trace_connect,
        )
        for reply in REPLIES:
            client.register(reply)
        try:
            with _heeding_cancellation():
                connected = await client.connect()
        except BaseException:
            client.close()
            raise
        if connected:
            self._client = client
        return connected

    def drop(self) -> None:
        """Close the socket; whatever still arrives on it has no reader."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def transact(self, request: BlockRequest, deadline: asyncio.Timeout) -> bytes:
        """Payload of the reply, within the entered `deadline`.

        Raises RefusedError (connection still good), LinkError (dropped) or, through the
        deadline's context, TimeoutError (the caller drops).
        """
        client = self._client
        if client is None:
            raise LinkError(self._fault or "not connected")
        self._statistics.counters.request_count += 1
        begun_s = self._stopwatch_s()
        self._deadline = deadline
        try:
            with _heeding_cancellation():
                reply = await client.execute(False, request)
        except ModbusException as error:
            self.drop()
            raise LinkError(str(error)) from None
        finally:
            self._deadline = None
        self._statistics.round_trip(self._stopwatch_s() - begun_s)
        return self._payload(request, reply)

    def fault(self) -> str:
        """Why the connection was given up, '' when it was not."""
        return self._fault

    def _payload(self, request: BlockRequest, reply: object) -> bytes:
        if isinstance(reply, BlockReply) and reply.block is not None:
            if request.function_code == WRITE_MULTIPLE:
                if reply.block == request.body[:4]:
                    return reply.block
            elif len(reply.block) == 2 * int.from_bytes(request.body[2:4], "big"):
                return reply.block
        code = getattr(reply, "exception_code", 0)
        if code:
            self._statistics.counters.exception_reply_count += 1
            raise RefusedError(code)
        self._give_up("reply of another length than asked for")
        raise LinkError(self._fault)

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """pymodbus' packet hook; what it returns empty, pymodbus never sees."""
        if sending:
            self._head, self._tail = data[:2], data[6:8]
            return data
        if (
            self._deadline is not None
            and len(data) > 8
            and data[:2] == self._head
            and data[2:4] == b"\0\0"
            and data[6] == self._tail[0]
            and data[7] & 0x7F == self._tail[1]
            and len(data) == 6 + int.from_bytes(data[4:6], "big") <= 6 + _LENGTH_MAX
        ):
            return data
        return data if self._plausible(data) else b""

    def _plausible(self, data: bytes) -> bool:
        """False, with the connection given up, unless every frame may still turn out right."""
        at, awaited = 0, self._deadline is not None
        while len(data) - at >= _MBAP.size and self._client is not None:
            tid, protocol, length = _MBAP.unpack_from(data, at)
            if protocol != 0 or not _LENGTH_MIN <= length <= _LENGTH_MAX:
                self._give_up("not Modbus TCP")
            elif awaited and data[at : at + 2] == self._head:
                found = data[at + 6 : at + 8]
                if found[:1] not in (b"", self._tail[:1]):
                    self._give_up("reply of another unit")
                elif len(found) == 2 and found[1] & 0x7F != self._tail[1]:
                    self._give_up("reply of another function")
                awaited = len(data) < at + 6 + length
            elif tid == 0:
                self._give_up("reply without its transaction id")
            elif len(data) >= at + 6 + length:
                self._stale()
            at += 6 + length
        return self._client is not None

    def _stale(self) -> None:
        """A whole frame nobody awaits: pymodbus skips it by its transaction id."""
        self._statistics.counters.stale_reply_count += 1
        self._stale_count += 1
        if self._stale_count > _STALE_MAX:
            self._give_up("too many replies nobody asked for")

    def _give_up(self, why: str) -> None:
        self._statistics.counters.protocol_fault_count += 1
        self._fault = why
        self.drop()
        self._wake()

    def _trace_connect(self, connected: bool) -> None:
        if not connected:
            self._statistics.counters.connection_lost_count += 1
            self._fault = self._fault or "connection closed by the other side"
            self._client = None
            self._wake()

    def _wake(self) -> None:
        """pymodbus leaves a waiter to its timeout; let the deadline be now."""
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())
