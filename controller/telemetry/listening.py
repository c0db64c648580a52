"""The subscription side: the one topic a station hears, and the answers that wait to be sent."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from controller.telemetry.link import Link, RefusedError
from controller.telemetry.outbox import Lane
from controller.telemetry.topics import Topics

ANSWERS_MAX = 64


class Listening:
    """Begun again with every connection. A broker that does not let the station subscribe is no
    fault of the telemetry: it is told once, and the station is not commanded."""

    def __init__(self, topics: Topics) -> None:
        self._topic = topics.request(b"").topic
        self.hear: Callable[[bytes, bool], None] | None = None
        self._log = structlog.get_logger("command")
        self._refused = False
        self.answers: Lane[bytes] = Lane(ANSWERS_MAX)

    async def begin(self, link: Link) -> None:
        """Nothing when nobody listens. Raises LinkError when the connection broke."""
        if self.hear is None:
            return
        try:
            await link.subscribe(self._topic, self.hear)
            self._log.info("listening for commands", topic=self._topic)
        except RefusedError as refusal:
            if not self._refused:
                self._log.error(
                    "the broker does not let the station hear commands; check its access list",
                    reason=str(refusal),
                )
            self._refused = True
