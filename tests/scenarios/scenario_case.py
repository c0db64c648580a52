"""Scenarios and courses made by hand, for tests of what judges them."""

from hil.scenarios.course import Course, Edge, Mark, Note
from hil.scenarios.model import Scenario, parse_scenario

OUTPUTS = ("heater_1_ssr", "contactor_top", "contactor_bottom", "pump", "watchdog")
HEAT, TOP, BOTTOM, PUMP, WATCHDOG = (1 << i for i in range(5))

TEXT = """
[scenario]
id = "case"
row = "S04"
title = "A case"

[[fault]]
point = "cylinder_a_pressure_bar"
verb = "scale"
to_ma = 3.2
at = { phase = "hold", after_s = 2.0 }

[expect]
reaction = "trip"
source = "pressure_sensor"
outputs = "pump"
within_s = 0.3
outcome = "Aborted"
"""


def scenario(**expect: object) -> Scenario:
    """The case above with other expectations; None takes a line away."""
    head, _, _ = TEXT.partition("[expect]")
    lines = {
        "reaction": "trip", "source": "pressure_sensor", "outputs": "pump", "within_s": 0.3,
        "outcome": "Aborted", **expect,
    }  # fmt: skip
    said = "\n".join(f"{key} = {_toml(value)}" for key, value in lines.items() if value is not None)
    return parse_scenario(f"{head}[expect]\n{said}\n", "case")


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')


def trip(time_s: float, source: str = "pressure_sensor") -> Note:
    return note(time_s, "trip", source, "trip", "no trustworthy pressure")


def note(time_s, kind, source, severity="info", message="", **detail) -> Note:
    return Note(
        time_s=time_s, kind=kind, source=source, severity=severity, message=message, detail=detail
    )


def held(time_s: float, cause: str) -> Note:
    return note(time_s, "phase", "holding", state="holding", cause=cause)


def course(*notes: Note, edges: list[tuple[float, int]] | None = None, **fields) -> Course:
    """Pressed from 1 s on, broken at 10 s, repaired at 30 s, ended at 40 s."""
    given = {
        "outcome": "Aborted",
        "marks": [Mark(text="broken", point="cylinder_a_pressure_bar", begun_s=10.0)],
        "repair_s": 30.0,
        "end_s": 40.0,
        **fields,
    }
    made = edges if edges is not None else [(0.0, 0), (1.0, PUMP), (10.2, 0)]
    return Course(
        scenario_id="case",
        face="sim",
        tick_s=0.01,
        output_names=OUTPUTS,
        notes=list(notes),
        edges=[Edge(at, bits) for at, bits in made],
        **given,
    )
