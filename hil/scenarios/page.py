"""A run as one HTML page: what was broken, when, what the controller got and what the press did.

Two pictures share the same marks: the whole run, and the moments around the fault at every
tick, where a reaction within milliseconds can be seen against its limit. No script, no link.
"""

from __future__ import annotations

from html import escape
from importlib import resources

from controller.page.document import document
from hil.scenarios import plot
from hil.scenarios.course import Course, Mark
from hil.scenarios.model import Scenario
from hil.scenarios.verdict import Verdict

_NOTES_MAX = 200
_NOTHING = '<p class="note">The run ended before its first tick; there is nothing to draw.</p>'


def page(scenario: Scenario, course: Course, verdict: Verdict) -> str:
    """The whole page as HTML text; write it as UTF-8."""
    style = (resources.files("hil.scenarios") / "page.css").read_text("utf-8")
    pictures = _pictures(course, verdict) if course.time_s else _NOTHING
    body = (
        f"{_head(scenario, verdict)}{_figures(verdict)}{_why(scenario, verdict)}"
        f"{pictures}{_notes(course)}"
    )
    return document(f"{scenario.id} on {course.face}", body, style)


def _head(scenario: Scenario, verdict: Verdict) -> str:
    header = scenario.scenario
    state = "passed" if verdict.passed else "failed"
    return (
        f"<header><div><h1>{escape(scenario.id)}</h1><p>{escape(header.title)}</p>"
        f"<p>{escape(header.machine)} · {escape(header.recipe)} · face {escape(verdict.face)}"
        f" · seed {header.seed}</p></div>"
        f'<div class="outcome"><span class="badge {state}">{state}</span>'
        f"<p>{escape(verdict.outcome)}</p></div></header>"
    )


def _figures(verdict: Verdict) -> str:
    reaction = "–" if verdict.reaction_s is None else f"{verdict.reaction_s:.2f} <small>s</small>"
    limit = "no limit in time" if verdict.within_s is None else f"limit {verdict.within_s:g} s"
    cells = (
        ("Expected", escape(verdict.expected), ""),
        ("Found", escape(verdict.found), escape(verdict.source)),
        ("Reaction at the plant", reaction, limit),
        (
            "Demands on hard protection",
            f"{verdict.demands}",
            f"{verdict.demands_expected} expected",
        ),
        ("Outcome", escape(verdict.outcome), escape(verdict.cause)),
    )
    rows = (
        f'<div><dt>{name}</dt><dd>{number}</dd><dd class="limit">{below}</dd></div>'
        for name, number, below in cells
    )
    return f'<dl class="figures">{"".join(rows)}</dl>'


def _why(scenario: Scenario, verdict: Verdict) -> str:
    note = scenario.scenario.note
    said = f'<p class="caption">{escape(note)}</p>' if note else ""
    if verdict.passed:
        return said
    lines = "".join(f"<p>{escape(reason)}</p>" for reason in verdict.why)
    return f'<section class="faults" role="alert"><strong>Failed</strong>{lines}</section>{said}'


def _pictures(course: Course, verdict: Verdict) -> str:
    close = plot.around(course, verdict)
    around = f"<h2>Around the fault, every tick</h2>{close}" if close else ""
    whole = plot.whole(course, verdict)
    return f"{_key(course, verdict)}<h2>Course of the run</h2>{whole}{around}"


def _key(course: Course, verdict: Verdict) -> str:
    faults = "".join(f"<li>{escape(_spoken(mark))}</li>" for mark in course.marks)
    repair = "" if course.repair_s is None else f" · repaired at {course.repair_s:.2f} s"
    return (
        '<p class="key"><span class="fault">fault acts</span>'
        '<span class="reaction">reaction at the plant</span>'
        f'<span class="bound">limit</span>{escape(repair)}</p><ul class="caption">{faults}</ul>'
    )


def _spoken(mark: Mark) -> str:
    end = "to the end" if mark.ended_s is None else f"to {mark.ended_s:.2f} s"
    return f"{mark.text}, {mark.begun_s:.2f} s {end}"


def _notes(course: Course) -> str:
    shown = course.notes[:_NOTES_MAX]
    rows = "".join(
        f'<tr class="{escape(note.severity, quote=True)}"><td class="number">{note.time_s:.2f}</td>'
        f"<td>{escape(note.severity)}</td><td>{escape(note.kind)}</td>"
        f"<td>{escape(note.source)}</td><td>{escape(note.message)}</td></tr>"
        for note in shown
    )
    left = len(course.notes) - len(shown)
    more = f'<p class="note">{left} more are not shown.</p>' if left else ""
    head = "".join(f"<th>{name}</th>" for name in ("s", "Severity", "Kind", "Source", "Event"))
    return (
        f"<h2>Events</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"
    )
