"""The predictive law: equal to its reference, never outside its limits, near the physical bound."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from math import exp, inf, isfinite, log, nan
from statistics import median

import law_cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import predictive as reference
from reference.pid import Gains

from controller.kernel import ffi, lib

GAIN_C, TAU_S, DEAD_S, ROOM_C, STEP_S = 250.0, 600.0, 15.0, 25.0, 0.5


def config_of(**changes: float) -> dict:
    """The bench plant's model, as tuning would set it."""
    pid = dict.fromkeys((f.name for f in fields(Gains)), 0.0)
    pid |= {"kp_per_unit": 0.05, "ti_s": 60.0, "tracking_s": 20.0, "output_fraction_max": 1.0}
    return {
        "gain_c": GAIN_C,
        "time_constant_s": TAU_S,
        "lag_s": 0.0,
        "dead_time_s": DEAD_S,
        "rest_c": ROOM_C,
        "noise_c": 0.06,
        "response_s": 3.0,
        "observer_s": 18.0,
        "gain_doubt_ratio": 0.2,
        "dead_time_doubt_ratio": 0.15,
        "disturbance_fraction_max": 0.5,
        "residual_c_max": 3.0,
        "output_fraction_min": 0.0,
        "output_fraction_max": 1.0,
        "pid": pid,
    } | changes


class Law:
    def __init__(self, **changes: float) -> None:
        self.config = ffi.new("press_predictive_config_t *", config_of(**changes))
        self.state = ffi.new("press_predictive_t *")

    def step(self, setpoint_c: float, seen_c: float, achieved: float, step_s=STEP_S) -> float:
        return lib.press_predictive_step(
            self.config, self.state, setpoint_c, seen_c, achieved, step_s
        )


@dataclass
class Plant:
    """Two lags and a dead time; not the product's arithmetic."""

    gain_c: float = GAIN_C
    tau_s: float = TAU_S
    lag_s: float = 0.0
    dead_s: float = DEAD_S
    sink: float = 0.0
    temperature_c: float = ROOM_C
    heat: float = 0.0
    pipe: list[float] = field(default_factory=list)

    def step(self, duty: float, dt_s: float) -> float:
        self.pipe.append(duty)
        late = round(self.dead_s / dt_s)
        now = self.pipe.pop(0) if len(self.pipe) > late else 0.0
        share = 1.0 - exp(-dt_s / self.lag_s) if self.lag_s else 1.0
        self.heat += share * (now - self.heat)
        end_c = ROOM_C + self.gain_c * (self.heat - self.sink)
        self.temperature_c = end_c + (self.temperature_c - end_c) * exp(-dt_s / self.tau_s)
        return self.temperature_c


@dataclass
class Outcome:
    settle_s: float
    over_k: float
    travel: float
    dip_k: float
    back_s: float
    swing_k: float
    fallback: bool


def drive(plant: Plant, law: Law, seed: int, ramp_c_per_s: float = inf) -> Outcome:
    """To 100 °C, 2,000 s of hold, then a sink of a tenth of the full power."""
    rng = random.Random(seed)
    duty, hold_s = 0.0, 1000.0 + 75.0 / ramp_c_per_s
    seen: list[float] = []
    travel, fell_back = 0.0, False
    for k in range(round((hold_s + 2400.0) / STEP_S)):
        t = k * STEP_S
        measured = round(plant.temperature_c + rng.gauss(0.0, 0.05), 1)
        asked = 100.0 if ramp_c_per_s == inf else min(100.0, ROOM_C + ramp_c_per_s * t)
        new = law.step(asked, measured, duty)
        travel += abs(new - duty) if hold_s <= t < hold_s + 2000.0 else 0.0
        duty, fell_back = new, fell_back or bool(law.state.fallback)
        plant.sink = 0.1 if t >= hold_s + 2000.0 else 0.0
        seen.append(plant.step(duty, STEP_S))
    first, held = round(hold_s / STEP_S), round((hold_s + 2000.0) / STEP_S)
    out = [i for i, c in enumerate(seen[:held]) if abs(c - 100.0) > 0.5]
    lost = [i for i, c in enumerate(seen[held:]) if abs(c - 100.0) > 0.5]
    return Outcome(
        settle_s=(out[-1] + 1) * STEP_S,
        over_k=max(seen[:first]) - 100.0,
        travel=travel,
        dip_k=100.0 - min(seen[held:]),
        back_s=(lost[-1] + 1) * STEP_S if lost else 0.0,
        swing_k=max(seen[first:held]) - min(seen[first:held]),
        fallback=fell_back,
    )


def bound_s(gain_c: float, tau_s: float, dead_s: float) -> float:
    """Full power until the band: no law enters it earlier."""
    return tau_s * log(gain_c / (gain_c - 74.5)) + dead_s


