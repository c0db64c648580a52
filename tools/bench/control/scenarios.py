"""What everybody is asked to do. Each scenario takes a contestant and a seed, gives figures.

The seed draws the sensors' noise, and where a scenario says so the plant. Tuning is done anew
for each seed, except on the six-zone press, where it takes hours of the plant: once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from tools.bench.control.bound import BAND_K, Bound, Recovery, recovery, time_optimal
from tools.bench.control.contestants import CONTESTANTS, Contestant, Tuned, Workshop
from tools.bench.control.judge import (
    Figures,
    load_bound,
    one_step,
    recovered,
    resting,
    settled,
    step_figures,
)
from tools.bench.control.laws import Programme
from tools.bench.control.plants import LagPlant, Model, Plant
from tools.bench.control.trial import Course, Rig
from tools.bench.control.zones import ZonePlant

TARGET_C = 100.0
PLATEN = Model(250.0, 600.0, 15.0)
TWO_LAGS = Model(250.0, 600.0, 5.0, 20.0)
PRESS, PRESS_ZONES = "press-500kN", 6
LAB_PRESS, LAB_ZONES = "lab-press", 2
MAINS_POWER = 0.81  # of the power, at nine tenths of the voltage
WEAK_ZONE, WEAK_POWER = 1, 0.7
CLOSING_MPA = 20.0
DIE_J_PER_K = 2000.0  # of a stack in a steel die of 4 kg
STACK_BAND_K = 1.0
CLOSED_S = 900.0
_AFTER_RAMP_S = 600.0
_SHORT_HOLD_S = 500.0  # where travel is not the question

Found = dict[str, Figures]


@lru_cache(maxsize=256)
def bound_of(model: Model) -> Bound:
    return time_optimal(lambda: LagPlant(model), TARGET_C)


@lru_cache(maxsize=4)
def bound_of_machine(machine: str, zones: int) -> Bound:
    return time_optimal(lambda: ZonePlant(machine), TARGET_C, zones=zones)


def _shop(tuned_on: Model, seed: int, *, known: bool) -> Workshop:
    models = [tuned_on] if known else None
    return Workshop(lambda: LagPlant(tuned_on), TARGET_C, seed, known=models)


@lru_cache(maxsize=256)
def load_bound_of(model: Model) -> Recovery | None:
    return load_bound(_shop(model, 0, known=True), bound_of(model))


def _step(contestant: Contestant, seed: int, plant: Model, known: bool) -> Figures:
    """Tuned on this plant and asked to step it."""
    shop = _shop(plant, seed, known=known)
    return one_step(contestant, shop, LagPlant(plant), bound_of(plant), load_bound_of(plant))


@lru_cache(maxsize=1)
def _mains_bound() -> Recovery:
    rig = resting(_shop(PLATEN, 0, known=True), bound_of(PLATEN))
    return recovery(rig.plant, lambda _: MAINS_POWER, rig.duties, TARGET_C)


def step_known(contestant: Contestant, seed: int) -> Found:
    return {"step_known": _step(contestant, seed, PLATEN, True)}


def step_two_lags(contestant: Contestant, seed: int) -> Found:
    return {"step_two_lags": _step(contestant, seed, TWO_LAGS, True)}


def unseen(seed: int) -> Model:
    """Gain, time constant and dead time within a half of the platen's; every other has two lags."""
    draw = random.Random(seed)
    base = TWO_LAGS if seed % 2 else PLATEN
    return base.off(*(draw.uniform(0.5, 1.5) for _ in range(3)))


def step_tuned(contestant: Contestant, seed: int) -> Found:
    return {"step_tuned": _step(contestant, seed, unseen(seed), False)}


def drifted(seed: int) -> Model:
    """A corner: gain and time constant ±20 %, dead time ±30 %."""
    gain, time_constant, dead_time = (1 if seed >> bit & 1 else -1 for bit in range(3))
    return PLATEN.off(1 + 0.2 * gain, 1 + 0.2 * time_constant, 1 + 0.3 * dead_time)


@lru_cache(maxsize=16)
def _tuned_once(model: Model, key: str) -> Tuned:
    """By the model where there is a rule for it; the others on a plant of that model."""
    contestant = next(c for c in CONTESTANTS if c.key == key)
    assert contestant.tune is not None
    return contestant.tune(_shop(model, 0, known=True))


def _platen_rig(contestant: Contestant, seed: int, plant: Model) -> Rig:
    """Tuned once on the platen, now on this plant."""
    laws = _tuned_once(PLATEN, contestant.key)()
    return Rig(LagPlant(plant), _shop(plant, seed, known=True).sensors(), laws, contestant.step_s)


def step_drifted(contestant: Contestant, seed: int) -> Found:
    plant = drifted(seed)
    rig, least = _platen_rig(contestant, seed, plant), load_bound_of(plant)
    return {"step_drifted": step_figures(rig, TARGET_C, bound_of(plant), least, _SHORT_HOLD_S)}


def varied(seed: int) -> Model:
    """Anything within 20 % of the platen."""
    draw = random.Random(seed)
    return PLATEN.off(*(draw.uniform(0.8, 1.2) for _ in range(3)))


def ramp_figures(course: Course, start_c: float, rate_c_per_s: float, bound: Bound) -> Figures:
    """Against the plain ramp, which no law can be asked to beat."""
    time_s = course.step_s * np.arange(1, len(course.duty) + 1)
    setpoint_c = np.minimum(start_c + rate_c_per_s * time_s, course.target_c)[:, None]
    error_k = np.abs(course.temperature_c - setpoint_c)
    arrives_s = (course.target_c - BAND_K - start_c) / rate_c_per_s
    return settled(course, max(arrives_s, bound.settle_s)) | {
        "overshoot_k": course.overshoot_k(),
        "ramp_iae_k_s": float(error_k.sum(axis=0).max() * course.step_s),
        "ramp_error_k": float(error_k.max()),
        "spread_k": course.since(arrives_s + 300.0).spread_k(),
    }


