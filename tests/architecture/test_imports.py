"""What import-linter cannot say: exact allowances, and who may touch the C modules."""

import ast
import subprocess
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("controller", "hil", include_external_packages=True)


def test_hil_imports_nothing_of_controller_but_the_ports_and_the_look_of_a_page(graph):
    imported = {
        target
        for module in graph.modules
        if module == "hil" or module.startswith("hil.")
        for target in graph.find_modules_directly_imported_by(module)
        if target.split(".")[0] == "controller"
    }
    pages = {"controller.page.chart", "controller.page.document"}
    assert imported == {"controller.ports", *pages}


def _importers_of(name: str, package: str) -> set[str]:
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if any(n == name or str(n).startswith(name + ".") for n in names):
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_one_file_of_controller_touches_the_kernel_module():
    assert _importers_of("controller._press", "controller") == {"controller/kernel.py"}


def test_one_file_of_hil_touches_the_plant_module():
    assert _importers_of("hil._plant", "hil") == {"hil/physics.py"}


def test_clock_and_chance_are_read_only_where_time_and_seeds_are_made():
    allowed_time = {"controller/clocks.py"}
    for package in ("controller/recipe", "controller/alarms"):
        assert _importers_of("time", package) <= allowed_time
        assert _importers_of("random", package) == set()


def test_nobody_waits_with_what_loses_a_cancellation():
    """asyncio.wait_for before Python 3.12 forgets a cancellation that meets the result."""
    sources = [path for folder in ("controller", "hil") for path in (ROOT / folder).rglob("*.py")]
    waits = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "wait_for"
        and isinstance(node.value, ast.Name)
        and node.value.id == "asyncio"
    }
    assert waits == set(), "use `async with asyncio.timeout(…)`"


def test_no_committed_text_names_this_machine_or_a_registry():
    halves = ("/wo rk/", "/ro ot/", "index -url http", "pypi .org", "/opt/ pypi")
    suspicious = [half.replace(" ", "", 1) for half in halves]  # or this file would name them
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: what is committed cannot be told")
    for name in filter(None, listed.stdout.split("\0")):
        text = (ROOT / name).read_text(errors="ignore")
        for word in suspicious:
            assert word not in text, f"{name} names {word}"
