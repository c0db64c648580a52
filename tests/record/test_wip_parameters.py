"""What a WIP's plan writes into the header is what the record's indicators ask for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import synthetic_wip
from synthetic_batch import record_file

from controller.composition import load_plan
from controller.ports import Sample
from controller.recipe.wip_fluid import adiabatic_c
from controller.recipe.wip_phases import Decompress, Hold, Pump
from controller.record import BatchRecord, StoredRecord, kpis
from controller.wip_parameters import start_c, wip_parameters


@pytest.fixture(scope="module")
def plan():
    return load_plan("wip-monocell-490", "demo-wip")


def test_no_indicator_lacks_a_parameter(plan, tmp_path: Path) -> None:
    header = synthetic_wip.wip_header(parameters=plan.parameters())
    path = record_file(tmp_path)
    record = BatchRecord(path, header, synthetic_wip.SIGNALS, lossless=True)
    for item in synthetic_wip.batch(step_s=1.0):
        if isinstance(item, Sample):
            record.sample(item)
    record.close("complete", "done")
    with StoredRecord(path) as stored:
        assert [kpi.note for kpi in kpis(stored) if kpi.note] == []


def test_the_isentropes_end_on_target_and_limit(plan) -> None:
    found = plan.parameters()
    (pump,) = [phase for phase in plan.recipe.phase if isinstance(phase, Pump)]
    points = [name for name in found if name.startswith("isentrope_") and name.endswith("_mpa")]
    last = len(points) - 1
    assert found["isentrope_0_mpa"] == 0.0
    assert found[f"isentrope_{last}_mpa"] == pump.pressure_mpa
    assert found[f"isentrope_{last}_target_c"] == pytest.approx(pump.temperature_c, abs=1e-6)
    limit_c = plan.recipe.limits.temperature_c_max
    assert found[f"isentrope_{last}_limit_c"] == pytest.approx(limit_c, abs=1e-6)
    assert 15.0 < pump.temperature_c - found["isentrope_0_target_c"] < 30.0


@pytest.mark.parametrize("end_c", [40.0, 85.0, 92.0])
def test_pumping_from_the_start_found_ends_where_it_should(plan, end_c: float) -> None:
    vessel = plan.station.vessel
    begin_c = start_c(lambda warm_c: adiabatic_c(vessel, warm_c, 490.0), end_c)
    assert adiabatic_c(vessel, begin_c, 490.0) == pytest.approx(end_c, abs=1e-6)


def test_limits_are_the_tightest_of_all_who_have_one(plan) -> None:
    found = plan.parameters()
    material, station = plan.material.limits, plan.station
    assert found["release_slow_mpa_per_s_max"] <= material.release_mpa_per_s_max_slow.bound
    assert found["release_slow_mpa_per_s_max"] <= station.limit.release_slow_mpa_per_s_max
    assert found["leak_mpa_per_min_max"] < station.limit.leak_mpa_per_min_max


def test_a_recipe_without_pressure_has_what_is_left(plan) -> None:
    """No pump, no hold, no release: nothing is made up for them."""

    kept = [phase for phase in plan.recipe.phase if not isinstance(phase, Pump | Hold | Decompress)]
    bare = msgspec.structs.replace(plan.recipe, phase=kept)
    found = wip_parameters(bare, plan.material, plan.station)
    assert not [name for name in found if name.startswith(("hold_", "isentrope_", "expansion"))]
    assert found["release_slow_below_mpa"] == plan.material.limits.release_slow_below_mpa


def test_a_pause_on_the_way_is_no_hold() -> None:
    """The bicell's recipe settles at 100 MPa before it goes on; only the hold is asked for."""
    plan = load_plan("wip-bicell-490", "demo-wip")
    holds = [phase for phase in plan.recipe.phase if isinstance(phase, Hold)]
    unnamed = [phase for phase in holds if phase.name is None]
    assert len(unnamed) < len(holds)
    assert plan.parameters()["hold_s"] == sum(phase.hold_s for phase in unnamed)
