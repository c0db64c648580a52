"""The wall temperatures of the shipped recipes, run by hand on the simulated machine, from a cold
room and between two batches: peak and hold stay in their bands, and the lint foretold it."""

from __future__ import annotations

import math

import pytest
from wip_cycle import Cycle
from wip_header import STATION, fields_of, wip_recipe

from controller.recipe.wip_fluid import held_c, warming_s
from controller.recipe.wip_phases import Fill, Hold, Preheat, Pump
from controller.recipe.wip_walk import wip_stages
from hil.vessel import Vessel

PEAK_K = 1.5


class ByHand(Cycle):
    """One recipe's numbers, asked for by hand."""

    def __init__(self, name: str, seed: int, start_c: float) -> None:
        self.recipe = wip_recipe(name)
        plant = Vessel.from_machine("wip-500MPa", seed=seed, start_temperature_c=start_c)
        groups = fields_of(STATION, self.recipe)
        super().__init__(plant, {key: groups[key] for key in ("vessel", "drive", "limit")})
        self.arm()

    def preheat(self, phase: Preheat) -> float:
        self.command.heat_enable = 1
        self.command.wall_temperature_target_c = phase.wall_temperature_c
        goal_c = phase.wall_temperature_c - phase.tolerance_k
        return self.until(lambda: self.seen.wall_temperature_c_estimate > goal_c, 7200.0)

    def pump_as(self, phase: Pump) -> None:
        self.pump(phase.pressure_mpa, phase.rate_mpa_per_s, phase.temperature_band_k)
        self.command.fluid_temperature_target_c = phase.temperature_c
        self.peak_c = -math.inf
        limit_s = 8.0 * phase.pressure_mpa / phase.rate_mpa_per_s
        self.until(lambda: self.seen.vessel_pressure_mpa > phase.pressure_mpa - 0.5, limit_s)

    def hold_as(self, phase: Hold) -> None:
        if phase.wall_temperature_c is not None:
            self.command.wall_temperature_target_c = phase.wall_temperature_c
        self.hold(phase.hold_s)


@pytest.mark.parametrize(
    ("name", "seed", "start_c"), [("wip-monocell-490", 1, 22.0), ("wip-bicell-490", 2, 70.0)]
)
def test_peak_and_hold_stay_in_their_bands_as_the_lint_foretold(
    name: str, seed: int, start_c: float
) -> None:
    cycle = ByHand(name, seed, start_c)
    for stage in wip_stages(cycle.recipe, 22.0, 65.0):
        match stage.phase:
            case Preheat() as phase:
                took_s = cycle.preheat(phase)
                goal_c = phase.wall_temperature_c - phase.tolerance_k
                foretold_s = warming_s(STATION, start_c, phase.wall_temperature_c, goal_c)
                assert took_s == pytest.approx(foretold_s, rel=0.15, abs=90.0)
            case Fill() as phase:
                cycle.fill(phase.flush_s, phase.wall_temperature_c)
                cycle.leak_test()
            case Pump() as phase:
                cycle.pump_as(phase)
            case Hold() as phase:
                begun_c = cycle.plant.truth()["fluid_temperature_c"]
                cycle.hold_as(phase)
                assert cycle.peak_c <= stage.start.temperature_c + PEAK_K
                assert cycle.lowest_c >= phase.temperature_c - phase.temperature_band_k
                walls_c = stage.wall_before_c, stage.wall_c
                foretold_c = held_c(STATION, begun_c, *walls_c, phase.hold_s)
                assert cycle.lowest_c == pytest.approx(foretold_c, abs=1.0)
    assert cycle.peak_c >= cycle.command.fluid_temperature_target_c - PEAK_K
    assert cycle.trips == set()
    assert cycle.plant.truth()["cracked_count"] == 0
