"""Powder, tooling, mains, instruments as they ordinarily differ: a good press hears no advice."""

from __future__ import annotations

import pytest

from controller.kernel import PRESS
from tools.bench.pressing import Press


def advised(press: Press) -> set[str]:
    bits = press.kernel.observation.advisory_bits
    return {name for row, name in enumerate(PRESS.advisories.names) if bits >> row & 1}


@pytest.mark.parametrize("seed", [1, 14])
def test_the_first_quarter_of_an_hour_of_a_batch_is_without_advice(seed):
    """Seed 1: transformers 6 % apart, sensors 0.85 K. Seed 14: widest family of the first 50."""
    press, heard = Press(seed, vary=True), set[str]()
    press.close()
    press.press(5.0, 0.5)
    press.run(30.0, lambda kernel: heard.update(advised(press)))
    press.heat(100.0, 10.0)
    press.run(620.0, lambda kernel: heard.update(advised(press)))
    assert heard == set()
    assert press.kernel.observation.trip_bits == 0
    assert press.kernel.observation.zone_temperature_c_median == pytest.approx(100.0, abs=0.2)
