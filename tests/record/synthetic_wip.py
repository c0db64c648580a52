"""A plausible WIP batch without kernel, plant or clock: what the tests of the record feed it.

Water as two constants (heating on the isentrope, stiffness), a wall that takes heat from the
fluid, a pump that tops up: indicators can be worked out by hand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from synthetic_batch import event_at, header, tick_at

from controller.ports import Event, Sample, Signal
from controller.record.model import BatchHeader

CHANNELS = ("jacket_temperature_c", "bag_pressure_mbar", "h2s_purge_ppm", "h2s_exhaust_ppm")
COMPUTED = (
    "vessel_pressure_mpa",
    "vessel_pressure_setpoint_mpa",
    "vessel_pressure_rate_mpa_per_s",
    "fluid_temperature_c_estimate",
    "fluid_temperature_target_c",
    "fluid_temperature_c_predicted",
    "wall_temperature_c_estimate",
    "leak_mpa_per_min",
    "delivered_ml",
    "needle_gain_ratio",
    "stroke_efficiency_ratio",
    "jacket_duty_fraction",
)
SIGNALS = (
    *(Signal(name, "", i) for i, name in enumerate(CHANNELS)),
    *(Signal(name, "") for name in COMPUTED),
)
HEATING_K_PER_MPA = 0.04
MPA_PER_ML = 1.2
MPA_PER_K = 2.1
TARGET_C, TARGET_MPA = 85.0, 490.0
PARAMETERS = {
    "hold_s": 300.0,
    "hold_pressure_band_fraction": 0.01,
    "hold_temperature_band_k": 5.0,
    "release_slow_below_mpa": 20.0,
    "release_mpa_per_s_max": 6.0,
    "release_slow_mpa_per_s_max": 1.2,
    "leak_mpa_per_min_max": 2.0,
    "bag_vacuum_mbar_max": 1.0,
    "bag_rise_mbar_per_min_max": 0.1,
    "h2s_ppm_max": 5.0,
    "activation_energy_kj_per_mol": 45.0,
    "jacket_power_w": 3000.0,
    "expansion_mpa_per_k": MPA_PER_K,
    "stiffness_mpa_per_ml": MPA_PER_ML,
    "temperature_c_max": 92.0,
    "pressure_mpa_max": 505.0,
    **{f"isentrope_{n}_mpa": 49.0 * n for n in range(11)},
    **{f"isentrope_{n}_target_c": 65.4 + 1.96 * n for n in range(11)},
    **{f"isentrope_{n}_limit_c": 72.4 + 1.96 * n for n in range(11)},
}
# phase, seconds, pressure at its end, wall's temperature at its end, cause of its start
PLAN = (
    ("gate", 4.0, 0.0, 22.0, "batch started"),
    ("evacuate", 60.0, 0.0, 22.0, "all permissives there"),
    ("bag_test", 120.0, 0.0, 22.0, "bag at its vacuum"),
    ("preheat", 600.0, 0.0, 76.0, "bag is tight"),
    ("fill", 120.0, 0.0, 76.0, "wall is warm"),
    ("leak_test", 60.0, 5.0, 76.0, "flushed"),
    ("pump", 245.0, TARGET_MPA, 77.0, "vessel is tight"),
    ("hold", 300.0, TARGET_MPA, 79.0, "pressure at its target"),
    ("decompress", 114.0, 0.0, 79.0, "hold time over"),
    ("purge", 60.0, 0.0, 78.0, "pressure released"),
    ("unlock", 5.0, 0.0, 78.0, "head space is clean"),
)
LEAK_MPA_PER_MIN = 0.3


def wip_header(batch_id: str = "W1-0001", **changes: object) -> BatchHeader:
    fields = {"recipe_name": "wip-monocell-490", "station_id": "demo-wip"}
    return header(batch_id, **{**fields, "parameters": PARAMETERS, **changes})


def batch(step_s: float = 0.1, seed: int = 7) -> Iterator[Sample | Event]:
    """The whole batch, one sample each `step_s`; phase events come before their samples."""
    noise, vessel = random.Random(seed), _Vessel()
    elapsed_s, before = 0.0, ""
    for phase, duration_s, pressure_mpa, wall_c, cause in PLAN:
        index = round(elapsed_s * 100)
        yield event_at(index, "phase", phase, f"{before} → {phase}: {cause}", cause=cause)
        start_mpa, start_c, at_s = vessel.setpoint_mpa, vessel.wall_c, 0.0
        while at_s < duration_s:
            share = min(1.0, (at_s + step_s) / duration_s)
            vessel.setpoint_mpa = _setpoint_mpa(phase, start_mpa, pressure_mpa, share, at_s)
            vessel.wall_c = start_c + share * (wall_c - start_c)
            vessel.advance(phase, step_s)
            at = tick_at(round((elapsed_s + at_s) * 100))
            yield Sample(at, phase, vessel.values(phase, noise), bytes(len(CHANNELS)))
            at_s += step_s
        elapsed_s, before = elapsed_s + duration_s, phase


def _setpoint_mpa(phase: str, start: float, end: float, share: float, at_s: float) -> float:
    """A release falls with 5 MPa/s, below 20 MPa with 1 MPa/s."""
    if phase != "decompress":
        return start + share * (end - start)
    fast_s = (start - 20.0) / 5.0
    return max(0.0, start - 5.0 * at_s if at_s < fast_s else 20.0 - (at_s - fast_s))


class _Vessel:
    def __init__(self) -> None:
        self.setpoint_mpa, self.pressure_mpa, self.wall_c = 0.0, 0.0, 22.0
        self.fluid_c, self.delivered_ml, self.bag_mbar = 22.0, 0.0, 1013.0
        self.duty = 0.0

    def advance(self, phase: str, step_s: float) -> None:
        self.duty = 0.9 if phase == "preheat" else 0.0
        if phase == "evacuate":
            self.bag_mbar = max(0.6, self.bag_mbar * (1.0 - 0.2 * step_s))
        if phase == "bag_test":
            self.bag_mbar += 0.06 / 60.0 * step_s
        if phase == "fill":
            self.fluid_c = 65.0
        cooling_k = (self.fluid_c - self.wall_c) * step_s / 345.0 if phase != "preheat" else 0.0
        lost_mpa = LEAK_MPA_PER_MIN / 60.0 * step_s if phase == "hold" else 0.0
        before_mpa = self.pressure_mpa
        self.pressure_mpa = self.setpoint_mpa
        rise_mpa = self.pressure_mpa - before_mpa
        if phase in ("leak_test", "pump", "hold"):
            explained_mpa = -MPA_PER_K * cooling_k - lost_mpa
            self.delivered_ml += max(0.0, rise_mpa - explained_mpa) / MPA_PER_ML
        self.fluid_c += HEATING_K_PER_MPA * rise_mpa - cooling_k

    def values(self, phase: str, noise: random.Random) -> tuple[float, ...]:
        pressed = phase in ("pump", "hold")
        return (
            self.wall_c + 10.0 * self.duty,
            self.bag_mbar,
            max(0.0, noise.gauss(0.1, 0.05)),
            max(0.0, noise.gauss(0.1, 0.05)),
            self.pressure_mpa + noise.gauss(0.0, 0.01),
            self.setpoint_mpa,
            0.0,
            self.fluid_c + noise.gauss(0.0, 0.01),
            TARGET_C if pressed else 0.0,
            TARGET_C - 0.2 if pressed else 0.0,
            self.wall_c,
            LEAK_MPA_PER_MIN if phase == "hold" else 0.0,
            self.delivered_ml,
            1.02,
            0.98,
            self.duty,
        )
