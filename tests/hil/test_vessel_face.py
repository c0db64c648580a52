"""The WIP's Python face and machine file: names, bounds, what is refused and what stands after."""

import math
from importlib import resources

import pytest
from vessel_bench import WIP, quiet_wip, shut

from controller.ports import SignalNames
from hil import MachineError, Plant
from hil.machine import parse_machine
from hil.vessel import (
    CONDITIONS,
    DIGITAL_INPUTS,
    DIGITAL_OUTPUTS,
    READINGS,
    SIGNALS,
    Vessel,
)

TEXT = (resources.files("hil") / "machines" / "wip-500MPa.toml").read_text("utf-8")


def test_ten_lines_are_enough():
    wip = Plant.from_machine("wip-500MPa", seed=7)
    assert isinstance(wip, Vessel)
    wip.preset(pressure_mpa=500.0, fluid_c=104.0, wall_c=80.0)
    wip.step(60.0)
    assert wip.time_s == 60.0
    assert wip.truth()["vessel_pressure_mpa"] == pytest.approx(491.0, abs=1.0)
    assert wip.digital_inputs()["lid_locked_a"]
    assert set(wip.readings()) == set(READINGS) == wip.fitted


def test_every_signal_of_the_reference_list_is_wired():
    points = {*READINGS, *DIGITAL_INPUTS, *DIGITAL_OUTPUTS, *SIGNALS.analogue_outputs}
    assert points == set(WIP.wiring)
    assert {p for s in WIP.sensor for p in s.points} == set(READINGS)
    assert len(DIGITAL_INPUTS) <= 32


@pytest.mark.parametrize("name", ["vessel_a_pressure_mpa", "heater_1_ssr", "", "needle"])
def test_an_unknown_input_is_named_and_changes_nothing(name):
    wip = quiet_wip()
    before = wip.state_bytes()
    with pytest.raises(KeyError, match="no input"):
        wip.set(pump=1, **{name: 1})
    assert wip.state_bytes() == before


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("needle_open_fraction", 1.01),
        ("pump_speed_fraction", math.nan),
        ("mains_voltage_v", -1.0),
        ("ambient_temperature_c", math.inf),
        ("bag_leak_fraction", 2.0),
        ("vessel_leak_ml_per_min", -1.0),
        ("rupture_strength_ratio", 0.0),
        ("pump", 2),
        ("estop_a_ok", -1),
    ],
)
def test_a_number_out_of_bounds_is_refused_and_changes_nothing(name, number):
    wip = quiet_wip()
    before = wip.state_bytes()
    with pytest.raises(ValueError, match=name):
        wip.set(fill_valve=1, **{name: number})
    assert wip.state_bytes() == before


@pytest.mark.parametrize(
    "start",
    [
        {"pressure_mpa": -1.0, "fluid_c": 80.0, "wall_c": 80.0},
        {"pressure_mpa": 551.0, "fluid_c": 80.0, "wall_c": 80.0},
        {"pressure_mpa": 1.0, "fluid_c": math.nan, "wall_c": 80.0},
        {"pressure_mpa": 1.0, "fluid_c": 80.0, "wall_c": 151.0},
    ],
)
def test_an_impossible_start_is_refused(start):
    wip = quiet_wip()
    before = wip.state_bytes()
    with pytest.raises(ValueError, match="must be within"):
        wip.preset(**start)
    assert wip.state_bytes() == before


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf, 1e9])
def test_time_goes_forward_by_a_finite_amount(seconds):
    with pytest.raises(ValueError, match="seconds"):
        quiet_wip().step(seconds)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_is_64_bits(seed):
    with pytest.raises(ValueError, match="seed"):
        Vessel(WIP, seed=seed)


def test_readings_lag_by_the_transducer_and_carry_its_error():
    """Two transducers of 0.15 % of span differ, more so on a hot vessel: their zeros drift."""
    quiet = shut(WIP, 400.0, 80.0, 80.0)
    assert quiet.reading("vessel_a_pressure_mpa") == pytest.approx(4.0 + 16.0 * 400 / 700, abs=5e-4)
    errors = {}
    for wall_c in (22.0, 122.0):
        found = []
        for seed in range(60):
            wip = Vessel(WIP, seed=seed)
            wip.preset(pressure_mpa=400.0, fluid_c=80.0, wall_c=wall_c)
            found.append(wip.reading("vessel_a_pressure_mpa") * 43.75 - 175.0 - 400.0)
        errors[wall_c] = max(abs(error) for error in found)
    assert 0.7 < errors[22.0] < 1.05 + 0.6
    assert errors[22.0] + 0.5 < errors[122.0] < 1.05 + 1.4 + 0.6


