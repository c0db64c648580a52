"""Durations of a WIP's phases, and its fluid by the tables of the vessel."""

from __future__ import annotations

import itertools

import pytest
from wip_header import RECIPE, STATION, wip_recipe

from controller.recipe.duration import Point
from controller.recipe.wip_duration import after, duration_s, timeout_s, total_s
from controller.recipe.wip_fluid import adiabatic_c, heating_k_per_mpa
from controller.recipe.wip_phases import Decompress, Hold, LeakTest, Preheat, Pump
from controller.recipe.wip_walk import wip_stages

COLD = Point(22.0, 0.0)


def of(kind: type, name: str = "wip-monocell-490"):
    return next(phase for phase in wip_recipe(name).phase if type(phase) is kind)


@pytest.mark.parametrize(
    ("kind", "start", "seconds"),
    [
        (Pump, Point(67.0, 10.0), 120.0),  # 480 MPa at 4 MPa/s
        (Hold, Point(85.0, 490.0), 300.0),
        (Decompress, Point(85.0, 490.0), 94.0 + 20.0),  # 470 MPa at 5, 20 at 1 MPa/s
        (Decompress, Point(85.0, 15.0), 15.0),
        (Preheat, Point(76.0, 0.0), 0.0),
        (Pump, Point(67.0, 600.0), 0.0),
    ],
)
def test_a_duration_follows_from_the_phases_own_numbers(kind, start, seconds) -> None:
    assert duration_s(of(kind), start) == pytest.approx(seconds)


def test_the_recipe_is_the_sum_of_its_phases_and_ends_without_pressure() -> None:
    stages = wip_stages(RECIPE, 22.0, 65.0)
    walked = sum(duration_s(stage.phase, stage.start) for stage in stages)
    assert total_s(RECIPE.phase, COLD) == pytest.approx(walked)
    assert stages[-1].end.pressure_mpa == 0.0
    assert [a.end for a in stages[:-1]] == [b.start for b in stages[1:]]
    warm = total_s(RECIPE.phase, Point(75.0, 0.0))
    assert walked - warm == pytest.approx(duration_s(of(Preheat), COLD) - 75.0, abs=1.0)


def test_a_pump_is_given_time_to_creep_and_to_wait() -> None:
    start = Point(67.0, 5.0)
    pump = of(Pump)
    assert timeout_s(pump, start) > 8.0 * duration_s(pump, start) + pump.holdback_s_max
    for phase in RECIPE.phase:
        assert timeout_s(phase, start) > duration_s(phase, start)


def test_a_phase_leaves_what_it_says() -> None:
    here = COLD
    path = []
    for phase in wip_recipe("wip-bicell-490").phase:
        here = after(phase, here)
        path.append(here.pressure_mpa)
    kept = [mpa for mpa, _ in itertools.groupby(path)]
    assert kept == [0.0, of(LeakTest).pressure_mpa, 100.0, 490.0, 0.0]


# Water along its isentrope, by the equation of state.
@pytest.mark.parametrize(
    ("start_c", "pressure_mpa", "end_c"),
    [(25.0, 600.0, 42.9), (60.0, 500.0, 80.4), (80.0, 500.0, 104.1), (80.0, 100.0, 85.3)],
)
def test_the_tables_heat_water_as_water_is_heated(
    start_c: float, pressure_mpa: float, end_c: float
) -> None:
    assert adiabatic_c(STATION.vessel, start_c, pressure_mpa) == pytest.approx(end_c, abs=0.5)


def test_outside_its_table_the_fluid_is_as_at_its_edge() -> None:
    assert heating_k_per_mpa(STATION.vessel, 500.0, 80.0) == 0.0385
    assert heating_k_per_mpa(STATION.vessel, 1e4, 1e4) == 0.0403
    assert heating_k_per_mpa(STATION.vessel, 0.0, -10.0) == 0.0145
