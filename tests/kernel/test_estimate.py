"""The estimates: equal to their reference, right on a known stack, honest about what they lack."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import CHANNEL, ZONES, good_config
from reference import estimate as reference

from controller.kernel import ffi, lib

GOOD, UNCERTAIN, BAD = range(3)
PUBLISHED = [
    "zone_temperature_c_median",
    "stack_temperature_c_estimate",
    "stack_temperature_c_sigma",
    "stack_pressure_mpa",
    "cylinder_pressure_bar",
    "force_kn",
    "thickness_mm",
    "tilt_um",
    "density_g_per_cm3",
    "density_g_per_cm3_sigma",
    "pressure_quality",
    "thickness_quality",
    "contact",
]


def machine_of(config):
    parts = (config, config.stack, config.hydraulic)
    fields = set(reference.Machine.__dataclass_fields__)
    named = {name: getattr(p, name) for name in fields for p in parts if hasattr(p, name)}
    return reference.Machine(
        ambient_c=config.ambient_temperature_c,
        platen_of_zone=tuple(config.zone[i].platen for i in ZONES),
        stack_fitted=bool(config.channel[CHANNEL["stack_temperature_c"]].fitted),
        **named,
    )


class Press:
    """press_estimate alone: measurements in, estimates out."""

    def __init__(self, stack_fitted=True):
        self.config = good_config()
        self.config.channel[CHANNEL["stack_temperature_c"]].fitted = stack_fitted
        self.state = ffi.new("press_state_t *")
        self.seen = ffi.new("press_observation_t *")
        lib.press_state_init(self.config, self.state)
        self.zone_c = [22.0] * len(ZONES)
        self.lvdt_mm = [1.0] * 4
        self.named = dict.fromkeys(CHANNEL, 0.0)
        self.named["stack_temperature_c"] = 22.0
        self.bad: set[str] = set()

    def load(self, mpa):
        """All pressure sensors and the LVDTs at one truth of a stack 1 mm thick."""
        hydraulic = self.config.hydraulic
        force_kn = mpa * self.config.stack.area_mm2 * 1e-3
        bar = (force_kn + hydraulic.ram_weight_kn) * 1e4 / hydraulic.cylinder_area_mm2
        self.named["load_cell_force_kn"] = force_kn
        self.named["cylinder_a_pressure_bar"] = self.named["cylinder_b_pressure_bar"] = bar

    def reading(self):
        quality = {name: BAD if name in self.bad else GOOD for name in CHANNEL}
        named = dict(self.named)
        named |= {f"zone_{i + 1}_temperature_c": c for i, c in enumerate(self.zone_c)}
        named |= {f"lvdt_{i + 1}_position_mm": mm for i, mm in enumerate(self.lvdt_mm)}
        pair = {name: (named[name], quality[name]) for name in CHANNEL}
        return pair, reference.Reading(
            zone=tuple(pair[f"zone_{i + 1}_temperature_c"] for i in ZONES),
            stack=pair["stack_temperature_c"],
            cylinder_a=pair["cylinder_a_pressure_bar"],
            cylinder_b=pair["cylinder_b_pressure_bar"],
            load_cell=pair["load_cell_force_kn"],
            lvdt=tuple(pair[f"lvdt_{i + 1}_position_mm"] for i in range(4)),
        )

    def tick(self, times=1):
        for _ in range(times):
            for name, (number, quality) in self.reading()[0].items():
                self.seen.measurement_channel_unit[CHANNEL[name]] = number
                self.seen.quality[CHANNEL[name]] = quality
            lib.press_estimate(self.config, self.state, self.seen)
            self.state.observation = self.seen[0]
        return self.seen


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_equals_the_reference(seed):
    rng = random.Random(seed)
    press = Press(stack_fitted=rng.random() < 0.5)
    press.config.stack.elastic_modulus_mpa = rng.choice([0.0, 10000.0])
    model = reference.Estimate(machine_of(press.config))
    for _ in range(60):
        press.zone_c = [rng.uniform(20.0, 120.0) for _ in ZONES]
        press.lvdt_mm = [rng.uniform(-0.1, 2.0) for _ in range(4)]
        press.named["stack_temperature_c"] = rng.uniform(20.0, 120.0)
        for name in ("cylinder_a_pressure_bar", "cylinder_b_pressure_bar"):
            press.named[name] = rng.choice([0.0, rng.uniform(-1.0, 200.0)])
        press.named["load_cell_force_kn"] = rng.choice([0.6, rng.uniform(-1.0, 300.0)])
        press.bad = {name for name in CHANNEL if rng.random() < 0.15}
        seen, expected = press.tick(), model.step(press.reading()[1])
        assert {name: getattr(seen, name) for name in PUBLISHED} == expected


def test_density_of_a_pressed_stack_is_that_of_the_relaxed_one():
    """1.000 mm relaxed is 3.10 g/cm3; pressed it is thinner by p/M, and frame and platens move."""
    press = Press()
    press.load(100.0)
    press.zone_c = [100.0] * 6
    relaxed_mm, stretch_mm, growth_mm = 1.0, 250.0 / 500.0, 0.0012 * 78.0
    press.lvdt_mm = [relaxed_mm * (1.0 - 100.0 / 10000.0) + stretch_mm + growth_mm] * 4
    seen = press.tick()
    assert seen.thickness_mm == pytest.approx(0.990, abs=1e-9)
    assert seen.density_g_per_cm3 == pytest.approx(3.10, abs=1e-9)
    assert seen.stack_pressure_mpa == pytest.approx(100.0)


@pytest.mark.parametrize("lost", range(4))
def test_one_lost_corner_is_filled_by_the_plane_of_the_others(lost):
    press = Press()
    press.load(5.0)
    press.lvdt_mm = [1.010, 1.030, 1.050, 1.030]  # 20 um per axis round the platen
    whole = (press.tick().thickness_mm, press.seen.tilt_um)
    assert press.seen.thickness_quality == GOOD
    assert whole[1] == pytest.approx(40.0, abs=1e-9)
    press.bad = {f"lvdt_{lost + 1}_position_mm"}
    press.lvdt_mm[lost] = 9.0
    seen = press.tick()
    assert seen.thickness_quality == UNCERTAIN
    assert (seen.thickness_mm, seen.tilt_um) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("first", range(4))
def test_two_opposite_corners_still_give_the_middle(first):
    """A press with two sensors has them on a diagonal: the mean is the middle of the plane."""
    press = Press()
    press.load(5.0)
    press.lvdt_mm = [1.010, 1.030, 1.050, 1.030]
    whole_mm = press.tick().thickness_mm
    sigma = press.seen.density_g_per_cm3_sigma
    press.bad = {f"lvdt_{1 + first % 4}_position_mm", f"lvdt_{1 + (first + 2) % 4}_position_mm"}
    assert press.tick().thickness_quality == UNCERTAIN
    assert press.seen.thickness_mm == pytest.approx(whole_mm, abs=1e-9)
    assert press.seen.density_g_per_cm3_sigma > sigma


@pytest.mark.parametrize("lost", [(1, 2), (1, 4), (1, 2, 3)])
def test_two_neighbours_or_one_corner_give_no_density(lost):
    press = Press()
    press.load(5.0)
    assert press.tick().density_g_per_cm3 > 0.0
    press.bad = {f"lvdt_{corner}_position_mm" for corner in lost}
    assert press.tick().thickness_quality == BAD
    assert press.seen.density_g_per_cm3 == 0.0
    assert press.seen.density_g_per_cm3_sigma == 0.0


def test_the_uncertainty_of_the_density_covers_its_errors():
    """Errors of loading, tooling, sensors and frame drawn as large as the configuration says:
    nine estimates in ten within 1.645 sigma of the truth."""
    rng = random.Random(5)
    press = Press()
    stack, hydraulic = press.config.stack, press.config.hydraulic
    inside = 0
    for _ in range(400):
        press.load(100.0)
        mass = stack.areal_mass_g_per_cm2 * (1.0 + rng.gauss(0.0, stack.areal_mass_sigma_fraction))
        relaxed_mm = 10.0 * mass / 3.10
        stretch_mm = 0.5 * (1.0 + rng.gauss(0.0, hydraulic.stretch_sigma_fraction))
        loaded_mm = relaxed_mm * 0.99 + stretch_mm
        tooling_mm = rng.gauss(0.0, stack.thickness_reference_sigma_mm)
        press.lvdt_mm = [
            loaded_mm + tooling_mm + rng.gauss(0.0, hydraulic.position_sigma_mm) for _ in range(4)
        ]
        seen = press.tick()
        inside += abs(seen.density_g_per_cm3 - 3.10) <= 1.645 * seen.density_g_per_cm3_sigma
    assert 0.87 <= inside / 400 <= 0.93


@pytest.mark.parametrize(
    ("bad", "quality", "mpa"),
    [
        ((), GOOD, 50.0),
        (("load_cell_force_kn",), UNCERTAIN, 50.0),
        (("load_cell_force_kn", "cylinder_a_pressure_bar"), UNCERTAIN, 50.0),
        (("load_cell_force_kn", "cylinder_b_pressure_bar"), UNCERTAIN, 50.0),
        (("load_cell_force_kn", "cylinder_a_pressure_bar", "cylinder_b_pressure_bar"), BAD, 50.0),
    ],
)
def test_without_the_load_cell_the_cylinder_answers_and_says_so(bad, quality, mpa):
    press = Press()
    press.load(mpa)
    press.bad = set(bad)
    seen = press.tick()
    assert seen.pressure_quality == quality
    assert seen.stack_pressure_mpa == pytest.approx(mpa, rel=1e-9)


def test_contact_has_hysteresis():
    press, seen = Press(), []
    for force_kn in (0.7, 0.79, 0.81, 0.5, 0.41, 0.39, 0.7):
        press.named["load_cell_force_kn"] = force_kn
        seen.append(bool(press.tick().contact))
    assert seen == [False, False, True, True, True, False, False]


def test_the_stack_follows_the_platens_with_the_lag_of_its_contact():
    press = Press(stack_fitted=False)
    press.load(20.0)
    press.tick()
    press.zone_c = [100.0] * 6
    tau_s = 420.0 / (2 * 6.0 + 0.05)
    seen = press.tick(round(tau_s * 100))
    end_c = (2 * 6.0 * 100.0 + 0.05 * 22.0) / 12.05
    assert seen.stack_temperature_c_estimate == pytest.approx(
        end_c - (end_c - 22.0) * math.exp(-1.0), abs=0.05
    )
    assert seen.stack_temperature_c_sigma > 5.0
    seen = press.tick(8 * round(tau_s * 100))
    assert seen.stack_temperature_c_estimate == pytest.approx(end_c, abs=0.05)
    assert seen.stack_temperature_c_sigma < 0.4


def test_a_stack_that_does_not_touch_is_not_called_hot():
    press = Press(stack_fitted=False)
    press.zone_c = [100.0] * 6
    seen = press.tick(1000)
    assert seen.stack_temperature_c_estimate == pytest.approx(22.0)
    assert seen.stack_temperature_c_sigma >= 78.0


def test_a_stack_sensor_is_believed_when_the_model_knows_nothing():
    press = Press()
    press.zone_c, press.named["stack_temperature_c"] = [100.0] * 6, 60.0
    seen = press.tick(60 * 100)
    assert seen.stack_temperature_c_estimate == pytest.approx(60.0, abs=3.0)


def test_a_biased_thermocouple_does_not_outvote_two_platens_in_equilibrium():
    press = Press()
    press.load(100.0)
    press.zone_c, press.named["stack_temperature_c"] = [100.0] * 6, 100.0
    press.tick(300 * 100)
    press.named["stack_temperature_c"] = 98.5
    seen = press.tick(100 * 100)
    assert seen.stack_temperature_c_estimate == pytest.approx(99.7, abs=0.4)
