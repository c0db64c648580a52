"""Gas analysers and gauges: delay, saturation, cross response, drift, and that they are there."""

import msgspec
import pytest
from chamber_bench import VACUUM_PRESS, chamber_with, published, quiet, shown

from hil import Plant
from hil.plant import CHAMBER_INPUTS, CHAMBER_OUTPUTS, CHAMBER_READINGS, READINGS


def test_a_press_without_a_chamber_has_none_of_its_points():
    press = Plant.from_machine("press-500kN")
    chamber = Plant.from_machine("vacuum-hot-press")
    assert set(chamber.readings()) == {*READINGS, *CHAMBER_READINGS}
    assert set(CHAMBER_INPUTS) <= set(chamber.digital_inputs())
    assert not set(CHAMBER_INPUTS) & set(press.digital_inputs())
    assert "h2s_ppm" in chamber.truth()
    assert not any(name.startswith(("chamber", "h2s", "moisture")) for name in press.truth())
    for name in (*CHAMBER_OUTPUTS, "chamber_closed", "purge_dew_point_c"):
        assert name in chamber.inputs
        with pytest.raises(KeyError, match="no input"):
            press.set(**{name: 1})


def test_ninety_percent_after_thirty_seconds():
    press = quiet(published(-100.0, sulfide_g=0.0))
    press.set(interfering_gas_ppm=2000.0)  # a step of 20 ppm seen by both cells
    press.step(30.0)
    assert shown(press, "h2s_a_ppm") == pytest.approx(18.0, abs=0.4)
    press.step(60.0)
    assert shown(press, "h2s_a_ppm") == pytest.approx(20.0, abs=0.1)
    assert shown(press, "h2s_b_ppm") == pytest.approx(20.0, abs=0.1)
    assert press.truth()["h2s_ppm"] == 0.0


def test_beyond_its_range_the_cell_stays_at_full_scale_until_it_has_recovered():
    room = published(10.0, hydrolysis_cc_per_g_min_ppm=1e-3, extract_l_per_min=10_000.0)
    press = quiet(room)
    press.step(300.0)
    assert press.truth()["h2s_ppm"] > 500.0
    assert shown(press, "h2s_a_ppm") == pytest.approx(100.0, abs=0.1)
    press.set(sulfide_exposed_fraction=0.0, extract_max=1)
    press.step(60.0)
    assert press.truth()["h2s_ppm"] < 1.0
    press.step(500.0)
    assert shown(press, "h2s_a_ppm") == pytest.approx(100.0, abs=0.1)
    press.step(150.0)
    assert shown(press, "h2s_a_ppm") < 1.0


def test_drift_is_the_sensors_own_share_and_seeded():
    machine = _with_h2s(drift_channel_unit_per_day=2400.0, bias_channel_unit_max=0.0)
    drifted = []
    for seed in range(8):
        press = Plant(machine, seed=seed)
        press.step(60.0)
        drifted.append(shown(press, "h2s_a_ppm"))
    # 100 ppm/h worst case: at most 1.67 ppm in a minute, upwards only visible above 4 mA.
    assert max(drifted) < 1.67 + 0.3
    assert max(drifted) > 0.4
    assert len({round(ppm, 2) for ppm in drifted}) > 4


def _with_h2s(**fields):
    sensors = tuple(
        msgspec.structs.replace(s, **fields) if "h2s_a_ppm" in s.points else s
        for s in VACUUM_PRESS.sensor
    )
    return msgspec.structs.replace(VACUUM_PRESS, sensor=sensors)


def test_gauges_and_analysers_show_the_truth_within_their_class():
    press = quiet(chamber_with(moisture_g=0.0, moisture_g_saturated=0.0))
    press.set(vacuum_pump=1, vacuum_valve=1)
    press.step(400.0)
    truth = press.truth()
    assert truth["chamber_pressure_mbar"] < 0.1
    resolution_mbar = 10.0 / 16_000.0
    assert shown(press, "chamber_vacuum_mbar") == pytest.approx(
        truth["chamber_pressure_mbar"], abs=2 * resolution_mbar
    )
    assert shown(press, "chamber_pressure_mbar") == pytest.approx(0.0, abs=0.2)
    press.set(vacuum_valve=0, purge_valve=1)
    press.step(1500.0)
    assert shown(press, "chamber_dew_point_c") == pytest.approx(-60.0, abs=0.5)
    assert shown(press, "chamber_oxygen_ppm") == pytest.approx(1.0, abs=0.2)
    assert press.reading("chamber_vacuum_mbar") == 20.5  # beyond its range


def test_the_cells_voltage_is_read_and_a_short_ends_it():
    machine = VACUUM_PRESS.with_stack({"open_circuit_voltage_v": 3.2, "has_lithium": True})
    press = quiet(machine)
    assert shown(press, "cell_voltage_v") == pytest.approx(3.2, abs=0.001)
    press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
    press.step(3.0)
    press.set(approach_valve=0, valve_open_fraction=0.2)
    press.step(6.0)
    assert press.truth()["stack_pressure_mpa"] < 70.0
    assert press.truth()["shorted_count"] == 0.0
    press.set(valve_open_fraction=0.6)
    press.step(10.0)
    assert press.truth()["stack_pressure_mpa"] > 70.0
    assert press.truth()["shorted_count"] == 1.0
    assert shown(press, "cell_voltage_v") == pytest.approx(0.0, abs=0.001)