def optimal_s(gain_c=GAIN_C, tau_s=TAU_S, lag_s=0.0, dead_s=DEAD_S) -> float:
    """Full power, then none, so that the peak just stays in the band: when it enters the band."""
    early_s, late_s, entered_s = 0.0, 600.0, inf
    for _ in range(11):
        cut_s = 0.5 * (early_s + late_s)
        plant, seen = Plant(gain_c, tau_s, lag_s, dead_s), []
        while not seen or seen[-1] > 60.0 or len(seen) * STEP_S < cut_s + dead_s:
            seen.append(plant.step(1.0 if len(seen) * STEP_S < cut_s else 0.0, STEP_S))
            if len(seen) * STEP_S > cut_s + dead_s + STEP_S and seen[-1] < seen[-2]:
                break
        if max(seen) > 100.5:
            late_s = cut_s
        else:
            early_s = cut_s
            entered_s = next((i * STEP_S for i, c in enumerate(seen) if c >= 99.5), entered_s)
    return entered_s


def runs(seeds: int, model: dict | None = None, ramp: float = inf, **plant: float) -> Outcome:
    outcomes = [drive(Plant(**plant), Law(**(model or {})), seed, ramp) for seed in range(seeds)]
    middle = {
        f.name: median(getattr(o, f.name) for o in outcomes)
        for f in fields(Outcome)
        if f.name != "fallback"
    }
    return Outcome(**middle, fallback=any(o.fallback for o in outcomes))


def test_a_step_is_as_fast_as_the_heater_and_does_not_overshoot():
    found = runs(5)
    assert found.settle_s <= 1.07 * bound_s(GAIN_C, TAU_S, DEAD_S)
    assert found.over_k <= 0.1
    assert found.travel <= 10.0
    assert not found.fallback


def test_a_sink_is_met_at_once():
    found = runs(7)
    assert found.dip_k <= 0.617 * 1.3, "0.617 K is lost in the dead time alone"
    assert found.back_s <= 2.5 * 15.5


@pytest.mark.parametrize("gain", [0.8, 1.2])
@pytest.mark.parametrize("tau", [0.8, 1.2])
@pytest.mark.parametrize("dead", [0.7, 1.3])
def test_a_plant_that_drifted_is_learned_on_the_way(gain, tau, dead):
    plant = {"gain_c": gain * GAIN_C, "tau_s": tau * TAU_S, "dead_s": dead * DEAD_S}
    found = runs(3, **plant)
    assert found.settle_s <= 1.6 * bound_s(*plant.values())
    assert found.over_k <= 0.6
    assert found.swing_k <= 0.5, "no limit cycle"
    assert not found.fallback


@pytest.mark.parametrize(
    ("model", "plant"),
    [
        ({"lag_s": 20.0, "dead_time_s": 5.0}, {"lag_s": 20.0, "dead_s": 5.0}),
        (
            {"lag_s": 60.0, "response_s": 15.0, "observer_s": 75.0},
            {"lag_s": 60.0},
        ),
        ({"dead_time_s": 60.0, "response_s": 12.0, "observer_s": 60.0}, {"dead_s": 60.0}),
        (
            {"dead_time_s": 60.0, "lag_s": 20.0, "response_s": 21.0, "observer_s": 133.0},
            {"dead_s": 60.0, "lag_s": 20.0},
        ),
    ],
)
def test_other_plants_are_as_near_to_their_limit(model, plant):
    found = runs(3, model=model, **plant)
    assert found.settle_s <= 1.07 * optimal_s(**plant)
    assert found.over_k <= 0.1


@pytest.mark.parametrize(("rate", "most_k"), [(5.0, 0.15), (10.0, 0.3)])
@pytest.mark.parametrize("lag_s", [0.0, 20.0])
def test_a_ramp_with_a_sharp_corner_does_not_overshoot(rate, most_k, lag_s):
    model = {"lag_s": lag_s, "dead_time_s": 15.0 - lag_s / 2}
    found = runs(3, model, rate / 60.0, lag_s=lag_s, dead_s=15.0 - lag_s / 2)
    assert found.over_k <= most_k


def test_a_model_that_lies_hands_over_to_the_pid_and_says_so():
    found = drive(Plant(dead_s=60.0), Law(), seed=1)
    assert found.fallback


def test_a_dead_heater_is_not_answered_with_a_windup():
    law = Law()
    for _ in range(4000):
        law.step(100.0, ROOM_C, 0.0)  # asked for full power, nothing was ever given
    for _ in range(200):
        law.step(20.0, ROOM_C, 0.0)
    assert law.step(20.0, ROOM_C, 0.0) == 0.0


def test_a_known_load_is_met_before_it_shows():
    law = Law()
    for _ in range(400):
        before = law.step(100.0, 100.0, 0.3)
    law.state.load_fraction = 0.05
    assert law.step(100.0, 100.0, 0.3) > before + 0.05


def test_arithmetic_of_its_own():
    for ratio in (0.0, 1e-9, 0.01, 0.1249, 0.3, 1.0, 5.0, 40.0):
        assert reference.decay(ratio) == pytest.approx(exp(-ratio), rel=1e-9)
    for ratio in (1.0, 1.01, 1.2, 3.0, 100.0, 1e6):
        assert reference.logarithm(ratio) == pytest.approx(log(ratio), rel=1e-8)


