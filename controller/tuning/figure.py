"""The proposal as a picture: what was measured, what the models say, and the predicted step.

Needs the `report` extra (matplotlib). Draws to text, so no file is touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.tuning.identify import Asked
from controller.tuning.prediction import ModelPlant, pid_law, predictive_law
from controller.tuning.proposal import Loop
from controller.tuning.record import Record
from controller.tuning.response import unit_answer
from controller.tuning.valve import ValveFit, ValvePoint

_WIDE_IN = 11.0
_COLOURS = {"fopdt": "#9a6b00", "sopdt": "#1f5fa8", "two_mass": "#7a2f8f"}


def zone_svg(loop: Loop, record: Record, title: str, asked: Asked) -> str:
    """Record and models above, duty and residual, and the predicted step beside."""
    from controller.page import chart  # needs the extra; only when a picture is asked for

    heading = f"{title}, zone {loop.zone}"
    with chart.figure(_WIDE_IN, 6.4) as figure:
        (measured, step), (residual, duty) = _axes(figure, 2, 2)
        _fitted(measured, residual, loop, record)
        duty.step(_minutes(record), record.duty_fraction, where="post", color="#b03030", lw=1.0)
        _labels(duty, "time, min", "duty given")
        _predicted(step, loop, asked)
        figure.suptitle(heading, fontsize=11)
        return chart.svg(figure, f"zone-{loop.zone}", heading)


def _minutes(record: Record) -> list[float]:
    return [t / 60.0 for t in record.time_s]


def _fitted(measured: Any, residual: Any, loop: Loop, record: Record) -> None:
    minutes = _minutes(record)
    measured.plot(minutes, record.temperature_c, color="#555555", lw=0.8, label="measured")
    for model in loop.models:
        answer = unit_answer(model.shape, record.switches(), record.time_s)
        said = [model.rest_c + model.gain_c * x for x in answer]
        label = f"{model.kind}: residual {model.residual_c:.3f} K"
        measured.plot(minutes, said, color=_COLOURS[model.kind], lw=1.2, label=label)
        off = [a - b for a, b in zip(record.temperature_c, said, strict=True)]
        residual.plot(minutes, off, color=_COLOURS[model.kind], lw=0.6)
    best = loop.law_model
    measured.set_title(
        f"gain {best.gain_c:.4g} ± {best.gain_c_sigma:.2g} K, time constant "
        f"{best.time_constant_s:.4g} ± {best.time_constant_s_sigma:.2g} s,\nlag {best.lag_s:.3g} ± "
        f"{best.lag_s_sigma:.2g} s, dead time {best.dead_time_s:.3g} ± "
        f"{best.dead_time_s_sigma:.2g} s",
        fontsize=9,
    )
    _labels(measured, "", "temperature, °C", legend=True)
    _labels(residual, "time, min", "measured less model, K")


def _predicted(axis: Any, loop: Loop, asked: Asked) -> None:
    predictive = {n: getattr(loop.predictive, n) for n in loop.predictive.__struct_fields__}
    laws = {f"pid {pid.rule}": pid_law(pid, asked.step_s) for pid in loop.pids}
    law = predictive_law(predictive, loop.pid, asked.step_s)
    if law is not None:
        laws["predictive"] = law
    for told, (name, each) in zip(loop.predictions, laws.items(), strict=False):
        target_c = loop.law_model.rest_c + told.step_k
        plant, now_c, duty, course = ModelPlant(loop.law_model, asked.step_s), 0.0, 0.0, []
        now_c = loop.law_model.rest_c
        longest_s = 1.3 * max(p.settle_s for p in loop.predictions)
        for _ in range(int(longest_s / asked.step_s)):
            duty = each(target_c, now_c, duty)
            now_c = plant.step(duty, asked.step_s)
            course.append(now_c)
        minutes = [i * asked.step_s / 60.0 for i in range(len(course))]
        label = f"{name}: +{told.overshoot_k:.2f} K, {told.settle_bound_ratio:.2f} × least time"
        axis.plot(minutes, course, lw=1.2, label=label)
        axis.axhline(target_c, color="#888888", lw=0.6)
    axis.set_title(
        f"predicted step; proposed PID {loop.pid.rule}:\ngain margin "
        f"{loop.pid.gain_margin_ratio:.2g}, phase margin {loop.pid.phase_margin_deg:.0f}°",
        fontsize=9,
    )
    _labels(axis, "time, min", "temperature, °C", legend=True)


def valve_svg(fit: ValveFit, points: Sequence[ValvePoint], title: str) -> str:
    """Both branches and the lines through them."""
    from controller.page import chart  # needs the extra

    with chart.figure(_WIDE_IN, 4.2) as figure:
        _branches(_axes(figure, 1, 1)[0][0], fit, points, title)
        return chart.svg(figure, "valve", title)


def _branches(axis: Any, fit: ValveFit, points: Sequence[ValvePoint], title: str) -> None:
    ends = [fit.pressure_bar_low, fit.pressure_bar_high]
    for rising, colour, name in ((True, "#b03030", "up"), (False, "#1f5fa8", "down")):
        branch = [point for point in points if point.rising is rising]
        axis.plot(
            [point.pressure_bar for point in branch],
            [point.opening_fraction for point in branch],
            ".",
            ms=2,
            color=colour,
            label=name,
        )
        side = 0.5 * fit.hysteresis_fraction * (1.0 if rising else -1.0)
        line = [fit.offset_fraction + p / fit.full_scale_bar + side for p in ends]
        axis.plot(ends, line, color=colour, lw=0.8)
    axis.set_title(
        f"{title}: full scale {fit.full_scale_bar:.4g} ± {fit.full_scale_bar_sigma:.2g} bar, "
        f"hysteresis {100 * fit.hysteresis_fraction:.2f} ± "
        f"{100 * fit.hysteresis_fraction_sigma:.2g} %",
        fontsize=9,
    )
    _labels(axis, "cylinder pressure, bar", "valve opening", legend=True)


def _axes(figure: Any, rows: int, columns: int) -> Any:
    figure.set_layout_engine("constrained")
    return figure.subplots(rows, columns, squeeze=False)


def _labels(axis: Any, x: str, y: str, *, legend: bool = False) -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    if legend:
        axis.legend()
