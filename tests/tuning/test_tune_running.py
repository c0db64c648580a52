"""A running idle press asked to tune itself: over the command path, in virtual time."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from typer.testing import CliRunner
from unseen_machines import lab_recipe, lab_station

from controller.__main__ import app
from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.cli.tune_running import MEASURED, Fit, Measured, TunableIdle, decode
from controller.clocks import VirtualClock
from controller.command.attended import Attended
from controller.command.desk import Desk
from controller.command.request import VERBS
from controller.composition import load_press_plan, run_batch
from controller.config.stack import Batch
from controller.timing import LoopTiming
from controller.tuning import Limits
from hil.faults.model import Fault

STEP = {"rise_k": 6.0, "duty_fraction": 0.6, "zone": 1}
SSRS = 0b111111


class Kept:
    """In place of the fitting process: keeps what it would be given."""

    last: Kept

    def __init__(self, folder, measured):
        self.folder, self.measured, self.said = folder, measured, "fitted"
        Kept.last = self


class Daemon:
    """An idle station in virtual time. `course`: what is asked at which second, as verb or
    numbers of an experiment; `faults` by second. Ends at `end_s`, or when it is idle again."""

    def __init__(self, folder, course, *, faults=(), end_s=1e9, fit=Kept):
        self.recipe = str(lab_recipe(folder))
        self.plan = load_press_plan(self.recipe, str(lab_station(folder)))
        self.host = TunableIdle(self.plan.idle(), self.plan, self.recipe, folder / "tuning", fit)
        self.course, self.faults, self.end_s = list(course), list(faults), end_s
        self.answers, self.events, self.written = [], [], []
        self.clock = VirtualClock(0.010, utc_start_ns=UTC_START_NS)
        self.now_s = 0.0

    def run(self):
        batch = Batch(id="idle")
        self.station = simulated_station("lab-press", self.plan, batch, 1)
        actuate = self.station.actuate

        async def watched(tick, frame):
            self.written.append(frame.digital_output_bits)
            await actuate(tick, frame)

        self.station.actuate = watched
        desk = Desk("press", VERBS, self.clock.utc_ns, lambda a: self.answers.append(json.loads(a)))
        self.desk = desk
        attended = Attended(self.host, desk, self.host.do, self.events.append)
        asyncio.run(self._run(attended, batch))
        return self

    async def _run(self, attended, batch):
        await self.station.open()
        await run_batch(
            self.station, self.clock, self.plan.kernel(batch), attended, [self],
            stopping=self._over, stopwatch_s=time.perf_counter, timing=LoopTiming(0.01),
        )  # fmt: skip

    def _over(self):
        asked = not self.course and bool(self.answers)
        return self.now_s >= self.end_s or (asked and self.said_last.startswith("fitted"))

    @property
    def said_last(self):
        return self.events[-1].message.partition(": ")[2] if self.events else ""

    def event(self, event):
        self.events.append(event)

    def sample(self, sample):
        self.now_s = sample.tick.monotonic_s
        while self.faults and self.now_s >= self.faults[0][0]:
            self.station.bench.inject(self.faults.pop(0)[1])
        while self.course and self.now_s >= self.course[0][0]:
            _, asked = self.course.pop(0)
            fields = {"verb": asked} if isinstance(asked, str) else {"verb": "tune", "tune": asked}
            ts = self.clock.utc_ns() // 1_000_000
            fields |= {"id": f"i{ts}", "by": "A", "ts": ts, "valid_for_s": 10}
            self.desk.offer(json.dumps(fields).encode(), False)

    @property
    def reasons(self):
        return [answer["reason"] for answer in self.answers]

    @property
    def phases(self):
        return [event.source for event in self.events if event.kind == "phase"]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Asked, asked again while it tunes, and run to its end."""
    return Daemon(
        tmp_path_factory.mktemp("tuned"), [(1.0, STEP), (30.0, STEP), (31.0, "hold")]
    ).run()


def test_it_runs_the_experiment_and_tells_its_stages(tuned):
    first, second, third = tuned.reasons
    assert first == ""
    assert second.startswith("it tunes already")
    assert "no batch runs" in third
    stages = ["rest", "step to half the rise", "coast", "step to the full rise", "cool"]
    assert tuned.phases == [*(f"tuning, {stage}" for stage in stages), "idle"]
    assert [e.source for e in tuned.events if "asked by A" in e.message] == ["tune", "tune", "hold"]
    assert any(bits & SSRS for bits in tuned.written)
    assert not tuned.written[-1] & SSRS


def test_what_it_measured_is_fitted_in_a_process_of_its_own(tuned):
    """The command that the daemon starts, on the file that the daemon writes."""
    kept, folder = Kept.last, Kept.last.folder
    folder.mkdir(parents=True)
    (folder / MEASURED).write_bytes(kept.measured.encode())
    said = CliRunner().invoke(app, ["tune", "fit", str(folder)])
    assert said.exit_code == 0, said.output
    new = {
        (c["table"], c["index"], c["key"]): c["new"]
        for c in json.loads((folder / "proposal.json").read_text())["changes"]
    }
    assert new["zone", 0, "heat_capacity_j_per_k"] == pytest.approx(1660.0, rel=0.1)
    assert {"zone-1.csv", "zone-1.svg"} <= {path.name for path in folder.iterdir()}
    source = tuned.plan.station_source.path
    source.write_text(source.read_text() + "\n# changed\n")
    said = CliRunner().invoke(app, ["tune", "fit", str(folder)])
    assert said.exit_code == 2
    assert "was changed since the experiment" in " ".join(said.output.split())


def test_a_fit_that_fails_says_why(tmp_path):
    measured = Measured("nowhere.toml", "", "sulfide-hot-press-100", Limits(), 1.0, {})
    fit = Fit(tmp_path / "found", measured)
    deadline_s = time.monotonic() + 60.0
    while not fit.said:
        assert time.monotonic() < deadline_s, "the fit neither ends nor says anything"
        time.sleep(0.02)
    assert "refused" in fit.said
    assert "nowhere.toml" in fit.said
    assert decode((tmp_path / "found" / MEASURED).read_bytes()) == measured


def test_an_abort_ends_it_with_everything_off(tmp_path):
    daemon = Daemon(tmp_path, [(1.0, STEP), (80.0, "abort"), (82.0, "abort")], end_s=90.0).run()
    assert daemon.reasons == ["", "", "nothing runs; the station is idle"]
    assert any(bits & SSRS for bits in daemon.written[:8000])
    assert not any(bits & SSRS for bits in daemon.written[8030:])
    assert any("ended without a result: ended by A" in event.message for event in daemon.events)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(point="guard_a_closed", verb="stuck", parameters={"to_state": 0.0}), "guard"),
        (Fault(point="estop_a_ok", verb="stuck", parameters={"to_state": 0.0}), "estop"),
    ],
)
def test_it_is_refused_where_a_batch_could_not_start(tmp_path, fault, why):
    daemon = Daemon(tmp_path, [(2.0, STEP)], faults=[(0.5, fault)], end_s=3.0).run()
    assert why in daemon.reasons[0]
    assert not any(bits & SSRS for bits in daemon.written)


def test_a_zone_that_is_not_there_is_refused(tmp_path):
    daemon = Daemon(tmp_path, [(1.0, {"zone": 6})], end_s=2.0).run()
    assert daemon.reasons == ["zone 6: the station has 2 zones"]


def test_the_shell_asks_only_what_a_daemon_can_do():
    said = CliRunner().invoke(app, ["tune", "demo-press", "--running", "--valve"])
    assert said.exit_code == 2
    assert "of its own" in " ".join(said.output.split())