ANY = st.floats(allow_nan=False, allow_infinity=False)
SHORT = st.floats(0.01, 10.0)
MODELS = st.fixed_dictionaries(
    {
        "gain_c": st.floats(1.0, 1e5),
        "time_constant_s": st.floats(1.0, 1e5),
        "lag_s": st.one_of(st.just(0.0), st.floats(0.01, 600.0)),
        "dead_time_s": st.floats(0.0, 600.0),
        "noise_c": st.floats(0.001, 5.0),
        "response_s": st.floats(0.1, 1000.0),
        "observer_s": st.floats(0.1, 10000.0),
        "output_fraction_min": st.floats(-1.0, 0.0),
        "output_fraction_max": st.floats(0.1, 1.5),
    }
)


@given(MODELS, st.lists(st.tuples(ANY, ANY, ANY), min_size=40, max_size=40), SHORT)
@settings(max_examples=250, deadline=None)
def test_no_finite_input_gets_it_out_of_its_limits(model, inputs, step_s):
    """10,000 steps of anything at all: in limits, finite, and every variance a variance."""
    law = Law(**model)
    for setpoint, seen, achieved in inputs:
        duty = law.step(setpoint, seen, achieved, step_s)
        assert model["output_fraction_min"] <= duty <= model["output_fraction_max"]
        state = law.state
        assert isfinite(state.prediction_c + state.prediction_c_sigma + state.error_c)
        assert all(state.covariance_unit[6 * i] >= 0.0 for i in range(5))
        assert abs(state.disturbance_fraction) <= 0.5


def test_any_accepted_model_stays_in_its_limits_and_lets_go_of_any_past():
    """The first of the cases that law_cases.py has 100,000 of."""
    assert law_cases.found(0, 1500) == []


def test_a_zone_that_falls_to_its_setpoint_is_caught_before_it():
    """Heat is given while it is still above: that it falls is what lets the law."""
    law = Law(dead_time_s=60.0, response_s=12.0, observer_s=60.0)
    plant, rng = Plant(dead_s=60.0, temperature_c=200.0), random.Random(1)
    duty, heated_above_k, seen = 0.0, 0.0, []
    for _ in range(4000):
        duty = law.step(100.0, round(plant.temperature_c + rng.gauss(0.0, 0.05), 1), duty)
        seen.append(plant.step(duty, STEP_S))
        if duty > 0.05:
            heated_above_k = max(heated_above_k, plant.temperature_c - 100.0)
    assert heated_above_k > law.config.residual_c_max
    assert min(seen) > 99.5


@given(st.sampled_from([nan, inf, -inf]), st.integers(0, 4))
@settings(max_examples=20, deadline=None)
def test_what_is_no_number_gives_the_least_output_and_a_fresh_start(bad, place):
    law = Law()
    good = [100.0, 50.0, 1.0, STEP_S]
    law.step(*good)
    if place == 4:
        law.state.load_fraction = bad
    else:
        good[place] = bad
    assert law.step(*good) == 0.0
    assert law.state.primed == 0


def random_inputs(rng: random.Random, steps: int):
    """A rough closed loop: the measurement drifts and jumps, the setpoint steps and ramps."""
    setpoint, seen, rate = 25.0, 25.0, 0.0
    for _ in range(steps):
        if rng.random() < 0.02:
            setpoint, rate = rng.uniform(20.0, 150.0), rng.choice([0.0, 0.05, -0.1])
        setpoint += rate
        seen += rng.gauss(0.0, 0.1) + rng.choice([0.0, 0.2, 0.2, -0.1])
        if rng.random() < 0.01:
            seen += rng.uniform(-40.0, 40.0)
        yield setpoint, seen, rng.random() if rng.random() < 0.3 else None


@given(st.integers(0, 2**32), MODELS, st.sampled_from([0.1, 0.5, 2.0]))
@settings(max_examples=60, deadline=None)
def test_equals_the_reference(seed, model, step_s):
    rng, law = random.Random(seed), Law(**model)
    given_fields = config_of(**model)
    pid = {**given_fields.pop("pid")}
    pid["output_fraction_min"] = model["output_fraction_min"]
    pid["output_fraction_max"] = model["output_fraction_max"]
    slow = reference.Predictive(reference.Model(**given_fields, pid=Gains(**pid)))
    duty = 0.0
    for setpoint, seen, achieved in random_inputs(rng, 150):
        law.state.load_fraction = slow.load = rng.choice([0.0, 0.0, 0.02])
        given_duty = duty if achieved is None else achieved
        duty = law.step(setpoint, seen, given_duty, step_s)
        assert duty == slow.step(setpoint, seen, given_duty, step_s)
        state = law.state
        assert state.prediction_c == slow.prediction
        assert (state.jump_count, bool(state.fallback)) == (slow.jumps, slow.fallback)
        assert [
            state.error_c,
            state.disturbance_fraction,
            state.gain_error_ratio,
            state.loss_error_ratio,
            state.dead_time_error_s,
        ] == slow.x
        assert list(state.covariance_unit) == [number for row in slow.p for number in row]
