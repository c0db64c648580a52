"""Indicators, each on a batch small enough to work out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import synthetic_batch
from hypothesis import given
from hypothesis import strategies as st
from synthetic_batch import SIGNALS, header, record_file, tick_at

from controller.ports import Sample, Signal
from controller.record import (
    BatchRecord,
    Kpis,
    RecordError,
    StoredRecord,
    kpis,
    measures,
    sparkline,
)
from controller.record.indicator import Limit
from controller.record.measures import Batch, NotMeasurableError
from controller.record.phases import phase_spans
from controller.record.series import Series, load_series
from controller.record.wording import clock_text, duration_text, fixed_text, number_text


def series(phase: list[str], step_s: float = 0.1, **columns: list[float]) -> Series:
    count = len(phase)
    time_s = [i * step_s for i in range(count)]
    return Series(time_s, [step_s] * (count - 1) + [0.0], phase, dict(columns))


def whole(directory: Path, **changes: object) -> Kpis:
    record = BatchRecord(record_file(directory), header(**changes), SIGNALS, lossless=True)
    for item in synthetic_batch.batch(step_s=0.5):
        if isinstance(item, Sample):
            record.sample(item)
        else:
            record.event(item)
    record.close("complete", "done")
    with StoredRecord(record_file(directory)) as stored:
        return kpis(stored)


def test_a_good_batch_passes_and_has_every_indicator(tmp_path: Path) -> None:
    found = whole(tmp_path)
    assert not found.failed
    assert all(kpi.value is not None and not kpi.note for kpi in found)
    assert found["time_in_band_s"].value == pytest.approx(300.0, abs=0.6)
    assert found["density_g_per_cm3"].value == pytest.approx(3.10, abs=0.01)
    assert found["springback_fraction"].value == pytest.approx(0.01, abs=0.002)
    assert found["zone_spread_k_max"].value == pytest.approx(0.30, abs=0.06)
    assert found["relative_density_fraction"].value == pytest.approx(3.10 / 3.86, abs=0.003)


def test_what_the_header_lacks_is_said(tmp_path: Path) -> None:
    found = whole(tmp_path, parameters={})
    assert found["energy_kwh"].value is None
    assert found["energy_kwh"].passed is None
    assert found["energy_kwh"].note == "header has no parameter zone_1_power_w"
    assert found["time_in_band_s"].passed is None


def test_the_header_may_set_limits_that_fail(tmp_path: Path) -> None:
    limits = {"density_g_per_cm3_min": 3.2, "tilt_um_max_max": 5.0, "hold_s": 600.0}
    failed = {kpi.key for kpi in whole(tmp_path, parameters=limits).failed}
    assert failed == {"density_g_per_cm3", "tilt_um_max", "time_in_band_s"}


def test_a_bad_measurement_counts_for_nothing(tmp_path: Path) -> None:
    """A zone that the kernel calls bad is not the hottest one, and is not in band."""
    signals = (Signal("zone_1_temperature_c", "°C", 0), Signal("zone_temperature_setpoint_c", "°C"))
    record = BatchRecord(record_file(tmp_path), header(), signals, lossless=True)
    for index, (reading_c, quality) in enumerate([(100.2, 0), (850.0, 2), (100.4, 1)]):
        record.sample(Sample(tick_at(index * 10), "soak", (reading_c, 100.0), bytes([quality])))
    record.close("complete", "done")
    with StoredRecord(record_file(tmp_path)) as stored:
        found = kpis(stored)
    assert found["temperature_overshoot_k"].value == pytest.approx(0.4)
    assert found["zone_deviation_k_max"].value == pytest.approx(0.4)


def test_time_in_band_needs_every_zone_and_the_pressure() -> None:
    batch = Batch(
        series(
            ["press", "hold", "hold", "hold", "hold", "hold", "cool"],
            zone_1_temperature_c=[100.0] * 7,
            zone_2_temperature_c=[100.0, 100.0, 102.1, 100.0, 100.0, math.nan, 100.0],
            zone_temperature_setpoint_c=[100.0] * 7,
            stack_pressure_mpa=[100.0, 101.9, 100.0, 97.9, 100.0, 100.0, 100.0],
            stack_pressure_setpoint_mpa=[100.0] * 7,
        ),
        {},
    )
    assert measures.time_in_band_s(batch) == pytest.approx(0.2)


def test_ramp_fidelity_takes_the_longest_rise() -> None:
    """A 2 MPa lag on a rise of 50 MPa is 4 %; the 1 MPa pre-press before does not count."""
    setpoint = [0.0, 1.0, 1.0, *(1.0 + 10.0 * i for i in range(6)), 51.0]
    batch = Batch(
        series(
            ["press"] * 10,
            stack_pressure_mpa=[number - 2.0 for number in setpoint],
            stack_pressure_setpoint_mpa=setpoint,
        ),
        {},
    )
    assert measures.pressure_ramp_error_fraction(batch) == pytest.approx(0.04)


def test_equivalent_time_is_the_time_itself_at_the_reference_and_longer_when_hotter() -> None:
    def at(celsius: float) -> float:
        batch = Batch(
            series(
                ["hold"] * 101,
                stack_temperature_c_estimate=[celsius] * 101,
                stack_pressure_mpa=[100.0] * 101,
                stack_pressure_setpoint_mpa=[100.0] * 101,
            ),
            {"activation_energy_kj_per_mol": 45.0},
        )
        return measures.equivalent_time_s(batch)

    assert at(100.0) == pytest.approx(10.0)
    # Arrhenius by hand: exp(45000 / 8.314 * (1 / 373.15 - 1 / 383.15)) = 1.4604
    assert at(110.0) == pytest.approx(14.60, rel=1e-3)


@given(st.floats(-0.05, 0.05), st.floats(0.5, 0.9))
def test_the_densification_slope_of_a_law_is_the_law(slope: float, start: float) -> None:
    """D = start + slope * log10(t) from 1 s on gives the slope back."""
    density = [(start + slope * math.log10(max(i * 0.1, 0.1))) * 4.0 for i in range(600)]
    batch = Batch(
        series(["hold"] * 600, density_g_per_cm3=density), {"true_density_g_per_cm3": 4.0}
    )
    assert measures.densification_per_decade(batch) == pytest.approx(slope, abs=1e-9)


def test_energy_and_duty() -> None:
    duty = {f"heater_{n}_duty_fraction": [0.5] * 11 for n in (1, 2)}
    batch = Batch(
        series(["heat"] * 5 + ["hold"] * 6, step_s=1.0, **duty),
        {"zone_1_power_w": 1000.0, "zone_2_power_w": 200.0},
    )
    assert measures.energy_kwh(batch) == pytest.approx(10.0 * 600.0 / 3.6e6)
    assert measures.heater_duty_hold_fraction(batch) == 0.5


def test_springback_is_measured_between_full_pressure_and_release() -> None:
    batch = Batch(
        series(
            ["hold"] * 2 + ["release"] * 3,
            thickness_mm=[1.10, 1.00, 1.005, 1.01, 6.0],
            stack_pressure_mpa=[100.0, 100.0, 50.0, 1.5, 0.0],
            stack_pressure_setpoint_mpa=[100.0] * 5,
        ),
        {},
    )
    assert measures.springback_fraction(batch) == pytest.approx(0.01)


def test_missing_data_is_not_integrated(tmp_path: Path) -> None:
    """Ten seconds without samples at 100 MPa add nothing to the pressure integral."""
    signals = (Signal("stack_pressure_mpa", "MPa"),)
    record = BatchRecord(record_file(tmp_path), header(), signals, lossless=True)
    for index in (0, 10, 20, 1020, 1030):
        record.sample(Sample(tick_at(index), "hold", (100.0,), b""))
    record.close("complete", "done")
    with StoredRecord(record_file(tmp_path)) as stored:
        found = load_series(stored)
    assert measures.pressure_integral_mpa_s(Batch(found, {})) == pytest.approx(30.0)


def test_an_empty_batch_has_indicators_without_values(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), SIGNALS, lossless=True)
    record.close("aborted", "refused at the gate")
    with StoredRecord(record_file(tmp_path)) as stored:
        assert all(kpi.value is None and kpi.passed is None and kpi.note for kpi in kpis(stored))
        assert phase_spans(stored, load_series(stored)) == []


def test_a_setpoint_that_never_rose_is_no_overshoot() -> None:
    batch = Batch(series(["hold"], stack_pressure_mpa=[0.1], stack_pressure_setpoint_mpa=[0.0]), {})
    with pytest.raises(NotMeasurableError, match="never above zero"):
        measures.pressure_overshoot_fraction(batch)


def test_too_many_samples_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.record.series.SAMPLES_MAX", 10)
    with pytest.raises(RecordError, match="more than 10 samples"):
        whole(tmp_path)


def test_phases_end_where_the_next_begins(tmp_path: Path) -> None:
    whole(tmp_path)
    with StoredRecord(record_file(tmp_path)) as stored:
        loaded = load_series(stored)
        spans = phase_spans(stored, loaded)
    assert [span.name for span in spans] == [name for name, *_ in synthetic_batch.PLAN]
    for span, (name, duration_s, *_, cause) in zip(spans, synthetic_batch.PLAN, strict=True):
        assert span.cause == cause
        assert span.duration_s == pytest.approx(duration_s, abs=0.6)
        assert set(loaded.phase[span.first : span.after]) == {name}


@pytest.mark.parametrize(
    ("limit", "text", "inside", "outside"),
    [
        (Limit(3.0, 3.2), "3 … 3.2", (3.0, 3.2), (2.99, 3.21)),
        (Limit(low=300.0), "≥ 300", (300.0, 1e9), (299.0,)),
        (Limit(high=2.0), "≤ 2", (-5.0, 2.0), (2.1,)),
    ],
)
def test_limits_include_their_bounds(
    limit: Limit, text: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    assert limit.text() == text
    assert all(limit.holds(number) for number in inside)
    assert not any(limit.holds(number) for number in outside)


def test_numbers_are_written_for_people() -> None:
    assert [number_text(n) for n in (None, 0.0, 3.1004, 78557.2, 0.000012, -0.5)] == [
        "–",
        "0.0000",
        "3.100",
        "78\u202f557",
        "1.2e-05",
        "-0.5000",
    ]
    assert fixed_text(-0.001, 2) == "0.00"
    assert fixed_text(-0.02, 2) == "-0.02"
    assert clock_text(59.96) == "1:00.0"
    assert duration_text(119.6) == "2 min 00 s"


def test_a_sparkline_spans_low_to_high_and_leaves_blanks() -> None:
    assert sparkline([0.0, 0.0, math.nan, 7.0, 3.5], 5) == "▁▁ █▅"
    assert sparkline([math.nan], 5) == ""
    assert len(sparkline([float(i) for i in range(1000)], 40)) == 40


def test_parameters_beyond_belief_give_a_note_and_no_crash(tmp_path: Path) -> None:
    parameters = {"activation_energy_kj_per_mol": -1e300, "true_density_g_per_cm3": 1e-300}
    found = whole(tmp_path, parameters=parameters)
    assert found["equivalent_time_s"].value is None
    assert "plausible" in found["equivalent_time_s"].note
