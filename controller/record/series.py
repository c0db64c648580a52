"""A record's samples as columns over time, for indicators and plots."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from controller.ports import Signal
from controller.record.model import RecordError
from controller.record.opening import reading
from controller.record.reader import StoredRecord

SAMPLES_MAX = 2_000_000  # held in memory: 55 hours at 10 Hz
_BAD = 2
_PLAUSIBLE_MAX = 1e12  # of any unit; more is a damaged row
_TIME_S_MAX = 1e9
_GAP_S = 1.0  # a longer pause between samples is missing data and counts for no integral

ZONE_TEMPERATURE = re.compile(r"zone_\d+_temperature_c")
HEATER_DUTY = re.compile(r"heater_\d+_duty_fraction")
_OF_A_ZONE = ("zone_{}_temperature_c", "heater_{}_duty_fraction")
ANALYSED = (
    "zone_temperature_setpoint_c",
    "zone_temperature_c_median",
    "stack_temperature_c_estimate",
    "stack_temperature_c",
    "stack_pressure_mpa",
    "stack_pressure_setpoint_mpa",
    "thickness_mm",
    "density_g_per_cm3",
    "tilt_um",
    "fluid_temperature_c_estimate",
    "fluid_temperature_target_c",
    "fluid_temperature_c_predicted",
    "wall_temperature_c_estimate",
    "jacket_temperature_c",
    "jacket_duty_fraction",
    "vessel_pressure_mpa",
    "vessel_pressure_setpoint_mpa",
    "bag_pressure_mbar",
    "h2s_purge_ppm",
    "h2s_exhaust_ppm",
    "delivered_ml",
    "needle_gain_ratio",
    "stroke_efficiency_ratio",
)
"""What indicators and plots of any class of unit use; a record holds some of it."""

Column = list[float]


@dataclass(frozen=True, slots=True)
class Series:
    """Columns of equal length. A bad or absent measurement is NaN.

    `time_s` counts from the start of the batch; `step_s[i]` is the time sample `i`
    stands for, 0 before a gap.
    """

    time_s: Column
    step_s: Column
    phase: list[str]
    columns: dict[str, Column]

    def column(self, name: str) -> Column:
        """The column of a signal; all NaN when the record has no such signal."""
        return self.columns.get(name) or [math.nan] * len(self.time_s)

    def matching(self, pattern: re.Pattern[str]) -> list[Column]:
        """The columns whose whole name matches, in the record's order."""
        return [self.columns[name] for name in self.columns if pattern.fullmatch(name)]

    def where(self, wanted: Callable[[int], bool]) -> list[int]:
        """Indices of the samples that satisfy a condition."""
        return [i for i in range(len(self.time_s)) if wanted(i)]

    def in_phase(self, *words: str) -> list[int]:
        """Indices of samples in a phase with one of these words in its name."""
        named = {phase: bool({*re.split(r"[\W_]+", phase)} & {*words}) for phase in {*self.phase}}
        return [i for i, phase in enumerate(self.phase) if named[phase]]


def load_series(record: StoredRecord) -> Series:
    """Read the signals that indicators and plots use.

    Raises `RecordError` for a damaged file or one of more than `SAMPLES_MAX` samples.
    """
    chosen = [signal for signal in record.signals if _is_analysed(signal.name)]
    rows = list(islice(record.samples([signal.name for signal in chosen]), SAMPLES_MAX + 1))
    if len(rows) > SAMPLES_MAX:
        raise RecordError(f"{record.path}: more than {SAMPLES_MAX} samples; export it as CSV")
    if not rows:
        return Series([], [], [], {signal.name: [] for signal in chosen})
    with reading(record.path):
        _, _, monotonic_s, _, phase, quality, *values = zip(*rows, strict=True)
        time_s = _times(monotonic_s, record.header.start_monotonic_s)
        columns = {
            signal.name: _column(signal, column, quality)
            for signal, column in zip(chosen, values, strict=True)
        }
        for name in _of_absent_zones(columns):
            del columns[name]
        return Series(time_s, _steps(time_s), [str(name) for name in phase], columns)


def _of_absent_zones(columns: dict[str, Column]) -> list[str]:
    """A zone that was never measured is not there; its heater's duty is 0 and says nothing."""
    absent = [
        name.split("_")[1]
        for name, column in columns.items()
        if ZONE_TEMPERATURE.fullmatch(name) and all(math.isnan(found) for found in column)
    ]
    own = [form.format(zone) for zone in absent for form in _OF_A_ZONE]
    return [name for name in own if name in columns]


def _is_analysed(name: str) -> bool:
    return (
        name in ANALYSED
        or ZONE_TEMPERATURE.fullmatch(name) is not None
        or HEATER_DUTY.fullmatch(name) is not None
    )


def _column(signal: Signal, column: Sequence[object], quality: Sequence[bytes]) -> Column:
    """NaN for what was not finite, not a number, beyond belief, or of bad quality."""
    nan = math.nan
    floats = [
        found if isinstance(found, float) and abs(found) <= _PLAUSIBLE_MAX else nan
        for found in column
    ]
    at = signal.channel
    if at < 0:
        return floats
    return [
        nan if at < len(flags) and flags[at] == _BAD else found
        for found, flags in zip(floats, quality, strict=True)
    ]


def _times(monotonic_s: Sequence[float], start_s: float) -> Column:
    time_s = [at - start_s for at in monotonic_s]
    forward = all(now <= later for now, later in pairwise(time_s))
    if not forward or not all(abs(at) <= _TIME_S_MAX for at in time_s):
        raise ValueError("the times of its samples do not run forward")
    return time_s


def _steps(time_s: Column) -> Column:
    steps = [later - now for now, later in pairwise(time_s)]
    return [step if 0.0 < step <= _GAP_S else 0.0 for step in steps] + [0.0]


def finite(column: Sequence[float], at: Sequence[int]) -> Column:
    """The numbers at these indices, without the NaN."""
    return [column[i] for i in at if column[i] == column[i]]


def mean(numbers: Sequence[float]) -> float | None:
    return math.fsum(numbers) / len(numbers) if numbers else None


def largest(numbers: Sequence[float]) -> float | None:
    return max(numbers, default=None)
