"""Pressure control of the press: the whole kernel against the simulated machine.

    python -m tools.bench.control.pressure_press [--seeds 50] [--area-mm2 2500]

Each seed is another machine: friction, valve play and dead band, oil stiffness, air, frame,
valve speed and flow gain off by up to 20 %, the valve's scale by up to 5 %. The kernel keeps its
commissioned configuration. Noise is on; the load cell's own bias is taken out, since no law can
see it (0.1 % of reading; it adds). Errors are true force in per cent of the span, which is the
force of the valve's full scale.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from msgspec.structs import replace

from controller.composition import load_press_plan
from controller.config.stack import Batch
from controller.kernel import PRESS, Kernel, lib
from controller.ports import Tick
from hil.description import Machine
from hil.machine import read_machine
from hil.plant import Plant
from hil.station import SimulatedStation

MACHINE, STATION, RECIPE = "press-500kN", "demo-press", "sulfide-hot-press-100"
MODEL_ERROR_RATIO = 0.2
VALVE_SCALE_ERROR_RATIO = 0.05
SETTLED_S = 5.0  # a hold is judged from so long after the setpoint arrived
_VARIED = (
    "friction_coulomb_kn",
    "friction_static_kn",
    "friction_presliding_mm",
    "valve_hysteresis_fraction",
    "valve_deadband_fraction",
    "valve_natural_hz",
    "valve_gain_m3_per_s_pa",
    "oil_bulk_modulus_mpa",
    "oil_air_fraction",
    "cylinder_volume_l",
    "frame_stiffness_kn_per_mm",
)


@dataclass(frozen=True, slots=True)
class Step:
    """Go to a share of the span at a rate, then stay."""

    target_ratio: float
    rate_bar_per_s: float
    hold_s: float


PROGRAMME = (
    Step(0.025, 1.0, 5.0),
    Step(0.5, 1.25, 60.0),
    Step(0.25, 1.25, 30.0),
    Step(0.4, 5.0, 30.0),
    Step(0.1, 1.25, 20.0),
    Step(0.3, 1.25, 20.0),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Per cent of span, of one seed."""

    tracking_max_percent: float
    tracking_rms_percent: float
    overshoot_percent: float
    hold_percent: float
    settle_s: float
    valve_travel_fraction: float
    trips: int


def varied(machine: Machine, seed: int, **fixed: float) -> Machine:
    """The same machine as another factory would have built it."""
    stream = random.Random(f"pressure/{seed}")
    hydraulic = machine.hydraulic
    changes: dict[str, Any] = {
        name: getattr(hydraulic, name) * (1.0 + MODEL_ERROR_RATIO * stream.uniform(-1.0, 1.0))
        for name in _VARIED
    }
    changes["valve_full_scale_bar"] = hydraulic.valve_full_scale_bar * (
        1.0 + VALVE_SCALE_ERROR_RATIO * stream.uniform(-1.0, 1.0)
    )
    coulomb_kn, static_kn = changes["friction_coulomb_kn"], changes["friction_static_kn"]
    changes["friction_static_kn"] = max(coulomb_kn, static_kn)
    sensors = tuple(
        replace(sensor, bias_channel_unit_max=0.0, bias_slope_ratio_max=0.0)
        if "load_cell_force_kn" in sensor.points
        else sensor
        for sensor in machine.sensor
    )
    return replace(machine, hydraulic=replace(hydraulic, **(changes | fixed)), sensor=sensors)


class Rig:
    """Kernel and press, one tick at a time."""

    def __init__(self, kernel: Kernel, machine: Machine, seed: int, *, noise: bool = True) -> None:
        self.kernel = kernel
        self.plant = Plant(machine, seed=seed, noise=noise)
        tick_s = kernel._config.tick_s
        self.station = SimulatedStation(self.plant, PRESS.names, tick_s=tick_s, seed=seed)
        self.tick_s: float = tick_s
        self.index = 0

    def tick(self, **asked: float) -> None:
        """One tick under these command fields, others kept."""
        kernel, tick = self.kernel, Tick(self.index, self.index * self.tick_s, 0)
        kernel.sensor.tick = self.index
        _finish(self.station.sense(tick, kernel.sensor))
        kernel.observe()
        for name, number in asked.items():
            setattr(kernel.command, name, number)
        kernel.command.valid_until_tick = self.index + 50
        kernel.act()
        _finish(self.station.actuate(tick, kernel.output))
        self.index += 1

    def force_kn(self) -> float:
        return float(self.plant._state.hydraulic.force_n) * 1e-3

    def close(self) -> None:
        """Armed, and the platens on the stack."""
        for index in range(6000):
            self.tick(
                reset=int(index == 100), hydraulics=lib.PRESS_HYDRAULICS_CLOSE if index > 110 else 0
            )
            if self.kernel.observation.contact:
                return
        raise RuntimeError("the platens did not meet the stack in 60 s")


def _finish(step: Any) -> None:
    """The station's methods never suspend."""
    try:
        step.send(None)
    except StopIteration:
        return
    raise RuntimeError("a simulated station waited")


