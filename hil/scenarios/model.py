"""A scenario as data: a machine, a recipe, faults with their moments, and what is expected.

    [scenario]
    id = "S04-pressure-low"
    row = "S04"                      # of the fault catalogue
    ...
    [[fault]]
    point = "cylinder_a_pressure_bar"
    verb = "scale"
    to_ma = 3.2                      # the verb's own parameters stand beside it
    at = { phase = "hold", after_s = 2.0 }
    for_s = 0.5                      # left out: until the repair
    [expect]
    reaction = "trip"
    outputs = "pump"
    within_s = 0.3

A file that cannot be meant is refused with file, field and bound (ScenarioError).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hil import plant, vessel
from hil.faults import Fault

SIZE_MAX_BYTES = 64 * 1024
REPAIR_S = 20.0

Reaction = Literal["ignore", "warn", "sub", "inhibit", "hold", "stop", "trip", "refuse"]
"""In order of strength. `ignore` to `sub` let the batch run on; `inhibit` keeps it from
starting or advancing; `hold`, `stop` and `trip` are the batch's; `refuse` never starts."""

Outcome = Literal["Complete", "Stopped", "Aborted", "Refused"]

OUTPUT_GROUPS = ("heat", "contactors", "pump", "power", "all", "none")
"""Outputs at the plant that must be safe, beside single ones by name. heat: SSRs off or
contactors open; contactors: open; pump: off, and no approach; power: contactors and pump; all:
every output off; none: the fault itself holds the output, so the controller's event counts."""

# Of any machine; one that the machine of the scenario lacks is found when it is played.
_OUTPUTS = tuple(dict.fromkeys((*plant.DIGITAL_OUTPUTS, *vessel.DIGITAL_OUTPUTS)))

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
Row = Annotated[str, Meta(pattern=r"^[SAFPR][0-9]{2}\Z")]
Text = Annotated[str, Meta(min_length=1, max_length=400)]
Name = Annotated[str, Meta(min_length=1, max_length=1024)]
Seconds = Annotated[float, Meta(ge=0.0, le=7200.0)]
Lasting = Annotated[float, Meta(ge=0.001, le=7200.0)]
Quantity = Annotated[float, Meta(ge=-1e9, le=1e9)]


class ScenarioError(ValueError):
    """A scenario that cannot be read or cannot be meant. One line, what and where."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown keys are errors, in every table of the file."""


class At(_Part, frozen=True, kw_only=True):
    """A moment: machine time, or so long after a phase was first entered. With `output`: the
    first tick from then on in which this output at the plant has just come on."""

    time_s: Seconds | None = None
    phase: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    after_s: Seconds = 0.0
    output: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class Injection(_Part, frozen=True, kw_only=True):
    """One fault and its moment. `for_s` None: it stays until the repair."""

    fault: Fault
    at: At
    for_s: Lasting | None = None


class Header(_Part, frozen=True, kw_only=True):
    """`repair_s` after the first fault the bench clears all faults, and its operator resets
    what tripped and restarts what is held: the batch must then come to an end. `known` is why
    this row fails today and what it would take; it stays a FAIL."""

    id: Id
    row: Row
    title: Text
    recipe: Name = "warm-press"
    machine: Name = "press-500kN"
    station: Name = "demo-press"
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    start_temperature_c: Annotated[float, Meta(ge=-50.0, le=200.0)] | None = 50.0
    repair_s: Lasting = REPAIR_S
    time_s_max: Lasting = 900.0
    faces: tuple[Literal["sim", "tcp", "rtu", "rig"], ...] = ("sim", "tcp", "rtu", "rig")
    note: Annotated[str, Meta(max_length=1000)] = ""
    known: Annotated[str, Meta(max_length=1000)] = ""


class Expect(_Part, frozen=True, kw_only=True):
    """`source`: rows or signals of which one must be named as the cause, none: any. `truth_max`
    and `truth_min` bound the plant's true state from the first fault to the end."""

    reaction: Reaction
    outcome: Outcome
    source: str | tuple[str, ...] = ()
    outputs: Annotated[str, Meta(max_length=64)] | None = None
    within_s: Seconds | None = None
    hard_protection_demands: Annotated[int, Meta(ge=0, le=100)] = 0
    truth_max: dict[str, Quantity] = {}
    truth_min: dict[str, Quantity] = {}

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else self.source


