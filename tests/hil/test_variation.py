"""Batch-to-batch spread: seeded, within its limits, of the shape the machine file says."""

import math
import statistics
from importlib import resources

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plant_bench import PRESS
from vessel_bench import WIP

from controller.ports import SignalNames, StationError
from hil import Plant, read_machine
from hil.machine import parse_machine, shipped_machines
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS
from hil.spread import Normal, Uniform, Variation
from hil.station import open_simulation
from hil.variation import draw
from hil.vessel import SIGNALS as WIP_SIGNALS
from hil.vessel import Vessel

LAB = read_machine("lab-press")
BATCHES = 400
NAMES = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)


def _ratios(machine=LAB, batches=BATCHES):
    """Of each quantity, drawn over nominal, in many batches."""
    drawn = [draw(machine, seed) for seed in range(batches)]
    return {
        "areal_mass": [
            d.stack.areal_mass_g_per_cm2 / machine.stack.areal_mass_g_per_cm2 for d in drawn
        ],
        "density": [
            d.stack.density_ratio_initial / machine.stack.density_ratio_initial for d in drawn
        ],
        "contact": [
            d.thermal.contact_w_per_k_slope / machine.thermal.contact_w_per_k_slope for d in drawn
        ],
        "mains": [d.electrical.mains_voltage_ratio for d in drawn],
        "thickness": [d.displacement.zero_mm - machine.displacement.zero_mm for d in drawn],
        "bias": [
            d.sensor[0].offset_channel_unit / (0.15 + 0.002 * 140.0) for d in drawn
        ],
    }  # fmt: skip


RATIOS = _ratios()


def test_the_same_seed_is_the_same_batch_and_another_is_another():
    assert draw(PRESS, 5) == draw(PRESS, 5)
    assert draw(PRESS, 5) != draw(PRESS, 6)


def test_the_batch_of_a_seed_never_changes():
    """Other computers and other versions of Python draw these numbers too."""
    batch = draw(PRESS, 1)
    assert batch.stack.areal_mass_g_per_cm2 == 0.3104887377722945
    assert batch.electrical.mains_voltage_ratio == 0.9353060411534926


@pytest.mark.parametrize(
    ("quantity", "centre", "sigma", "limit"),
    [
        # A normal cut off at two sigma keeps 0.88 of it, at three 0.99.
        ("areal_mass", 1.0, 0.0088, 0.02),
        ("density", 1.0, 0.0099, 0.03),
        ("contact", 1.0, 0.099, 0.3),
        ("thickness", 0.0, 0.0099, 0.03),
        ("mains", 1.0, 0.1 / math.sqrt(3.0), 0.1),
        ("bias", 0.0, 1.0 / math.sqrt(3.0), 1.0),
    ],
)
def test_centre_spread_and_limit_are_those_of_the_machine_file(quantity, centre, sigma, limit):
    numbers = RATIOS[quantity]
    assert statistics.fmean(numbers) == pytest.approx(centre, abs=4 * sigma / math.sqrt(BATCHES))
    assert statistics.stdev(numbers) == pytest.approx(sigma, rel=0.12)
    assert max(abs(number - centre) for number in numbers) <= limit * (1 + 1e-9)


def test_quantities_are_independent():
    names = sorted(RATIOS)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            correlation = statistics.correlation(RATIOS[first], RATIOS[second])
            assert abs(correlation) < 4.0 / math.sqrt(BATCHES)


def test_every_instrument_has_an_offset_of_its_own():
    batch = draw(PRESS, 3)
    offsets = {s.points[0]: s.offset_channel_unit for s in batch.sensor}
    assert set(offsets) == set(READINGS)
    zones = [offsets[f"zone_{i}_temperature_c"] for i in range(1, 7)]
    assert len(set(zones)) == 6
    assert all(s.bias_channel_unit_max == 0.0 for s in batch.sensor)


def test_an_offset_is_read_with_noise_off_as_well():
    batch = draw(PRESS, 3)
    plant = Plant(batch, noise=False)
    for sensor in batch.sensor[:6]:
        shift = plant.reading(sensor.points[0]) - 22.0
        assert shift == pytest.approx(sensor.offset_channel_unit, abs=0.006)


def test_a_batch_differs_on_the_true_state_where_it_must():
    nominal, batch = Plant(PRESS), Plant(draw(PRESS, 11))
    assert batch.truth()["thickness_mm"] != nominal.truth()["thickness_mm"]
    batch.set(contactor_top=1, heater_1_ssr=1)
    batch.step(1.0)
    power_w = 1000.0 * draw(PRESS, 11).electrical.mains_voltage_ratio ** 2
    assert batch.truth()["heater_1_power_w"] == pytest.approx(power_w, rel=1e-9)


def test_another_quantity_does_not_move_the_others():
    """Each has a stream of its own."""
    wild = msgspec.structs.replace(
        PRESS, variation=msgspec.structs.replace(PRESS.variation, mains_voltage_ratio=Normal(
            sigma=0.02, limit=0.04
        ))
    )  # fmt: skip
    assert draw(wild, 9).stack == draw(PRESS, 9).stack
    assert draw(wild, 9).electrical != draw(PRESS, 9).electrical


