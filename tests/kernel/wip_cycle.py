"""Recipe R3 by hand on the simulated WIP: the kernel alone, without the recipe engine.

Each step asks, ticks until its condition is true, and fails when that takes too long.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kernel_case import names
from wip_case import CHANNEL, INPUT, OUTPUT, TRIP, fields

from controller.kernel import ffi, lib
from controller.ports import SignalNames
from hil.vessel import Vessel

SIGNALS = SignalNames(
    tuple(CHANNEL), tuple(INPUT), tuple(OUTPUT), ("needle_open_fraction", "pump_speed_fraction")
)
TARGET_C, TARGET_MPA = 85.0, 490.0
STILL_S = {"temperature_c": 20.0, "pressure_mpa": 3.0}  # these instruments' noise never stops


class Cycle:
    """One vessel and one kernel, tick by tick; `truth` is the plant's own."""

    def __init__(self, plant: Vessel, changes: dict[str, dict[str, Any]] | None = None) -> None:
        tables = fields()
        for group, changed in (changes or {}).items():
            tables[group] = tables[group] | changed
        self.plant = plant
        self.wire = plant.wire(SIGNALS)
        self.config = ffi.new("wip_config_t *", tables)
        for name, number in CHANNEL.items():
            still_s = next((s for end, s in STILL_S.items() if name.endswith(end)), 86400.0)
            self.config.channel[number].stuck_s_max = still_s
            self.config.channel[number].flat_s_max = still_s
        fault = ffi.new("press_config_fault_t *")
        assert lib.wip_config_check(self.config, fault) == 0, ffi.string(fault.field)
        self.state = ffi.new("wip_state_t *")
        self.sensor = ffi.new("wip_sensor_t *")
        self.seen = ffi.new("wip_observation_t *")
        self.command = ffi.new("wip_command_t *")
        self.output = ffi.new("wip_output_t *")
        self.ticks = 0
        self.peak_c = -math.inf
        self.lowest_mpa, self.highest_mpa = math.inf, -math.inf
        self.lowest_c = math.inf
        self.fastest_fall_mpa_per_s = 0.0
        lib.wip_state_init(self.config, self.state)
        self.sensor.digital_ok = self.sensor.readback_ok = 1
        self.sensor.reading_ok = list(self.wire.readings_ok)

    def tick(self) -> None:
        self.ticks += 1
        self.sensor.tick = self.ticks
        self.sensor.reading_channel_unit = list(self.wire.readings)
        self.sensor.digital_input_bits = self.wire.input_bits
        self.sensor.digital_output_bits_readback = self.wire.output_bits
        lib.wip_observe(self.config, self.state, self.sensor, self.seen)
        self.command.valid_until_tick = self.ticks + 20
        lib.wip_act(self.config, self.state, self.command, self.output)
        self.wire.command(
            self.output.digital_output_bits,
            self.output.needle_open_fraction,
            self.output.pump_speed_fraction,
        )
        self.wire.advance()

    def watch(self) -> None:
        truth = self.plant.truth()
        pressure_mpa = truth["vessel_pressure_mpa"]
        self.peak_c = max(self.peak_c, truth["fluid_temperature_c"])
        self.lowest_c = min(self.lowest_c, truth["fluid_temperature_c"])
        self.lowest_mpa = min(self.lowest_mpa, pressure_mpa)
        self.highest_mpa = max(self.highest_mpa, pressure_mpa)
        self.fastest_fall_mpa_per_s = max(
            self.fastest_fall_mpa_per_s, -truth["pressure_rate_mpa_per_s"]
        )

    def until(self, done: Callable[[], bool], limit_s: float) -> float:
        """Tick until `done` or a trip; returns the seconds it took."""
        begun = self.ticks
        while not done() and not self.seen.trip_bits:
            assert (self.ticks - begun) * 0.01 < limit_s, "too late"
            self.tick()
            if self.ticks % 10 == 0:
                self.watch()
        return (self.ticks - begun) * 0.01

    def wait(self, seconds: float) -> None:
        end = self.ticks + round(seconds * 100)
        self.until(lambda: self.ticks >= end, seconds + 1.0)

    def request(self, *outputs: str) -> None:
        self.command.request_bits = sum(1 << OUTPUT[name] for name in outputs)

    @property
    def trips(self) -> set[str]:
        return names(TRIP, self.state.trip_bits)

    def arm(self) -> None:
        self.tick()
        for reset in (0, 1, 0):
            self.command.reset = reset
            self.tick()
        assert self.trips == set()

    def fill(self, flush_s: float = 120.0, wall_c: float = 75.0) -> None:
        """Tare the transducers, yoke in, fill and flush with the mouth open, tare, shut."""
        self.command.heat_enable = 1
        self.command.wall_temperature_target_c = wall_c
        self.command.tare_pressure = 1
        self.request("yoke_close", "vent_valve", "deair_valve")
        self.wait(12.0)
        assert self.seen.pressure_tared
        self.command.tare_pressure = 0
        self.command.tare_temperature = 1
        self.request("yoke_close", "fill_valve", "vent_valve", "deair_valve")
        self.wait(flush_s)
        self.command.tare_temperature = 0
        self.request("yoke_close")
        self.wait(2.0)

    def leak_test(self) -> None:
        self.pump(5.0, 1.0, band_k=0.0)
        self.until(lambda: self.seen.vessel_pressure_mpa > 4.8, 60.0)
        self.command.mode = lib.WIP_MODE_OFF
        self.until(lambda: bool(self.seen.leak_tested), 120.0)

    def pump(self, target_mpa: float, rate: float = 4.0, band_k: float = 1.0) -> None:
        self.command.mode = lib.WIP_MODE_PRESSURE
        self.command.pressure_target_mpa = target_mpa
        self.command.pressure_rate_mpa_per_s = rate
        self.command.fluid_temperature_target_c = TARGET_C
        self.command.fluid_temperature_band_k = band_k

    def hold(self, seconds: float = 300.0) -> None:
        self.until(
            lambda: (
                bool(self.seen.pressure_ramp_done)
                and abs(self.seen.vessel_pressure_mpa - self.command.pressure_target_mpa) < 0.5
            ),
            1200.0,
        )
        self.lowest_mpa, self.highest_mpa, self.lowest_c = math.inf, -math.inf, math.inf
        self.wait(seconds)

    def release(self) -> None:
        self.command.mode = lib.WIP_MODE_RELEASE
        self.command.fluid_temperature_band_k = 0.0
        self.command.pressure_target_mpa = 0.0
        self.command.pressure_rate_mpa_per_s = 5.0
        self.fastest_fall_mpa_per_s = 0.0
        self.until(lambda: self.seen.vessel_pressure_mpa < 20.0, 300.0)
        self.command.pressure_rate_mpa_per_s = 1.0
        self.until(lambda: self.seen.vessel_pressure_mpa < 0.025, 120.0)
        self.command.mode = lib.WIP_MODE_OFF

    def unlock(self) -> None:
        self.command.heat_enable = 0
        self.request("yoke_close", "vent_valve", "drain_valve", "purge_valve")
        self.until(
            lambda: not self.seen.interlock_bits >> lib.WIP_INTERLOCK_UNLOCK_FORBIDDEN & 1, 60.0
        )
        self.request("vent_valve", "purge_valve", "lid_unlock")
        self.until(lambda: not self.seen.digital_input_bits >> INPUT["lid_locked_a"] & 1, 5.0)
