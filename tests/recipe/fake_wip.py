"""A WIP that does what it is told, in a few lines, with faults a test can set.

Not a model: the wall follows its target, pressure its setpoint, the bag its pump.
"""

from __future__ import annotations

from types import SimpleNamespace

from controller.kernel import WIP
from controller.plan import kernel_names
from controller.recipe.wip_frames import Ask, Channel, Input, Mode, Output

NAMES = kernel_names(WIP)
ATMOSPHERE_MBAR = 1013.0
LOCKED = Input.YOKE_IN | Input.LID_LOCKED_A | Input.LID_LOCKED_B
EMPTY = SimpleNamespace()
Ask().write(EMPTY, valid_until_tick=0, reset=False)


def bit(names: tuple[str, ...], name: str) -> int:
    return 1 << names.index(name)


class FakeWip:
    def __init__(self) -> None:
        self.command = SimpleNamespace(**vars(EMPTY))
        self.measurement_channel_unit = [0.0] * len(WIP.names.channels)
        self.measurement_channel_unit[Channel.BAG_PRESSURE_MBAR] = ATMOSPHERE_MBAR
        self.quality = [0] * len(WIP.names.channels)
        self.vessel_pressure_mpa = self.vessel_pressure_setpoint_mpa = 0.0
        self.fluid_temperature_c_estimate = self.wall_temperature_c_estimate = 22.0
        self.fluid_temperature_c_predicted = 85.0
        self.first_out_channel_unit = 0.0
        self.interlock_bits = 0
        self.advisory_bits = 0
        self.pressure_quality = self.temperature_quality = 0
        self.digital_input_bits = 0
        self.leak_tested = self.pressure_tared = self.temperature_tared = 0
        self.trip_action_bits = 32
        self.trip_bits = bit(NAMES.trips, "boot")
        self.causes = 0
        self.missing = 0
        self.bag_mbar_per_s = 0.0  # what leaks in
        self.leaks = False  # the test at low pressure is not passed
        self.frozen = False  # the pump delivers nothing
        self.resets = 0
        self._reset_previous = 0

    # ---- what the kernel would say ------------------------------------------------------------

    @property
    def first_out_trip(self) -> int:
        return self.trip_bits.bit_length() - 1

    @property
    def permissive_missing_bits(self) -> int:
        released = self.vessel_pressure_mpa <= 0.03
        return self.missing | (0 if released else bit(NAMES.permissives, "pressure_released"))

    @property
    def pressure_ramp_done(self) -> int:
        return int(self.vessel_pressure_setpoint_mpa == self.command.pressure_target_mpa)

    # ---- and do -------------------------------------------------------------------------------

    def trip(self, name: str, *, actions: int, value: float = 0.0) -> None:
        self.trip_bits |= bit(NAMES.trips, name)
        self.causes |= bit(NAMES.trips, name)
        self.trip_action_bits = actions
        self.first_out_channel_unit = value

    def advance(self, step_s: float = 1.0) -> None:
        """One step of the world under the command in force."""
        command = self.command
        if command.reset and not self._reset_previous:
            self.resets += 1
            self.trip_bits &= self.causes
        self._reset_previous = command.reset
        if not self.trip_bits:
            self.trip_action_bits = 0
        self._bag(Output(command.request_bits), step_s)
        self._mouth(Output(command.request_bits))
        if command.heat_enable:
            self.wall_temperature_c_estimate = command.wall_temperature_target_c
        self._press(step_s)

    def _bag(self, asked: Output, step_s: float) -> None:
        pumps = Output.VACUUM_PUMP in asked and Output.VACUUM_VALVE in asked
        now_mbar = 0.5 if pumps else self.measurement_channel_unit[Channel.BAG_PRESSURE_MBAR]
        self.measurement_channel_unit[Channel.BAG_PRESSURE_MBAR] = (
            now_mbar + self.bag_mbar_per_s * step_s
        )

    def _mouth(self, asked: Output) -> None:
        released = self.vessel_pressure_mpa <= 0.03
        if Output.YOKE_CLOSE in asked:
            self.digital_input_bits |= LOCKED
        elif Output.LID_UNLOCK in asked and released:
            self.digital_input_bits &= ~LOCKED
        if Output.VENT_VALVE in asked and self.command.tare_pressure:
            self.pressure_tared = 1
        if Output.FILL_VALVE in asked:
            self.fluid_temperature_c_estimate = 65.0
            self.temperature_tared = self.command.tare_temperature
        forbidden = bit(NAMES.interlocks, "unlock_forbidden")
        open_ = released and Output.VENT_VALVE in asked and not self.command.mode
        self.interlock_bits &= ~forbidden
        self.interlock_bits |= 0 if open_ else forbidden

    def _press(self, step_s: float) -> None:
        command = self.command
        if self.frozen or self.trip_action_bits & (2 | 4 | 32):
            return
        if command.mode == Mode.OFF:
            standing = 4.8 <= self.vessel_pressure_mpa <= 5.5
            self.leak_tested |= int(standing and not self.leaks)
            return
        step_mpa = command.pressure_rate_mpa_per_s * step_s
        here, there = self.vessel_pressure_mpa, command.pressure_target_mpa
        if (there > here) == (command.mode == Mode.PRESSURE):
            moved = min(abs(there - here), step_mpa)
            here += moved if there > here else -moved
        self.vessel_pressure_mpa = self.vessel_pressure_setpoint_mpa = here
        if command.fluid_temperature_band_k > 0.0 and here == there:
            self.fluid_temperature_c_estimate = command.fluid_temperature_target_c
