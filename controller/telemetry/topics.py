"""Where each kind of message goes: enterprise/site/area/line/cell/<category>/<name>.

| category    | QoS | retained | why                                                        |
|-------------|-----|----------|------------------------------------------------------------|
| meta        | 1   | yes      | a late consumer must know names and units                  |
| state       | 1   | yes      | the current state is what a late consumer asks for         |
| measurement | 0   | no       | cheap; receipt is proven by the next QoS 1 answer (plane)  |
| event       | 1   | no       | must arrive; a retained one would be read as new each time |
| alarm       | 1   | no       | the same                                                   |
| command     | 1   | no       | a retained request would be asked again of everyone        |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from controller.ports import Event, Severity
from controller.telemetry.settings import UnsPath

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT publish."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Topics:
    """The station's topics, spelled once."""

    def __init__(self, path: UnsPath) -> None:
        self.root = "/".join(path.pieces)

    def birth(self, payload: bytes) -> Message:
        return Message(f"{self.root}/meta/birth", payload, 1, True)

    def statistics(self, payload: bytes) -> Message:
        return Message(f"{self.root}/meta/statistics", payload, 1, True)

    def state(self, payload: bytes) -> Message:
        return Message(f"{self.root}/state/station", payload, 1, True)

    def measurement(self, payload: bytes) -> Message:
        return Message(f"{self.root}/measurement/signals", payload, 0, False)

    def request(self, payload: bytes) -> Message:
        """What somebody asks of the station; the only topic it hears."""
        return Message(f"{self.root}/command/request", payload, 1, False)

    def answer(self, payload: bytes) -> Message:
        return Message(f"{self.root}/command/answer", payload, 1, False)

    def happening(self, event: Event, payload: bytes) -> Message:
        """`alarm/<kind>` for alarms and their return to normal, else `event/<kind>`."""
        category = "alarm" if is_alarm(event) else "event"
        return Message(f"{self.root}/{category}/{_name(event.kind)}", payload, 1, False)


def is_alarm(event: Event) -> bool:
    """An operator has to act, or no longer has to (`alarm_state` in the detail)."""
    return event.severity in (Severity.ALARM, Severity.TRIP) or "alarm_state" in event.detail


def _name(kind: str) -> str:
    return _NOT_IN_A_NAME.sub("_", kind.lower())[:64] or "_"
