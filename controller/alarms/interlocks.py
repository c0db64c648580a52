"""What holds an output of a press, and what it needs to start: rows in the order of press.h.

Rows of normal running (a ramp that waits for its stack) are information, not warnings:
nobody has to act.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.alarms.row import Row
from controller.ports import Severity

INTERLOCKS: Mapping[str, Row] = {
    "zone_over_temperature": Row(
        Severity.WARNING,
        "medium",
        "a zone is above its setpoint",
        "overshoot, poor contact of a sensor or a heater that stays on",
        "that zone's heater is held off until it is back; farther up it trips",
        "watch the zone; when it keeps rising, stop the batch",
    ),
    "zone_sensor_bad": Row(
        Severity.WARNING,
        "medium",
        "a zone has no trustworthy temperature",
        "broken sensor, loose wire or input module fault",
        "that zone's heater is held off; a hot zone trips after a while",
        "check the zone's sensor and its wiring before the next batch",
    ),
    "temperature_holdback": Row(
        Severity.INFO,
        "low",
        "the temperature ramp waits for the zones",
        "the zones lag the setpoint by more than the recipe allows",
        "the ramp is held; the batch takes longer",
        "none; when it lasts, look for a weak heater",
    ),
    "cold_stack": Row(
        Severity.INFO,
        "low",
        "the pressure ramp waits for a warm stack",
        "the stack's estimated temperature is below what this material may be pressed at",
        "the pressure ramp is held",
        "none; the ramp goes on when the stack is warm",
    ),
    "pressure_uncertain": Row(
        Severity.WARNING,
        "medium",
        "the pressure measurement is uncertain",
        "a saturated, doubtful or missing pressure or force sensor",
        "the pressure ramp is held",
        "compare the cylinder pressures with the load cell",
    ),
    "pressure_holdback": Row(
        Severity.INFO,
        "low",
        "the pressure ramp waits for the stack pressure",
        "the pressure lags the setpoint by more than the recipe allows",
        "the ramp is held; the batch takes longer",
        "none; when it lasts, look for a leak or a weak pump",
    ),
    "water_above_steam_limit": Row(
        Severity.INFO,
        "low",
        "the platens are too hot for water",
        "cooling was asked for above the steam limit",
        "air cools first, water follows by itself",
        "none",
    ),
    "water_no_flow": Row(
        Severity.WARNING,
        "medium",
        "cooling water does not flow",
        "closed valve, empty supply or a broken flow switch",
        "the water valves are shut; cooling is slow",
        "open the water supply and check the flow switch",
    ),
    "heat_and_cool": Row(
        Severity.WARNING,
        "low",
        "heating and cooling were asked for together",
        "a recipe or a command that contradicts itself",
        "cooling wins, the heaters are held off",
        "correct the recipe",
    ),
    "oil_not_ok": Row(
        Severity.WARNING,
        "medium",
        "the hydraulic oil is not in order",
        "low level, clogged filter or oil too hot",
        "the pressure is not raised any further",
        "check oil level, filter and cooler",
    ),
    "approach_under_load": Row(
        Severity.INFO,
        "low",
        "fast approach was asked for under load",
        "the platens touch already",
        "the approach valve is shut",
        "none",
    ),
    "dump_excludes_pump": Row(
        Severity.INFO,
        "low",
        "the pump is held off while dumping",
        "the dump valve is open",
        "no pressure can be built up",
        "none",
    ),
}

PERMISSIVES: Mapping[str, str] = {
    "no_trip": "a trip is latched: remove its cause and reset",
    "guard_closed": "the guard is open",
    "estop_released": "an emergency stop is pressed",
    "safety_relay_ok": "the safety relay is open",
    "limiter_ok": "the temperature limiter has tripped",
    "contactors_open": "a heater contactor is closed that should be open",
    "oil_ok": "oil level, filter or temperature is not in order",
    "mains_ok": "the mains is missing",
    "sensors_good": "a required sensor is not good",
    "pressure_released": "there is still pressure in the cylinder",
    "cool_enough": "the platens are too hot to start",
    "io_fresh": "the inputs are not up to date",
}
