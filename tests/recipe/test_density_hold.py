"""A hold that ends on density: on target, on slope, between limits, and never on a guess."""

from __future__ import annotations

import math

import msgspec
import pytest
from fake_press import Drive, FakePress
from hypothesis import given, settings
from hypothesis import strategies as st
from press_header import NAMES

from controller.recipe.density import DensityEnd
from controller.recipe.model import load_recipe
from controller.recipe.phases import Hold
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import Procedure
from controller.recipe.states import State

RECIPE, _ = load_recipe("cathode-densify-100")
PLACE = next(i for i, phase in enumerate(RECIPE.phase) if isinstance(phase, Hold))
HOLD = RECIPE.phase[PLACE]
assert isinstance(HOLD, Hold)


class Powder(FakePress):
    """Densifies towards what its pressure gives; the estimate has an uncertainty."""

    full = 3.12
    sigma = 0.005
    seconds = 15.0

    def advance(self, step_s: float = 1.0) -> None:
        super().advance(step_s)
        self.density_g_per_cm3_sigma = self.sigma
        goal = self.full + 0.003 * (self.stack_pressure_mpa - 100.0)
        now = self.density_g_per_cm3 or 2.7
        if self.contact:
            grown = (goal - now) * step_s / (self.seconds + step_s)
            self.density_g_per_cm3 = now + max(0.0, grown)


def drive(press: FakePress, correction: float = 0.0, **changes: object) -> Drive:
    phases = list(RECIPE.phase)
    phases[PLACE] = msgspec.structs.replace(HOLD, **changes)
    recipe = msgspec.structs.replace(RECIPE, phase=phases)
    procedure = Procedure(PressUnit(recipe, NAMES, density_correction_fraction=correction))
    return Drive(procedure, press).until("hold", s_max=20_000.0)


@pytest.mark.parametrize("full", [3.06, 3.10, 3.15])
def test_it_ends_on_its_target_whatever_the_powder_and_stays_there(full):
    """Loose powder is pressed on, dense powder stopped early; cooling adds nothing."""
    press = Powder()
    press.full = full
    run = drive(press).until("cool")
    assert "density 3." in run.moves[-1].cause
    run.until("release", s_max=4000.0)
    assert press.density_g_per_cm3 == pytest.approx(3.10, abs=0.015)  # steps of 1 s


def test_the_pressure_is_taken_back_before_cooling_and_never_above_its_maximum():
    press = Powder()
    press.full = 3.05
    run, highest = drive(press), 0.0
    while run.procedure.phase == "hold":
        run.step()
        highest = max(highest, press.stack_pressure_mpa)
    assert 100.0 < highest <= HOLD.pressure_mpa_max
    run.for_s(60.0)
    assert press.stack_pressure_mpa == pytest.approx(HOLD.keep_fraction * highest, rel=0.02)


def test_a_film_too_thin_for_the_sensors_falls_back_to_time_and_says_why():
    press = Powder()
    press.sigma = 0.03  # twice that is more than the window of 0.05
    run = drive(press)
    begun_s = run.now_s
    run.until("cool")
    assert run.now_s - begun_s == pytest.approx(HOLD.hold_s, abs=5.0)
    assert press.stack_pressure_mpa == 100.0, "nothing was pressed on or taken back"
    (note,) = [move for move in run.moves if move.kind == "batch"]
    assert "too thin" in note.cause
    assert "± 0.060 g/cm³, the window ± 0.05" in note.cause


def test_sensors_lost_within_the_hold_fall_back_too_and_do_not_come_back():
    press = Powder()
    press.full = 3.0
    run = drive(press)
    run.for_s(20.0)
    press.thickness_quality = 2
    press.density_g_per_cm3 = 0.0
    run.for_s(5.0)
    press.thickness_quality = 0
    begun_s = run.now_s
    run.until("cool")
    assert sum(move.kind == "batch" for move in run.moves) == 1
    assert run.now_s - begun_s > 200.0


def test_too_dense_is_answered_as_the_recipe_says():
    press = Powder()
    press.full = 3.5
    press.seconds = 1.0
    run = drive(press, until_density_g_per_cm3=3.19, hold_s_min=60.0).until("held")
    assert "above 3.2 g/cm³" in run.moves[-2].cause
    assert run.procedure.state is State.HELD
    press = Powder()
    press.full = 3.5
    press.seconds = 1.0
    run = drive(press, until_density_g_per_cm3=3.19, hold_s_min=60.0, on_density="abort")
    assert run.until("aborting").procedure.state is State.ABORTING


def test_too_light_at_the_end_of_the_time_is_said():
    press = Powder()
    press.full = 2.85
    run = drive(press).until("held")
    assert "400 s are over: 2.9" in run.moves[-2].cause
    assert "is below 3 g/cm³" in run.moves[-2].cause
    run.procedure.restart()
    run.until("cool")  # a person has seen it and goes on


def test_no_sooner_than_the_minimum_time():
    press = Powder()
    run = drive(press, hold_s_min=120.0, pressure_mpa_max=None)
    begun_s = run.now_s
    run.until("cool")
    assert run.now_s - begun_s >= 120.0


def test_the_slope_ends_a_hold_whose_powder_has_stopped():
    press = Powder()
    press.full = 3.0
    run = drive(
        press, until_density_g_per_cm3=None, until_slope_per_decade=0.005, pressure_mpa_max=None
    )
    begun_s = run.now_s
    run.until("cool")
    assert 40.0 < run.now_s - begun_s < 200.0, "later than it flows, earlier than the time"
    assert "per decade" in run.moves[-1].cause


def test_what_earlier_batches_sprang_back_raises_the_target():
    press = Powder()
    run = drive(press, correction=0.01).until("cool")
    assert press.density_g_per_cm3 == pytest.approx(3.10 * 1.01, abs=0.012)
    assert "target 3.131" in run.moves[-1].cause


class _Seen:
    density_good = True
    density_g_per_cm3 = 3.0
    density_g_per_cm3_sigma = 0.001


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 30.0) | st.just(math.nan), st.floats(0.0, 1.0), st.booleans(),
            st.floats(0.0, 1.0),
        ),
        max_size=60,
    )
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_for_any_course_it_ends_on_density_only_while_density_is_good(course):
    """Once given up it stays so, an end is never called while in doubt, memory stays small."""
    end = DensityEnd(msgspec.structs.replace(HOLD, until_slope_per_decade=0.01))
    fallen = ""
    for density, sigma, good, step_s in course:
        seen = _Seen()
        seen.density_g_per_cm3, seen.density_g_per_cm3_sigma = density, sigma
        seen.density_good = good
        end.step(seen, step_s)
        assert not fallen or end.fallen == fallen
        fallen = end.fallen
        if fallen:
            assert not end.end()
            assert not end.above()
        assert len(end._means) <= 8


@pytest.mark.parametrize("per_decade", [0.002, 0.02, 0.2])
def test_the_slope_is_that_of_a_straight_line_over_log_time(per_decade):
    end = DensityEnd(msgspec.structs.replace(HOLD, until_density_g_per_cm3=99.0,
                                             until_slope_per_decade=1e-4))  # fmt: skip
    seen = _Seen()
    for step in range(1, 6000):
        seen.density_g_per_cm3 = 3.0 + per_decade * math.log10(0.1 * step)
        end.step(seen, 0.1)
    assert end.slope_per_decade == pytest.approx(per_decade, rel=0.05)
