"""The pure-C loops: compiled with the product's own flags into build/, run as processes."""

from __future__ import annotations

import importlib.util
import subprocess
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"


@cache
def native_build() -> ModuleType:
    """native/build.py: the flags and the list of sources live there and nowhere else."""
    spec = importlib.util.spec_from_file_location("native_build", ROOT / "native" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def program(name: str, *, kernel: bool = False, plant: bool = False) -> Path:
    """Compile tools/bench/<name>.c, with the sources of kernel and plant if it needs them.

    Raises CalledProcessError with the compiler's message on standard error.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    build = native_build()
    folders = [part for part, used in (("kernel", kernel), ("plant", plant)) if used]
    sources = [ROOT / "tools" / "bench" / f"{name}.c"]
    sources += [source for folder in folders for source in build.sources_of(folder)]
    includes = [f"-I{ROOT / 'native' / folder}" for folder in ("kernel", "plant")]
    binary = BUILD / name
    command = ["cc", *build.FLAGS, *includes, "-o", binary, *sources, "-lm"]
    subprocess.run([str(part) for part in command], check=True)
    return binary


def run(binary: Path, *arguments: object, stdin: bytes | None = None) -> bytes:
    """What the program wrote. Its standard error is ours."""
    command = [str(binary), *(str(argument) for argument in arguments)]
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE).stdout
