"""What holds an output of a WIP, and what it needs to start: rows in the order of isostatic.h."""

from __future__ import annotations

from collections.abc import Mapping

from controller.alarms import interlocks
from controller.alarms.row import Row, information, warning

INTERLOCKS: Mapping[str, Row] = {
    "lid_not_locked": information(
        "the lid is not locked",
        "yoke, lock or guard is open, as it is between two batches",
        "the pump is held off",
        "none; in a batch, look at yoke, lock and guard",
    ),
    "leak_test_missing": information(
        "the leak test has not been passed",
        "the lid was opened since the last one",
        "nothing is pumped above the test's pressure",
        "none; when the test does not end, look for the leak",
    ),
    "unlock_forbidden": information(
        "the lid may not be opened",
        "pressure, heat or gas, or they have not been gone for long enough",
        "the lid stays locked",
    ),
    "over_temperature": warning(
        "the fluid is too hot",
        "pumped too fast or from too warm a fluid, or its thermometers are lost",
        "pump paused, jacket off until it has cooled",
        "let it cool; lower the fill temperature or the rate before the next batch",
        "medium",
    ),
    "predicted_temperature": information(
        "pumping waits: the fluid would get too hot",
        "compression heats the fluid, and its predicted peak lies above the band",
        "the pump is paused until the fluid has cooled enough",
        "none; when it lasts, fill with cooler fluid",
    ),
    "release_too_fast": warning(
        "the pressure falls faster than allowed",
        "an eroded or jumping needle, or a leak beside it",
        "the needle is throttled; when that does not help, it trips",
        "after the batch compare the needle with its learned gain",
        "medium",
    ),
    "blocked_in_heating": information(
        "shut-in fluid is being warmed",
        "the wall is warmer than the fluid, and every valve is shut",
        "the jacket is off; above the target the needle lets the excess off",
        "none; when it lasts, look for what warms the vessel",
    ),
    "mouth_under_pressure": information(
        "the vessel's valves are shut by its pressure",
        "there is pressure in the vessel, or it is not proven to be gone",
        "fill, de-airing, vent and drain stay shut",
    ),
    "pressure_uncertain": warning(
        "the pressure measurement is uncertain",
        "a saturated, doubtful or missing vessel transducer",
        "the pressure ramp is held",
        "compare the two transducers with each other",
        "medium",
    ),
    "oil_not_ok": warning(
        interlocks.INTERLOCKS["oil_not_ok"].text,
        interlocks.INTERLOCKS["oil_not_ok"].cause,
        "the pump is held off",
        interlocks.INTERLOCKS["oil_not_ok"].action,
        "medium",
    ),
    "pump_excludes_opening": information(
        "the pump is held off while a way out is open",
        "a valve of the vessel is open or was asked to be",
        "no pressure can be built up",
    ),
    "h2s_alarm": warning(
        "there is hydrogen sulfide in the air of the vessel",
        "sulfide electrolyte has met water: a leaking bag",
        "extraction runs at its most and the lid stays locked",
        "stay away from the lid; wait for the reading to fall, then treat the load as wet",
        "high",
    ),
}

PERMISSIVES: Mapping[str, str] = {
    **{
        name: interlocks.PERMISSIVES[name]
        for name in ("no_trip", "guard_closed", "estop_released", "safety_relay_ok")
    },
    "limiter_ok": "the jacket's temperature limiter has tripped",
    "contactor_open": "the jacket's contactor is closed that should be open",
    **{name: interlocks.PERMISSIVES[name] for name in ("oil_ok", "mains_ok", "sensors_good")},
    "pressure_released": "there is still pressure in the vessel",
    "bag_loaded": "no bag is loaded",
    "h2s_clear": "hydrogen sulfide is measured, or its sensor is lost",
    "rupture_disc_ok": "the rupture disc has burst, or its wire is broken",
    "io_fresh": interlocks.PERMISSIVES["io_fresh"],
}
