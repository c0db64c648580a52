"""The desk where requests wait for the next recipe tick, and every one gets one answer.

Theory of operation. `offer` is called with the bytes as they came, `take` by the recipe tick, both
in constant time and in one thread. A request is answered at the edge when it is none, was retained
or sent before; everything else is decided at the tick, in the order of its arrival:

    not in `verbs` ─ too late ─ from the future ─► refused     else ─► done or refused by the batch

Idempotent: an id is remembered for as long as its request could still be valid. The same bytes
again are answered again and not done again; other bytes under that id are refused. What is
remembered is bounded: when the memory is full of ids that are still valid, new ones are refused,
so that an old one can never be forgotten and done twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import msgspec

from controller.command.request import AHEAD_S_MAX, VALID_FOR_S_MAX, Request, RequestError, parse

WAITING_MAX = 16
REMEMBERED_MAX = 256
RESERVED_FOR = ("hold", "stop", "abort", "vent")
"""The last quarter of both is theirs: who floods the desk keeps nobody from ending a batch."""


class Answer(msgspec.Struct, frozen=True):
    """What became of a request. `ts` is the station's own time, in UTC milliseconds."""

    ts: int
    station: str
    id: str
    result: str
    reason: str
    verb: str = ""
    by: str = ""


@dataclass(slots=True)
class _Known:
    payload: bytes
    forget_utc_ns: int
    answer: bytes | None = None


class Desk:
    """`send` takes each answer, ready to be published; it must not wait or raise."""

    def __init__(
        self,
        station: str,
        verbs: Collection[str],
        utc_ns: Callable[[], int],
        send: Callable[[bytes], None],
    ) -> None:
        self._station = station
        self._verbs = tuple(verbs)
        self._utc_ns = utc_ns
        self._send = send
        self._waiting: deque[Request] = deque()
        self._known: dict[str, _Known] = {}

    # ---- the edge -----------------------------------------------------------------------------

    def offer(self, payload: bytes, retained: bool) -> None:
        """Take what came from a wire, whatever it is."""
        try:
            request = parse(payload)
        except RequestError as error:
            self._refuse(str(error), error.id)
            return
        if retained:
            self._refuse("a retained request would be asked again of everyone: do not retain",
                         request.id)  # fmt: skip
            return
        known = self._known.get(request.id)
        if known is not None:
            self._again(request, known, payload)
        elif self._full(request.verb):
            self._refuse(f"more than {WAITING_MAX} requests wait, or {REMEMBERED_MAX} a minute: "
                         "ask again later", request.id)  # fmt: skip
        else:
            self._known[request.id] = _Known(payload, self._forget_utc_ns(request))
            self._waiting.append(request)

    def _again(self, request: Request, known: _Known, payload: bytes) -> None:
        if known.payload != payload:
            self._refuse("this id was used for another request: take a new one", request.id)
        elif known.answer is not None:
            self._send(known.answer)

    def _full(self, verb: str) -> bool:
        share = 1.0 if verb in RESERVED_FOR else 0.75
        if len(self._known) >= share * REMEMBERED_MAX:
            now_ns = self._utc_ns()
            self._known = {i: k for i, k in self._known.items() if k.forget_utc_ns >= now_ns}
        remembers_all = len(self._known) >= share * REMEMBERED_MAX
        return remembers_all or len(self._waiting) >= share * WAITING_MAX

    def _forget_utc_ns(self, request: Request) -> int:
        """Not before it is too late to be done, however wrong its clock is."""
        valid_until_ns = request.ts * 1_000_000 + int(request.valid_for_s * 1e9)
        longest_ns = self._utc_ns() + int((AHEAD_S_MAX + VALID_FOR_S_MAX) * 1e9)
        return min(valid_until_ns, longest_ns)

    # ---- the tick -----------------------------------------------------------------------------

    def take(self) -> Iterator[Request]:
        """What waits, oldest first. Each is to be closed before the next is taken."""
        for _ in range(len(self._waiting)):
            yield self._waiting.popleft()

    def objection(self, request: Request) -> str:
        """Why it may not even be asked; empty when it may."""
        now_ns = self._utc_ns()
        if request.verb not in self._verbs:
            allowed = ", ".join(self._verbs) or "none"
            return f"{request.verb} is not among this station's command_verbs: {allowed}"
        if request.late_s(now_ns) > 0.0:
            return (
                f"came {request.late_s(now_ns):.1f} s after its validity of "
                f"{request.valid_for_s:g} s had ended; compare the clocks"
            )
        if request.ahead_s(now_ns) > AHEAD_S_MAX:
            return (
                f"was asked {request.ahead_s(now_ns):.1f} s in the future, at most "
                f"{AHEAD_S_MAX:g} s; compare the clocks"
            )
        return ""

    def close(self, request: Request, refused: str) -> None:
        """Answer it, and remember the answer."""
        answer = self._encoded(refused, request.id, request.verb, request.by)
        if (known := self._known.get(request.id)) is not None:
            known.answer = answer
        self._send(answer)

    def _refuse(self, reason: str, id_: str) -> None:
        self._send(self._encoded(reason, id_))

    def _encoded(self, refused: str, id_: str, verb: str = "", by: str = "") -> bytes:
        result = "refused" if refused else "accepted"
        ts = self._utc_ns() // 1_000_000
        return msgspec.json.encode(Answer(ts, self._station, id_, result, refused, verb, by))
