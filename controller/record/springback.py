"""How much a batch sprang back beyond what its material file says."""

from __future__ import annotations

from collections.abc import Sequence

from controller.record.measures import NotMeasurableError
from controller.record.series import Series, mean

LAST_S = 10.0
FREE_MPA_MAX = 8.0
FREE_MPA_MIN = 2.0
"""Still in contact, hardly any load."""
SAMPLES_MIN = 5


def springback_excess_fraction(series: Series) -> float:
    """Density just before the release over density after it, less one.

    Both are densities of the relaxed stack by the material's modulus, so 0 says the modulus is
    right. Raises NotMeasurableError when one of them is missing.
    """
    density, pressure = series.column("density_g_per_cm3"), series.column("stack_pressure_mpa")
    cool, release = series.in_phase("cool"), series.in_phase("release")
    if not cool or not release:
        raise NotMeasurableError("no phase called cool or release")
    end_s = series.time_s[cool[-1]]
    loaded = [i for i in cool if series.time_s[i] > end_s - LAST_S]
    free = [i for i in release if FREE_MPA_MIN <= pressure[i] <= FREE_MPA_MAX]
    return _mean(density, loaded, "under load") / _mean(density, free, "after the release") - 1.0


def _mean(density: Sequence[float], at: Sequence[int], where: str) -> float:
    good = [density[i] for i in at if density[i] > 0.0]
    found = mean(good)
    if found is None or len(good) < SAMPLES_MIN:
        raise NotMeasurableError(f"density was not measured {where}")
    return found
