"""The order of a tick, and that every end of the loop is an all-off frame on the wire."""

import asyncio

import pytest

from controller.clocks import VirtualClock
from controller.composition import load_plan
from controller.config.stack import Batch
from controller.journalist import Journalist
from controller.loop import run
from controller.recipe.frames import Ask
from controller.recipe.idle import Idle
from controller.timing import LoopTiming


class Station:
    """Writes down what the loop asks of it; `fail_at` breaks one sense."""

    def __init__(self, fail_at=None):
        self.calls, self.written, self.fail_at = [], [], fail_at

    async def sense(self, tick, frame):
        self.calls.append(("sense", tick.index))
        if tick.index == self.fail_at:
            raise RuntimeError("a driver's bug")

    async def actuate(self, tick, frame):
        self.calls.append(("actuate", tick.index))
        self.written.append((frame.digital_output_bits, frame.valve_open_fraction))

    async def close(self):
        self.calls.append(("close", None))


class Wants(Idle):
    """Asks for heat and pump from the first step."""

    def __init__(self, steps):
        super().__init__(Ask())
        self.left = steps

    @property
    def finished(self):
        return self.left <= 0

    def step(self, tick, observation, command):
        super().step(tick, observation, command)
        command.heat_enable = 1
        command.hydraulics = 2
        command.reset = tick.index % 20 == 0
        self.left -= 1
        return ()


class Watch:
    starting = True
    pending = False

    def step(self, tick, observation):
        return ()


@pytest.fixture(scope="module")
def plan():
    return load_plan("sulfide-hot-press-100", "demo-press")


def go(plan, station, procedure, stopping=lambda: False):
    kernel = plan.kernel(Batch(id="t"))
    clock = VirtualClock(0.010, utc_start_ns=0)
    journalist = Journalist([], Watch())
    asyncio.run(
        run(station, clock, kernel, procedure, journalist, LoopTiming(0.01), stopping, lambda: 0.0)
    )


def test_each_tick_senses_once_then_actuates_once(plan):
    station = Station()
    go(plan, station, Wants(3))
    body = station.calls[:-2]
    assert body == [(what, i) for i in range(21) for what in ("sense", "actuate")]
    assert station.calls[-1] == ("close", None)


def test_a_bug_in_a_driver_ends_with_all_off_and_closed(plan):
    station = Station(fail_at=7)
    with pytest.raises(RuntimeError, match="a driver's bug"):
        go(plan, station, Wants(100))
    assert station.written[-1] == (0, 0.0)
    assert station.calls[-1] == ("close", None)


def test_a_request_to_stop_ends_with_all_off(plan):
    station = Station()
    go(plan, station, plan.idle(), stopping=lambda: len(station.written) > 30)
    assert station.written[-1] == (0, 0.0)
    assert 30 < len(station.written) < 50


def test_nothing_measured_means_nothing_energised(plan):
    """Frames stay as they were made: no reading is ok, whatever the recipe asks for."""
    station = Station()
    go(plan, station, Wants(50))
    watchdog = 1 << 15
    assert {bits & ~watchdog for bits, _ in station.written} == {0}
    assert {valve for _, valve in station.written} == {0.0}
