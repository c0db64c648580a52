"""What the procedure reads of the kernel's observation and writes into its command.

Protocols with press.h's names, so that the C structs fit as they are and a test may pass
a plain object. What the tables say is in controller.recipe.status. The small enumerations
repeat press.h's; a test compares them with the header's text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Protocol

from controller.recipe.status import QUALITY_BAD, AskBase, KernelNames, Status, Tables, named


class Hydraulics(IntEnum):
    OFF = 0
    CLOSE = 1
    PRESSURE = 2
    OPEN = 3


class Cooling(IntEnum):
    OFF = 0
    AIR = 1
    WATER = 2


class Action(IntFlag):
    HEATERS_OFF = 1
    CONTACTORS_OPEN = 2
    PUMP_OFF = 4
    VALVE_ZERO = 8
    ALL_OFF = 16
    DUMP = 32


class Observation(Tables, Protocol):
    """The part of press_observation_t a recipe looks at; zones are the first channels."""

    @property
    def measurement_channel_unit(self) -> Sequence[float]: ...
    @property
    def quality(self) -> Sequence[int]: ...
    @property
    def zone_temperature_setpoint_c(self) -> float: ...
    @property
    def stack_temperature_c_estimate(self) -> float: ...
    @property
    def stack_temperature_c_sigma(self) -> float: ...
    @property
    def stack_pressure_mpa(self) -> float: ...
    @property
    def stack_pressure_setpoint_mpa(self) -> float: ...
    @property
    def cylinder_pressure_bar(self) -> float: ...
    @property
    def trip_action_bits(self) -> int: ...
    @property
    def density_g_per_cm3(self) -> float: ...
    @property
    def density_g_per_cm3_sigma(self) -> float: ...
    @property
    def pressure_quality(self) -> int: ...
    @property
    def thickness_quality(self) -> int: ...
    @property
    def contact(self) -> int: ...
    @property
    def temperature_ramp_done(self) -> int: ...
    @property
    def pressure_ramp_done(self) -> int: ...


class Command(Protocol):
    """press_command_t."""

    temperature_target_c: float
    temperature_rate_c_per_s: float
    pressure_target_mpa: float
    pressure_rate_mpa_per_s: float
    temperature_holdback_k: float
    pressure_holdback_mpa: float
    valid_until_tick: int
    heat_enable: int
    cooling: int
    hydraulics: int
    dump_request: int
    hot_only: int
    manual_duty_fraction: Sequence[float]
    heater_duty_fraction_max: float
    manual_zone_bits: int
    reset: int


class Ask(AskBase, frozen=True):
    """What is asked of the kernel now. The default asks for nothing: heat, pump and water
    off, pressure kept by the load-holding valve. Rates are never zero."""

    temperature_target_c: float = 20.0
    temperature_rate_c_per_s: float = 1.0 / 60.0
    pressure_target_mpa: float = 0.0
    pressure_rate_mpa_per_s: float = 0.1
    temperature_holdback_k: float = 0.0
    pressure_holdback_mpa: float = 0.0
    heat_enable: int = 0
    cooling: int = Cooling.OFF
    hydraulics: int = Hydraulics.OFF
    dump_request: int = 0
    hot_only: int = 0
    manual_duty_fraction: tuple[float, ...] = (0.0,) * 6
    heater_duty_fraction_max: float = 1.0
    manual_zone_bits: int = 0


class Seen(Status, frozen=True, kw_only=True):
    """One observation in the words the phases use.

    A number that is not finite makes every comparison false, so nothing proceeds on it.
    """

    zones_c: tuple[float, ...]
    zones_good: bool
    stack_c: float
    stack_sigma_k: float
    """Standard uncertainty of `stack_c`, which is an estimate."""
    temperature_setpoint_c: float
    pressure_setpoint_mpa: float
    pressure_good: bool
    cylinder_bar: float
    contact: bool
    density_g_per_cm3: float
    density_g_per_cm3_sigma: float
    density_good: bool
    temperature_ramp_done: bool
    pressure_ramp_done: bool
    actions: Action

    @property
    def released(self) -> bool:
        """Nothing touches and the kernel calls the cylinder pressure released."""
        return "pressure_released" not in self.missing and math.isfinite(self.cylinder_bar)

    @property
    def hottest_c(self) -> float:
        return max((*self.zones_c, self.stack_c))


def look(observation: Observation, names: KernelNames, zone_count: int) -> Seen:
    """Read an observation once."""
    return Seen(
        zones_c=tuple(observation.measurement_channel_unit[0:zone_count]),
        zones_good=QUALITY_BAD not in observation.quality[0:zone_count],
        stack_c=observation.stack_temperature_c_estimate,
        stack_sigma_k=observation.stack_temperature_c_sigma,
        temperature_setpoint_c=observation.zone_temperature_setpoint_c,
        pressure_mpa=observation.stack_pressure_mpa,
        pressure_setpoint_mpa=observation.stack_pressure_setpoint_mpa,
        pressure_good=observation.pressure_quality != QUALITY_BAD,
        cylinder_bar=observation.cylinder_pressure_bar,
        contact=bool(observation.contact),
        density_g_per_cm3=observation.density_g_per_cm3,
        density_g_per_cm3_sigma=observation.density_g_per_cm3_sigma,
        density_good=observation.thickness_quality != QUALITY_BAD,
        temperature_ramp_done=bool(observation.temperature_ramp_done),
        pressure_ramp_done=bool(observation.pressure_ramp_done),
        actions=Action(observation.trip_action_bits & 63),
        **named(observation, names),
    )
