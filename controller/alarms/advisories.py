"""The advisories: rows in the order of press.h. The press is safe; the batch may not be.

A row that holds is an alarm: the recipe waits for a person. One that only warns is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.alarms.row import Row, hold, warning

_GOES_ON = "the batch goes on"

ADVISORIES: Mapping[str, Row] = {
    "sensor_bad": hold(
        "a required sensor is bad",
        "broken sensor, loose wire or input module fault",
        "see which channel is bad, repair it, restart",
    ),
    "sensor_flat": hold(
        "a sensor's noise has stopped",
        "a frozen converter, or a value that is only repeated",
        "compare the channel with its neighbours; restart its module",
        "the recipe holds without heat and pump; the pressure is kept",
    ),
    "sensor_noisy": warning(
        "a sensor is noisy",
        "interference, a loose shield or an ageing transducer",
        _GOES_ON + ", its control is less calm",
        "check shield and grounding of pressures, force and positions",
    ),
    "sensor_spikes": warning(
        "a sensor spikes more than five times a minute",
        "a loose contact or switching interference",
        "spikes are refused; the channel is uncertain",
        "check the channel's terminals and cable",
    ),
    "pressure_drift": warning(
        "the pressure sensors drift apart",
        "one of them drifts, or one was adjusted wrongly",
        _GOES_ON + "; farther apart it is held, then trips",
        "compare all three with the gauge after the batch",
        "medium",
    ),
    "pressure_drift_far": hold(
        "the pressure sensors are far apart",
        "one of cylinder sensors and load cell drifts",
        "compare all three with the gauge and recalibrate",
    ),
    "zone_drift": warning(
        "a zone needs other heat than its family",
        "its sensor drifts or sits badly; lost insulation",
        "that zone may not be as warm as it says",
        "compare the zones with the limiter's sensors",
        "medium",
    ),
    "zone_drift_far": hold(
        "a zone needs far other heat than its family",
        "its sensor drifts, or has left its seat",
        "measure the platen by hand before going on",
    ),
    "zone_no_gain": hold(
        "the heat of a zone does not show",
        "a shorted or loose sensor, or a heater without effect",
        "check the zone's sensor, its seat and its heater",
        "the recipe holds without heat",
    ),
    "zones_swapped": hold(
        "two zones show each other's heat",
        "their sensors or their heaters are swapped",
        "compare wiring and terminals of the zones",
        "the recipe holds without heat",
    ),
    "platen_mass": hold(
        "the platens warm at the rate of another mass",
        "another tool is in the press, or the wrong station file",
        "check which tool is mounted",
    ),
    "heater_weak": warning(
        "a heater gives part of its current",
        "part of an element is broken, or low mains",
        "the zone heats slowly",
        "measure the element after the batch",
        "medium",
    ),
    "heater_weak_ramp": hold(
        "a weak heater holds the temperature ramp",
        "part of an element is broken",
        "restart with a slower ramp, or stop and replace the element",
    ),
    "no_isolation": warning(
        "current flows through an open contactor",
        "a welded contactor",
        "nothing but the main switch isolates the heaters",
        "open the main switch",
        "high",
    ),
    "pressure_not_rising": hold(
        "the pressure does not follow its setpoint up",
        "an open or leaking valve, air in the oil or a worn pump",
        "check oil level, valves and hoses, then restart",
        "the recipe holds with the pump off; the pressure is kept",
    ),
    "valve_slow": warning(
        "the pressure follows its setpoint late",
        "a sticking valve, cold oil or air in it",
        "the pressure ramp is not as asked",
        "check valve and oil temperature after the batch",
    ),
    "pressure_hunting": warning(
        "the pressure hunts around its setpoint",
        "a valve with stiction or play",
        _GOES_ON + " with a wider band",
        "have the valve cleaned or its play measured",
    ),
    "pressure_leak": warning(
        "the retained pressure leaks slowly",
        "worn seals, or a valve that does not close",
        "the pressure is not kept for long; faster, it trips",
        "look for oil after the batch",
    ),
    "pressure_near_limit": hold(
        "the pressure is near its limit",
        "thermal growth of a closed volume, or a poor control",
        "wait for it to fall, or release some",
    ),
    "coolant_lost": hold(
        "the cooling water does not flow",
        "closed supply, a stuck valve or a broken flow switch",
        "open the supply, check the flow switch, restart",
        "the recipe holds without heat; air cools",
    ),
    "oil_not_ok": hold(
        "the hydraulic oil is not in order",
        "low level, clogged filter or oil too hot",
        "check oil level, filter and cooler, then restart",
    ),
    "mains_dip": hold(
        "the mains dipped",
        "a fault in the supply",
        "see that everything runs again, then restart",
        "the recipe holds; a longer dip trips",
    ),
    "guard_discrepancy": warning(
        "the two contacts of a guard or stop switch disagree",
        "a worn or bridged contact, or a cut wire",
        "one fault more and the switch protects nobody",
        "repair the switch before the next batch",
        "high",
    ),
    "foreign_output": warning(
        "an output is on that was not switched on here",
        "a second master on the bus, or a failed output",
        "what follows trips; somebody else may be writing",
        "look for the other master before resetting",
        "high",
    ),
}
