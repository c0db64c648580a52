"""A TCP proxy that misbehaves on demand, between the plane and its broker."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Mode = Literal["pass", "stall", "hole", "reset", "only 3.1.1"]

_CHUNK = 65_536


class FaultProxy:
    """`mode` may change at any time and holds for what comes next.

    pass: forward; stall: forward nothing, read nothing; hole: swallow everything, as a dead
    peer does; reset: end every connection by RST; only 3.1.1: hang up on MQTT 5.
    """

    def __init__(self, broker_port: int) -> None:
        self.port = 0
        self._broker_port = broker_port
        self._mode: Mode = "pass"
        self._moved = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self._moved.set()
        if mode == "reset":
            for writer in [*self._writers]:
                _reset(writer)

    async def serve(self, client_in: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._writers.add(client)
        try:
            if self._mode == "reset":
                _reset(client)
                return
            broker_in, broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
            self._writers.add(broker)
            try:
                await asyncio.gather(self._pump(client_in, broker), self._pump(broker_in, client))
            finally:
                self._writers.discard(broker)
                broker.close()
        except OSError:
            pass
        finally:
            self._writers.discard(client)
            client.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            while self._mode == "stall":
                self._moved.clear()
                await self._moved.wait()
            if self._mode == "only 3.1.1" and b"MQTT\x05" in chunk:
                break
            if self._mode != "hole":
                sink.write(chunk)
                await sink.drain()
        sink.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxied(broker_port: int) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(broker_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.mode = "reset"
        server.close()
