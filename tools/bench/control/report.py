"""The contest as metrics of the bench and as a table that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from tools.bench.control.contest import Results
from tools.bench.control.contestants import CONTESTANTS
from tools.bench.control.judge import Figures
from tools.bench.control.scenarios import CLOSED_S
from tools.bench.harness import Metric, Target

BOUND = "time-optimal bound"
_CLOSING = (
    "closing.dip_k: nobody is told of the stack, so noise decides when it is seen; the kernel, "
    "which knows contact and stack, is closing.dip of the group pressure"
)
NAMES = {contestant.key: contestant.name for contestant in CONTESTANTS}
PEERS = ("simc", "amigo", "klipper", "kiln")
_NOT_BUILT = (
    "hotpress predictive: not built (press_predictive_step is not in the kernel); PID shown"
)

TITLES = {
    "step_known": "step to 100 °C, model known",
    "step_two_lags": "... second order, model known",
    "step_tuned": "... plant never seen (±50 %), own tuning",
    "step_drifted": "... tuned once, then drifted ±20/20/30 %",
    "ramp_3": "ramp 3 K/min, plant ±20 %",
    "ramp_5": "ramp 5 K/min, plant ±20 %",
    "ramp_10": "ramp 10 K/min, plant ±20 %",
    "mains_low": "mains -10 %",
    "lab_press": "lab press, two zones, own tuning",
    "press_step": "press, six zones, own tuning",
    "closing": "press closes on a cold stack in its die",
    "weak_heater": "press, one heater at 70 %, 5 K/min",
}
UNITS = {
    "settle_s": "s",
    "overshoot_k": "K",
    "iae_ratio": "x bound",
    "travel": "duty",
    "hold_k": "K",
    "spread_k": "K",
    "never": "of runs",
    "refused": "of runs",
    "dip_k": "K",
    "recovery_s": "s",
    "load_dip_k": "K",
    "load_recovery_s": "s",
    "stack_arrival_s": "s",
    "ramp_iae_k_s": "K s",
    "ramp_error_k": "K",
}
TARGETS = {
    ("step_known", "settle_ratio"): 1.07,
    ("step_known", "overshoot_k"): 0.1,
    ("step_known", "travel"): 10.0,
    ("step_known", "load_peak_ratio"): 1.2,
    ("step_known", "load_recovery_ratio"): 2.5,
    ("step_two_lags", "settle_ratio"): 1.07,
    ("step_two_lags", "overshoot_k"): 0.1,
    ("step_tuned", "settle_ratio"): 1.10,
    ("step_tuned", "overshoot_k"): 0.15,
    ("step_drifted", "settle_ratio"): 1.6,
    ("step_drifted", "overshoot_k"): 0.6,
    ("step_drifted", "never"): 0.0,
    ("ramp_5", "overshoot_k"): 0.15,
    ("ramp_10", "overshoot_k"): 0.3,
    ("press_step", "spread_k"): 0.2,
    ("weak_heater", "spread_k"): 0.2,
    ("closing", "recovery_s"): 60.0,
}
_COLUMNS = (
    ("settle", "settle_ratio"),
    ("over K", "overshoot_k"),
    ("IAE", "iae_ratio"),
    ("travel", "travel"),
    ("load peak", "load_peak_ratio"),
    ("load back", "load_recovery_ratio"),
    ("dip K", "dip_k"),
    ("back s", "recovery_s"),
    ("spread K", "spread_k"),
    ("stack s", "stack_arrival_s"),
)


def ours(found: Mapping[str, Figures]) -> str:
    """Whose figures stand in the column `ours`."""
    return "hotpress" if "hotpress" in found else "hotpress_pid"


def metrics(results: Results) -> dict[str, Metric]:
    return {
        name: metric
        for scenario, found in results.items()
        for name, metric in _of_scenario(scenario, found)
    }


def _of_scenario(scenario: str, found: Mapping[str, Figures]) -> Iterator[tuple[str, Metric]]:
    mine = ours(found)
    for figure, number in found[mine].items():
        if figure == "spread_k" and scenario.startswith("step_"):
            continue  # one zone
        yield f"{scenario}.{figure}", _metric(scenario, figure, number, found)
        for key, others in found.items():
            if key != mine and figure in others:
                yield (
                    f"{scenario}.{figure}.beside_{key}",
                    Metric(number, others[figure], NAMES[key], _unit(figure), detail=True),
                )


def _unit(figure: str) -> str:
    return UNITS.get(figure, "x bound")


def _metric(scenario: str, figure: str, number: float, found: Mapping[str, Figures]) -> Metric:
    """Beside the bound where there is one, else beside the best peer."""
    least = TARGETS.get((scenario, figure))
    target = None if least is None else Target("ours", "<=", least)
    note = "" if ours(found) == "hotpress" else _NOT_BUILT
    if (scenario, figure) == ("closing", "dip_k"):
        return _dip(number, found)
    detail = target is None and figure not in ("settle_ratio", "overshoot_k")
    if figure.endswith("_ratio"):
        return Metric(number, 1.0, BOUND, "x bound", target, note=note, detail=detail)
    peers = {key: found[key][figure] for key in PEERS if key in found and figure in found[key]}
    best = min(peers, key=peers.__getitem__)
    name = f"best peer, {NAMES[best]}"
    return Metric(number, peers[best], name, _unit(figure), target, note=note, detail=detail)


def _dip(number: float, found: Mapping[str, Figures]) -> Metric:
    """Beside the best PID from elsewhere that was in the band when the press closed, and after."""
    calm = {
        key: found[key]["dip_k"]
        for key in PEERS
        if key in found and found[key]["recovery_s"] < 0.9 * CLOSED_S
    }
    if not calm:
        return Metric(number, 0.0, "no peer was in the band", "K", note=_CLOSING)
    best = min(calm, key=calm.__getitem__)
    return Metric(number, calm[best], NAMES[best], "K", Target("ratio", "<=", 0.5), note=_CLOSING)


def _cell(figures: Figures, figure: str) -> str:
    if figure == "settle_ratio" and figures.get("never", 0.0) > 0.5:
        return "never"
    if figure not in figures:
        return ""
    number = figures[figure]
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def matrix(results: Results) -> Table:
    """Everybody in every scenario."""
    table = Table(
        title="control: medians over the seeds; settle, IAE and load are ratios to the bound",
        title_justify="left",
    )
    table.add_column("scenario")
    table.add_column("law", no_wrap=True)
    for heading, _ in _COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for scenario, found in results.items():
        said = TITLES[scenario]
        for contestant in CONTESTANTS:
            if contestant.key not in found:
                table.add_row(said, contestant.name, "not built")
            else:
                figures = found[contestant.key]
                cells = [_cell(figures, figure) for _, figure in _columns(scenario)]
                table.add_row(said, contestant.name, *cells)
            said = ""
        table.add_section()
    return table


def _columns(scenario: str) -> Iterator[tuple[str, str]]:
    for heading, figure in _COLUMNS:
        one_zone = figure == "spread_k" and scenario.startswith("step_")
        yield heading, "" if one_zone else figure
