"""The recorded courses of shipped recipes, seed 1: where each stood whenever a phase began.

    python -m tests.golden.course      write them anew after an intended change

Numbers are rounded to a tenth of what an operator would notice, so that a file speaks of
the course and not of the last bit; `journal_sha256` guards the bits.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Golden:
    """A recipe on the station and machine it is written for, and what its course shows."""

    name: str
    recipe: str
    options: tuple[str, ...]
    columns: dict[str, int]
    """Decimal places by signal."""

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.name}-course.json")

    def simulate(self, folder: Path, name: str, seed: int) -> tuple[dict, Path]:
        """Figures and record of one run."""
        record, figures = folder / f"{name}.sqlite", folder / f"{name}.json"
        command = [sys.executable, "-m", "controller", "simulate", self.recipe, *self.options]
        files = ["--record", str(record), "--json", str(figures)]
        subprocess.run([*command, "--quiet", "--seed", str(seed), *files], check=True)
        return json.loads(figures.read_text()), record

    def course_of(self, record: Path) -> list[dict]:
        """One entry a phase: its name, the second it began and the state it found."""
        query = f"SELECT phase, monotonic_s, {', '.join(self.columns)} FROM sample ORDER BY tick"
        course: list[dict] = []
        with closing(sqlite3.connect(record)) as connection:
            for phase, second, *numbers in connection.execute(query):
                if not course or course[-1]["phase"] != phase:
                    found = zip(self.columns.items(), numbers, strict=True)
                    state = {name: round(number, places) for (name, places), number in found}
                    course.append({"phase": phase, "begun_s": round(second, 1), **state})
        return course

    def recorded(self) -> list[dict]:
        return json.loads(self.path.read_text())


R1 = Golden(
    "r1",
    "sulfide-hot-press-100",
    (),
    {
        "zone_temperature_c_median": 2,
        "stack_temperature_c_estimate": 2,
        "stack_pressure_mpa": 2,
        "thickness_mm": 4,
        "density_g_per_cm3": 3,
    },
)
R3 = Golden(
    "r3",
    "wip-monocell-490",
    ("--station", "demo-wip", "--machine", "wip-500MPa"),
    {
        "fluid_temperature_c_estimate": 2,
        "wall_temperature_c_estimate": 2,
        "vessel_pressure_mpa": 2,
        "delivered_ml": 1,
        "bag_pressure_mbar": 2,
    },
)


def main() -> None:
    for golden in (R1, R3):
        with tempfile.TemporaryDirectory() as folder:
            _, record = golden.simulate(Path(folder), golden.name, 1)
            golden.path.write_text(json.dumps(golden.course_of(record), indent=1) + "\n")


if __name__ == "__main__":
    main()
