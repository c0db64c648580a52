"""The control channel of a running machine: one line of JSON in, one line of JSON out.

Requests: {"op": "list"}, {"op": "inject", "fault": {...}, "for_s": 2.0},
{"op": "clear", "handle": 3} (without handle: all), {"op": "points"}. Replies have "ok"; with
false an "error" in one line. On loopback only; a line is at most 8 KiB, a connection is served one
request at a time, and what is not understood is answered, never fatal.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from hil.faults.bench import Active, Bench
from hil.faults.model import PARAMETERS, Fault, FaultError

LINE_MAX_BYTES = 8192
CONNECTIONS_MAX = 8
HOST = "127.0.0.1"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a client."""

    op: Literal["list", "points", "inject", "clear"]
    fault: Fault | UnsetType = UNSET
    for_s: float | None = None
    handle: int | None = None


_DECODER = msgspec.json.Decoder(Request)


def replied(line: bytes, bench: Bench) -> bytes:
    """The reply to one request line, without its newline. Never raises."""
    try:
        return _encoded({"ok": True, **_done(_DECODER.decode(line), bench)})
    except (FaultError, msgspec.MsgspecError) as error:
        return _encoded({"ok": False, "error": " ".join(str(error).split())})
    except (UnicodeDecodeError, RecursionError):
        return _encoded({"ok": False, "error": "not a line of JSON"})


def _encoded(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply, separators=(",", ":")).encode()


def _done(request: Request, bench: Bench) -> dict[str, Any]:
    if request.op == "inject":
        if isinstance(request.fault, UnsetType):
            raise FaultError("inject needs a fault")
        return {"handle": bench.inject(request.fault, for_s=request.for_s), **_now(bench)}
    if request.op == "clear":
        bench.clear(request.handle)
        return _now(bench)
    if request.op == "points":
        return {"points": {point: _verbs(bench, point) for point in bench.reach.points()}}
    return {**_now(bench), "active": [_shown(active, bench) for active in bench.active()]}


def _now(bench: Bench) -> dict[str, Any]:
    return {"time_s": round(bench.time_s, 6)}


def _verbs(bench: Bench, point: str) -> list[str]:
    reach = bench.reach
    kind = reach.kind_of(point)
    able = {"device": reach.device_verbs, "line": reach.line_verbs}.get(kind)
    return [verb for verb in PARAMETERS[kind] if able is None or verb in able]


def _shown(active: Active, bench: Bench) -> dict[str, Any]:
    until = active.until_tick
    return {
        "handle": active.handle,
        "id": active.fault.id,
        "point": active.fault.point,
        "verb": active.fault.verb,
        "parameters": {k: v for k, v in active.parameters.items() if v is not None},
        "begun_s": round(active.begun_s, 6),
        "left_s": None if until is None else round((until - bench.tick) * bench.tick_s, 6),
    }


class ControlServer:
    """Serves a bench on a loopback port of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, port: int) -> None:
        """Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, HOST, port, limit=LINE_MAX_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, or ended in the middle of a line
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                told = {"ok": False, "error": f"a line is at most {LINE_MAX_BYTES} bytes"}
                writer.write(_encoded(told) + b"\n")
                await writer.drain()
                return  # the rest of that line cannot be told from the next
            writer.write(replied(line, self._bench) + b"\n")
            await writer.drain()


async def ask(port: int, request: dict[str, Any], *, timeout_s: float = 5.0) -> dict[str, Any]:
    """One request to a machine's control port. Raises OSError, TimeoutError or FaultError."""

    async def exchange() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, port, limit=2**20)
        try:
            writer.write(_encoded(request) + b"\n")
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()

    try:
        async with asyncio.timeout(timeout_s):
            reply = json.loads(await exchange())
    except ValueError:
        raise FaultError(f"port {port} does not talk like a machine's control port") from None
    if not isinstance(reply, dict) or not reply.get("ok"):
        told = reply.get("error") if isinstance(reply, dict) else None
        raise FaultError(str(told or f"port {port} does not talk like a control port"))
    return reply
