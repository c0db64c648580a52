"""From a reading to the converter code that gives it electrical form.

Each terminal hangs on one 16-bit converter whose front end spans a range of ohms, volts or
milliamperes (README). Pt100 after IEC 60751, type K after IEC 60584-1; both correct to 0.01 °C
of single-precision arithmetic in -50 .. 340 °C.
"""

import math

from hil.rig.terminals import COUNTS, CURRENT, LOOP, POSITION, PT100, TYPE_K

CODE_MAX = 65535

# Quantity at code 0 and at full code: ohm, mV, mA, V, V.
SPANS = {
    PT100: (80.0, 230.0),
    TYPE_K: (-3.0, 17.0),
    LOOP: (0.0, 24.0),
    POSITION: (0.0, 10.0),
    CURRENT: (0.0, 10.0),
}

_K_POSITIVE = (
    -0.176004136860e-01,
    0.389212049750e-01,
    0.185587700320e-04,
    -0.994575928740e-07,
    0.318409457190e-09,
    -0.560728448890e-12,
    0.560750590590e-15,
    -0.320207200030e-18,
    0.971511471520e-22,
    -0.121047212750e-25,
)
_K_NEGATIVE = (
    0.0,
    0.394501280250e-01,
    0.236223735980e-04,
    -0.328589067840e-06,
    -0.499048287770e-08,
    -0.675090591730e-10,
    -0.574103274280e-12,
    -0.310888728940e-14,
    -0.104516093650e-16,
    -0.198892668780e-19,
    -0.163226974860e-22,
)


def pt100_ohm(temperature_c: float) -> float:
    """IEC 60751, Callendar-Van Dusen."""
    t = temperature_c
    ratio = 1.0 + 3.9083e-3 * t - 5.775e-7 * t * t
    if t < 0.0:
        ratio -= 4.183e-12 * (t - 100.0) * t * t * t
    return 100.0 * ratio


def type_k_mv(temperature_c: float) -> float:
    """IEC 60584-1 against a reference junction at 0 °C."""
    t = temperature_c
    voltage_mv = 0.0
    for coefficient in reversed(_K_POSITIVE if t >= 0.0 else _K_NEGATIVE):
        voltage_mv = voltage_mv * t + coefficient
    if t >= 0.0:
        voltage_mv += 0.1185976 * math.exp(-1.183432e-4 * (t - 126.9686) * (t - 126.9686))
    return voltage_mv


def quantity(kind: str, count: int, cold_junction_c: float) -> float:
    """Ohm, mV, mA or V that makes a module read this count."""
    if kind == PT100:
        return pt100_ohm(count * 0.01)
    if kind == TYPE_K:
        return type_k_mv(count * 0.01) - type_k_mv(cold_junction_c)
    if kind == LOOP:
        return count * 0.001
    low, high = COUNTS[kind]
    return 10.0 * (count - low) / (high - low)


def code(kind: str, count: int, cold_junction_c: float) -> int:
    """Converter code, at its end for what the front end cannot show."""
    low, high = COUNTS[kind]
    bounded = min(max(count, low), high)
    span_low, span_high = SPANS[kind]
    share = (quantity(kind, bounded, cold_junction_c) - span_low) / (span_high - span_low)
    return min(max(int(share * CODE_MAX + 0.5), 0), CODE_MAX)