class Scenario(_Part, frozen=True, kw_only=True):
    scenario: Header
    fault: Annotated[tuple[Injection, ...], Meta(min_length=1, max_length=16)]
    expect: Expect

    @property
    def id(self) -> str:
        return self.scenario.id


_OF_FAULT = ("id", "point", "verb")
_OF_MOMENT = ("at", "for_s")


def parse_scenario(text: str, source: str) -> Scenario:
    """A scenario from TOML text; `source` names it in errors. Raises ScenarioError."""
    try:
        table = tomllib.loads(text)
        scenario = msgspec.convert(_with_parameters(table), Scenario)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        field = where.strip("`.")
        raise ScenarioError(
            f"{source}: {field}: {what}" if field else f"{source}: {what}"
        ) from None
    for problem in _impossible(scenario):
        raise ScenarioError(f"{source}: {problem}")
    return scenario


def _with_parameters(table: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside `point` and `verb` are the verb's parameters; the bench bounds them."""
    injections = table.get("fault")
    if not isinstance(injections, list):
        return dict(table)
    return {**table, "fault": [_collected(injection) for injection in injections]}


def _collected(injection: Any) -> Any:
    if not isinstance(injection, dict):
        return injection
    fault = {key: injection[key] for key in _OF_FAULT if key in injection}
    moment = {key: injection[key] for key in _OF_MOMENT if key in injection}
    named = (*_OF_FAULT, *_OF_MOMENT)
    fault["parameters"] = {key: injection[key] for key in injection if key not in named}
    return {"fault": fault, **moment}


def _impossible(scenario: Scenario) -> list[str]:
    """What no single field can show."""
    expect, found = scenario.expect, []
    known = (*OUTPUT_GROUPS, *_OUTPUTS)
    if expect.outputs is not None and expect.outputs not in known:
        found.append(f"expect.outputs: no {expect.outputs!r}; there are: {', '.join(known)}")
    for number, injection in enumerate(scenario.fault):
        if (injection.at.time_s is None) == (injection.at.phase is None):
            found.append(f"fault[{number}].at: give time_s or phase, one of them")
        output = injection.at.output
        if output is not None and output not in _OUTPUTS:
            found.append(
                f"fault[{number}].at.output: no {output!r}; there are: {', '.join(_OUTPUTS)}"
            )
        if injection.at.time_s is not None and injection.at.after_s:
            found.append(f"fault[{number}].at.after_s: only beside phase")
    if expect.reaction == "trip" and expect.outputs is None:
        found.append("expect.outputs: a trip shows at the plant; say which of them (or none)")
    if expect.reaction in ("ignore", "refuse") and expect.sources:
        found.append(f"expect.source: nothing is named by {expect.reaction}")
    if (expect.outcome == "Refused") != (expect.reaction == "refuse"):
        found.append("expect.outcome: Refused goes with reaction refuse and with no other")
    return found


def shipped_scenarios() -> tuple[str, ...]:
    """Ids of the scenarios that come with the package, in order of the catalogue."""
    folder = resources.files("hil.scenarios") / "shipped"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def read_scenario(scenario: str | Path) -> Scenario:
    """A shipped scenario by id, or one from a TOML file. Raises ScenarioError."""
    if isinstance(scenario, str) and scenario in shipped_scenarios():
        path = resources.files("hil.scenarios") / "shipped" / f"{scenario}.toml"
        return parse_scenario(path.read_text("utf-8"), scenario)
    path = Path(scenario)
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            raise ScenarioError(f"{path}: larger than {SIZE_MAX_BYTES} bytes, no scenario")
        text = path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ScenarioError(
            f"{path}: {reason}; give a TOML file or an id of `hotpress-hil scenario list`"
        ) from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not UTF-8 text") from None
    return parse_scenario(text, str(path))


def recipe_path(name: str) -> str:
    """A recipe of the bench by name, as a path; anything else as it is, for the controller."""
    path = resources.files("hil.scenarios") / "recipes" / f"{name}.toml"
    return str(path) if path.is_file() else name
