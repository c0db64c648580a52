"""The lint of a WIP's recipe: what is wrong, where, by which bound, and why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from wip_header import MATERIAL, RECIPE, STATION, wip_recipe

from controller.config.material import Material
from controller.config.wip_station import WipStation
from controller.recipe.finding import Weight
from controller.recipe.lint import lint
from controller.recipe.model import load_recipe
from controller.recipe.wip_lint import wip_lint
from controller.recipe.wip_model import WipRecipe

KINDS = [str(phase.__struct_config__.tag) for phase in RECIPE.phase]
PUMP, HOLD, DECOMPRESS = KINDS.index("pump"), KINDS.index("hold"), KINDS.index("decompress")
replace = msgspec.structs.replace


def edited(where: str, **changes: Any) -> WipRecipe:
    """The shipped recipe with fields of one phase (by kind) or of a section replaced."""
    if where not in KINDS:
        return replace(RECIPE, **{where: replace(getattr(RECIPE, where), **changes)})
    phases = list(RECIPE.phase)
    index = KINDS.index(where)
    phases[index] = replace(phases[index], **changes)
    return replace(RECIPE, phase=phases)


def listed(*kinds: str) -> WipRecipe:
    return replace(RECIPE, phase=[RECIPE.phase[KINDS.index(kind)] for kind in kinds])


def without(*kinds: str) -> WipRecipe:
    return listed(*(kind for kind in KINDS if kind not in kinds))


def found(
    recipe: WipRecipe,
    weight: Weight = Weight.ERROR,
    *,
    material: Material = MATERIAL,
    station: WipStation = STATION,
) -> dict[str, list[str]]:
    by_path: dict[str, list[str]] = {}
    for finding in wip_lint(recipe, material, station):
        if finding.weight is weight:
            by_path.setdefault(finding.path, []).append(f"{finding.message} | {finding.reason}")
    return by_path


@pytest.mark.parametrize("name", ["wip-monocell-490", "wip-bicell-490"])
def test_the_shipped_recipes_have_no_finding_at_all(name: str) -> None:
    assert lint(wip_recipe(name), MATERIAL, STATION) == ()


def test_a_recipe_of_another_unit_is_told_so() -> None:
    press, _ = load_recipe("sulfide-hot-press-100")
    (finding,) = lint(press, MATERIAL, STATION)
    assert finding.path == "recipe.unit"
    assert '"press"' in finding.message
    assert '"wip"' in finding.message


ERRORS = [
    # the material
    ("pump", {"pressure_mpa": 601.0}, ["600 MPa", "fractured at 750"]),
    ("pump", {"rate_mpa_per_s": 8.1}, ["8 MPa/s", "gradients"]),
    ("pump", {"temperature_c": 94.5}, ["95.5 °C is above 95 °C", "softens"]),
    ("decompress", {"rate_mpa_per_s": 10.1}, ["10 MPa/s", "layers part"]),
    ("decompress", {"slow_mpa_per_s": 1.1}, ["1 MPa/s", "delaminates"]),
    ("decompress", {"slow_below_mpa": 19.0}, ["20 MPa", "delaminates"]),
    ("recipe", {"material": "other"}, ["sulfide-monocell"]),
    # the machine
    ("pump", {"pressure_mpa": 500.5}, ["500 MPa", "papers"]),
    ("pump", {"temperature_c": 92.5}, ["90 °C", "stops pump and jacket at 92 °C"]),
    ("pump", {"temperature_c": 73.0}, ["wait for ever", "from 65 °C", "wall of 76 °C"]),
    ("preheat", {"wall_temperature_c": 96.0}, ["95 °C", "jacket goes to 100 °C"]),
    ("leak_test", {"pressure_mpa": 8.0}, ["7.7 MPa", "leak_test_mpa is 7"]),
    ("leak_test", {"pressure_mpa": 3.0}, ["4.9 MPa", "leak_test_mpa is 7"]),
    ("evacuate", {"bag_mbar_max": 6.0}, ["5 mbar", "not judged"]),
    ("purge", {"h2s_ppm_max": 6.0}, ["5 ppm", "locked"]),
    ("hold", {"temperature_c": 70.0}, ["does not hold 85 °C"]),
    ("hold", {"temperature_band_k": 3.0}, ["after 300 s", "80.9 °C", "76 °C"]),
    # the recipe against itself
    ("limits", {"pressure_mpa_max": 495.0}, ["485.294", "trips at 495"]),
    ("hold", {"timeout_s": 299.0}, ["300 s", "never be done"]),
    ("preheat", {"timeout_s": 3000.0}, ["never be done"]),
]  # fmt: skip
PLACE = {
    "recipe": "recipe.material", "limits": f"phase[{PUMP}].pressure_mpa",
    ("hold", "temperature_band_k"): f"phase[{HOLD}].temperature_c",
}  # fmt: skip


@pytest.mark.parametrize(("where", "changes", "words"), ERRORS)
def test_an_error_names_path_bound_and_reason(
    where: str, changes: dict[str, Any], words: list[str]
) -> None:
    (key,) = changes
    path = PLACE.get((where, key)) or PLACE.get(where) or f"phase[{KINDS.index(where)}].{key}"
    errors = found(edited(where, **changes)).get(path, [])
    assert any(all(word in text for word in words) for text in errors), errors


BOUNDS = [
    ("pump", "pressure_mpa", 495.0, 495.2),
    ("pump", "rate_mpa_per_s", 8.0, 8.01),
    ("pump", "temperature_c", 89.0, 89.01),
    ("leak_test", "pressure_mpa", 7.7, 7.71),
    ("decompress", "slow_mpa_per_s", 1.0, 1.01),
    ("decompress", "slow_below_mpa", 20.0, 19.99),
    ("preheat", "wall_temperature_c", 90.0, 90.01),
    ("purge", "h2s_ppm_max", 5.0, 5.01),
]


@pytest.mark.parametrize(("where", "field", "allowed", "refused"), BOUNDS)
def test_bounds_are_sharp(where: str, field: str, allowed: float, refused: float) -> None:
    path = f"phase[{KINDS.index(where)}].{field}"
    assert path not in found(edited(where, **{field: allowed}))
    assert path in found(edited(where, **{field: refused}))


ORDERS = [
    (without("gate"), "phase[0].kind", 'first phase must be "gate"'),
    (without("unlock"), "phase[9].kind", 'last phase must be "unlock"'),
    (without("evacuate"), "phase[1].kind", 'needs a "evacuate"'),
    (without("evacuate"), "phase[3].kind", 'needs a "evacuate"'),
    (without("bag_test"), "phase[3].kind", "hydrogen sulfide"),
    (without("fill"), "phase[4].kind", 'needs a "fill"'),
    (without("leak_test"), "phase[5].kind", 'needs a "leak_test"'),
    (without("pump"), "phase[6].kind", 'needs a "pump"'),
    (without("decompress"), "phase[8].kind", 'needs a "decompress"'),
    (without("decompress"), "phase[8].kind", "opens the vessel on 490 MPa"),
    (without("purge"), "phase[9].kind", 'needs a "purge"'),
    (listed("gate", *KINDS), "phase[1].kind", "only comes first"),
    (listed(*KINDS[:5], "preheat", *KINDS[5:]), "phase[5].kind", 'before "fill"'),
    (listed(*KINDS[:5], "fill", *KINDS[5:]), "phase[5].kind", "only comes once"),
    (listed(*KINDS[:7], "pump", *KINDS[7:]), "phase[7].pressure_mpa", "a pump only raises"),
    (listed(*KINDS[:-1], "pump", "unlock"), f"phase[{len(KINDS) - 1}].kind", "drained"),
]


@pytest.mark.parametrize(("recipe", "path", "words"), ORDERS)
def test_the_order_of_phases(recipe: WipRecipe, path: str, words: str) -> None:
    assert any(words in text for text in found(recipe)[path]), found(recipe)


def test_preheating_may_be_left_out_where_nothing_needs_it_and_steps_may_repeat() -> None:
    cool = edited("pump", temperature_c=80.0)
    cool = replace(cool, phase=[phase for phase in cool.phase if phase is not RECIPE.phase[3]])
    assert not any(path.endswith(".kind") for path in found(cool))
    assert len(KINDS) < len(wip_recipe("wip-bicell-490").phase)


def test_a_first_step_pressed_cold_may_not_go_high() -> None:
    bicell = wip_recipe("wip-bicell-490")
    first = next(i for i, phase in enumerate(bicell.phase) if phase.__class__.__name__ == "Pump")
    for pressure_mpa, cold in ((119.0, False), (121.0, True)):
        phases = list(bicell.phase)
        phases[first] = replace(phases[first], pressure_mpa=pressure_mpa)
        errors = found(replace(bicell, phase=phases)).get(f"phase[{first}].pressure_mpa", [])
        assert any("voids and cracks" in text for text in errors) == cold


def test_lithium_and_a_charged_cell_are_refused() -> None:
    lithium = found(edited("load", has_lithium_metal=True))
    assert "25 MPa" in lithium[f"phase[{PUMP}].pressure_mpa"][0]
    charged = found(edited("load", charged=True))
    assert {f"phase[{PUMP}].temperature_c", "phase[3].wall_temperature_c", "phase[4].kind"} <= set(
        charged
    )
    assert all("discharge it" in text for texts in charged.values() for text in texts)


def test_a_gentler_material_bounds_what_pumping_does_to_the_temperature() -> None:
    limits = MATERIAL.limits
    slow = replace(limits.heating_c_per_min_max, bound=5.0)
    gentle = replace(MATERIAL, limits=replace(limits, heating_c_per_min_max=slow))
    (text,) = found(RECIPE, material=gentle)[f"phase[{PUMP}].rate_mpa_per_s"]
    assert "9.5 °C/min, above 5 °C/min" in text  # 0.0395 K/MPa at 490 MPa and 85 °C, 4 MPa/s


def test_a_smaller_machine_says_what_it_cannot() -> None:
    drive = replace(STATION.drive, flow_ml_per_s_max=3.0, needle_flow_ml_per_s=0.5)
    vessel = replace(STATION.vessel, jacket_power_w=400.0)
    small = replace(STATION, drive=drive, vessel=vessel)
    errors = found(RECIPE, station=small)
    assert "intensifier gives 3 mL/s" in errors[f"phase[{PUMP}].rate_mpa_per_s"][0]
    assert "400 W into a wall" in errors["phase[3].timeout_s"][0]
    waits = found(RECIPE, Weight.WARNING, station=small)
    assert "expect to wait" in waits[f"phase[{DECOMPRESS}].rate_mpa_per_s"][0]


def test_findings_come_in_the_files_order() -> None:
    recipe = edited("pump", pressure_mpa=650.0, rate_mpa_per_s=20.0)
    recipe = replace(recipe, load=replace(recipe.load, charged=True, has_lithium_metal=True))
    paths = [finding.path for finding in wip_lint(recipe, MATERIAL, STATION)]
    numbers = [int(path[6 : path.index("]")]) for path in paths if path.startswith("phase[")]
    assert numbers == sorted(numbers)
    assert len(paths) >= 8
