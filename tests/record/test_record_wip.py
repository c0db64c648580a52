"""A WIP's record: its indicators worked out by hand, and a report of its own."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic_wip
from synthetic_batch import record_file, tick_at
from synthetic_wip import CHANNELS, HEATING_K_PER_MPA, LEAK_MPA_PER_MIN, SIGNALS, wip_header

from controller.ports import Event, Sample
from controller.record import BatchRecord, Kpis, StoredRecord, kpis, measures, wip_measures
from controller.record.measures import Batch, NotMeasurableError
from controller.record.profile import PRESS, WIP, profile_of
from controller.record.report import render_report
from controller.record.series import Series


def written(directory: Path, items: list[Sample | Event], **changes: object) -> Path:
    path = record_file(directory, "W1-0001")
    record = BatchRecord(path, wip_header(**changes), SIGNALS, lossless=True)
    for item in items:
        if isinstance(item, Sample):
            record.sample(item)
        else:
            record.event(item)
    record.close("complete", "done")
    return path


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("wip"), list(synthetic_wip.batch(step_s=0.5)))


@pytest.fixture(scope="module")
def indicators(record: Path) -> Kpis:
    with StoredRecord(record) as stored:
        return kpis(stored)


@pytest.fixture(scope="module")
def report(record: Path) -> str:
    with StoredRecord(record) as stored:
        return render_report(stored)


def series(phase: list[str], step_s: float = 0.1, **columns: list[float]) -> Series:
    count = len(phase)
    time_s = [i * step_s for i in range(count)]
    return Series(time_s, [step_s] * (count - 1) + [0.0], phase, dict(columns))


def words(page: str) -> set[str]:
    charts = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    texts = [text for chart in charts for text in ET.fromstring(chart).itertext()]
    return {text.strip() for text in texts if text.strip()}


def test_a_record_is_known_by_what_it_holds() -> None:
    assert profile_of(signal.name for signal in SIGNALS) is WIP
    assert profile_of(["zone_1_temperature_c", "stack_pressure_mpa"]) is PRESS
    assert profile_of([]) is PRESS


def test_a_good_batch_passes_and_has_every_indicator(indicators: Kpis) -> None:
    assert not indicators.failed
    assert all(kpi.value is not None and not kpi.note for kpi in indicators)
    assert [kpi.key for kpi in indicators] == [indicator.key for indicator in WIP.indicators]
    assert {*WIP.first} <= {kpi.key for kpi in indicators}


@pytest.mark.parametrize(
    ("key", "expected", "within"),
    [
        ("time_in_band_s", 300.0, 0.6),
        ("bag_vacuum_mbar", 0.6, 0.01),
        ("bag_rise_mbar_per_min", 0.06, 1e-6),
        ("leak_mpa_per_min", LEAK_MPA_PER_MIN, 0.01),
        ("release_mpa_per_s", 5.0, 0.1),
        ("release_slow_mpa_per_s", 1.0, 0.1),
        ("energy_kwh", 3.0 * 0.9 * 600.0 / 3600.0, 0.01),
        ("needle_gain_ratio", 1.02, 1e-9),
        ("stroke_efficiency_ratio", 0.98, 1e-9),
        ("duration_s", 1687.5, 1e-6),
    ],
)
def test_what_was_put_in_comes_out(
    indicators: Kpis, key: str, expected: float, within: float
) -> None:
    assert indicators[key].value == pytest.approx(expected, abs=within)


def test_what_the_header_lacks_is_said(tmp_path: Path) -> None:
    items = list(synthetic_wip.batch(step_s=5.0))
    with StoredRecord(written(tmp_path, items, parameters={})) as stored:
        found = kpis(stored)
        page = render_report(stored)
    assert found["leak_mpa_per_min"].note == "header has no parameter expansion_mpa_per_k"
    assert found["release_mpa_per_s"].value is None
    assert found["fluid_peak_error_k"].value is not None
    assert "header has no parameter expansion_mpa_per_k" in words(page)


@pytest.mark.parametrize("over_k", [1.2, -2.0])
def test_the_peak_may_lie_above_or_below_its_target(over_k: float) -> None:
    batch = Batch(
        series(
            ["preheat", "preheat", "pump", "pump", "pump", "hold", "hold", "decompress"],
            step_s=1.0,
            fluid_temperature_c_estimate=[70, 130, 68, 75, 80, 85 + over_k, 84 + over_k, 99],
            fluid_temperature_target_c=[20.0, 20.0, 20.0, 85.0, 85.0, 85.0, 85.0, 20.0],
        ),
        {},
    )
    assert wip_measures.fluid_peak_error_k(batch) == pytest.approx(over_k)


def test_time_in_band_needs_pressure_and_fluid() -> None:
    batch = Batch(
        series(
            ["pump", "hold", "hold", "hold", "hold", "hold", "decompress"],
            vessel_pressure_mpa=[490.0, 490.0, 484.0, 490.0, 490.0, math.nan, 400.0],
            vessel_pressure_setpoint_mpa=[490.0] * 7,
            fluid_temperature_c_estimate=[85.0, 80.1, 85.0, 79.9, 89.9, 85.0, 85.0],
            fluid_temperature_target_c=[85.0] * 7,
        ),
        {"hold_pressure_band_fraction": 0.01, "hold_temperature_band_k": 5.0},
    )
    assert wip_measures.time_in_band_s(batch) == pytest.approx(0.2)


def test_a_zero_that_is_taken_is_no_release() -> None:
    """Before the first setpoint the transducers' tare moves the measurement by 3 MPa."""
    rest, tared = [3.0] * 20, [0.0] * 20
    rise = [0.1 * i for i in range(300)]
    fall = [30.0 - 0.2 * i for i in range(150)]
    pressure = [*rest, *tared, *rise, *fall]
    batch = Batch(
        series(
            ["fill"] * 40 + ["pump"] * 300 + ["decompress"] * 150,
            vessel_pressure_mpa=pressure,
            vessel_pressure_setpoint_mpa=[*[0.0] * 40, *pressure[40:]],
        ),
        {"release_slow_below_mpa": 20.0},
    )
    assert wip_measures.release_slow_mpa_per_s(batch) == pytest.approx(2.0)
    assert wip_measures.release_mpa_per_s(batch) == pytest.approx(2.0)


