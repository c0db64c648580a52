"""The desk: at most once, never late, always answered, never full for who wants to end a batch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.command.attended import Attended
from controller.command.desk import REMEMBERED_MAX, WAITING_MAX, Desk
from controller.command.request import AHEAD_S_MAX, Request
from controller.ports import Event, Tick

NOW_MS = 1_790_000_000_000
VERBS = ("hold", "stop", "restart")


@dataclass
class Bench:
    """A desk before a procedure that does everything, in the test's own time."""

    verbs: tuple[str, ...] = VERBS
    why_not: str = ""
    now_ms: float = NOW_MS
    done: list[tuple[float, Request]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    phase: str = "soak"
    finished: bool = False

    def __post_init__(self) -> None:
        self.desk = Desk(
            "press-1",
            self.verbs,
            lambda: int(self.now_ms * 1e6),
            lambda payload: self.answers.append(json.loads(payload)),
        )
        self.attended = Attended(self, self.desk, self._do, self.events.append)

    def _do(self, request: Request) -> str:
        if not self.why_not:
            self.done.append((self.now_ms, request))
        return self.why_not

    def step(self, tick: Tick, observation: object, command: object) -> tuple[()]:
        return ()

    def ask(self, id_: str = "a", *, retained: bool = False, **fields: Any) -> bytes:
        asked = {"id": id_, "verb": "hold", "by": "A", "ts": int(self.now_ms), "valid_for_s": 10.0}
        payload = json.dumps(asked | fields).encode()
        self.desk.offer(payload, retained)
        return payload

    def tick(self, after_ms: float = 100.0) -> None:
        self.now_ms += after_ms
        self.attended.step(Tick(7, 0.07, int(self.now_ms * 1e6)), None, None)

    @property
    def said(self) -> str:
        return self.answers[-1]["reason"]


def test_it_is_done_at_the_tick_recorded_and_answered() -> None:
    bench = Bench()
    bench.ask("a-1", by="Jörg")
    assert bench.answers == bench.done == []
    bench.tick()
    assert [request.id for _, request in bench.done] == ["a-1"]
    assert bench.answers == [
        {
            "ts": NOW_MS + 100,
            "station": "press-1",
            "id": "a-1",
            "result": "accepted",
            "reason": "",
            "verb": "hold",
            "by": "Jörg",
        }
    ]
    (event,) = bench.events
    assert (event.kind, event.source, event.tick) == ("operator", "hold", 7)
    assert "Jörg" in event.message
    bench.tick()
    assert len(bench.done) == 1


def test_a_refusal_has_its_reason_in_answer_and_record() -> None:
    bench = Bench(why_not="not in this state")
    bench.ask()
    bench.tick()
    assert (bench.answers[-1]["result"], bench.said) == ("refused", "not in this state")
    assert "not in this state" in bench.events[-1].message


def test_what_was_sent_twice_is_answered_twice_and_done_once() -> None:
    bench = Bench()
    payload = bench.ask()
    bench.desk.offer(payload, False)  # while it waits: one answer, when there is one
    bench.tick()
    assert len(bench.answers) == 1
    bench.desk.offer(payload, False)
    bench.tick()
    assert bench.answers == [bench.answers[0]] * 2
    assert len(bench.done) == 1
    bench.ask(verb="stop")
    bench.tick()
    assert "used for another" in bench.said
    assert len(bench.done) == 1


def test_late_early_retained_and_forbidden_are_refused_with_the_bound() -> None:
    bench = Bench()
    for id_, words, asked in (
        ("late", "validity of 10 s", {"ts": NOW_MS - 10_001}),
        ("early", f"at most {AHEAD_S_MAX:g} s", {"ts": NOW_MS + 6000}),
        ("vent", "hold, stop, restart", {"verb": "vent"}),
        ("kept", "do not retain", {"retained": True}),
    ):
        bench.ask(id_, **asked)
        bench.tick(0.0)
        assert bench.answers[-1]["id"] == id_
        assert words in bench.said
    assert bench.done == []
    bench.ask("edge", ts=NOW_MS - 10_000)
    bench.ask("edge-2", ts=NOW_MS + 5000)
    bench.tick(0.0)
    assert len(bench.done) == 2


def test_what_waited_too_long_for_its_tick_is_late() -> None:
    bench = Bench()
    bench.ask(valid_for_s=1.0)
    bench.tick(1100.0)
    assert bench.done == []
    assert "0.1 s after" in bench.said


def test_a_flood_is_bounded_and_a_stop_still_gets_through() -> None:
    bench = Bench()
    for number in range(3000):
        bench.ask(f"flood-{number}", verb="restart")
        if number % 10 == 0:
            bench.tick(1.0)
    assert len(bench.desk._known) <= REMEMBERED_MAX
    assert len(bench.desk._waiting) <= WAITING_MAX
    assert len(bench.answers) + len(bench.desk._waiting) == 3000, "somebody got no answer"
    bench.ask("end", verb="stop")
    bench.tick(1.0)
    assert bench.done[-1][1].id == "end"
    bench.tick(70_000.0)
    bench.ask("later", verb="restart")
    bench.tick()
    assert bench.done[-1][1].id == "later", "the memory never empties"


ASKED = st.fixed_dictionaries(
    {
        "id_": st.sampled_from(["a", "b", "c"]),
        "verb": st.sampled_from([*VERBS, "vent", "explode"]),
        "retained": st.booleans(),
        "valid_for_s": st.sampled_from([0.5, 10.0, 60.0, 61.0]),
        "off_ms": st.sampled_from([-70_000, -600, 0, 4000, 30_000]),
    }
)


@given(st.lists(ASKED | st.floats(0.0, 40_000.0), max_size=30))
@settings(max_examples=200, deadline=None)
def test_whatever_comes_each_request_is_done_at_most_once_and_in_its_time(course) -> None:
    """Numbers are time that passes before the next tick; else something is asked."""
    bench = Bench()
    asked = 0
    for item in course:
        if isinstance(item, float):
            bench.tick(item)
            continue
        fields = dict(item)
        bench.ask(ts=int(bench.now_ms) + fields.pop("off_ms"), **fields)
        asked += 1
    bench.tick(0.0)
    done = [(r.id, r.ts, r.verb, r.valid_for_s) for _, r in bench.done]
    assert len(done) == len(set(done)), "done twice"
    for at_ms, request in bench.done:
        assert request.verb in VERBS
        assert -AHEAD_S_MAX * 1e3 <= at_ms - request.ts <= request.valid_for_s * 1e3 + 1.0
    assert len(bench.answers) <= asked
    assert {a["result"] for a in bench.answers} <= {"accepted", "refused"}
    assert sum(a["result"] == "accepted" for a in bench.answers) >= len(done)
    assert all(a["reason"] for a in bench.answers if a["result"] == "refused")
    assert len(bench.events) >= len(done)
