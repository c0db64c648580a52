"""Springback learned run to run: it settles on what is there, bounded, visible, revertible."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.measures import NotMeasurableError
from controller.record.series import Series
from controller.record.springback import springback_excess_fraction
from controller.springback import (
    CORRECTION_FRACTION_MAX,
    OBSERVED_FRACTION_MAX,
    History,
    SpringbackError,
    history_path,
    learned,
    load_history,
    reverted,
    save_history,
)

EMPTY = History(recipe="cathode-densify-100")


def after(*observed: float) -> History:
    history = EMPTY
    for number, fraction in enumerate(observed):
        history = learned(history, f"batch-{number}", fraction)
    return history


def test_a_constant_springback_is_learned_in_ten_batches() -> None:
    assert after(*[0.008] * 10).correction_fraction == pytest.approx(0.008, rel=0.05)
    assert after(0.008).correction_fraction < 0.5 * 0.008, "one batch does not decide"


def test_a_batch_is_learned_from_once() -> None:
    once = learned(EMPTY, "a", 0.01)
    assert learned(once, "a", 0.01) is once


@given(st.lists(st.floats(-1e3, 1e3), max_size=50))
def test_for_any_course_the_correction_is_bounded_and_every_batch_is_in_the_history(
    course: list[float],
) -> None:
    history = after(*course)
    assert abs(history.correction_fraction) <= CORRECTION_FRACTION_MAX
    assert [entry.batch_id for entry in history.version] == [
        f"batch-{number}" for number in range(len(course))
    ]


def test_what_is_beyond_belief_is_written_down_and_not_learned_from() -> None:
    history = after(0.01, 2.0 * OBSERVED_FRACTION_MAX)
    assert history.correction_fraction == after(0.01).correction_fraction
    assert "not learned" in history.version[-1].cause


def test_a_revert_is_one_more_version_and_holds() -> None:
    history = reverted(after(0.01, 0.01, 0.01), 1, "anna")
    assert history.correction_fraction == after(0.01).correction_fraction
    assert history.version[-1].cause == "reverted to version 1 by anna"
    assert reverted(history, 0, "anna").correction_fraction == 0.0
    with pytest.raises(SpringbackError, match=r"versions 0 \.\. 4, there is no 5"):
        reverted(history, 5, "anna")


def test_what_is_saved_is_loaded_and_what_is_damaged_is_refused(tmp_path) -> None:
    assert load_history(tmp_path, EMPTY.recipe) == EMPTY
    history = after(0.01, 0.02)
    path = save_history(tmp_path, history)
    assert load_history(tmp_path, EMPTY.recipe) == history
    for text in (b"", b"{", path.read_bytes().replace(b"0.003", b"0.3"), b"\xff"):
        path.write_bytes(text)
        with pytest.raises(SpringbackError, match="springback-cathode"):
            load_history(tmp_path, EMPTY.recipe)
    save_history(tmp_path, history)
    history_path(tmp_path, EMPTY.recipe).rename(history_path(tmp_path, "other"))
    with pytest.raises(SpringbackError, match='is of recipe "cathode-densify-100"'):
        load_history(tmp_path, "other")


def batch(loaded: float, free: float, released_mpa: float = 5.0) -> Series:
    """Ten seconds of cooling under load and ten of release, a sample a second."""
    time_s = [float(second) for second in range(20)]
    phase = ["cool"] * 10 + ["release"] * 10
    density = [loaded] * 10 + [free] * 10
    pressure = [80.0] * 10 + [released_mpa] * 10
    columns = {"density_g_per_cm3": density, "stack_pressure_mpa": pressure}
    return Series(time_s, [1.0] * 20, phase, columns)


def test_the_excess_is_what_the_modulus_did_not_say() -> None:
    assert springback_excess_fraction(batch(3.10, 3.10)) == pytest.approx(0.0)
    assert springback_excess_fraction(batch(3.131, 3.10)) == pytest.approx(0.01)


@pytest.mark.parametrize(
    "series", [batch(3.1, 0.0), batch(math.nan, 3.1), batch(3.1, 3.1, released_mpa=50.0)]
)
def test_a_batch_without_both_densities_is_not_measurable(series: Series) -> None:
    with pytest.raises(NotMeasurableError):
        springback_excess_fraction(series)
