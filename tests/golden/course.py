"""The recorded course of R1, seed 1: where it stood whenever a phase began.

    python -m tests.golden.course      write it anew after an intended change

Numbers are rounded to a tenth of what an operator would notice, so that the file speaks of
the course and not of the last bit; `journal_sha256` guards the bits.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

GOLDEN = Path(__file__).with_name("r1-course.json")
_COLUMNS = {
    "zone_temperature_c_median": 2,
    "stack_temperature_c_estimate": 2,
    "stack_pressure_mpa": 2,
    "thickness_mm": 4,
    "density_g_per_cm3": 3,
}


def course_of(record: Path) -> list[dict]:
    """One entry a phase: its name, the second it began and the state it found."""
    query = f"SELECT phase, monotonic_s, {', '.join(_COLUMNS)} FROM sample ORDER BY tick"
    course: list[dict] = []
    with closing(sqlite3.connect(record)) as connection:
        for phase, second, *numbers in connection.execute(query):
            if not course or course[-1]["phase"] != phase:
                found = zip(_COLUMNS.items(), numbers, strict=True)
                state = {name: round(number, places) for (name, places), number in found}
                course.append({"phase": phase, "begun_s": round(second, 1), **state})
    return course


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "r1.sqlite"
        command = [sys.executable, "-m", "controller", "simulate", "sulfide-hot-press-100"]
        subprocess.run([*command, "--quiet", "--seed", "1", "--record", str(record)], check=True)
        GOLDEN.write_text(json.dumps(course_of(record), indent=1) + "\n")


if __name__ == "__main__":
    main()
