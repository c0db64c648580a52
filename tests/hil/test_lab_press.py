"""The small press from its three files: machine, station, recipe."""

import json
import subprocess
import sys

import pytest

from controller.composition import load_plan
from controller.config.problem import ConfigError
from controller.record.kpi import kpis
from controller.record.reader import StoredRecord


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    record, figures = folder / "a.sqlite", folder / "a.json"
    where = ["--station", "lab-press", "--machine", "lab-press"]
    files = ["--record", str(record), "--json", str(figures), "--quiet"]
    command = [sys.executable, "-m", "controller", "simulate", "cathode-pellet-120"]
    subprocess.run([*command, *where, *files], check=True)
    return json.loads(figures.read_text()), record


def test_its_recipe_runs_to_complete_and_asks_no_hard_protection(batch):
    figures, _ = batch
    assert figures["outcome"] == "Complete"
    assert figures["hard_protection_demands"] == 0
    assert 3.05 <= figures["density_g_per_cm3"] <= 3.15
    assert abs(figures["density_estimate_g_per_cm3"] - figures["density_g_per_cm3"]) <= 0.03
    assert figures["temperature_overshoot_k"] <= 0.5
    assert figures["pressure_overshoot_fraction"] <= 0.005


def test_its_report_speaks_of_two_zones(batch):
    with StoredRecord(batch[1]) as stored:
        found = kpis(stored)
    assert found["time_in_band_s"].value >= 299.9
    assert found["energy_kwh"].value > 0.0
    assert 0.2 <= found["heater_duty_hold_fraction"].value <= 0.3  # 1.3 W/K over 98 K of 500 W


def test_a_recipe_for_a_larger_press_is_refused():
    with pytest.raises(ConfigError, match="above 60 kN"):
        load_plan("sulfide-hot-press-100", "lab-press")
