"""Presses that nobody tuned: machine files of another mass, and a station file of two zones."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path


def shipped(package: str, folder: str, name: str) -> str:
    return (Path(str(resources.files(package))) / folder / f"{name}.toml").read_text()


def press_of_mass(folder: Path, ratio: float) -> Path:
    """press-500kN with platens of so much more steel."""

    def heavier(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]) * ratio}"

    text = shipped("hil", "machines", "press-500kN")
    for key in ("core_heat_capacity_j_per_k", "face_heat_capacity_j_per_k"):
        text = re.sub(rf"(?m)^({key} = )([0-9.]+)", heavier, text)
    path = folder / f"press-mass-{ratio:g}.toml"
    path.write_text(text)
    return path


def lab_station(folder: Path) -> Path:
    """The demo press's file for the lab press: one 500 W zone a platen, two encoders."""
    text = shipped("controller", "stations", "demo-press")
    gone = [
        *(f"zone_{n}_temperature_c" for n in range(3, 7)),
        *(f"heater_{n}_current_a" for n in range(3, 7)),
        *(f"heater_{n}_ssr" for n in range(3, 7)),
        "lvdt_2_position_mm",
        "lvdt_4_position_mm",
    ]
    for name in gone:
        text = re.sub(rf'(?m)^{name} = "[^"]*"\n', "", text)
        text = re.sub(rf"(?ms)^\[channel\.{name}\]\n.*?(?=^\[|^#)", "", text)
    tables = re.split(r"(?m)^(?=\[\[zone\]\])", text)
    last, rest = re.split(r"(?m)^(?=# How heat reaches)", tables[6])
    del last
    text = tables[0] + tables[1] + tables[4] + rest
    text = text.replace("power_w = 1000.0", "power_w = 500.0")
    text = text.replace("rated_current_a = 4.35", "rated_current_a = 2.174")
    text = re.sub(r"(?m)^(cylinder_area_mm2 = )\S+", r"\g<1>2827.4", text)
    text = re.sub(r"(?m)^(ram_weight_kn = )\S+", r"\g<1>0.8", text)
    text = re.sub(r"(?m)^limiter_zone_(top|bottom) = .*$", "", text)
    text = text.replace('id = "press-1"', 'id = "lab-press"')
    text = re.sub(
        r"(?ms)(\[channel\.load_cell_force_kn\].*?range_high = )500\.0", r"\g<1>80.0", text
    )
    path = folder / "lab-press.toml"
    path.write_text(text)
    return path


def lab_recipe(folder: Path) -> Path:
    """R1 on the lab press's die of 20 mm."""
    text = shipped("controller", "recipes", "sulfide-hot-press-100")
    path = folder / "lab-recipe.toml"
    path.write_text(re.sub(r"(?m)^(area_mm2 = )\S+", r"\g<1>314.2", text))
    return path
