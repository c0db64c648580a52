"""python -m tools.bench [--json FILE] [--group kernel,ramp] [--quick]"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.bench.harness import Metric, report
from tools.bench.table import notes, table
from tools.bench.versions import versions

TABLE_WIDTH = 160
# One module a group: `measure(quick) -> {metric: Metric}`, and perhaps `tables()` of its own.
GROUPS = ("kernel", "pid", "ramp", "simulate", "modbus", "lateness", "control", "pressure")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here as well")
    parser.add_argument("--group", default=",".join(GROUPS), help="only these, comma-separated")
    parser.add_argument("--quick", action="store_true", help="few rounds: a look, not a result")
    arguments = parser.parse_args()
    arguments.group = arguments.group.split(",")
    if unknown := sorted(set(arguments.group) - set(GROUPS)):
        parser.error(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    return arguments


def _write(path: Path, groups: dict[str, dict[str, Metric]], about: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report(groups), indent=2) + "\n")
    beside = path.with_name(f"{path.stem}-meta{path.suffix}")
    beside.write_text(json.dumps(about, indent=2) + "\n")


def main() -> int:
    arguments = _arguments()
    # A table that is cut off says nothing: lines wrap in a narrow terminal instead.
    console = Console(width=max(Console().width, TABLE_WIDTH))
    groups: dict[str, dict[str, Metric]] = {}
    own_tables: list[Table] = []
    begun_s = time.monotonic()
    for name in arguments.group:
        console.print(f"measuring {name} ...", style="dim")
        module = importlib.import_module(f"tools.bench.{name}")
        groups[name] = module.measure(arguments.quick)
        own_tables += module.tables() if hasattr(module, "tables") else []
    about = versions() | {"bench_s": f"{time.monotonic() - begun_s:.0f}"}
    for shown in (*own_tables, table(groups)):
        console.print(shown)
    for line in notes(groups):
        console.print(line)
    console.print(" · ".join(f"{name} {version}" for name, version in about.items()), style="dim")
    if arguments.json:
        _write(arguments.json, groups, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