def test_a_gap_or_a_bad_sample_is_no_release() -> None:
    pressure = [100.0] * 40 + [math.nan] * 5 + [97.0] * 40
    batch = Batch(
        series(
            ["hold"] * 85, vessel_pressure_mpa=pressure, vessel_pressure_setpoint_mpa=[100.0] * 85
        ),
        {"release_slow_below_mpa": 20.0},
    )
    assert wip_measures.release_mpa_per_s(batch) == pytest.approx(1.0)
    jumped = Series(
        [*(0.1 * i for i in range(40)), *(60.0 + 0.1 * i for i in range(40))],
        [0.1] * 80,
        ["hold"] * 80,
        {
            "vessel_pressure_mpa": [100.0] * 40 + [50.0] * 40,
            "vessel_pressure_setpoint_mpa": [100.0] * 80,
        },
    )
    assert wip_measures.release_mpa_per_s(Batch(jumped, batch.parameters)) == 0.0


def test_cooling_and_topping_up_are_no_leak() -> None:
    """The fluid cools by 3 K, which is 6 MPa; the pump gives 4 of them back: nothing leaked."""
    count = 61
    cooled = [-3.0 * i / (count - 1) for i in range(count)]
    delivered = [4.0 / 1.25 * i / (count - 1) for i in range(count)]
    pressure = [490.0 + 2.0 * k + 1.25 * ml for k, ml in zip(cooled, delivered, strict=True)]
    batch = Batch(
        series(
            ["hold"] * count,
            step_s=5.0,
            vessel_pressure_mpa=pressure,
            fluid_temperature_c_estimate=[85.0 + k for k in cooled],
            delivered_ml=delivered,
        ),
        {"expansion_mpa_per_k": 2.0, "stiffness_mpa_per_ml": 1.25},
    )
    assert wip_measures.leak_mpa_per_min(batch) == pytest.approx(0.0, abs=1e-9)
    at_s, measured, left = wip_measures.leak_compensated_mpa(batch)[-1]
    assert (at_s, measured) == pytest.approx((300.0, -2.0))
    assert left == pytest.approx(0.0, abs=1e-9)


