"""Which rows a unit has: a set of tables for every class of unit, chosen by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.alarms import wip_advisories, wip_interlocks, wip_trips
from controller.alarms.advisories import ADVISORIES
from controller.alarms.interlocks import INTERLOCKS, PERMISSIVES
from controller.alarms.row import Row
from controller.alarms.trips import TRIPS


@dataclass(frozen=True, slots=True)
class AlarmTables:
    """The rows of one class of unit by the names of its header.

    A permissive is no alarm: its text says what is missing to start.
    """

    trips: Mapping[str, Row]
    interlocks: Mapping[str, Row]
    permissives: Mapping[str, str]
    advisories: Mapping[str, Row]


TABLES: Mapping[str, AlarmTables] = {
    "press": AlarmTables(TRIPS, INTERLOCKS, PERMISSIVES, ADVISORIES),
    "wip": AlarmTables(
        wip_trips.TRIPS,
        wip_interlocks.INTERLOCKS,
        wip_interlocks.PERMISSIVES,
        wip_advisories.ADVISORIES,
    ),
}
