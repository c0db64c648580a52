"""The trips of a WIP: rows in the order of isostatic.h. Each latches and needs a reset.

None lets the pressure go in a hurry: what the vessel holds back is kept and the lid stays
locked. Rows that say what the press's say are the press's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from controller.alarms import trips
from controller.alarms.row import Row, trip

_ALL_OFF = "everything is off; the pressure is kept and the lid stays locked"
_NO_HEAT = "jacket off, its contactor open"
_STOP = "pump and jacket off; the pressure is kept"
_SHUT = "pump and jacket off, the line to the needle shut; the pressure is kept"


def _as_press(name: str, consequence: str) -> Row:
    """The press's row, but for what follows."""
    return replace(trips.TRIPS[name], consequence=consequence)


TRIPS: Mapping[str, Row] = {
    "boot": replace(
        trips.TRIPS["boot"], consequence=_ALL_OFF, action="look at the vessel, then reset"
    ),
    "estop": _as_press("estop", _ALL_OFF),
    "guard_open": trip(
        "high",
        "the guard is open under pressure",
        "the guard was opened, or its two switches disagree",
        _SHUT,
        "stay clear of the vessel; close the guard and reset",
    ),
    "safety_relay": _as_press("safety_relay", _ALL_OFF),
    "limiter": trip(
        "high",
        "the jacket's temperature limiter has tripped",
        "the jacket passed the independent limit",
        _NO_HEAT,
        trips.TRIPS["limiter"].action,
    ),
    "mains": _as_press("mains", _ALL_OFF),
    "io_lost": _as_press("io_lost", f"{_ALL_OFF}; the modules' leases do the same"),
    "io_lease_lapsed": _as_press("io_lease_lapsed", _ALL_OFF),
    "output_readback": _as_press("output_readback", _ALL_OFF),
    "rupture_disc": trip(
        "high",
        "the rupture disc has burst",
        "the pressure passed the disc's rating, or the disc is worn out",
        "pump and jacket off; the vessel has emptied itself through the disc",
        "stay clear until no pressure is shown; find the cause, then fit a new disc",
    ),
    "over_pressure": trip(
        "high",
        "over-pressure",
        "shut-in fluid was heated, or the pump did not stop",
        "pump and jacket off; the needle lets off what is too much",
        "stay clear and wait for it to fall; check needle, pump and transducers",
    ),
    "lid_lost": trip(
        "high",
        "the lid is not proven locked under pressure",
        "a moved yoke or lock, or a broken switch",
        _STOP,
        "stay out of the line of the lid; release the pressure through the needle",
    ),
    "pressure_sensor": trip(
        "high",
        "no trustworthy pressure measurement",
        "a broken vessel transducer or an input module fault",
        _SHUT,
        "read the other transducer; let the pressure off by hand before any repair",
    ),
    "pressure_disagreement": trip(
        "high",
        "the vessel's transducers disagree",
        "one of the two is wrong",
        _SHUT,
        "believe the higher one; compare and recalibrate both after the release",
    ),
    "over_temperature": trip(
        "high",
        "over-temperature",
        "a jacket that stays on, or fluid that was pumped from too warm",
        _STOP,
        "let it cool under pressure; check jacket and thermometers",
    ),
    "temperature_sensor": trip(
        "medium",
        "no trustworthy temperature of fluid or jacket",
        "broken thermometers, a loose wire or an input module fault",
        _STOP,
        "repair the thermometer before the next batch",
    ),
    "ssr_welded": trip(
        "high",
        "the jacket draws current while switched off",
        "a welded solid-state relay",
        "contactor open: the only way left to switch it off",
        trips.TRIPS["ssr_welded"].action,
    ),
    "contactor_mismatch": trip(
        "high",
        "the jacket's contactor is not where it was commanded",
        trips.TRIPS["contactor_mismatch"].cause,
        _NO_HEAT,
        "isolate the jacket by the main switch and check the contactor",
    ),
    "bag_burst": trip(
        "high",
        "the pressure fell at once",
        "the bag or a seal has burst",
        f"{_STOP}; nothing is pressurised again",
        "release what is left; take the load for wet and watch for hydrogen sulfide",
    ),
    "pressure_loss": trip(
        "medium",
        "the vessel loses pressure",
        "a leaking seal, check valve or needle; cooling is accounted for",
        _STOP,
        "look for fluid from a distance; release the pressure before any repair",
    ),
    "pump_no_progress": trip(
        "medium",
        "strokes do not give their pressure",
        "a leak, air in the vessel or a burst bag",
        _STOP,
        "release the pressure; look for fluid, air and the bag",
    ),
    "pump_over_run": trip(
        "medium",
        "the pump runs without building pressure",
        "no fluid, a worn intensifier or an open way out",
        _STOP,
        "check the supply, the intensifier's check valves and the needle",
    ),
    "release_too_fast": trip(
        "high",
        "the pressure falls too fast with the needle throttled",
        "an eroded needle that no longer closes, or a burst line",
        f"{_SHUT} if that valve closes",
        "stay clear; the load may be cracked; replace the needle",
    ),
    "h2s": trip(
        "high",
        "hydrogen sulfide",
        "sulfide electrolyte has met water: a burst or leaking bag",
        "pump and jacket off, extraction at its most; the lid stays locked",
        "leave the room; come back with breathing protection when the reading is gone",
    ),
    "pressure_uncommanded": trip(
        "high",
        "the pressure rises above its setpoint",
        "a pump drive that runs away, or shut-in fluid that is heated fast",
        _STOP,
        "compare the drive's speed with what it is told; do not reset before that",
    ),
    "pump_mismatch": _as_press("pump_mismatch", _STOP),
    "needle_mismatch": trip(
        "high",
        "the needle is not where it was sent",
        "a jammed needle, its drive or its positioner",
        _SHUT,
        "free the needle before the pressure is let off; the line's valve is the only way now",
    ),
    "command_lease": _as_press("command_lease", _ALL_OFF),
}