def _ramp(rate_c_per_min: float) -> Callable[[Contestant, int], Found]:
    def scenario(contestant: Contestant, seed: int) -> Found:
        plant, rate_c_per_s = varied(seed), rate_c_per_min / 60.0
        rig = _platen_rig(contestant, seed, plant)
        rig.begin(Programme(TARGET_C, rate_c_per_s))
        course = rig.run((TARGET_C - PLATEN.rest_c) / rate_c_per_s + _AFTER_RAMP_S)
        figures = ramp_figures(course, PLATEN.rest_c, rate_c_per_s, bound_of(plant))
        del figures["spread_k"]
        return {f"ramp_{rate_c_per_min:g}": figures}

    return scenario


def mains_low(contestant: Contestant, seed: int) -> Found:
    """Nine tenths of the voltage, while the platen holds its target."""
    rig, bound = _platen_rig(contestant, seed, PLATEN), bound_of(PLATEN)
    rig.begin(Programme(TARGET_C))
    rig.run(6.5 * bound.settle_s)
    rig.power_ratio = MAINS_POWER
    return {"mains_low": recovered(rig.run(3.0 * bound.settle_s), _mains_bound())}


@lru_cache(maxsize=16)
def _tuned_on(machine: str, zones: int, key: str) -> Tuned:
    """The contestant after its own tuning on the machine as it should be."""
    contestant = next(c for c in CONTESTANTS if c.key == key)
    assert contestant.tune is not None
    return contestant.tune(Workshop(lambda: ZonePlant(machine), TARGET_C, 0, zones))


def _rig(contestant: Contestant, seed: int, plant: ZonePlant) -> Rig:
    laws = _tuned_on(plant.machine.name, plant.zones, contestant.key)()
    sensors = Workshop(lambda: plant, TARGET_C, seed, plant.zones).sensors()
    return Rig(plant, sensors, laws, contestant.step_s)


def _machine_step(rig: Rig, bound: Bound) -> Figures:
    rig.begin(Programme(TARGET_C))
    step = rig.run(4.0 * bound.settle_s)
    # In the last quarter everybody who can has settled: that is the soak.
    soak = step.since(3.0 * bound.settle_s)
    return settled(step, bound.settle_s) | {
        "overshoot_k": step.overshoot_k(),
        "iae_ratio": step.iae_c_s() / bound.iae_c_s,
        "spread_k": soak.spread_k(),
    }


def lab_press(contestant: Contestant, seed: int) -> Found:
    rig = _rig(contestant, seed, ZonePlant(LAB_PRESS))
    return {"lab_press": _machine_step(rig, bound_of_machine(LAB_PRESS, LAB_ZONES))}


def _pressing() -> ZonePlant:
    """The press with a stack in its die, open."""
    return ZonePlant(PRESS, stack_j_per_k=DIE_J_PER_K)


def _close(plant: Plant) -> float:
    assert isinstance(plant, ZonePlant)
    plant.close(CLOSING_MPA)
    return 1.0


def press_closing(contestant: Contestant, seed: int) -> Found:
    """Six zones to the target, then the platens close on a stack of room temperature."""
    plant = _pressing()
    rig = _rig(contestant, seed, plant)
    step = _machine_step(rig, bound_of_machine(PRESS, PRESS_ZONES))
    _close(plant)
    arrived_s, closed = float("inf"), list[Course]()
    for part in range(round(CLOSED_S)):
        closed.append(rig.run(1.0))
        if abs(plant.stack_c - TARGET_C) > STACK_BAND_K:
            arrived_s = float("inf")
        else:
            arrived_s = min(arrived_s, part + 1.0)
    course = Course(
        rig.step_s,
        np.concatenate([c.temperature_c for c in closed]),
        np.concatenate([c.duty for c in closed]),
        TARGET_C,
    )
    figures = {
        "dip_k": course.dip_k(),
        "recovery_s": min(course.settle_s(), CLOSED_S),
        "overshoot_k": course.overshoot_k(),
        "spread_k": course.spread_k(),
        "stack_arrival_s": min(arrived_s, CLOSED_S),
    }
    return {"press_step": step, "closing": figures}


def weak_heater(contestant: Contestant, seed: int) -> Found:
    """One heater of six at 70 %, nobody was told: 5 K/min and soak."""
    rate_c_per_s = 5.0 / 60.0
    plant = ZonePlant(PRESS, weak={WEAK_ZONE: WEAK_POWER})
    rig = _rig(contestant, seed, plant)
    start_c = rig.now_c[0]
    rig.begin(Programme(TARGET_C, rate_c_per_s))
    course = rig.run((TARGET_C - start_c) / rate_c_per_s + _AFTER_RAMP_S)
    bound = bound_of_machine(PRESS, PRESS_ZONES)
    return {"weak_heater": ramp_figures(course, start_c, rate_c_per_s, bound)}


SCENARIOS: dict[str, Callable[[Contestant, int], Found]] = {
    "step_known": step_known,
    "step_two_lags": step_two_lags,
    "step_tuned": step_tuned,
    "step_drifted": step_drifted,
    "ramp_3": _ramp(3.0),
    "ramp_5": _ramp(5.0),
    "ramp_10": _ramp(10.0),
    "mains_low": mains_low,
    "lab_press": lab_press,
    "press_closing": press_closing,
    "weak_heater": weak_heater,
}
