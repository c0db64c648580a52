"""One connection to a broker: opened with a will, used by one task, closed for good.

A new one is made for every attempt: a will belongs to a connection, and what paho keeps
of a dead session must not be sent into the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any, Literal

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from controller.telemetry.client import Client
from controller.telemetry.settings import Mqtt
from controller.telemetry.topics import Message

Protocol = Literal["5", "3.1.1"]

_UNSUPPORTED_VERSION = 0x84
_PACKET_BYTES_MAX = 16_384  # nobody sends us more that we would read


class LinkError(Exception):
    """The connection could not be made or is gone.

    `protocol_refused`: the broker may answer to another version of the protocol.
    """

    def __init__(self, reason: str, *, protocol_refused: bool = False) -> None:
        super().__init__(reason)
        self.protocol_refused = protocol_refused


class RefusedError(Exception):
    """The broker has the message and will not take it (access control, quota)."""


class Link:
    """MQTT in the given version, with time-outs from the settings."""

    def __init__(
        self, settings: Mqtt, protocol: Protocol, will: Message | None, password: str | None
    ) -> None:
        """Must be made inside a running event loop."""
        self._protocol = protocol
        self._certificate_hint = _certificate_hint(settings)
        self._client = Client(
            settings.host,
            settings.port,
            connect_s_max=settings.connect_s_max,
            identifier=settings.client_id,
            username=settings.username or None,
            password=password,
            keepalive=settings.keepalive_s,
            timeout=settings.answer_s_max,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            tls_params=_tls(settings),
            max_queued_incoming_messages=1,  # what is subscribed is heard at once
            max_queued_outgoing_messages=16,
            socket_options=_socket_options(settings),
            **_session(protocol),
        )

    async def open(self) -> None:
        """Connect. Raises LinkError; never takes longer than connecting and answering may."""
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            code = getattr(error, "rc", None)
            refused = isinstance(code, ReasonCode) and code.value == _UNSUPPORTED_VERSION
            ignored = self._client.ignored
            self._client.abandon()
            hint = self._certificate_hint if ignored else ""
            raise LinkError(f"{error}{hint}", protocol_refused=refused or ignored) from None
        except BaseException:
            self._client.abandon()
            raise

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done as soon as the connection is known to be gone."""
        return self._client.lost

    async def publish(self, message: Message) -> None:
        """Send one message; with QoS 1, wait for the answer. One call at a time.

        Raises LinkError when the connection is or gets lost, or is silent for too long;
        RefusedError when the broker answers no (MQTT 5 only: 3.1.1 cannot say).
        """
        self._client.refusal = ""
        sending = asyncio.ensure_future(
            self._client.publish(message.topic, message.payload, message.qos, message.retain)
        )
        try:
            await asyncio.wait({sending, self.lost}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise LinkError(_why(self.lost))
            sending.result()
        except aiomqtt.MqttError as error:
            raise LinkError(str(error)) from None
        finally:
            sending.cancel()
            del sending  # it holds its error, and the error's traceback this frame
        if self._client.refusal:
            raise RefusedError(f"{message.topic}: {self._client.refusal}")

    async def subscribe(self, topic: str, hear: Callable[[bytes, bool], None]) -> None:
        """Hear every message there, at once and in this thread, with whether it was retained.

        With MQTT 5 that is also told of one that is retained only now. `hear` must not raise.
        Raises LinkError when there is no answer, RefusedError when it is no.
        """
        self._client.hear = hear
        marked = {"options": SubscribeOptions(qos=1, retainAsPublished=True)}
        try:
            codes = await self._client.subscribe(
                topic, **marked if self._protocol == "5" else {"qos": 1}
            )
        except aiomqtt.MqttError as error:
            raise LinkError(str(error)) from None
        refused = [str(code) for code in codes if getattr(code, "is_failure", False)]
        if refused:
            raise RefusedError(f"{topic}: {refused[0]}")

    def abandon(self) -> None:
        """Drop the connection without a word; the broker sends the will."""
        self._client.abandon()

    async def close(self, close_s_max: float) -> None:
        """Say goodbye if that is possible within `close_s_max`, and free everything."""
        try:
            if not self.lost.done():
                with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                    async with asyncio.timeout(close_s_max):
                        await self._client.__aexit__(None, None, None)
        finally:
            self._client.abandon()


def _session(protocol: Protocol) -> dict[str, Any]:
    """A clean session on every connection: nothing of an old one may be sent again."""
    if protocol == "5":
        bounds = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        bounds.MaximumPacketSize = _PACKET_BYTES_MAX
        return {
            "protocol": aiomqtt.ProtocolVersion.V5,
            "clean_start": True,
            "properties": bounds,
        }
    return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": True}


def _socket_options(settings: Mqtt) -> list[tuple[int, int, int]]:
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: bytes nobody acknowledges break the link
        unacknowledged_ms_max = int(settings.answer_s_max * 1000)
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unacknowledged_ms_max))
    return options


def _tls(settings: Mqtt) -> aiomqtt.TLSParameters | None:
    """Files are read when dialling, off the loop; a bad one is a LinkError naming it."""
    if not settings.tls_ca_file:
        return None
    return aiomqtt.TLSParameters(
        ca_certs=settings.tls_ca_file,
        certfile=settings.tls_certificate_file or None,
        keyfile=settings.tls_key_file or None,
    )


def _certificate_hint(settings: Mqtt) -> str:
    """TLS 1.3 refuses a client only after its handshake, and a reset may overtake the alert."""
    if not settings.tls_ca_file:
        return ""
    shown = settings.tls_certificate_file
    asked = f"refuses {shown}" if shown else "asks for tls_certificate_file, which is not set"
    return f"; perhaps the broker {asked}"


def _why(lost: asyncio.Future[None]) -> str:
    error = lost.exception() if lost.done() and not lost.cancelled() else None
    return str(error) if error else "connection closed by the broker"
