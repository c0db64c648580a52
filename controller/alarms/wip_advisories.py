"""The advisories of a WIP: rows in the order of isostatic.h. The vessel is safe; the batch may
not be.

A row that holds is an alarm: the recipe waits for a person. One that only warns is a warning.
Rows that say what the press's say are the press's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from controller.alarms import advisories
from controller.alarms.row import Row, hold, warning

_GOES_ON = "the batch goes on"
_NO_HEAT = "the recipe holds without heat"

ADVISORIES: Mapping[str, Row] = {
    "sensor_bad": advisories.ADVISORIES["sensor_bad"],
    "sensor_flat": advisories.ADVISORIES["sensor_flat"],
    "sensor_spikes": replace(advisories.ADVISORIES["sensor_spikes"], text="a sensor spikes"),
    "pressure_drift": warning(
        "the vessel's transducers drift apart",
        "one of them drifts, or the tare was taken under pressure",
        f"{_GOES_ON}; farther apart it is held, then trips",
        "compare the two after the batch, vented",
        "medium",
    ),
    "pressure_drift_far": hold(
        "the vessel's transducers are far apart",
        "one of the two drifts",
        "believe the higher one; release, vent, compare and recalibrate",
    ),
    "thermometers_apart": warning(
        "the fluid's thermometers differ",
        "one of them drifts, or the fluid is layered",
        f"{_GOES_ON}; the fluid's temperature is less certain",
        "compare the two in the next flush",
    ),
    "thermometers_far_apart": hold(
        "the fluid's thermometers are far apart",
        "one of the two is wrong",
        "see which one agrees with the supply; replace the other after the batch",
    ),
    "heater_weak": warning(
        "the jacket gives part of its current",
        "part of an element is broken, or low mains",
        "the vessel heats slowly",
        advisories.ADVISORIES["heater_weak"].action,
        "medium",
    ),
    "heater_break": hold(
        "the jacket gives no heat",
        "a broken element, a fuse or a failed relay",
        "measure the element and its fuse; cold fluid needs no jacket",
        _NO_HEAT,
    ),
    "no_isolation": replace(
        advisories.ADVISORIES["no_isolation"],
        consequence="nothing but the main switch isolates the jacket",
    ),
    "bag_leak": hold(
        "the evacuated bag leaks",
        "a hole or a bad weld in the bag, or a leaking vacuum line",
        "take the bag out and weld a new one: water must not reach the load",
    ),
    "pressure_leak": warning(
        "the pressure leaks slowly",
        "worn seals, a check valve or a needle that does not close",
        "it is topped up; faster, it trips",
        "look for fluid after the batch, without pressure",
    ),
    "stroke_weak": warning(
        "strokes give less pressure than they should",
        "worn check valves or plunger seals, or air in the vessel",
        "pumping takes longer",
        "have the intensifier's valves looked at; de-air for longer",
    ),
    "pressure_not_rising": hold(
        "the pressure does not follow its setpoint up",
        "a leak, air in the vessel, an empty supply or a worn intensifier",
        "check supply, valves and seals, then restart",
        advisories.ADVISORIES["pressure_not_rising"].consequence,
    ),
    "pressure_not_falling": hold(
        "the pressure does not follow its setpoint down",
        "a blocked needle or its valve, or a stuck actuator",
        "stay clear; check that the needle moves and its valve opens",
    ),
    "needle_worn": warning(
        "the needle lets another flow through than when new",
        "erosion, or dirt in its seat",
        f"{_GOES_ON}: its gain is learned",
        "have a new needle ready",
    ),
    "pressure_near_limit": hold(
        "the pressure is near its limit",
        "shut-in fluid that is warmed, or a target that is too high",
        "wait for it to fall, or release some",
        _NO_HEAT,
    ),
    "h2s_trace": warning(
        "a trace of hydrogen sulfide",
        "a little moisture in the bag, or a bag that begins to leak",
        f"{_GOES_ON}; more of it is an alarm, then a trip",
        "watch the reading; open the vessel under extraction",
        "high",
    ),
    "water_lost": hold(
        "the vessel's water does not flow",
        "closed supply, a stuck valve or a broken flow switch",
        "open the supply, check the flow switch, restart",
        _NO_HEAT,
    ),
    "oil_not_ok": advisories.ADVISORIES["oil_not_ok"],
    "guard_discrepancy": warning(
        "the two contacts of one switch disagree",
        "a worn or bridged contact of guard, lock or stop, or a cut wire",
        advisories.ADVISORIES["guard_discrepancy"].consequence,
        advisories.ADVISORIES["guard_discrepancy"].action,
        "high",
    ),
    "foreign_output": advisories.ADVISORIES["foreign_output"],
}
