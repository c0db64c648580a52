"""The kernel needs nothing of the world, keeps nothing to itself, and the check would notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = [tool for tool in ("cc", "nm", "ld") if shutil.which(tool) is None]

pytestmark = pytest.mark.skipif(bool(TOOLS), reason=f"not on PATH: {', '.join(TOOLS)}")


@pytest.fixture
def tree(tmp_path):
    """A copy of what the check reads."""
    shutil.copytree(ROOT / "native" / "kernel", tmp_path / "native" / "kernel")
    shutil.copy(ROOT / "native" / "build.py", tmp_path / "native" / "build.py")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "check_symbols.sh", tmp_path / "tools" / "check_symbols.sh")
    return tmp_path


def check(tree):
    script = tree / "tools" / "check_symbols.sh"
    return subprocess.run(
        ["sh", str(script), sys.executable], capture_output=True, text=True, timeout=60
    )


def test_the_kernel_needs_only_what_the_house_allows(tree):
    done = check(tree)
    assert (done.returncode, done.stderr) == (0, "")


FOREIGN = "#include <stdlib.h>\nint press_luck(void);\nint press_luck(void) { return rand(); }\n"
GLOBAL = "int press_count(void);\nstatic int calls;\nint press_count(void) { return ++calls; }\n"


@pytest.mark.parametrize(("code", "complaint"), [(FOREIGN, "rand"), (GLOBAL, "calls")])
def test_the_check_notices_a_foreign_call_and_a_global(tree, code, complaint):
    (tree / "native" / "kernel" / "stray.c").write_text(code)
    done = check(tree)
    assert done.returncode == 1
    assert complaint in done.stderr
