"""The trips: rows in the order of press.h. Each latches and needs a reset."""

from __future__ import annotations

from collections.abc import Mapping

from controller.alarms.row import Row, information, trip

_ALL_OFF = "everything is off; the load-holding valve keeps the pressure"
_NO_HEAT = "heaters off, contactors open"
_NO_PRESSURE = "pump off; the pressure setpoint falls to zero"

TRIPS: Mapping[str, Row] = {
    "boot": information(
        "the station has started and waits for a reset",
        "the controller was started or restarted",
        _ALL_OFF,
        "look at the press, then reset",
    ),
    "estop": trip(
        "high",
        "emergency stop",
        "an emergency stop is pressed or its circuit is broken",
        _ALL_OFF,
        "make the place safe, release the button, reset",
    ),
    "guard_open": trip(
        "high",
        "the guard is open",
        "the guard was opened, or its two switches disagree",
        _ALL_OFF,
        "close the guard and reset; check the switches when it was closed",
    ),
    "safety_relay": trip(
        "high",
        "the safety relay has opened",
        "a fault in the safety circuit",
        _ALL_OFF,
        "find the fault in the safety circuit, then reset relay and station",
    ),
    "limiter": trip(
        "high",
        "the temperature limiter has tripped",
        "a platen passed the independent limit",
        _NO_HEAT,
        "let it cool, find out why control let it pass, reset the limiter by hand",
    ),
    "mains": trip(
        "medium",
        "the mains is missing",
        "power failure or a blown fuse",
        _ALL_OFF,
        "check the supply; judge the batch by its record before going on",
    ),
    "io_lost": trip(
        "high",
        "the inputs are lost",
        "I/O module, its supply or the network has failed",
        f"{_ALL_OFF}; the modules' own leases do the same",
        "check the I/O modules and the cable, then reset",
    ),
    "io_lease_lapsed": trip(
        "medium",
        "an I/O module let its outputs fall",
        "the controller or the network was too slow for the module's lease",
        _ALL_OFF,
        "look at the tick lateness and the network, then reset",
    ),
    "output_readback": trip(
        "high",
        "an output is not what was commanded",
        "a failed output module, or someone forced it",
        _ALL_OFF,
        "find the output in the record and check its module",
    ),
    "over_temperature": trip(
        "high",
        "over-temperature",
        "a heater that stays on, or a sensor that lost contact",
        _NO_HEAT,
        "let it cool; check the zone's heater and sensor",
    ),
    "zone_sensor": trip(
        "medium",
        "a hot zone is without a sensor",
        "broken sensor, loose wire or input module fault",
        _NO_HEAT,
        "repair the sensor before the next batch",
    ),
    "zone_out_of_family": trip(
        "medium",
        "one zone is far from the others",
        "a weak heater, a sensor that lost contact, or two sensors swapped",
        _NO_HEAT,
        "compare the zones; check that heater and sensor",
    ),
    "ssr_welded": trip(
        "high",
        "a heater draws current while switched off",
        "a welded solid-state relay",
        "contactors open: the only way left to switch it off",
        "replace the relay; do not reset before that",
    ),
    "uncommanded_heat": trip(
        "high",
        "a zone heats up while switched off",
        "a welded relay whose current is not seen, or swapped sensors",
        _NO_HEAT,
        "check that zone's relay, current sensor and wiring",
    ),
    "heater_break": trip(
        "medium",
        "a heater draws too little current",
        "a broken element, a fuse or a failed relay",
        _NO_HEAT,
        "measure the element and its fuse",
    ),
    "loop_break": trip(
        "medium",
        "a zone does not get warmer under full power",
        "a heater without effect or a sensor that lost contact",
        _NO_HEAT,
        "check the zone's heater, fuse and sensor seat",
    ),
    "contactor_mismatch": trip(
        "high",
        "a heater contactor is not where it was commanded",
        "a welded or a failed contactor, or its auxiliary contact",
        _NO_HEAT,
        "isolate the heaters by the main switch and check the contactor",
    ),
    "over_pressure": trip(
        "high",
        "over-pressure",
        "a valve that does not close, or a failed pressure control",
        _NO_PRESSURE,
        "wait for the pressure to fall; check valve and sensors",
    ),
    "pressure_sensor": trip(
        "high",
        "no trustworthy pressure measurement",
        "broken sensors or an input module fault",
        _NO_PRESSURE,
        "read the gauge on the cylinder; repair the sensors",
    ),
    "pressure_disagreement": trip(
        "high",
        "the pressure measurements disagree",
        "one of cylinder sensors and load cell is wrong",
        _NO_PRESSURE,
        "compare all three with the gauge and recalibrate",
    ),
    "pressure_loss": trip(
        "medium",
        "the cylinder loses pressure",
        "a leak or a load-holding valve that does not close",
        "pump off; the batch is lost",
        "look for oil; keep clear of the jet, release the pressure first",
    ),
    "pump_no_rise": trip(
        "medium",
        "the pump runs without building pressure",
        "no oil, a worn pump or an open valve",
        "pump off",
        "check oil level, pump and valves",
    ),
    "pump_mismatch": trip(
        "medium",
        "the pump is not as commanded",
        "motor protection, contactor or its feedback contact",
        "pump off",
        "check the motor protection and the pump's contactor",
    ),
    "command_lease": trip(
        "high",
        "the recipe stopped renewing its commands",
        "a fault in the controller's software",
        "heaters off, pump off",
        "keep the record and the log for the maker, then restart",
    ),
    "zone_falls": trip(
        "high",
        "a zone falls while it is heated",
        "a reversed thermocouple or a sensor that slipped out",
        _NO_HEAT,
        "check the sensor's polarity and its seat",
    ),
    "thermal_runaway": trip(
        "high",
        "a temperature rises faster than any heater could",
        "the stack reacts, or a sensor lies",
        _NO_HEAT,
        "keep clear, let it cool under pressure; look at the stack",
    ),
    "pressure_burst": trip(
        "high",
        "the pressure was lost at once",
        "a burst seal, bag or hose",
        "pump off; nothing is pressurised again",
        "release what is left, look for oil, keep clear of jets",
    ),
    "pressure_uncommanded": trip(
        "high",
        "the pressure rises though nobody asked",
        "a valve that is stuck open or reversed, a pump that runs on",
        "pump off; the pressure is kept",
        "check the pressure valve's wiring and movement",
    ),
    "release_stuck": trip(
        "high",
        "the pressure does not fall",
        "a pressure or dump valve that is stuck",
        "pump off; the dump valve opens",
        "keep clear until the gauge shows no pressure; check the valves",
    ),
}
