"""The platens close on a cold stack: the whole kernel on the simulated press, and peers' PIDs.

    python -m tools.bench.control.closing_press [--seeds 12]

Six zones at 100 °C and at rest, then the press closes on a stack of room temperature and goes to
20 MPa. The kernel's two laws know contact and stack from the station file and give their heat with
the first tick; a PID from elsewhere sees only what its sensor shows. Those are simple-pid, tuned by
SIMC and AMIGO from the station's own model of each zone, a second a step, through the kernel's
manual duty: the same gates, the same windows of the relays. Errors are of the true temperature,
each instrument's constant error taken out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

from controller.kernel import lib
from tools.bench.control.bound import BAND_K
from tools.bench.control.peers import SimplePid
from tools.bench.control.plants import Model
from tools.bench.control.tuning import Gains, amigo, simc
from tools.bench.harness import Metric, Target
from tools.bench.pressing import SAMPLE_TICKS, Press, Trace

SEEDS, SEEDS_QUICK = 5, 1
TARGET_C, RATE_C_PER_MIN = 100.0, 10.0
PRESSED_MPA, RATE_MPA_PER_S = 20.0, 1.0
OURS = "hotpress"
DIP_RATIO, RECOVERY_S = 0.5, 60.0
_NOTE = (
    "closing: true temperature, instruments' constant error taken out; the kernel knows contact "
    "and stack from the station file, a PID from elsewhere sees what its sensor shows"
)
_STEP_S = 1.0
_REST_S = 600.0
_KNOWN_S = 100.0  # of rest, for the instruments' error
_CLOSED_S = 400.0
_SAMPLE_S = 0.01 * SAMPLE_TICKS

Figures = dict[str, float]
Rule = Callable[[Model], Gains]
LAWS: Mapping[str, Rule | None] = {
    OURS: None,
    "hotpress PID": None,
    "simple-pid SIMC": simc,
    "simple-pid AMIGO": amigo,
}


def _model(press: Press, zone: int) -> Model:
    """As the station has it; the mean of a window is half a window old."""
    config = press.kernel._config
    own = config.zone[zone]
    window_s = config.window_ticks * config.tick_s
    return Model(
        own.power_w / own.loss_w_per_k,
        own.heat_capacity_j_per_k / own.loss_w_per_k,
        own.dead_time_s + 0.5 * window_s,
        own.heater_lag_s,
        config.ambient_temperature_c,
    )


class _Heaters:
    """One simple-pid a zone, on the setpoint that the kernel's ramp leads."""

    def __init__(self, press: Press, rule: Rule) -> None:
        self._press = press
        zones = range(press.kernel._config.zone_count)
        self._pids = [SimplePid(rule(_model(press, zone)), False) for zone in zones]
        press.command(manual_zone_bits=(1 << len(self._pids)) - 1)

    def step(self) -> None:
        kernel = self._press.kernel
        seen, command = kernel.observation, kernel.command
        for zone, pid in enumerate(self._pids):
            command.manual_duty_fraction[zone] = pid.step(
                seen.zone_temperature_setpoint_c, seen.measurement_channel_unit[zone], _STEP_S
            )


def closing_run(law: str, seed: int) -> Figures:
    """Dip, recovery and what it goes over, after the press closed."""
    press, rule = Press(seed, vary=True), LAWS[law]
    if rule is None:
        chosen = lib.PRESS_LAW_PREDICTIVE if law == OURS else lib.PRESS_LAW_PID
        for zone in press.kernel._config.zone:
            zone.law = chosen
    heaters = _Heaters(press, rule) if rule is not None else None

    def run(duration_s: float) -> Trace:
        if heaters is None:
            return press.run(duration_s)
        parts = []
        for _ in range(round(duration_s / _STEP_S)):
            heaters.step()
            parts.append(press.run(_STEP_S))
        return _joined(parts)

    press.heat(TARGET_C, RATE_C_PER_MIN)
    run(60.0 * 80.0 / RATE_C_PER_MIN + _REST_S)
    known_k = run(_KNOWN_S).instrument_error_k
    press.command(hydraulics=lib.PRESS_HYDRAULICS_CLOSE)
    parts = []
    while not press.kernel.observation.contact:
        parts.append(run(_STEP_S))
        if len(parts) > 60:
            raise RuntimeError("the platens did not touch the stack within 60 s")
    press.press(PRESSED_MPA, RATE_MPA_PER_S)
    closed = _joined([*parts, run(_CLOSED_S)])
    error_k = closed.zones_c - known_k - TARGET_C
    outside = np.flatnonzero(np.abs(error_k).max(axis=1) > BAND_K)
    return {
        "dip": max(0.0, -float(error_k.min())),
        "over": max(0.0, float(error_k.max())),
        "recovery": _SAMPLE_S * (int(outside[-1]) + 1) if len(outside) else 0.0,
        "trips": float(bool(closed.trip_bits)),
    }


def _joined(parts: list[Trace]) -> Trace:
    whole = Trace()
    for part in parts:
        whole.zone_temperature_c += part.zone_temperature_c
        whole.zone_temperature_c_seen += part.zone_temperature_c_seen
        whole.trip_bits |= part.trip_bits
    return whole


def metrics(found: Mapping[str, Figures]) -> dict[str, Metric]:
    """Ours beside each PID; the target is against the best of the others' PIDs."""
    ours = found[OURS]
    peers = [law for law, rule in LAWS.items() if rule is not None]
    best = min(peers, key=lambda law: found[law]["dip"])
    shown = {
        "closing.dip": Metric(
            ours["dip"], found[best]["dip"], best, "K", Target("ratio", "<=", DIP_RATIO), note=_NOTE
        ),
        "closing.recovery": Metric(
            ours["recovery"], RECOVERY_S, "its target", "s", Target("ours", "<=", RECOVERY_S)
        ),
    }
    for law, figures in found.items():
        if law not in (OURS, best):
            name = law.replace(" ", "_").replace("-", "_").lower()
            shown[f"closing.dip.beside_{name}"] = Metric(
                ours["dip"], figures["dip"], law, "K", detail=True
            )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args()
    for law in LAWS:
        runs = [closing_run(law, seed) for seed in range(1, 1 + asked.seeds)]
        said = "  ".join(f"{name} {median(run[name] for run in runs):7.3f}" for name in runs[0])
        print(f"{law:18s} {said}", flush=True)


if __name__ == "__main__":
    main()
