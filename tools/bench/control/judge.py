"""Judge any plant in ten lines (tools/README.md has them).

Every contestant is tuned on the plant by its own rule and asked for a step to the target;
then it holds the target; then, where the plant has a `load_fraction`, a tenth of full power
is taken away from it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.bench.control.bound import BAND_K, Bound, Recovery, recovery, time_optimal
from tools.bench.control.contestants import CONTESTANTS, STEP_S, Contestant, Workshop
from tools.bench.control.laws import HotpressPid, Programme
from tools.bench.control.plants import MakePlant, Model, Plant, Sensor
from tools.bench.control.trial import Course, Rig

REST_BOUNDS = 10.0
STEP_BOUNDS = 6.5  # a step is watched for so many times its bound
HOLD_S = 2000.0
LOAD_FRACTION = 0.1
Figures = dict[str, float]


def load(plant: Plant) -> float:
    """A tenth of full power is taken from the plant; all of the duty still arrives."""
    plant.load_fraction = LOAD_FRACTION  # type: ignore[attr-defined]
    return 1.0


def step_figures(
    rig: Rig, target_c: float, bound: Bound, least: Recovery | None, hold_s: float = HOLD_S
) -> Figures:
    """Step, noisy hold, and where a bound for it is given a load. The rig is left in the hold."""
    rig.begin(Programme(target_c))
    begun_s = rig.step_s  # the first sample is taken before the first duty
    step = rig.run(STEP_BOUNDS * bound.settle_s)
    hold = rig.run(hold_s)
    figures = settled(step, bound.settle_s, begun_s) | {
        "overshoot_k": step.overshoot_k(),
        "iae_ratio": step.iae_c_s() / bound.iae_c_s,
        "travel": hold.travel() * HOLD_S / hold_s,
        "hold_k": hold.deviation_k(),
        "spread_k": hold.spread_k(),
    }
    if least is not None:
        rig.power_ratio = load(rig.plant)
        figures |= recovered(rig.run(4.5 * bound.settle_s), least, "load_")
    return figures


def resting(shop: Workshop, bound: Bound) -> Rig:
    """The shop's plant at rest at its target, brought there without noise."""
    quiet = [Sensor(0, 0.0, 0.0) for _ in range(shop.zones)]
    rig = Rig(shop.make(), quiet, [HotpressPid(model) for model in shop.models], STEP_S)
    rig.begin(Programme(shop.target_c))
    rig.run(REST_BOUNDS * bound.settle_s)
    return rig


def load_bound(shop: Workshop, bound: Bound) -> Recovery | None:
    """Of a tenth of full power; None for a plant that cannot be loaded."""
    rig = resting(shop, bound)
    if not hasattr(rig.plant, "load_fraction"):
        return None
    return recovery(rig.plant, load, rig.duties, shop.target_c)


def settled(course: Course, bound_s: float, begun_s: float = 0.0) -> Figures:
    """Seconds, ratio to the bound, and 1 when it never did: then the time is that of the watch."""
    settle_s, watched_s = course.settle_s(), course.step_s * len(course.duty)
    never = settle_s == float("inf")
    settle_s = begun_s + (watched_s if never else settle_s)
    return {"settle_s": settle_s, "settle_ratio": settle_s / bound_s, "never": float(never)}


def recovered(course: Course, least: Recovery, prefix: str = "") -> Figures:
    """Depth and duration of a dip beside the least possible ones."""
    back_s = min(course.settle_s(), course.step_s * len(course.duty))
    figures = {
        f"{prefix}dip_k": course.dip_k(),
        f"{prefix}peak_ratio": course.dip_k() / max(least.peak_k, 1e-9),
        f"{prefix}recovery_s": back_s,
    }
    # Where even the bound stays inside the band there is nothing to be late for.
    if least.recovery_s > 0.0:
        figures[f"{prefix}recovery_ratio"] = back_s / least.recovery_s
    return figures


@dataclass(frozen=True, slots=True)
class Judgement:
    """Medians of each contestant, and the bound."""

    bound: Bound
    figures: Mapping[str, Figures]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"time-optimal: ±{BAND_K} K after {self.bound.settle_s:.1f} s"
        yield f"{'':30}{'settle/bound':>13}{'overshoot K':>13}{'IAE/bound':>11}{'travel':>9}"
        for name, found in self.figures.items():
            settle = "never" if found["never"] > 0.5 else f"{found['settle_ratio']:.2f}"
            yield (
                f"{name:30}{settle:>13}{found['overshoot_k']:>13.2f}"
                f"{found['iae_ratio']:>11.3f}{found['travel']:>9.1f}"
            )


def judge(
    make: MakePlant,
    target_c: float,
    *,
    zones: int = 1,
    seeds: int = 3,
    known: Sequence[Model] | None = None,
    contestants: Sequence[Contestant] = CONTESTANTS,
) -> Judgement:
    """Everybody on the plant that `make` makes anew each time.

    Raises ValueError when full power does not bring the plant to `target_c`.
    """
    bound = time_optimal(make, target_c, zones=zones)
    least = load_bound(Workshop(make, target_c, 0, zones, known), bound)
    figures: dict[str, Figures] = {}
    for contestant in contestants:
        if contestant.tune is None:
            continue
        runs = [
            one_step(contestant, Workshop(make, target_c, seed, zones, known), make(), bound, least)
            for seed in range(seeds)
        ]
        figures[contestant.name] = medians(runs)
    return Judgement(bound, figures)


def one_step(
    contestant: Contestant, shop: Workshop, plant: Plant, bound: Bound, least: Recovery | None
) -> Figures:
    """Tune on the shop's plant, then step `plant`."""
    assert contestant.tune is not None, f"{contestant.name} is not built"
    rig = Rig(plant, shop.sensors(), contestant.tune(shop)(), contestant.step_s)
    figures = step_figures(rig, shop.target_c, bound, least)
    return figures | {"refused": float(shop.refused)}


_SHARES = ("never", "refused")


def medians(runs: Sequence[Figures]) -> Figures:
    """Median of each figure over the runs that have it; of `never` and `refused` the share."""
    names = dict.fromkeys(name for run in runs for name in run)
    found = {name: statistics.median(run[name] for run in runs if name in run) for name in names}
    for name in _SHARES:
        if name in found:
            found[name] = statistics.fmean(run[name] for run in runs)
    return found
