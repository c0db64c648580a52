"""The experiment behind the kernel: what goes wrong on a press ends it, safe, with the reason."""

from __future__ import annotations

import pytest
from rich.console import Console

from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.cli.tune_run import Rig, tune_valve, tune_zones
from controller.clocks import VirtualClock
from controller.composition import load_plan
from controller.config.stack import Batch
from controller.tuning import Limits, TuningError
from hil.faults.model import Fault

QUIET = Console(quiet=True)


class Press:
    """A simulated press with faults from the start or from an instant of the machine on."""

    def __init__(self, *faults, from_s=0.0, bits=None):
        self.plan = load_plan("sulfide-hot-press-100", "demo-press")
        self.station = simulated_station("press-500kN", self.plan, Batch(id="tuning"), 1)
        self.faults, self.from_s = list(faults), from_s
        self.written = []
        actuate, sense = self.station.actuate, self.station.sense

        async def watched(tick, frame):
            self.written.append(frame.digital_output_bits & 0x7FFF)
            await actuate(tick, frame)

        async def told(tick, frame):
            if self.faults and tick.monotonic_s >= self.from_s:
                for fault in self.faults:
                    self.station.bench.inject(fault)
                self.faults = []
            await sense(tick, frame)

        self.station.actuate, self.station.sense = watched, told

    @property
    def rig(self):
        clock = VirtualClock(0.010, utc_start_ns=UTC_START_NS)
        return Rig(self.plan, clock, lambda: self.station)


@pytest.mark.parametrize(
    ("fault", "from_s", "why"),
    [
        (
            Fault(point="guard_a_closed", verb="stuck", parameters={"to_state": 0.0}),
            0.0,
            "not permitted: .*guard",
        ),
        (
            Fault(point="estop_a_ok", verb="stuck", parameters={"to_state": 0.0}),
            70.0,
            "tripped: estop",
        ),
        (Fault(point="zone_3_temperature_c", verb="stuck"), 20.0, "zone 3|stuck"),
        (Fault(point="zone_2_temperature_c", verb="open"), 70.0, "zone 2"),
        (
            Fault(point="zone_2_temperature_c", verb="swap", parameters={"with": "polarity"}),
            0.0,
            "zone_falls|zone 2",
        ),
    ],
)
async def test_a_fault_ends_the_experiment_with_the_reason_and_everything_off(fault, from_s, why):
    press = Press(fault, from_s=from_s)
    with pytest.raises(TuningError, match=why):
        await tune_zones(press.rig, Limits(), (), "press-500kN", QUIET)
    assert press.written[-1] == 0
    assert press.station.truth()["hard_protection_demands"] == 0


async def test_an_experiment_that_is_done_never_touched_the_hydraulics_nor_a_protection():
    press = Press()
    found = await tune_zones(press.rig, Limits(), (), "press-500kN", QUIET)
    pump_to_cooling = 0x7F00
    assert not any(bits & pump_to_cooling for bits in press.written)
    assert any(bits & 0x3F for bits in press.written)
    assert press.written[-1] == 0
    assert press.station.truth()["hard_protection_demands"] == 0
    assert len(found.proposal.loops) == 6
    assert all(loop.law_model.residual_c < 0.1 for loop in found.proposal.loops)
    capacity = [c.new for c in found.proposal.changes if c.key == "heat_capacity_j_per_k"]
    assert capacity == pytest.approx([2600 + 1230 + 180] * 6, rel=0.03)


async def test_a_valve_that_works_backwards_is_refused():
    press = Press(Fault(point="valve_open_fraction", verb="swap"))
    found = type("Found", (), {"proposal": None, "files": {}})()
    with pytest.raises(TuningError, match=r"valve: .+"):
        await tune_valve(press.rig, found, QUIET)
    assert press.written[-1] == 0
    assert press.station.truth()["relief_demands"] == 0