def test_no_spread_no_difference():
    still = Variation(**{name: Uniform(limit=0.0) for name in Variation.__struct_fields__})
    machine = msgspec.structs.replace(PRESS, variation=still)
    assert draw(machine, 1).stack == machine.stack
    assert draw(machine, 1).electrical == machine.electrical


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(shipped_machines()), st.integers(min_value=0, max_value=2**64 - 1))
def test_every_batch_of_a_shipped_machine_is_a_possible_machine(name, seed):
    batch = draw(read_machine(name), seed)
    assert msgspec.convert(msgspec.to_builtins(batch), type(batch)) == batch


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_bounds(seed):
    with pytest.raises(ValueError, match="variation seed"):
        draw(PRESS, seed)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('areal_mass_ratio = { shape = "normal", sigma = 0.1, limit = 0.01 }', "below sigma"),
        ('areal_mass_ratio = { shape = "uniform", limit = 0.9 }', "areal_mass_ratio.limit"),
        ('areal_mass_ratio = { shape = "uniform", limit = nan }', "limit"),
        ('areal_mass_ratio = { shape = "cauchy", limit = 0.1 }', "cauchy"),
        ('colour = { shape = "uniform", limit = 0.1 }', "colour"),
        ('contact_conductance_ratio = { shape = "uniform", limit = 1.0 }', "0.95"),
    ],
)
def test_an_impossible_spread_is_refused(line, reason):
    text = (resources.files("hil") / "machines" / "press-500kN.toml").read_text("utf-8")
    with pytest.raises(ValueError, match=reason) as refused:
        parse_machine(f"{text}\n[variation]\n{line}\n", "mine.toml")
    assert str(refused.value).startswith("mine.toml: variation")


def test_a_station_runs_one_batch_of_many():
    def station(variation_seed):
        return open_simulation(
            "lab-press", NAMES, seed=1, tick_s=0.01, variation_seed=variation_seed
        )

    thickness_mm = {seed: station(seed).truth()["thickness_mm"] for seed in (None, 1, 2)}
    assert len(set(thickness_mm.values())) == 3
    with pytest.raises(StationError, match="variation seed"):
        station(-1)


def _wip_ratios(batches=BATCHES):
    drawn = [draw(WIP, seed) for seed in range(batches)]
    found = {
        "mains": [d.electrical.mains_voltage_ratio for d in drawn],
        "water": [d.water_temperature_c - WIP.water_temperature_c for d in drawn],
        "bias": [d.sensor[0].offset_channel_unit / _bias_max(WIP.sensor[0]) for d in drawn],
    }
    for number, layer in enumerate(WIP.workpiece.layer):
        pieces = [d.workpiece.layer[number] for d in drawn]
        found[f"areal_mass/{number}"] = [
            p.areal_mass_g_per_cm2 / layer.areal_mass_g_per_cm2 for p in pieces
        ]
        found[f"density/{number}"] = [
            p.density_ratio_initial / layer.density_ratio_initial for p in pieces
        ]
    return found


def _bias_max(sensor):
    middle = 0.5 * (sensor.range_low_channel_unit + sensor.range_high_channel_unit)
    return sensor.bias_channel_unit_max + sensor.bias_slope_ratio_max * abs(middle)


def test_batches_of_a_wip_are_spread_as_its_file_says():
    ratios = _wip_ratios()
    assert len(ratios) == 3 + 2 * len(WIP.workpiece.layer)
    uniform = 1.0 / math.sqrt(3.0)
    expected = {
        "areal_mass": (1.0, 0.0088, 0.02), "density": (1.0, 0.0099, 0.03),
        "mains": (1.0, 0.1 * uniform, 0.1), "water": (0.0, 2.0 * uniform, 2.0),
        "bias": (0.0, uniform, 1.0),
    }  # fmt: skip
    for name, numbers in ratios.items():
        centre, sigma, limit = expected[name.partition("/")[0]]
        mean = statistics.fmean(numbers)
        assert mean == pytest.approx(centre, abs=4 * sigma / math.sqrt(BATCHES)), name
        assert statistics.stdev(numbers) == pytest.approx(sigma, rel=0.12), name
        assert max(abs(number - centre) for number in numbers) <= limit * (1 + 1e-9), name
    names = sorted(ratios)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            correlation = statistics.correlation(ratios[first], ratios[second])
            assert abs(correlation) < 4.0 / math.sqrt(BATCHES), (first, second)


def test_the_batch_of_a_wip_is_what_its_plant_feels():
    batch = draw(WIP, 11)
    wip = Vessel(batch, noise=False)
    offsets = {s.points[0]: s.offset_channel_unit for s in batch.sensor}
    assert set(offsets) == wip.fitted
    water_c = wip.reading("water_temperature_c")
    assert water_c == pytest.approx(
        batch.water_temperature_c + offsets["water_temperature_c"], abs=0.06
    )
    volts = WIP.electrical.mains_voltage_v_nominal * batch.electrical.mains_voltage_ratio
    assert wip.condition("mains_voltage_v") == pytest.approx(volts, rel=1e-12)
    assert wip.truth()["thickness_mm"] != Vessel(WIP).truth()["thickness_mm"]


def test_a_wip_station_runs_one_batch_of_many():
    def station(variation_seed):
        return open_simulation(
            "wip-500MPa", WIP_SIGNALS, seed=1, tick_s=0.01, variation_seed=variation_seed
        )

    thickness_mm = {seed: station(seed).truth()["thickness_mm"] for seed in (None, 1, 2)}
    assert len(set(thickness_mm.values())) == 3
    with pytest.raises(StationError, match="variation seed"):
        station(-1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('tooling_thickness_mm = { shape = "uniform", limit = 0.1 }', "tooling_thickness_mm"),
        ('mains_voltage_ratio = { shape = "uniform", limit = 0.6 }', "mains_voltage_ratio.limit"),
    ],
)
def test_an_impossible_spread_of_a_wip_is_refused(line, reason):
    text = (resources.files("hil") / "machines" / "wip-500MPa.toml").read_text("utf-8")
    with pytest.raises(ValueError, match=reason) as refused:
        parse_machine(f"{text}\n[variation]\n{line}\n", "mine.toml")
    assert str(refused.value).startswith("mine.toml: variation")
