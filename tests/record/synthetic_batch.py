"""A plausible R1 batch without kernel, plant or clock: what the tests of the record feed it.

Setpoints follow the recipe exactly, measurements lag behind with small seeded noise,
density follows a Heckel law with relaxation. Good enough to look right on a plot and to
have indicators that can be worked out by hand.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

from controller.ports import Event, Sample, Severity, Signal, Tick
from controller.record.model import BatchHeader

START_UTC_NS = 1_795_255_200_000_000_000
ZONES = tuple(f"zone_{n}_temperature_c" for n in range(1, 7))
DUTIES = tuple(f"heater_{n}_duty_fraction" for n in range(1, 7))
CHANNELS = (*ZONES, "stack_temperature_c", "load_cell_force_kn")
SIGNALS = (
    *(Signal(name, "kN" if name.endswith("kn") else "°C", i) for i, name in enumerate(CHANNELS)),
    Signal("zone_temperature_setpoint_c", "°C"),
    Signal("stack_temperature_c_estimate", "°C"),
    Signal("stack_pressure_mpa", "MPa"),
    Signal("stack_pressure_setpoint_mpa", "MPa"),
    Signal("thickness_mm", "mm"),
    Signal("tilt_um", "µm"),
    Signal("density_g_per_cm3", "g/cm³"),
    *(Signal(name, "") for name in DUTIES),
)
PARAMETERS = {
    "true_density_g_per_cm3": 3.86,
    "activation_energy_kj_per_mol": 45.0,
    "hold_s": 300.0,
    "temperature_c_max": 110.0,
    "stack_pressure_mpa_max": 110.0,
    "density_g_per_cm3_min": 3.0,
    "density_g_per_cm3_max": 3.2,
    **{f"zone_{n}_power_w": 1000.0 for n in range(1, 7)},
}
# phase, seconds, temperature at its end, pressure at its end, cause of its start
PLAN = (
    ("gate", 4.0, 22.0, 0.0, "batch started"),
    ("close", 6.0, 22.0, 0.0, "all permissives there"),
    ("touch", 3.0, 22.0, 0.5, "contact force reached"),
    ("prepress", 35.0, 22.0, 5.0, "touch pressure held"),
    ("heat", 936.0, 100.0, 5.0, "pre-press time over"),
    ("soak", 155.0, 100.0, 5.0, "setpoint at its target"),
    ("press", 95.0, 100.0, 100.0, "stack within 2 K for 120 s"),
    ("hold", 300.0, 100.0, 100.0, "pressure at its target"),
    ("cool under pressure", 330.0, 45.0, 100.0, "hold time over"),
    ("release", 100.0, 45.0, 0.0, "stack below 45 °C"),
    ("open", 8.0, 45.0, 0.0, "pressure released"),
)


def header(batch_id: str = "R1-0001", **changes: object) -> BatchHeader:
    fields: dict[str, object] = {
        "batch_id": batch_id,
        "recipe_name": "sulfide-hot-press-100",
        "recipe_version": "1.0",
        "recipe_text": '[recipe]\nname = "sulfide-hot-press-100"\n',
        "material_name": "ncm-lpscl-85-12-3",
        "material_sha256": "1" * 64,
        "station_id": "demo-press",
        "config_sha256": "2" * 64,
        "kernel_header_sha256": "3" * 64,
        "software_version": "0.1.0",
        "start_utc_ns": START_UTC_NS,
        "start_monotonic_s": 50.0,
        "seed": 7,
        "parameters": PARAMETERS,
    }
    return BatchHeader(**{**fields, **changes})  # type: ignore[arg-type]


def record_file(directory: Path, batch_id: str = "R1-0001") -> Path:
    return directory / f"{batch_id}.sqlite"


def tick_at(index: int) -> Tick:
    return Tick(index, 50.0 + index * 0.01, START_UTC_NS + index * 10_000_000)


def event_at(index: int, kind: str, source: str, message: str, **detail: float | str) -> Event:
    tick = tick_at(index)
    severity = Severity.WARNING if kind == "interlock" else Severity.INFO
    where = (tick.index, tick.monotonic_s, tick.utc_ns)
    return Event(*where, kind, source, severity, message, detail)


def batch(step_s: float = 0.1, seed: int = 7) -> Iterator[Sample | Event]:
    """The whole R1 batch, one sample each `step_s`; phase events come before their samples."""
    noise = random.Random(seed)
    state = _State()
    elapsed_s, before = 0.0, ""
    for phase, duration_s, temperature_c, pressure_mpa, cause in PLAN:
        index = round(elapsed_s * 100)
        yield event_at(index, "phase", phase, f"{before} → {phase}: {cause}", cause=cause)
        if phase == "press":
            yield event_at(index, "interlock", "pressure_holdback", "pressure ramp held")
        start_c, start_mpa = state.setpoint_c, state.setpoint_mpa
        for step in range(round(duration_s / step_s)):
            share = min(1.0, (step + 1) * step_s / _move_s(phase, duration_s))
            state.setpoint_c = start_c + share * (temperature_c - start_c)
            state.setpoint_mpa = start_mpa + share * (pressure_mpa - start_mpa)
            state.advance(step_s)
            at = tick_at(round((elapsed_s + step * step_s) * 100))
            yield Sample(at, phase, state.values(noise), bytes(len(CHANNELS)))
        elapsed_s, before = elapsed_s + duration_s, phase


def _move_s(phase: str, duration_s: float) -> float:
    return {"prepress": 5.0, "release": 99.0}.get(phase, duration_s)


class _State:
    def __init__(self) -> None:
        self.setpoint_c, self.setpoint_mpa = 22.0, 0.0
        self.zone_c, self.stack_c, self.pressure_mpa = 22.0, 22.0, 0.0
        self.density_fraction, self.duty = 0.70, 0.0

    def advance(self, step_s: float) -> None:
        slope = (self.setpoint_c - self.zone_c) / 6.0
        self.duty = min(1.0, max(0.0, (slope * 3830 + 1.19 * (self.zone_c - 22.0)) / 1000.0))
        self.zone_c += slope * step_s
        self.stack_c += (self.zone_c - self.stack_c) / 35.0 * step_s
        self.pressure_mpa += (self.setpoint_mpa - self.pressure_mpa) * min(1.0, step_s / 0.4)
        yield_mpa = 343.0 * math.exp(-(self.stack_c - 25.0) / 204.0)
        target = 1.0 - 0.30 * math.exp(-self.pressure_mpa / yield_mpa)
        if target > self.density_fraction:
            self.density_fraction += (target - self.density_fraction) * step_s / 15.0

    def values(self, noise: random.Random) -> tuple[float, ...]:
        def with_noise(true: float, sigma: float) -> float:
            return true + noise.gauss(0.0, sigma)

        density = self.density_fraction * 3.86
        thickness_mm = 3.1 / density * (1.0 - self.pressure_mpa / 10_000.0)
        measurable = self.pressure_mpa > 0.2
        return (
            *(with_noise(self.zone_c + 0.05 * n, 0.02) for n in range(-3, 3)),
            with_noise(self.stack_c, 0.05),
            self.pressure_mpa * 2.5,
            self.setpoint_c,
            self.stack_c,
            with_noise(self.pressure_mpa, 0.01),
            self.setpoint_mpa,
            with_noise(thickness_mm, 0.0003) if measurable else 6.0,
            with_noise(8.0 + 0.05 * self.pressure_mpa, 0.3),
            with_noise(density, 0.0008) if measurable else 0.0,
            *(min(1.0, max(0.0, with_noise(self.duty, 0.01))) for _ in DUTIES),
        )
