"""The JSON plane: a sink for the loop, and a task that speaks MQTT.

The loop's side only appends to bounded lanes. The task's side is one straight line, again
for every connection:

    open with a last will → birth → state → what waits, oldest first → … → lost → pause

One message at a time is under way; a slow broker therefore fills the lanes and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

import structlog

from controller.ports import Event, Sample, Signal
from controller.telemetry import payload
from controller.telemetry.backoff import Backoff
from controller.telemetry.link import Link, LinkError, Protocol, RefusedError
from controller.telemetry.listening import Listening
from controller.telemetry.outbox import Lane
from controller.telemetry.payload import Scalar
from controller.telemetry.settings import Mqtt, UnsPath
from controller.telemetry.topics import Message, Topics

_GOODBYE_S_MAX = 1.0
_STATE_PAUSE_S = 0.2  # progress may change at 10 Hz; a retained state need not


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: goes into the birth message."""

    station: str
    software_version: str
    header_sha256: str
    signals: tuple[Signal, ...]


class JsonPlane:
    """ports.Sink over MQTT. All methods belong to the thread of the event loop.

    `random` jitters the reconnecting; `utc_ns` stamps what has no tick of its own;
    `password` is the content of the settings' password file (credentials.read_password).
    """

    def __init__(
        self,
        settings: Mqtt,
        path: UnsPath,
        identity: Identity,
        *,
        random: Random,
        utc_ns: Callable[[], int],
        password: str | None = None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._utc_ns = utc_ns
        self._password = password
        self._topics = Topics(path)
        self._measurement = payload.MeasurementEncoder(identity.signals)
        self._samples: Lane[Sample] = Lane(settings.sample_queue_max)
        self._events: Lane[Event] = Lane(settings.event_queue_max)
        self._listening = Listening(self._topics)
        self._backoff = Backoff(random, settings.reconnect_s_min, settings.reconnect_s_max)
        self._protocol: Protocol = "3.1.1" if settings.protocol == "3.1.1" else "5"
        self._sample_due_s = float("-inf")
        self._state: dict[str, Scalar] = {"phase": "", "outcome": "", "progress_fraction": 0.0}
        self._loop_statistics: dict[str, Scalar] = {}
        self._state_stale = True
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._up_since_s: float | None = None
        self._refused_topics: set[str] = set()
        self._log = structlog.get_logger("telemetry")
        self.attempt_count = 0
        self.connect_count = 0
        self.lost_count = 0
        self.refused_count = 0
        self.published_count = 0
        self.unencodable_count = 0

    @property
    def online(self) -> bool:
        """The broker has this connection's birth."""
        return self._up_since_s is not None

    # -- the loop's side: constant time, no await, no exception -----------------------------

    def sample(self, sample: Sample) -> None:
        """Take one sample a period of the station's own time; the others are passed over."""
        if sample.phase != self._state["phase"]:
            self.state({"phase": sample.phase})
        if sample.tick.monotonic_s >= self._sample_due_s:
            self._sample_due_s = sample.tick.monotonic_s + self._settings.period_s * 0.999
            self._samples.put(sample)
            self._wake.set()

    def event(self, event: Event) -> None:
        self._events.put(event)
        self._wake.set()

    def state(self, changes: Mapping[str, Scalar]) -> None:
        """Merge into the retained state: `phase`, `outcome`, `progress_fraction`, …"""
        self._state.update(changes)
        self._state_stale = True
        self._wake.set()

    def listen(self, hear: Callable[[bytes, bool], None]) -> None:
        """Hear what is asked of the station, from the next connection on (Link.subscribe)."""
        self._listening.hear = hear

    def answer(self, payload: bytes) -> None:
        """Publish an answer to what was heard."""
        self._listening.answers.put(payload)
        self._wake.set()

    def statistics(self, loop_statistics: Mapping[str, Scalar]) -> None:
        """The loop's own counters and timings; the last ones given are published."""
        self._loop_statistics = dict(loop_statistics)

    def counters(self) -> dict[str, Scalar]:
        """What the plane counts about itself; published beside the loop's statistics."""
        return {
            "protocol": self._protocol,
            "attempt_count": self.attempt_count,
            "connect_count": self.connect_count,
            "lost_count": self.lost_count,
            "published_count": self.published_count,
            "refused_count": self.refused_count,
            "unencodable_count": self.unencodable_count,
            "sample_count": self._samples.taken_count,
            "sample_waiting_count": len(self._samples),
            "sample_dropped_count": self._samples.dropped_count,
            "event_count": self._events.taken_count,
            "event_waiting_count": len(self._events),
            "event_dropped_count": self._events.dropped_count,
        }

    # -- the task's side ----------------------------------------------------------------------

    async def run(self) -> None:
        """Publish until `close()` or cancellation; no fault of a broker or message ends it.

        Ends with the retained state offline, if a broker is there to take it.
        """
        self._task = asyncio.current_task()
        while True:
            try:
                await self._session()
                return
            except LinkError as error:
                await self._pause(str(error), error.protocol_refused)
            except Exception as error:  # telemetry must never be what stops a press
                self._log.exception("telemetry fault")
                await self._pause(repr(error), protocol_refused=False)
            if self._closing.is_set():
                return

    async def close(self, drain_s_max: float = 2.0) -> None:
        """Send what waits, for so long at most, say goodbye, and end `run()`.

        Consumers see the retained state with `online` false. At once when `run()` was never
        started; no later than `drain_s_max` and two seconds more.
        """
        self._closing.set()
        self._wake.set()
        await asyncio.sleep(0)  # a run() that was just made a task begins now
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=drain_s_max)
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=2.0 * _GOODBYE_S_MAX)

    async def _session(self) -> None:
        """One connection from CONNECT to its end. Raises LinkError when it broke."""
        self.attempt_count += 1
        will = self._offline("connection lost", {})
        link = Link(self._settings, self._protocol, will, self._password)
        await link.open()
        try:
            await self._publish(link, self._topics.birth(self._birth()))
            self._up_since_s = asyncio.get_running_loop().time()
            self.connect_count += 1
            self._state_stale = True
            link.lost.add_done_callback(lambda _: self._wake.set())
            self._log.info("broker connected", protocol=self._protocol, root=self._topics.root)
            await self._listening.begin(link)
            await self._pump(link)
        except Exception:
            link.abandon()  # no goodbye: the broker sends the will
            raise
        except asyncio.CancelledError:
            await self._goodbye(link)
            raise
        else:
            await self._goodbye(link)

    async def _goodbye(self, link: Link) -> None:
        self._up_since_s = None
        with contextlib.suppress(LinkError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S_MAX / 2):
                await self._publish(link, self._offline("closed", self._state))
        await link.close(_GOODBYE_S_MAX / 2)

    async def _pause(self, reason: str, protocol_refused: bool) -> None:
        """Put back what is unproven and wait, longer each time, or until `close()`."""
        now_s = asyncio.get_running_loop().time()
        lived_s = 0.0
        if self._up_since_s is not None:
            lived_s = now_s - self._up_since_s
            self.lost_count += 1
        self._up_since_s = None
        self._samples.rewind()
        self._events.rewind()
        self._listening.answers.rewind()
        if protocol_refused and self._settings.protocol == "auto":
            self._protocol = "3.1.1" if self._protocol == "5" else "5"
        pause_s = self._backoff.next_s(lived_s)
        self._log.warning("no broker", reason=reason, retry_s=round(pause_s, 2))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()

    async def _pump(self, link: Link) -> None:
        """State, statistics, events and samples as they fall due; ends when closing and empty."""
        now_s = asyncio.get_running_loop().time
        statistics_due_s = state_due_s = now_s()
        while True:
            self._wake.clear()
            if link.lost.done():
                raise LinkError("connection lost")
            if self._state_stale and now_s() >= state_due_s:
                state_due_s = now_s() + _STATE_PAUSE_S
                await self._publish(link, self._online())
            elif now_s() >= statistics_due_s:
                statistics_due_s = now_s() + self._settings.statistics_period_s
                await self._publish(link, self._topics.statistics(self._statistics()))
                self._state_stale = True  # repeated: a late will may have overwritten it
            elif (message := self._next()) is not None:
                await self._publish(link, message)
            elif self._closing.is_set():
                return
            else:
                due_s = (
                    min(state_due_s, statistics_due_s) if self._state_stale else statistics_due_s
                )
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(due_s):
                        await self._wake.wait()

    async def _publish(self, link: Link, message: Message) -> None:
        """An answer to QoS 1, be it yes or no, proves everything sent before."""
        try:
            await link.publish(message)
            self.published_count += 1
        except RefusedError as refusal:
            self.refused_count += 1
            if message.topic not in self._refused_topics:
                self._refused_topics.add(message.topic)
                self._log.error(
                    "the broker refuses a topic; check its access list", reason=str(refusal)
                )
        if message.qos > 0:
            self._samples.prove()
            self._events.prove()
            self._listening.answers.prove()

    # -- messages -----------------------------------------------------------------------------

    def _next(self) -> Message | None:
        """The next answer, event, else sample; one that cannot be encoded is counted."""
        if (said := self._listening.answers.next()) is not None:
            return self._topics.answer(said[1])
        try:
            if (event := self._events.next()) is not None:
                return self._topics.happening(event[1], payload.encode_event(event[1], event[0]))
            if (sample := self._samples.next()) is not None:
                batch = self._topics.measurement(self._measurement.encode(sample[1], sample[0]))
                ask = 2 * self._samples.unproven_count >= self._settings.sample_queue_max
                return replace(batch, qos=1) if ask else batch
        except Exception:
            self.unencodable_count += 1
            self._log.exception("a message could not be encoded and is left out")
        return None

    def _birth(self) -> bytes:
        who = self._identity
        return payload.encode_birth(
            self._utc_ns(),
            who.station,
            who.software_version,
            who.header_sha256,
            self._settings.period_s,
            who.signals,
        )

    def _online(self) -> Message:
        self._state_stale = False
        return self._topics.state(
            payload.encode_state(self._utc_ns(), online=True, reason="", state=self._state)
        )

    def _offline(self, reason: str, state: Mapping[str, Scalar]) -> Message:
        return self._topics.state(
            payload.encode_state(self._utc_ns(), online=False, reason=reason, state=state)
        )

    def _statistics(self) -> bytes:
        return payload.encode_statistics(self._utc_ns(), self._loop_statistics, self.counters())
