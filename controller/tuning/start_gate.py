"""What every experiment on a press begins with: reset edge, permissives, everything off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controller.ports import Tick

ARMING_S = 2.0
PERMISSION_S_MAX = 5.0
GAP_S_MAX = 1.0
LEASE_TICKS = 50
QUALITY_BAD = 2
FAST_C_PER_S = 0.1  # of the setpoint, which nothing follows here
HYDRAULICS_OFF, HYDRAULICS_CLOSE, HYDRAULICS_PRESSURE, HYDRAULICS_OPEN = range(4)


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the kernel's rows by bit, for messages."""

    permissives: Sequence[str]
    trips: Sequence[str]


class Gate:
    """Before the first output: reset edge, permissives, and what must stay true afterwards."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._begun_s: float | None = None
        self._previous_s = 0.0
        self._reset = 0
        self.open = False
        self.refusal = ""

    def step(self, tick: Tick, seen: Any, command: Any) -> float:
        """Seconds since the last step; sets `open` or `refusal`."""
        if self._begun_s is None:
            self._begun_s = self._previous_s = tick.monotonic_s
        gap_s = tick.monotonic_s - self._previous_s
        self._previous_s = tick.monotonic_s
        elapsed_s = tick.monotonic_s - self._begun_s
        self._reset = 1 - self._reset if seen.trip_bits and elapsed_s < ARMING_S else 0
        command.reset = self._reset if not self.open else 0
        if seen.trip_bits and elapsed_s >= ARMING_S:
            self.refusal = f"tripped: {self._names(seen.trip_bits, self._tables.trips)}"
        elif gap_s > GAP_S_MAX:
            self.refusal = f"nothing was observed for {gap_s:.1f} s: the record has a hole"
        elif not self.open and not seen.trip_bits and seen.permissive_missing_bits == 0:
            self.open = True
        elif not self.open and elapsed_s > PERMISSION_S_MAX:
            missing = self._names(seen.permissive_missing_bits, self._tables.permissives)
            self.refusal = f"not permitted: {missing}"
        return gap_s

    @staticmethod
    def _names(bits: int, names: Sequence[str]) -> str:
        return ", ".join(name for bit, name in enumerate(names) if bits >> bit & 1)


def ask_nothing(command: Any, tick: Tick) -> None:
    """Everything off, and that renewed."""
    command.temperature_target_c, command.temperature_rate_c_per_s = 20.0, FAST_C_PER_S
    command.pressure_target_mpa, command.pressure_rate_mpa_per_s = 0.0, 0.1
    command.temperature_holdback_k = command.pressure_holdback_mpa = 0.0
    command.heat_enable = command.cooling = command.dump_request = 0
    command.hydraulics, command.hot_only = HYDRAULICS_OFF, 0
    command.manual_zone_bits = 0
    command.valid_until_tick = tick.index + LEASE_TICKS
