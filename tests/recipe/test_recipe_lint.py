"""The lint: what is wrong, where, by which bound, and why for this material or machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from press_header import SIGNALS

from controller.config.model import load_material, load_station
from controller.recipe.duration import Point
from controller.recipe.finding import Weight
from controller.recipe.limits import STACK_SIGMA_K_BEST, density_g_per_cm3
from controller.recipe.lint import lint
from controller.recipe.machine_fit import bar_of, mpa_of
from controller.recipe.model import Recipe, load_recipe

RECIPE, _ = load_recipe("sulfide-hot-press-100")
MATERIAL, _ = load_material(RECIPE.recipe.material)
STATION, _ = load_station("demo-press", {"press": SIGNALS})
KINDS = [str(phase.__struct_config__.tag) for phase in RECIPE.phase]


def edited(where: str, **changes: Any) -> Recipe:
    """The shipped recipe with fields of one phase (by kind) or of a section replaced."""
    if where in KINDS:
        phases = list(RECIPE.phase)
        index = KINDS.index(where)
        phases[index] = msgspec.structs.replace(phases[index], **changes)
        return msgspec.structs.replace(RECIPE, phase=phases)
    section = msgspec.structs.replace(getattr(RECIPE, where), **changes)
    return msgspec.structs.replace(RECIPE, **{where: section})


def without(*kinds: str) -> Recipe:
    kept = [phase for phase, kind in zip(RECIPE.phase, KINDS, strict=True) if kind not in kinds]
    return msgspec.structs.replace(RECIPE, phase=kept)


def reordered(*kinds: str) -> Recipe:
    phases = [RECIPE.phase[KINDS.index(kind)] for kind in kinds]
    return msgspec.structs.replace(RECIPE, phase=phases)


def found(recipe: Recipe, weight: Weight = Weight.ERROR) -> dict[str, str]:
    return {
        finding.path: f"{finding.message} | {finding.reason}"
        for finding in lint(recipe, MATERIAL, STATION)
        if finding.weight is weight
    }


def test_the_shipped_recipe_has_no_finding_at_all() -> None:
    assert lint(RECIPE, MATERIAL, STATION) == ()


ERRORS = [
    # the material
    ("heat", {"temperature_c": 170.0}, "phase[3].temperature_c", ["160 °C", "argyrodite cap"]),
    ("heat", {"rate_c_per_min": 11.0}, "phase[3].rate_c_per_min", ["10 °C/min", "lags"]),
    ("cool", {"rate_c_per_min": 20.0}, "phase[7].rate_c_per_min", ["15 °C/min", "warps"]),
    ("cool", {"temperature_c": 61.0}, "phase[7].temperature_c", ["60 °C", "springs back"]),
    ("pressurise", {"pressure_mpa": 140.0}, "phase[5].pressure_mpa", ["132 MPa", "over-pressing"]),
    ("pressurise", {"rate_mpa_per_s": 5.5}, "phase[5].rate_mpa_per_s", ["5 MPa/s", "gradients"]),
    ("prepress", {"pressure_mpa": 30.0}, "phase[2].pressure_mpa", ["20 MPa", "100 °C", "cracks"]),
    ("release", {"rate_mpa_per_s": 1.5}, "phase[8].rate_mpa_per_s", ["1 MPa/s", "trapped gas"]),
    ("release", {"stack_temperature_c_max": 65.0}, "phase[8].stack_temperature_c_max", ["60 °C"]),
    ("release", {"stack_temperature_c_max": 40.0}, "phase[8].stack_temperature_c_max", ["never"]),
    ("recipe", {"material": "other"}, "recipe.material", ["nmc811-argyrodite-cathode"]),
    # the stack
    ("stack", {"charged": True}, "phase[3].temperature_c", ["charged", "explosively"]),
    ("stack", {"has_lithium_metal": True}, "phase[5]", ["25 MPa", "creeps"]),
    ("stack", {"area_mm2": 62_500.0}, "phase[5].pressure_mpa", ["6250 kN", "500 kN"]),
    # the machine
    ("heat", {"temperature_c": 106.0}, "phase[3].temperature_c", ["105 °C", "limiter"]),
    ("heat", {"rate_c_per_min": 13.0}, "phase[3].rate_c_per_min", ["12 °C/min", "heater power"]),
    ("cool", {"temperature_c": 20.0}, "phase[7].temperature_c", ["18 °C", "coolant"]),
    ("release", {"released_mpa": 0.5}, "phase[8].released_mpa", ["5 bar", "does not control"]),
    ("pressurise", {"rate_mpa_per_s": 20.0}, "phase[5].rate_mpa_per_s", ["5 MPa/s"]),
    # the recipe against itself
    ("limits", {"pressure_mpa_max": 101.0}, "phase[5].pressure_mpa", ["99.02", "overshoot"]),
    ("limits", {"temperature_c_max": 101.0}, "phase[3].temperature_c", ["99 °C", "overshoot"]),
    ("soak", {"stack_tolerance_k": 0.34}, "phase[4].stack_tolerance_k", ["0.34 K", "never met"]),
    ("hold", {"timeout_s": 299.0}, "phase[6].timeout_s", ["300 s", "never be done"]),
    ("heat", {"timeout_s": 900.0}, "phase[3].timeout_s", ["936 s"]),
    ("hold", {"hold_s": 86_400.0}, "phase", ["24 h"]),
]  # fmt: skip


@pytest.mark.parametrize(("where", "changes", "path", "words"), ERRORS)
def test_an_error_names_path_bound_and_reason(
    where: str, changes: dict[str, Any], path: str, words: list[str]
) -> None:
    errors = [
        f"{finding.message} | {finding.reason}"
        for finding in lint(edited(where, **changes), MATERIAL, STATION)
        if finding.weight is Weight.ERROR and finding.path == path
    ]
    assert any(all(word in text for word in words) for text in errors), errors


BOUNDS = [
    ("heat", "temperature_c", 105.0, 105.01),
    ("heat", "rate_c_per_min", 10.0, 10.01),
    ("pressurise", "rate_mpa_per_s", 5.0, 5.01),
    ("release", "rate_mpa_per_s", 1.0, 1.01),
    ("prepress", "pressure_mpa", 20.0, 20.01),
    ("hold", "timeout_s", 300.01, 300.0),
]


@pytest.mark.parametrize(("where", "field", "allowed", "refused"), BOUNDS)
def test_bounds_are_sharp(where: str, field: str, allowed: float, refused: float) -> None:
    path = f"phase[{KINDS.index(where)}].{field}"
    assert path not in found(edited(where, **{field: allowed}))
    assert path in found(edited(where, **{field: refused}))


ORDERS = [
    (without("gate"), "phase[0].kind", "first phase must be"),
    (without("unload"), "phase[8].kind", "last phase must be"),
    (without("touch"), "phase[1].kind", "needs a touch"),
    (without("heat", "soak"), None, ""),
    (without("heat"), "phase[3].kind", "needs a heat"),
    (without("prepress", "pressurise"), "phase[4].kind", "needs a prepress or pressurise"),
    (without("cool"), "phase[7].kind", 'needs a "cool" phase'),
    (without("release"), "phase[8].kind", "opens on 100 MPa"),
    (reordered("gate", "touch", "unload", "unload"), "phase[2].kind", "only comes last"),
    (reordered("gate", "gate", "touch", "unload"), "phase[1].kind", "only comes first"),
    (
        reordered("gate", "touch", "prepress", "heat", "pressurise", "release", "cool", "unload"),
        "phase[5].kind",
        'needs a "cool" phase',
    ),
]


@pytest.mark.parametrize(("recipe", "path", "words"), ORDERS)
def test_the_order_of_phases(recipe: Recipe, path: str | None, words: str) -> None:
    orders = {where: text for where, text in found(recipe).items() if where.endswith(".kind")}
    if path is None:
        assert orders == {}
    else:
        assert words in orders[path]


def test_all_findings_of_a_bad_recipe_come_at_once_and_in_the_files_order() -> None:
    recipe = edited("heat", temperature_c=170.0, rate_c_per_min=30.0)
    recipe = msgspec.structs.replace(
        recipe,
        phase=[*recipe.phase[:8], edited("release", rate_mpa_per_s=9.0).phase[8]],
        stack=msgspec.structs.replace(recipe.stack, charged=True, has_lithium_metal=True),
    )
    paths = [finding.path for finding in lint(recipe, MATERIAL, STATION)]
    wanted = ["phase[3].temperature_c", "phase[3].rate_c_per_min", "phase[5]",
              "phase[8].rate_mpa_per_s", "phase[8].kind"]  # fmt: skip
    assert set(wanted) <= set(paths)
    numbers = [int(path[6 : path.index("]")]) for path in paths if path.startswith("phase[")]
    assert numbers == sorted(numbers)


def test_warnings_do_not_refuse() -> None:
    loose = edited("limits", hot_only=False)
    cold = msgspec.structs.replace(loose, phase=edited("prepress", pressure_mpa=25.0).phase)
    assert "phase[2].pressure_mpa" in found(cold, Weight.WARNING)
    assert found(cold) == {}
    light = edited("pressurise", pressure_mpa=60.0)
    assert "outside 3 to 3.2" in found(light, Weight.WARNING)["phase[6]"]
    slow = edited("cool", medium="none")
    assert "expect to wait" in found(slow, Weight.WARNING)["phase[7].rate_c_per_min"]
    limiter = edited("limits", temperature_c_max=118.0)
    assert "hard-wired limiter" in found(limiter, Weight.WARNING)["limits.temperature_c_max"]


def test_lithium_is_warned_of_at_120_and_refused_at_150() -> None:
    for temperature_c, weight in ((130.0, Weight.WARNING), (155.0, Weight.ERROR)):
        recipe = edited("stack", has_lithium_metal=True)
        phases = edited("heat", temperature_c=temperature_c).phase
        findings = lint(msgspec.structs.replace(recipe, phase=phases), MATERIAL, STATION)
        lithium = [finding for finding in findings if "lithium" in finding.reason]
        assert weight in {f.weight for f in lithium if f.path == "phase[3].temperature_c"}


# Published check numbers of the model: 100 °C and 100 MPa give 3.10 g/cm³, 200 MPa 3.36.
@pytest.mark.parametrize(("pressure_mpa", "density"), [(70, 3.00), (100, 3.10), (132, 3.20)])
def test_density_by_the_heckel_law(pressure_mpa: float, density: float) -> None:
    assert density_g_per_cm3(MATERIAL, Point(100.0, pressure_mpa)) == pytest.approx(
        density, abs=0.01
    )


def test_100_mpa_on_2500_mm2_is_250_kn() -> None:
    springs_bar = 10.0 * 8000.0 / STATION.hydraulic.cylinder_area_mm2
    assert bar_of(100.0, RECIPE, STATION) == pytest.approx(124.3 + springs_bar, abs=0.1)
    assert mpa_of(bar_of(42.0, RECIPE, STATION), RECIPE, STATION) == pytest.approx(42.0)
    assert mpa_of(0.0, RECIPE, STATION) == 0.0


def test_the_best_certainty_of_the_stack_is_the_kernels() -> None:
    estimate = (Path(__file__).parents[2] / "native/kernel/estimate.c").read_text()
    found = re.search(r"#define ZONE_BIAS_C ([\d.]+)", estimate)
    assert found is not None
    assert float(found[1]) == STACK_SIGMA_K_BEST
