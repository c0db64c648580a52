"""Manual mode: a person leads the setpoints, or the heaters' duty, of a held batch.

Only while the batch is held: the programme stands still, every guard of the kernel stays, and what
is asked is bounded by the recipe's own limits and rates. Bumpless both ways: setpoints move from
where they are, a duty starts from the one there is, and `restart` goes back along the same ramps.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from controller.recipe.frames import Ask, Hydraulics, Seen
from controller.recipe.holding import resting
from controller.recipe.model import Recipe

RATE_C_PER_MIN_MAX = 10.0
RATE_MPA_PER_S_MAX = 2.0
TEMPERATURE_HEADROOM_K = 2.0
PRESSURE_HEADROOM_RATIO = 1.02
DUTY_MAX = 0.5
"""Half of the heaters' power: a duty that is forgotten is no runaway."""


@dataclass(frozen=True, slots=True)
class Manual:
    """What a person asks; None leaves a quantity as it is. `duty_fraction` goes before
    `temperature_c` and takes the temperature laws off."""

    temperature_c: float | None = None
    rate_c_per_min: float = 2.0
    pressure_mpa: float | None = None
    rate_mpa_per_s: float = 0.5
    duty_fraction: float | None = None

    def __str__(self) -> str:
        said = []
        if self.duty_fraction is not None:
            said.append(f"heater duty {self.duty_fraction:g}")
        elif self.temperature_c is not None:
            said.append(f"{self.temperature_c:g} °C at {self.rate_c_per_min:g} °C/min")
        if self.pressure_mpa is not None:
            said.append(f"{self.pressure_mpa:g} MPa at {self.rate_mpa_per_s:g} MPa/s")
        return ", ".join(said) or "setpoints as they are"


def refusal(manual: Manual, recipe: Recipe, seen: Seen | None) -> str:
    """Why a request is not accepted, with the bound; empty when it is."""
    limits = recipe.limits
    rows = (
        ("temperature_c", manual.temperature_c, 5.0,
         limits.temperature_c_max - TEMPERATURE_HEADROOM_K),
        ("rate_c_per_min", manual.rate_c_per_min, 0.1, RATE_C_PER_MIN_MAX),
        ("pressure_mpa", manual.pressure_mpa, 0.0,
         limits.pressure_mpa_max / PRESSURE_HEADROOM_RATIO),
        ("rate_mpa_per_s", manual.rate_mpa_per_s, 0.001, RATE_MPA_PER_S_MAX),
        ("duty_fraction", manual.duty_fraction, 0.0, DUTY_MAX),
    )  # fmt: skip
    for name, number, low, high in rows:
        if number is not None and not low <= number <= high:
            return f"{name} is {number:g}, must be within {low:g} .. {high:.4g}"
    if manual.pressure_mpa is not None and (seen is None or not seen.contact):
        return "pressure_mpa needs the platens in contact with the stack"
    return ""


def manual_ask(manual: Manual, ask: Ask, zone_count: int) -> Ask:
    """What a held batch asks for under this request."""
    asked = replace(ask, temperature_holdback_k=0.0, pressure_holdback_mpa=0.0)
    asked = replace(asked, manual_zone_bits=0, manual_duty_fraction=(0.0,) * 6)
    if manual.duty_fraction is not None:
        duties = tuple(manual.duty_fraction if i < zone_count else 0.0 for i in range(6))
        bits = (1 << zone_count) - 1
        asked = replace(
            asked, heat_enable=1, cooling=0, manual_zone_bits=bits, manual_duty_fraction=duties
        )
    elif manual.temperature_c is not None:
        asked = replace(
            asked,
            heat_enable=1,
            cooling=0,
            temperature_target_c=manual.temperature_c,
            temperature_rate_c_per_s=manual.rate_c_per_min / 60.0,
        )
    if manual.pressure_mpa is not None:
        asked = replace(
            asked,
            hydraulics=Hydraulics.PRESSURE,
            pressure_target_mpa=manual.pressure_mpa,
            pressure_rate_mpa_per_s=manual.rate_mpa_per_s,
        )
    return asked


def automatic_ask(seen: Seen, ask: Ask) -> Ask:
    """Held again, where the setpoints are."""
    return resting(seen, replace(ask, manual_zone_bits=0, manual_duty_fraction=(0.0,) * 6))
