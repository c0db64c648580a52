"""What the procedure reads of a WIP's observation and writes into its command.

Protocols with isostatic.h's names; the small enumerations repeat isostatic.h's, a test compares
them with the header's text. What the tables say is in controller.recipe.status.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Protocol

from controller.recipe.status import QUALITY_BAD, AskBase, KernelNames, Status, Tables, named


class Mode(IntEnum):
    OFF = 0
    PRESSURE = 1
    RELEASE = 2


class Action(IntFlag):
    HEAT_OFF = 1
    PUMP_OFF = 2
    ISOLATE = 4
    RELIEVE = 8
    EXTRACT = 16
    ALL_OFF = 32


class Output(IntFlag):
    """Valves, yoke, lock and pumps that a recipe may ask for: bits of enum wip_digital_output."""

    NONE = 0
    FILL_VALVE = 1 << 4
    DEAIR_VALVE = 1 << 5
    VENT_VALVE = 1 << 6
    DRAIN_VALVE = 1 << 7
    YOKE_CLOSE = 1 << 9
    LID_UNLOCK = 1 << 10
    VACUUM_PUMP = 1 << 11
    VACUUM_VALVE = 1 << 12
    PURGE_VALVE = 1 << 13


class Input(IntFlag):
    """Bits of enum wip_input that a recipe looks at."""

    YOKE_IN = 1 << 12
    LID_LOCKED_A = 1 << 13
    LID_LOCKED_B = 1 << 14


class Channel(IntEnum):
    """Places of enum wip_channel that a recipe looks at."""

    BAG_PRESSURE_MBAR = 10
    H2S_PURGE_PPM = 11
    H2S_EXHAUST_PPM = 12


_LOCKED = int(Input.YOKE_IN | Input.LID_LOCKED_A | Input.LID_LOCKED_B)


class Observation(Tables, Protocol):
    """The part of wip_observation_t a recipe looks at."""

    @property
    def measurement_channel_unit(self) -> Sequence[float]: ...
    @property
    def quality(self) -> Sequence[int]: ...
    @property
    def vessel_pressure_mpa(self) -> float: ...
    @property
    def vessel_pressure_setpoint_mpa(self) -> float: ...
    @property
    def fluid_temperature_c_estimate(self) -> float: ...
    @property
    def fluid_temperature_c_predicted(self) -> float: ...
    @property
    def wall_temperature_c_estimate(self) -> float: ...
    @property
    def digital_input_bits(self) -> int: ...
    @property
    def trip_action_bits(self) -> int: ...
    @property
    def pressure_quality(self) -> int: ...
    @property
    def temperature_quality(self) -> int: ...
    @property
    def pressure_ramp_done(self) -> int: ...
    @property
    def leak_tested(self) -> int: ...
    @property
    def pressure_tared(self) -> int: ...
    @property
    def temperature_tared(self) -> int: ...


class Command(Protocol):
    """wip_command_t."""

    pressure_target_mpa: float
    pressure_rate_mpa_per_s: float
    fluid_temperature_target_c: float
    fluid_temperature_band_k: float
    wall_temperature_target_c: float
    valid_until_tick: int
    mode: int
    heat_enable: int
    request_bits: int
    tare_pressure: int
    tare_temperature: int
    reset: int


class Ask(AskBase, frozen=True):
    """What is asked of the kernel now. The default asks for nothing: jacket, pump and valves
    off, the lid locked, the pressure retained. Rates are never zero."""

    pressure_target_mpa: float = 0.0
    pressure_rate_mpa_per_s: float = 0.1
    fluid_temperature_target_c: float = 20.0
    fluid_temperature_band_k: float = 0.0
    wall_temperature_target_c: float = 20.0
    mode: int = Mode.OFF
    heat_enable: int = 0
    request_bits: int = Output.NONE
    tare_pressure: int = 0
    tare_temperature: int = 0


class Seen(Status, frozen=True, kw_only=True):
    """One observation in the words the phases use.

    A number that is not finite makes every comparison false, so nothing proceeds on it.
    """

    pressure_setpoint_mpa: float
    pressure_good: bool
    pressure_ramp_done: bool
    fluid_c: float
    predicted_c: float
    fluid_good: bool
    wall_c: float
    bag_mbar: float
    bag_good: bool
    h2s_ppm: float
    h2s_good: bool
    locked: bool
    leak_tested: bool
    pressure_tared: bool
    temperature_tared: bool
    actions: Action

    @property
    def released(self) -> bool:
        """The kernel calls the vessel's pressure released."""
        return "pressure_released" not in self.missing and math.isfinite(self.pressure_mpa)


def look(observation: Observation, names: KernelNames) -> Seen:
    """Read an observation once."""
    channel, quality = observation.measurement_channel_unit, observation.quality
    purge, exhaust = Channel.H2S_PURGE_PPM, Channel.H2S_EXHAUST_PPM
    return Seen(
        pressure_mpa=observation.vessel_pressure_mpa,
        pressure_setpoint_mpa=observation.vessel_pressure_setpoint_mpa,
        pressure_good=observation.pressure_quality != QUALITY_BAD,
        pressure_ramp_done=bool(observation.pressure_ramp_done),
        fluid_c=observation.fluid_temperature_c_estimate,
        predicted_c=observation.fluid_temperature_c_predicted,
        fluid_good=observation.temperature_quality != QUALITY_BAD,
        wall_c=observation.wall_temperature_c_estimate,
        bag_mbar=channel[Channel.BAG_PRESSURE_MBAR],
        bag_good=quality[Channel.BAG_PRESSURE_MBAR] != QUALITY_BAD,
        h2s_ppm=max(channel[purge], channel[exhaust]),
        h2s_good=QUALITY_BAD not in (quality[purge], quality[exhaust]),
        locked=observation.digital_input_bits & _LOCKED == _LOCKED,
        leak_tested=bool(observation.leak_tested),
        pressure_tared=bool(observation.pressure_tared),
        temperature_tared=bool(observation.temperature_tared),
        actions=Action(observation.trip_action_bits & 63),
        **named(observation, names),
    )
