"""The estimates of native/kernel/estimate.c in plain Python: same operations, so `==` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from statistics import median

GOOD, UNCERTAIN, BAD = range(3)
ZONE_BIAS_C, CONTACT_DOUBT_RATIO = 0.35, 0.25
SENSOR_SIGMA_C, SENSOR_PULL_S = 1.5, 5.0


@dataclass(frozen=True)
class Machine:
    tick_s: float
    ambient_c: float
    platen_of_zone: tuple[int, ...]
    stack_fitted: bool
    area_mm2: float
    areal_mass_g_per_cm2: float
    elastic_modulus_mpa: float
    heat_capacity_j_per_k: float
    contact_w_per_k_base: float
    contact_w_per_k_slope: float
    contact_pressure_mpa_ref: float
    loss_w_per_k: float
    thickness_reference_mm: float
    thickness_reference_sigma_mm: float
    areal_mass_sigma_fraction: float
    cylinder_area_mm2: float
    ram_weight_kn: float
    contact_force_kn: float
    frame_stiffness_kn_per_mm: float
    platen_expansion_mm_per_k: float
    position_sigma_mm: float
    stretch_sigma_fraction: float


@dataclass(frozen=True)
class Reading:
    """Measurements and qualities, as validation left them."""

    zone: tuple[tuple[float, int], ...]
    stack: tuple[float, int]
    cylinder_a: tuple[float, int]
    cylinder_b: tuple[float, int]
    load_cell: tuple[float, int]
    lvdt: tuple[tuple[float, int], ...]


@dataclass
class Estimate:
    machine: Machine
    stack_c: float = 0.0
    sigma_c: float = 0.0
    contact: bool = False
    seen: dict[str, float] = field(default_factory=dict)

    def step(self, reading: Reading) -> dict[str, float]:
        good = [c for c, quality in reading.zone if quality != BAD]
        middle_c = _median(good or [c for c, _ in reading.zone])
        self.seen = {"zone_temperature_c_median": middle_c}
        self._force(reading)
        self._stack(reading, middle_c)
        self._thickness(reading, middle_c)
        return self.seen

    def _force(self, reading: Reading) -> None:
        m, seen = self.machine, self.seen
        usable = [
            bar for bar, quality in (reading.cylinder_a, reading.cylinder_b) if quality != BAD
        ]
        pair = usable or [reading.cylinder_a[0], reading.cylinder_b[0]]
        cylinder_bar = max(pair)
        force_kn, quality = reading.load_cell
        if quality == BAD:
            force_kn = cylinder_bar * 1e-4 * m.cylinder_area_mm2 - m.ram_weight_kn
            quality = UNCERTAIN if usable else BAD
        self.contact = force_kn > (0.5 * m.contact_force_kn if self.contact else m.contact_force_kn)
        seen["cylinder_pressure_bar"] = cylinder_bar
        seen["force_kn"] = force_kn
        seen["stack_pressure_mpa"] = force_kn * 1000.0 / m.area_mm2
        seen["pressure_quality"] = quality
        seen["contact"] = int(self.contact)

    def _stack(self, reading: Reading, middle_c: float) -> None:
        m, share = self.machine, 0.0
        if self.sigma_c <= 0.0:
            self.stack_c, self.sigma_c = m.ambient_c, abs(middle_c - m.ambient_c) + ZONE_BIAS_C
        else:
            share = self._model(reading, middle_c)
        lag_c = middle_c - self.stack_c
        if self.contact:
            self.sigma_c += share * (ZONE_BIAS_C - self.sigma_c)
        else:
            self.sigma_c = max(self.sigma_c, abs(lag_c))
        if m.stack_fitted and reading.stack[1] != BAD:
            sigma = self.sigma_c
            variance = SENSOR_SIGMA_C * SENSOR_SIGMA_C
            pull = min(m.tick_s / SENSOR_PULL_S, 1.0) * sigma * sigma / (sigma * sigma + variance)
            self.stack_c += pull * (reading.stack[0] - self.stack_c)
            if sigma > SENSOR_SIGMA_C:
                self.sigma_c += pull * (SENSOR_SIGMA_C - sigma)
        self.seen["stack_temperature_c_estimate"] = self.stack_c
        self.seen["stack_temperature_c_sigma"] = sqrt(
            self.sigma_c * self.sigma_c + CONTACT_DOUBT_RATIO * CONTACT_DOUBT_RATIO * lag_c * lag_c
        )

    def _model(self, reading: Reading, middle_c: float) -> float:
        m = self.machine
        step = m.tick_s / m.heat_capacity_j_per_k
        pressed = min(max(self.seen["stack_pressure_mpa"] / m.contact_pressure_mpa_ref, 0.0), 1.0)
        g = m.contact_w_per_k_base + m.contact_w_per_k_slope * pressed if self.contact else 0.0
        heat_w = -m.loss_w_per_k * (self.stack_c - m.ambient_c)
        for platen in (0, 1):
            good = [
                c
                for (c, quality), own in zip(reading.zone, m.platen_of_zone, strict=True)
                if own == platen and quality != BAD
            ]
            mean_c = sum(good) / len(good) if good else middle_c
            heat_w += g * (mean_c - self.stack_c)
        self.stack_c += step * heat_w
        return min(max(step * (2 * g + m.loss_w_per_k), 0.0), 1.0)

    def _thickness(self, reading: Reading, middle_c: float) -> None:
        m, seen = self.machine, self.seen
        x = [mm for mm, _ in reading.lvdt]
        lost = [i for i, (_, quality) in enumerate(reading.lvdt) if quality == BAD]
        if len(lost) == 1:  # the fourth corner of the plane through the other three
            i = lost[0]
            x[i] = x[(i + 1) % 4] + x[(i + 3) % 4] - x[(i + 2) % 4]
        pair = len(lost) == 2 and lost[1] - lost[0] == 2  # what is left is a diagonal
        if pair:
            middle = 0.5 * (x[(lost[1] + 1) % 4] + x[(lost[1] + 3) % 4])
            x[lost[0]] = x[lost[1]] = middle
        stretch = seen["force_kn"] / m.frame_stiffness_kn_per_mm
        growth = m.platen_expansion_mm_per_k * (middle_c - m.ambient_c)
        thickness = 0.25 * (x[0] + x[1] + x[2] + x[3]) - m.thickness_reference_mm - stretch - growth
        quality = (GOOD, UNCERTAIN, UNCERTAIN if pair else BAD, BAD, BAD)[len(lost)]
        share = {GOOD: 0.25, UNCERTAIN: 0.5, BAD: 0.0}[quality]
        unsure = m.stretch_sigma_fraction * stretch
        sigma = sqrt(
            share * m.position_sigma_mm * m.position_sigma_mm
            + m.thickness_reference_sigma_mm * m.thickness_reference_sigma_mm
            + unsure * unsure
        )
        seen["thickness_mm"] = thickness
        seen["thickness_quality"] = quality
        seen["tilt_um"] = 1000.0 * (
            abs(0.5 * (x[1] + x[2] - x[0] - x[3])) + abs(0.5 * (x[2] + x[3] - x[0] - x[1]))
        )
        modulus = m.elastic_modulus_mpa
        spring = seen["stack_pressure_mpa"] / modulus if modulus > 0.0 else 0.0
        measurable = self.contact and quality != BAD and thickness > 0.01
        seen["density_g_per_cm3"] = (
            10.0 * m.areal_mass_g_per_cm2 * (1.0 - spring) / thickness if measurable else 0.0
        )
        thin = sigma / thickness if measurable else 0.0
        mass = m.areal_mass_sigma_fraction
        seen["density_g_per_cm3_sigma"] = seen["density_g_per_cm3"] * sqrt(
            mass * mass + thin * thin
        )


def _median(numbers: list[float]) -> float:
    ordered = sorted(numbers)
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    assert 0.5 * (lower + upper) == median(ordered)
    return 0.5 * (lower + upper)
