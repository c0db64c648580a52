"""aiomqtt's client with its known faults repaired. Pinned to aiomqtt 2: it uses privates.

| fault of aiomqtt 2.5                                         | repair here              |
|--------------------------------------------------------------|--------------------------|
| a socket closed between paho's callback and the loop's turn  | the loop is touched only |
| leaves a stale descriptor armed, perhaps a Modbus one by now | by its own thread, now   |
| connecting blocks an executor thread in DNS; the process     | a daemon thread dials,   |
| cannot end before it                                         | the executor's is let go |
| a link refused before CONNACK shows as a time-out            | `_connected` is failed   |
| a publish the broker refused returns as success              | `refusal` keeps it       |
| asyncio.wait_for before Python 3.12 loses a cancellation     | `_wait_for` waits with   |
| that meets its result: a task told to end tries for ever     | asyncio.timeout          |
| why a socket failed, a TLS alert say, is only logged         | `complaint` keeps it     |
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiomqtt

_T = TypeVar("_T")

_CALLBACKS = (
    "on_connect",
    "on_disconnect",
    "on_publish",
    "on_subscribe",
    "on_unsubscribe",
    "on_message",
    "on_socket_open",
    "on_socket_close",
    "on_socket_register_write",
    "on_socket_unregister_write",
)


class _Ear(logging.Logger):
    """Paho's logger: its last error in words. The record would keep a traceback alive."""

    def __init__(self) -> None:
        super().__init__("controller.telemetry.paho", logging.ERROR)
        self.words = ""

    def handle(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()


class Client(aiomqtt.Client):
    """One connection, used once."""

    def __init__(self, host: str, port: int, *, connect_s_max: float, **options: Any) -> None:
        self._ear = _Ear()
        super().__init__(host, port, logger=self._ear, **options)
        self.pending_calls_threshold = 1 << 16  # a warning a call is no help when offline
        self._client.connect_timeout = connect_s_max
        self._connect_s_max = connect_s_max
        self._adopted = False
        self._adopted_fd = -1  # while the event loop watches it
        self._dialled = threading.Event()
        self._abandoned = threading.Event()
        self._dial_error = ""
        self._answered = False
        self.refusal: str = ""
        self.hear: Callable[[bytes, bool], None] | None = None
        """Takes every message's payload and whether it was retained, at once."""

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done as soon as the connection is known to be gone."""
        return self._disconnected

    @property
    def ignored(self) -> bool:
        """A server took the connection and hung up or kept silent instead of a CONNACK."""
        return self._adopted and not self._answered

    @property
    def complaint(self) -> str:
        """What the socket's last error said; empty when the other side just closed it."""
        return self._ear.words

    def abandon(self) -> None:
        """Free every resource now, whatever state the connection is in."""
        self._abandoned.set()
        self._dialled.set()
        self._forget_socket()
        for future in (self._connected, self._disconnected):
            if future.done() and not future.cancelled():
                future.exception()  # retrieved, so that asyncio does not complain
        self._client._sock_close()
        self.hear = None
        for callback in _CALLBACKS:  # ours is the last reference: no garbage for the collector
            setattr(self._client, callback, None)

    async def _wait_for(
        self,
        fut: Awaitable[_T],
        timeout: float | None,  # noqa: ASYNC109 - aiomqtt's own face
    ) -> _T:
        wait_s_max = self.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(wait_s_max):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError(f"no answer within {wait_s_max:g} s") from None

    # -- dialling -------------------------------------------------------------------------

    def _client_connect(self) -> None:
        """On an executor thread: let a daemon thread dial, and wait no longer than allowed."""
        threading.Thread(target=self._dial, name="mqtt-dial", daemon=True).start()
        if not self._dialled.wait(2.0 * self._connect_s_max):
            self._abandoned.set()
            raise TimeoutError(f"no connection within {2.0 * self._connect_s_max:g} s")
        if self._abandoned.is_set():
            raise TimeoutError("connecting was given up")
        if self._dial_error:
            raise OSError(self._dial_error)
        with contextlib.suppress(RuntimeError):  # the event loop may be gone
            self._loop.call_soon_threadsafe(self._adopt_socket)

    def _dial(self) -> None:
        try:
            super()._client_connect()
        except Exception as error:  # OSError, ssl, and paho's ValueErrors for bad files
            # Only its words: its traceback would keep the half-open socket alive.
            self._dial_error = str(error) or type(error).__name__
        finally:
            self._dialled.set()
            if self._abandoned.is_set():
                self._client._sock_close()

    # -- the socket and the event loop ----------------------------------------------------

    def _adopt_socket(self) -> None:
        """On the loop's thread: from here on paho is called by this thread alone."""
        sock = self._client.socket()
        if self._abandoned.is_set() or sock is None or sock.fileno() < 0:
            return
        self._adopted = True
        self._adopted_fd = sock.fileno()
        self._loop.add_reader(self._adopted_fd, self._read)
        if self._client.want_write():
            self._loop.add_writer(self._adopted_fd, self._write)
        self._misc_task = self._loop.create_task(self._misc_loop())

    def _forget_socket(self) -> None:
        if self._adopted_fd >= 0:
            self._loop.remove_reader(self._adopted_fd)
            self._loop.remove_writer(self._adopted_fd)
            self._adopted_fd = -1
        if self._misc_task is not None:
            self._misc_task.cancel()
            self._misc_task = None

    def _read(self) -> None:
        try:
            self._client.loop_read()
            sock: Any = self._client.socket()
            while sock is not None and hasattr(sock, "pending") and sock.pending() > 0:
                self._client.loop_read()
                sock = self._client.socket()
        except Exception as error:
            self._fail(error)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._forget_socket()
        awaited = self._disconnected if self._connected.done() else self._connected
        if not awaited.done():
            awaited.set_exception(aiomqtt.MqttError(str(error) or type(error).__name__))

    # -- paho's callbacks -----------------------------------------------------------------

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        """On the dialling thread: nothing yet, `_adopt_socket` follows."""

    def _on_socket_close(self, client: Any, userdata: Any, sock: Any) -> None:
        if self._adopted_fd >= 0:
            self._forget_socket()

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        if self._adopted_fd >= 0:
            self._loop.add_writer(self._adopted_fd, self._write)

    def _on_socket_unregister_write(self, client: Any, userdata: Any, sock: Any) -> None:
        if self._adopted_fd >= 0:
            self._loop.remove_writer(self._adopted_fd)

    def _on_connect(
        self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None
    ) -> None:
        self._answered = True
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None
    ) -> None:
        if self._connected.cancelled():
            return  # who waited was told to end; `abandon` is next
        if self._adopted and not self._connected.done():
            self._connected.set_exception(
                aiomqtt.MqttError(
                    f"closed before the broker's answer: {self.complaint or reason_code}"
                )
            )
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        if self.hear is not None:
            self.hear(bytes(message.payload), bool(message.retain))

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any
    ) -> None:
        if getattr(reason_code, "is_failure", False):
            self.refusal = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)
