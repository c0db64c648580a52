"""Peak and hold of R3 on many seeds, with the right model and with one that is wrong by 20 %.

python tests/kernel/wip_seeds.py 50
"""

from __future__ import annotations

import sys
from random import Random
from statistics import median

from wip_case import DRIVE, VESSEL
from wip_cycle import TARGET_C, TARGET_MPA, Cycle

from hil.vessel import Vessel

WRONG_BY = 0.2
KNOWN_TO = {"volume_ml": 0.05, "oil_bar_per_mpa": 0.03, "heating_k_per_mpa": 0.0}
VARIED = {
    "vessel": (
        "wall_w_per_k", "wall_heat_capacity_j_per_k", "jacket_w_per_k", "stiffness_mpa",
        "fluid_heat_capacity_j_per_k", "volume_ml", "fill_ml_per_s", "fluid_lag_s",
        "heating_k_per_mpa",
    ),
    "drive": ("flow_ml_per_s_max", "needle_flow_ml_per_s", "oil_bar_per_mpa"),
}  # fmt: skip


def wrong_model(seed: int, heating: float) -> dict[str, dict[str, object]]:
    """The commissioned numbers, each off by a ratio of its own."""
    random = Random(seed)
    known_to = KNOWN_TO | {"heating_k_per_mpa": heating}
    changed: dict[str, dict[str, object]] = {}
    for group, table in (("vessel", VESSEL), ("drive", DRIVE)):
        changed[group] = {}
        for name in VARIED[group]:
            by = known_to.get(name, WRONG_BY)
            ratio = 1.0 + random.uniform(-by, by)
            was = table[name]
            changed[group][name] = (
                [ratio * number for number in was] if isinstance(was, list) else ratio * was
            )
    return changed


def run(seed: int, changes: dict[str, dict[str, object]]) -> tuple[float, float, float, int]:
    """Peak error in K, worst hold error in percent, hard-protection demands, tripped."""
    plant = Vessel.from_machine("wip-500MPa", seed=seed, start_temperature_c=75.0)
    cycle = Cycle(plant, changes)
    cycle.arm()
    cycle.fill()
    cycle.leak_test()
    cycle.pump(TARGET_MPA)
    cycle.hold(300.0)
    off_mpa = max(abs(cycle.lowest_mpa - TARGET_MPA), abs(cycle.highest_mpa - TARGET_MPA))
    cycle.release()
    if cycle.trips:
        print(f"  seed {seed} tripped: {', '.join(sorted(cycle.trips))}")
    demands = plant.truth()["hard_protection_demands"]
    return (
        abs(cycle.peak_c - TARGET_C), 100.0 * off_mpa / TARGET_MPA, demands, int(bool(cycle.trips))
    )  # fmt: skip


def main(count: int) -> None:
    print(f"{count} seeds: median (worst)")
    for name, model in (
        ("model right", lambda seed: {}),
        ("±20 %, kappa right", lambda seed: wrong_model(seed, 0.0)),
        ("±20 %, kappa ±5 %", lambda seed: wrong_model(seed, 0.05)),
    ):
        rows = [run(seed, model(seed)) for seed in range(1, count + 1)]
        peaks, holds, demands, tripped = zip(*rows, strict=True)
        print(
            f"{name:20} peak error {median(peaks):.2f} ({max(peaks):.2f}) K   "
            f"hold error {median(holds):.3f} ({max(holds):.3f}) %   demands {sum(demands):.0f}   "
            f"tripped {sum(tripped)}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
