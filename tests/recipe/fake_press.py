"""A press that does what it is told, in a few lines, with faults a test can set.

Not a model: setpoints follow their rates, zones follow the setpoint, the stack lags the
zones by a first-order lag, pressure follows its setpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from press_header import NAMES

from controller.ports import Tick
from controller.recipe.frames import Ask, Hydraulics
from controller.recipe.procedure import Procedure, Transition
from controller.recipe.progress import Progress

STEP_S = 1.0
LAG_S = 20.0
COMMAND_FIELDS = (*Ask.__struct_fields__, "valid_until_tick", "reset")


def bit(names: tuple[str, ...], name: str) -> int:
    return 1 << names.index(name)


class FakePress:
    def __init__(self) -> None:
        self.command = SimpleNamespace(**dict.fromkeys(COMMAND_FIELDS, 0))
        self.measurement_channel_unit = [22.0] * 24
        self.quality = [0] * 24
        self.zone_temperature_setpoint_c = 22.0
        self.stack_temperature_c_estimate = 22.0
        self.stack_temperature_c_sigma = 0.4
        self.stack_pressure_mpa = 0.0
        self.stack_pressure_setpoint_mpa = 0.0
        self.first_out_channel_unit = 0.0
        self.interlock_bits = 0
        self.trip_action_bits = 16
        self.advisory_bits = 0
        self.pressure_quality = 0
        self.thickness_quality = 0
        self.density_g_per_cm3 = 0.0
        self.density_g_per_cm3_sigma = 0.0
        self.contact = 0
        self.causes = 0  # trips whose cause stands
        self.trip_bits = bit(NAMES.trips, "boot")
        self.missing = 0  # permissives a test takes away
        self.temperature_frozen = False  # the ramp does not move
        self.pressure_frozen = False
        self.stack_offset_k = 0.0
        self.closing_s = 2.0
        self._reset_previous = 0
        self.resets = 0

    # ---- what the kernel would say ------------------------------------------------------------

    @property
    def first_out_trip(self) -> int:
        return self.trip_bits.bit_length() - 1

    @property
    def cylinder_pressure_bar(self) -> float:
        return 1.25 * self.stack_pressure_mpa

    @property
    def permissive_missing_bits(self) -> int:
        missing = self.missing
        if self.trip_bits:
            missing |= bit(NAMES.permissives, "no_trip")
        if self.cylinder_pressure_bar > 8.0:
            missing |= bit(NAMES.permissives, "pressure_released")
        return missing

    @property
    def temperature_ramp_done(self) -> int:
        off = self.command.temperature_target_c - self.zone_temperature_setpoint_c
        return int(not self._regulating or off == 0.0)

    @property
    def pressure_ramp_done(self) -> int:
        off = self.command.pressure_target_mpa - self.stack_pressure_setpoint_mpa
        return int(not self._follows or off == 0.0)

    @property
    def _regulating(self) -> bool:
        return bool(self.command.heat_enable or self.command.cooling)

    @property
    def _follows(self) -> bool:
        return self.command.hydraulics in (Hydraulics.PRESSURE, Hydraulics.OPEN)

    # ---- and do -------------------------------------------------------------------------------

    def trip(self, name: str, *, actions: int, value: float = 0.0) -> None:
        self.trip_bits |= bit(NAMES.trips, name)
        self.causes |= bit(NAMES.trips, name)
        self.trip_action_bits = actions
        self.first_out_channel_unit = value

    def advance(self, step_s: float = STEP_S) -> None:
        """One step of the world under the command in force."""
        command = self.command
        if command.reset and not self._reset_previous:
            self.resets += 1
            self.trip_bits &= self.causes
        self._reset_previous = command.reset
        if not self.trip_bits:
            self.trip_action_bits = 0
        self._heat(command, step_s)
        if not self.trip_action_bits & (4 | 16):
            self._press(command, step_s)
        if command.dump_request:
            self.stack_pressure_mpa = 0.0

    def _heat(self, command: SimpleNamespace, step_s: float) -> None:
        if self._regulating and not self.temperature_frozen:
            self.zone_temperature_setpoint_c = _towards(
                self.zone_temperature_setpoint_c,
                command.temperature_target_c,
                command.temperature_rate_c_per_s * step_s,
            )
        self.measurement_channel_unit[:6] = [self.zone_temperature_setpoint_c] * 6
        goal_c = self.zone_temperature_setpoint_c + self.stack_offset_k
        self.stack_temperature_c_estimate += (
            (goal_c - self.stack_temperature_c_estimate) * step_s / (LAG_S + step_s)
        )

    def _press(self, command: SimpleNamespace, step_s: float) -> None:
        match command.hydraulics:
            case Hydraulics.CLOSE:
                self.closing_s -= step_s
                self.contact = int(self.closing_s <= 0.0)
            case Hydraulics.PRESSURE if not self.pressure_frozen:
                self._ramp(command.pressure_target_mpa, command.pressure_rate_mpa_per_s * step_s)
            case Hydraulics.OPEN:
                self._ramp(0.0, command.pressure_rate_mpa_per_s * step_s)
                self.contact = int(self.stack_pressure_mpa > 0.0)

    def _ramp(self, target_mpa: float, step_mpa: float) -> None:
        self.stack_pressure_setpoint_mpa = _towards(
            self.stack_pressure_setpoint_mpa, target_mpa, step_mpa
        )
        self.stack_pressure_mpa = self.stack_pressure_setpoint_mpa


def _towards(here: float, there: float, step: float) -> float:
    return there if abs(there - here) <= step else here + (step if there > here else -step)


class Drive:
    """A procedure over a fake press or WIP, in virtual time."""

    def __init__(self, procedure: Procedure, press: Any = None) -> None:
        self.procedure = procedure
        self.press = press or FakePress()
        self.moves: list[Transition] = []
        self.steps = 0

    @property
    def now_s(self) -> float:
        return self.steps * STEP_S

    def step(self) -> Progress:
        tick = Tick(round(self.now_s * 100), self.now_s, 0)
        self.moves += self.procedure.step(tick, self.press, self.press.command)
        assert self.press.command.valid_until_tick > tick.index, "the lease is renewed"
        self.press.advance()
        self.steps += 1
        return self.procedure.progress

    def until(self, there: str | Callable[[], bool], *, s_max: float = 9000.0) -> Drive:
        """Step until the procedure's phase is `there`, or the condition holds."""
        begun_s = self.now_s
        while not (self.procedure.phase == there if isinstance(there, str) else there()):
            assert self.now_s - begun_s < s_max, f"never reached; {self.procedure.progress}"
            self.step()
        return self

    def for_s(self, duration_s: float) -> Drive:
        end_s = self.now_s + duration_s
        return self.until(lambda: self.now_s >= end_s, s_max=duration_s + 1.0)

    @property
    def path(self) -> list[str]:
        return [move.phase_to for move in self.moves]