def test_the_wip_and_the_press_share_the_arithmetic() -> None:
    batch = Batch(
        series(
            ["pump"] * 3,
            vessel_pressure_mpa=[0.0, 250.0, 500.0],
            vessel_pressure_setpoint_mpa=[0.0, 245.0, 490.0],
        ),
        {},
    )
    assert wip_measures.pressure_overshoot_fraction(batch) == pytest.approx(10.0 / 490.0)
    assert wip_measures.pressure_integral_mpa_s(batch) == pytest.approx(25.0)
    with pytest.raises(NotMeasurableError, match="stack_pressure_setpoint_mpa"):
        measures.pressure_overshoot_fraction(batch)


def test_a_report_shows_the_vessel_and_not_a_press(report: str) -> None:
    for text in ("Fluid temperature [°C]", "Vessel pressure [MPa]", "Tightness in the hold"):
        assert text in report
    for text in ("Stack", "Densification", "zone"):
        assert text not in report
    assert {
        "fluid temperature, estimate [°C]",
        "vessel pressure [MPa]",
        "bag [mbar]",
        "isentrope to target",
        "isentrope to limit",
        "limit 92 °C",
        "limit 505 MPa",
        "without temperature and pump",
        "predicted peak",
        "± 5 K",
        "8 hold",
    } <= words(report)


def test_a_report_is_the_same_every_time(tmp_path: Path) -> None:
    pages = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        again = written(tmp_path / name, list(synthetic_wip.batch(step_s=5.0)))
        with StoredRecord(again) as stored:
            pages.add(render_report(stored))
    assert len(pages) == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_batch_of_hardly_any_samples_has_a_report(tmp_path: Path, count: int) -> None:
    samples = [item for item in synthetic_wip.batch(step_s=5.0) if isinstance(item, Sample)]
    with StoredRecord(written(tmp_path, [*samples[:count]])) as stored:
        assert render_report(stored).count("<svg ") == 4
        assert all(kpi.passed is not False for kpi in kpis(stored))


def test_measurements_that_are_all_bad_have_a_report(tmp_path: Path) -> None:
    bad, numbers = bytes([2] * len(CHANNELS)), tuple(math.nan for _ in SIGNALS)
    items: list[Sample | Event] = [Sample(tick_at(i * 10), "hold", numbers, bad) for i in range(50)]
    with StoredRecord(written(tmp_path, items)) as stored:
        assert render_report(stored).count("<svg ") == 4


def test_heating_of_the_synthetic_fluid_is_what_its_isentrope_says() -> None:
    """The feed of these tests agrees with the curves its header gives."""
    given = synthetic_wip.PARAMETERS
    for end in ("target", "limit"):
        rise_k = given[f"isentrope_10_{end}_c"] - given[f"isentrope_0_{end}_c"]
        assert rise_k == pytest.approx(HEATING_K_PER_MPA * given["isentrope_10_mpa"])


def test_a_batch_that_was_aborted_under_pressure_is_shown_to_its_end(tmp_path: Path) -> None:
    """What follows the pumping is the abort: it is named over the close-up as well."""
    items: list[Sample | Event] = []
    for item in synthetic_wip.batch(step_s=1.0):
        if isinstance(item, Sample):
            aborting = item.phase in ("decompress", "purge", "unlock")
            item = replace(item, phase="aborting") if aborting else item
        elif item.source in ("purge", "unlock"):
            continue
        elif item.source == "decompress":
            item = replace(item, source="aborting")
        items.append(item)
    with StoredRecord(written(tmp_path, items)) as stored:
        page = render_report(stored)
        assert kpis(stored)["release_mpa_per_s"].value == pytest.approx(5.0, abs=0.1)
    close_up = re.findall(r"<svg .*?</svg>", page, re.DOTALL)[1]
    assert "9 aborting" in words(close_up)
