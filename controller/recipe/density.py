"""The end of a hold on density: on a target, on a slope, between limits, or not at all.

Theory of operation. A density end watches the density estimate while a hold is conducted, and
is in one of three ways of working:

    watching   the estimate is good enough: twice its uncertainty fits into the tolerance
    freezing   the end was reached; the pressure falls to where the powder flows no further
    fallen     the estimate is not good enough for the window asked for: pressure and time
               decide instead, and the record has the reason. There is no way back: a sensor
               that comes and goes must not choose the end that happens to suit it

The powder goes on while the pressure falls, so the end is on the density `LEAD_S` ahead at the
present rate. Slope per decade: means of the density over twentieths of a decade of the hold's
time, the newest against the one two before; so memory is bounded for a hold of any length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from controller.recipe.frames import Seen
from controller.recipe.phases import Hold

LEAD_S = 3.0
FILTER_S = 3.0
COVERAGE = 2.0
"""Standard uncertainties on each side: 95 %."""
PARTS_PER_DECADE = 20
SLOPE_PARTS = 2
SETTLED_S = 10.0
"""Slope is not judged before; the first seconds are the pressure's, not the powder's."""
DOUBT_S_MAX = 2.0
"""A density that is not there for longer has been lost."""


@dataclass(slots=True)
class DensityEnd:
    """One hold's. `correction_fraction` is what earlier batches sprang back more than the
    material file says; the target is raised by it."""

    phase: Hold
    correction_fraction: float = 0.0
    fallen: str = ""
    reached: str = ""
    density_g_per_cm3: float = 0.0
    sigma_g_per_cm3: float = 0.0
    slope_g_per_cm3_s: float = 0.0
    elapsed_s: float = 0.0
    _doubt_s: float = 0.0
    _part: int = 0
    _sum: float = 0.0
    _count: int = 0
    _means: list[float] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        phase = self.phase
        return phase.until_density_g_per_cm3 is not None or phase.until_slope_per_decade is not None

    @property
    def watching(self) -> bool:
        return self.asked and not self.fallen

    @property
    def target_g_per_cm3(self) -> float:
        return (self.phase.until_density_g_per_cm3 or 0.0) * (1.0 + self.correction_fraction)

    @property
    def predicted_g_per_cm3(self) -> float:
        return self.density_g_per_cm3 + LEAD_S * max(0.0, self.slope_g_per_cm3_s)

    @property
    def slope_per_decade(self) -> float | None:
        """dD/dlog10 t in g/cm³; None while there is too little of it."""
        if self.elapsed_s < SETTLED_S or len(self._means) <= SLOPE_PARTS:
            return None
        rise = self._means[-1] - self._means[-1 - SLOPE_PARTS]
        return rise * PARTS_PER_DECADE / SLOPE_PARTS

    def step(self, seen: Seen, step_s: float) -> str:
        """Take one observation. Returns why density was given up, in the step it was."""
        if not self.watching or self.reached:
            return ""
        self.elapsed_s += step_s
        doubt = self._doubt(seen)
        self._doubt_s = self._doubt_s + step_s if doubt else 0.0
        if doubt and (self._doubt_s >= DOUBT_S_MAX or seen.density_g_per_cm3 > 0.0):
            self.fallen = f"{doubt}; the hold ends on pressure and time, {self.phase.hold_s:g} s"
        elif not doubt:
            self._take(seen, step_s)
        return self.fallen

    def above(self) -> str:
        """Why the density is too high; empty while it is not."""
        most = self.phase.density_g_per_cm3_max
        if not self.watching or most is None or self.density_g_per_cm3 <= most:
            return ""
        return f"{self.density_g_per_cm3:.3f} g/cm³ is above {most:g} g/cm³"

    def below(self) -> str:
        """Why the density is too low at the end of the time; empty when it is not."""
        least = self.phase.density_g_per_cm3_min
        if not self.watching or least is None or self.density_g_per_cm3 >= least:
            return ""
        return f"{self.density_g_per_cm3:.3f} g/cm³ is below {least:g} g/cm³"

    def end(self) -> str:
        """Why the hold is done by density; empty while it is not."""
        phase, slope = self.phase, self.slope_per_decade
        if not self.watching or self.density_g_per_cm3 <= 0.0:
            return ""
        here = f"{self.density_g_per_cm3:.3f} ± {COVERAGE * self.sigma_g_per_cm3:.3f} g/cm³"
        wanted = phase.until_density_g_per_cm3
        if wanted is not None and self.predicted_g_per_cm3 >= self.target_g_per_cm3:
            return f"density {here}, target {self.target_g_per_cm3:.3f} g/cm³"
        least = phase.until_slope_per_decade
        if least is not None and slope is not None and slope <= least:
            return f"slope {slope:.4f} g/cm³ per decade at {here}, asked for {least:g}"
        return ""

    def waits_for(self) -> str:
        phase, words = self.phase, []
        if phase.until_density_g_per_cm3 is not None:
            words.append(f"density {self.target_g_per_cm3:.3f} g/cm³")
        if phase.until_slope_per_decade is not None:
            words.append(f"slope {phase.until_slope_per_decade:g} g/cm³ per decade")
        return f"{' or '.join(words)}; it is {self.density_g_per_cm3:.3f} g/cm³"

    def _doubt(self, seen: Seen) -> str:
        if not seen.density_good or not seen.density_g_per_cm3 > 0.0:
            return "density is not measured: too few displacement sensors, no contact or no mass"
        spread = COVERAGE * seen.density_g_per_cm3_sigma
        if spread <= self.phase.density_tolerance_g_per_cm3:
            return ""
        return (
            f"the film is too thin or its mass too uncertain for the sensors: density is "
            f"{seen.density_g_per_cm3:.3f} ± {spread:.3f} g/cm³, the window "
            f"± {self.phase.density_tolerance_g_per_cm3:g} g/cm³"
        )

    def _take(self, seen: Seen, step_s: float) -> None:
        share = step_s / (FILTER_S + step_s)
        if self.density_g_per_cm3 == 0.0:
            self.density_g_per_cm3 = seen.density_g_per_cm3
        before = self.density_g_per_cm3
        # The filtered density is brought to now along its slope, so that it does not lag.
        ahead = before + self.slope_g_per_cm3_s * step_s
        error = seen.density_g_per_cm3 - ahead
        self.density_g_per_cm3 = ahead + share * error
        if step_s > 0.0:
            self.slope_g_per_cm3_s += 0.5 * share * share * error / step_s
        self.sigma_g_per_cm3 = seen.density_g_per_cm3_sigma
        part = math.floor(PARTS_PER_DECADE * math.log10(max(1.0, self.elapsed_s)))
        if part != self._part and self._count:
            self._means = [*self._means[-2 * SLOPE_PARTS :], self._sum / self._count]
            self._part, self._sum, self._count = part, 0.0, 0
        self._sum += seen.density_g_per_cm3
        self._count += 1