@dataclass(frozen=True, slots=True)
class Instant:
    """What one tick of the programme looked like."""

    step: int
    moving: bool
    since_arrival_s: float
    setpoint_kn: float
    force_kn: float
    valve_open_fraction: float


def press_kernel(area_mm2: float = 2500.0, **hydraulic: float) -> Kernel:
    """The demo press's kernel with another stack, or other hydraulic settings."""
    kernel = load_press_plan(RECIPE, STATION).kernel(Batch(id="pressure"))
    config = kernel._config
    config.stack.area_mm2 = area_mm2
    config.limit.stack_pressure_mpa_max = 500e3 / area_mm2
    for name, number in hydraulic.items():
        setattr(config.hydraulic, name, number)
    return kernel


def run(rig: Rig, programme: tuple[Step, ...] = PROGRAMME) -> Iterator[Instant]:
    """Every tick of the programme on a closed press."""
    config = rig.kernel._config
    area_mm2, seen, state = config.stack.area_mm2, rig.kernel.observation, rig.kernel._state
    kn_per_bar = config.hydraulic.cylinder_area_mm2 * 1e-4
    span_kn = config.hydraulic.valve_full_scale_bar * kn_per_bar
    for number, step in enumerate(programme):
        asked: Mapping[str, float] = {
            "hydraulics": lib.PRESS_HYDRAULICS_PRESSURE,
            "pressure_target_mpa": step.target_ratio * span_kn * 1e3 / area_mm2,
            "pressure_rate_mpa_per_s": step.rate_bar_per_s * kn_per_bar * 1e3 / area_mm2,
        }
        rig.tick(**asked)
        arrived_s = 0.0
        while arrived_s < step.hold_s:
            rig.tick(**asked)
            ramp = state.pressure_ramp
            moving = ramp.segment_index < ramp.segment_count
            arrived_s = 0.0 if moving else arrived_s + rig.tick_s
            yield Instant(
                number,
                moving,
                arrived_s,
                ramp.position_unit * area_mm2 * 1e-3,
                rig.force_kn(),
                rig.kernel.output.valve_open_fraction,
            )
            if seen.trip_bits:
                return


def judge(
    instants: list[Instant], span_kn: float, programme: tuple[Step, ...], trips: int
) -> Figures:
    """Of the whole programme but its first step, the contact."""
    percent = 100.0 / span_kn
    judged = [i for i in instants if i.step > 0]
    moving = [abs(i.force_kn - i.setpoint_kn) * percent for i in judged if i.moving]
    over = settle_s = hold = 0.0
    for i in judged:
        rising = programme[i.step].target_ratio > programme[i.step - 1].target_ratio
        target_kn = programme[i.step].target_ratio * span_kn
        beyond = (i.force_kn - target_kn if rising else target_kn - i.force_kn) * percent
        over = max(over, beyond)
        if i.moving:
            continue
        error = abs(i.force_kn - target_kn) * percent
        if error > 0.2:
            settle_s = max(settle_s, i.since_arrival_s)
        if i.since_arrival_s > SETTLED_S:
            hold = max(hold, error)
    travel = sum(
        abs(b.valve_open_fraction - a.valve_open_fraction)
        for a, b in pairwise(judged)
        if not b.moving and not a.moving and a.step == b.step and a.since_arrival_s > SETTLED_S
    )
    rms = (sum(e * e for e in moving) / max(1, len(moving))) ** 0.5
    return Figures(max(moving, default=0.0), rms, over, hold, settle_s, travel, trips)


def one(seed: int, area_mm2: float = 2500.0, **hydraulic: float) -> Figures:
    """The figures of one machine."""
    rig = Rig(press_kernel(area_mm2, **hydraulic), varied(read_machine(MACHINE), seed), seed)
    rig.close()
    config = rig.kernel._config.hydraulic
    span_kn = config.valve_full_scale_bar * config.cylinder_area_mm2 * 1e-4
    instants = list(run(rig))
    return judge(instants, span_kn, PROGRAMME, rig.kernel.observation.trip_bits)


TARGETS = {"tracking_max_percent": 0.3, "overshoot_percent": 0.1, "hold_percent": 0.2}


def table(seeds: int, area_mm2: float = 2500.0) -> dict[str, dict[str, float]]:
    """Median and worst of each figure over the seeds, with its target where there is one."""
    figures = [one(seed, area_mm2) for seed in range(seeds)]
    rows: dict[str, dict[str, float]] = {}
    for name in Figures.__dataclass_fields__:
        found = [float(getattr(figure, name)) for figure in figures]
        rows[name] = {"median": median(found), "worst": max(found)}
        if name in TARGETS:
            rows[name]["target"] = TARGETS[name]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--area-mm2", type=float, default=2500.0)
    asked = parser.parse_args()
    for name, row in table(asked.seeds, asked.area_mm2).items():
        cells = "  ".join(f"{kind} {number:8.3f}" for kind, number in row.items())
        print(f"{name:24s} {cells}")


if __name__ == "__main__":
    main()
