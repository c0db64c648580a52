"""Slow, obvious last gate: what may leave, as a set of output names.

Specification of native/kernel/actuate.c. It starts from what the laws want and only takes away,
with two exceptions it names: the vent of an over-pressure and air in place of forbidden water.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HEATERS = [f"heater_{i}_ssr" for i in range(1, 7)]
HYDRAULICS = {"pump", "load_holding_valve_open", "approach_valve"}
CONTACTORS = {"contactor_top", "contactor_bottom"}
WATER = {"cooling_water_top", "cooling_water_bottom"}
MODES = {  # enum press_hydraulics: what each may use
    0: set(),
    1: HYDRAULICS,
    2: {"pump", "load_holding_valve_open"},
    3: HYDRAULICS | {"dump_valve"},  # unloading ends through the dump
}
COOLING = {0: set(), 1: {"cooling_air"}, 2: {"cooling_air"} | WATER}


@dataclass
class Gate:
    """What the gate knows before the command and the laws speak."""

    config: object
    tick: int
    written: set[str]  # in the tick before, watchdog included
    valve: float
    actions: set[str]  # of every latched trip
    over_pressure_s: float
    released: bool
    held_zones: set[int]
    water_no_flow: bool
    guard_closed: bool
    contact: bool
    zones_c: list[float | None]  # None: no trusted measurement
    on_ticks: list[int]  # that each heater was on in its window


@dataclass
class Left:
    outputs: set[str]
    duty: list[float]
    valve: float
    excluded: set[str]
    lapsed_energised: bool


def finite_fraction(number):
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else 0.0


def in_lease(tick, valid_until_tick):
    return tick <= valid_until_tick <= tick + 1000


def _platen(gate, zone):
    return ("top", "bottom")[gate.config.zone[zone].platen]


def _watchdog(gate, alive):
    if not alive:
        return gate.written & {"watchdog"}
    half_period_ticks = max(1, int(0.1 / gate.config.tick_s + 0.5))
    return {"watchdog"} if gate.tick // half_period_ticks % 2 else set()


def _asked(command):
    asked = set(CONTACTORS)
    if command.heat_enable == 1:
        asked |= set(HEATERS)
    if command.dump_request == 1:
        asked |= {"dump_valve"}
    return asked | MODES.get(command.hydraulics, set()) | COOLING.get(command.cooling, set())


def _forbid_water(gate, outputs):
    hot = any(c is None or not c <= gate.config.limit.steam_limit_c for c in gate.zones_c)
    if outputs & WATER and (hot or gate.water_no_flow):
        return outputs - WATER | {"cooling_air"}
    return outputs


def _exclude(gate, outputs):
    excluded = set()
    if {"dump_valve", "pump"} <= outputs:
        outputs, excluded = outputs - {"pump"}, excluded | {"dump_excludes_pump"}
    if gate.contact and "approach_valve" in outputs:
        outputs, excluded = outputs - {"approach_valve"}, excluded | {"approach_under_load"}
    outputs = _forbid_water(gate, outputs)
    for zone in range(gate.config.zone_count):
        heater = HEATERS[zone]
        if heater in outputs and f"cooling_water_{_platen(gate, zone)}" in outputs:
            outputs, excluded = outputs - {heater}, excluded | {"heat_and_cool"}
    return outputs, excluded


def pass_gate(gate, command, wanted, wanted_duty, wanted_valve):
    """What leaves of `wanted`."""
    alive = in_lease(gate.tick, command.valid_until_tick)
    lapsed_energised = not alive and (bool(gate.written - {"watchdog"}) or gate.valve > 0.0)
    actions = gate.actions | ({"all_off"} if lapsed_energised else set())
    outputs = wanted - {"watchdog"}
    dark = set(gate.held_zones)  # zones without heat
    dark |= {
        zone
        for zone, duty in enumerate(wanted_duty)
        if zone >= gate.config.zone_count or not math.isfinite(duty)
    }
    valve = finite_fraction(wanted_valve)
    if alive:
        step = gate.config.valve_slew_fraction_per_s * gate.config.tick_s
        valve = min(max(valve, gate.valve - step), gate.valve + step)
        outputs &= _asked(command)
    else:
        outputs, valve = set(), 0.0
    share = command.heater_duty_fraction_max
    step = gate.config.window_resolution_ticks
    ticks_max = 0
    if 0.0 <= share <= 1.0 and alive:
        ticks_max = math.floor(share * gate.config.window_ticks / step) * step
    duty_max = ticks_max / gate.config.window_ticks
    spent = {HEATERS[zone] for zone, on in enumerate(gate.on_ticks) if on >= ticks_max}
    heats = alive and command.heat_enable == 1 and 0.0 <= share <= 1.0
    if not heats or actions & {"heaters_off", "all_off"}:
        dark = set(range(6))
    if not gate.guard_closed or actions & {"pump_off", "valve_zero"}:
        outputs, valve = outputs - HYDRAULICS, 0.0
    if "contactors_open" in actions:
        outputs = outputs - CONTACTORS
    if "valve_zero" in actions and gate.over_pressure_s > 0.0:
        outputs = outputs | {"load_holding_valve_open"}
        if gate.over_pressure_s > 0.1 + 0.5 * gate.config.tick_s:
            outputs = outputs | {"dump_valve"}
    if "dump" in actions and not gate.released:
        outputs = outputs | {"dump_valve", "load_holding_valve_open"}
    outputs -= {HEATERS[zone] for zone in dark} | spent
    if "all_off" in actions:
        outputs, valve = set(), 0.0
    outputs, excluded = _exclude(gate, outputs)
    return Left(
        outputs=outputs | _watchdog(gate, alive),
        duty=[
            0.0 if zone in dark else min(duty_max, finite_fraction(d))
            for zone, d in enumerate(wanted_duty)
        ],
        valve=valve,
        excluded=excluded,
        lapsed_energised=lapsed_energised,
    )