def test_the_low_range_gauge_alone_can_prove_half_a_bar():
    """0.15 % of 700 MPa is 10 bar: the two vessel transducers cannot."""
    pressures = {}
    for over_mpa in (0.02, 0.08):
        wip = Vessel(WIP, seed=5)
        wip.preset(pressure_mpa=over_mpa, fluid_c=40.0, wall_c=40.0)
        pressures[over_mpa] = (wip.reading("vessel_low_pressure_bar") - 4.0) / 1.6 - 1.0
    assert pressures[0.02] < 0.5 < pressures[0.08]


def test_a_wire_takes_points_in_the_order_of_the_frames():
    wip = shut(WIP, 0.0, 65.0, 80.0)
    signals = SignalNames(
        ("vessel_a_pressure_mpa", "no_such_point"),
        ("pump_running",),
        ("pump",),
        ("pump_speed_fraction", "no_such_output", "needle_open_fraction"),
    )
    wire = wip.wire(signals)
    assert wire.readings_ok == b"\x01\x00"
    wire.command(1, 1.0, 0.9, 0.5)
    for _ in range(300):
        wire.advance()
    readings, input_bits = wire.sense()
    assert input_bits == 1
    assert readings[0] > 4.1
    assert readings[1] == 0.0
    assert wip.truth()["needle_open_fraction"] == pytest.approx(0.5, abs=0.01)


def test_openings_that_are_not_given_or_not_numbers_are_zero():
    wip = shut(WIP, 0.0, 65.0, 80.0)
    wire = wip.wire()
    for openings in ((), (math.nan, math.nan), (-1.0, -math.inf)):
        wire.command(1 << SIGNALS.digital_outputs.index("pump"), *openings)
        for _ in range(20):
            wire.advance()
        truth = wip.truth()
        assert truth["delivered_ml"] == truth["needle_open_fraction"] == 0.0


def test_the_workpiece_can_be_another():
    thick = {"areal_mass_g_per_cm2": 0.5, "has_lithium": True, "sulfide_g": 3.0}
    wip = Plant.from_machine("wip-500MPa", stack=thick)
    assert wip.truth()["thickness_mm"] > 4.0
    for bad in ({"areal_mass": 1.0}, {"sulfide_g": -1.0}, {"density_ratio_initial": math.nan}):
        with pytest.raises(MachineError, match="workpiece"):
            Plant.from_machine("wip-500MPa", stack=bad)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("volume_l = 3.39", "volume_l = -3.39", "body.volume_l"),
        ("volume_l = 3.39", "volume_l = nan", "body.volume_l"),
        ("volume_l = 3.39", "", "body: Object missing required field `volume_l`"),
        ("volume_l = 3.39", "volume_l = 3.39\ncolour = 1", "unknown field `colour`"),
        ('medium = "water"', 'medium = "mercury"', "fluid.medium"),
        ("rupture_mpa = 600.0", "rupture_mpa = 500.0", "rupture_mpa: must exceed"),
        ("limiter_reset_c = 105.0", "limiter_reset_c = 120.0", "limiter_reset_c"),
        ("backflow_s = 0.05", "backflow_s = 0.5", "backflow_s"),
        ("area_ratio = 20.0", "area_ratio = inf", "area_ratio"),
        ("unit_id = 4", "unit_id = 3", "3 appears twice"),
        ('"ai.loop_2"', '"ai.loop_1"', "ai.loop_1 appears twice"),
        ('"dio_2.di_4"', '"dio_2.di_17"', "di_17"),
        ('"needle_position_fraction"]', '"needle_temperature_c"]', "needle_temperature_c"),
        ('"needle_position_fraction"]', '"cell_voltage_v"]', "cell_voltage_v appears twice"),
        ("lag_s = 13.0", "lag_s = 13.0\ndead_time_s = 1.0", "dead_time_s"),
        ('kind = "current_loop"', 'kind = "telepathy"', "kind"),
        ("density_ratio_initial = 0.55", "density_ratio_initial = 1.5", "density_ratio_initial"),
    ],
)
def test_an_impossible_machine_is_refused_with_path_and_reason(old, new, reason):
    assert old in TEXT
    with pytest.raises(MachineError) as refusal:
        Vessel(parse_machine(TEXT.replace(old, new, 1), "mine.toml"))
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_press_is_not_a_wip():
    with pytest.raises(MachineError, match="not of kind"):
        Vessel.from_machine("press-500kN")
    assert "needle_stuck" in CONDITIONS
