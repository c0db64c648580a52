"""Compile the C: header -> cdef -> cffi API-mode modules. The flags live here and nowhere else.

Read by setuptools through `cffi_modules` in setup.py, by the Makefile and by the sanitizer run.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cffi import FFI

NATIVE = Path(__file__).resolve().parent

# -ffp-contract=off keeps results bit-identical across machines; -UNDEBUG keeps C asserts,
# which setuptools would otherwise compile out.
FLAGS = ["-std=c99", "-O2", "-ffp-contract=off", "-UNDEBUG", "-D_POSIX_C_SOURCE=200809L"]
STRICT = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wshadow",
    "-Wstrict-prototypes",
]


def cdef_of(header: Path) -> str:
    """The text between the CDEF markers: the only definition of the structs."""
    text = header.read_text()
    begin, end = "/* CDEF BEGIN */", "/* CDEF END */"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"{header}: needs exactly one '{begin}' and one '{end}'")
    return text.split(begin)[1].split(end)[0]


def sources_of(folder: str) -> list[Path]:
    return sorted((NATIVE / folder).glob("*.c"))


def _extension(module: str, folder: str, *headers: str) -> FFI:
    """One module of one or several headers; `header_sha256` is of them one after another."""
    paths = [NATIVE / folder / header for header in headers]
    cdef = "".join(cdef_of(path) for path in paths)
    sha256 = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    includes = "".join(f'#include "{header}"\n' for header in headers)
    ffi = FFI()
    ffi.cdef(cdef + "\nextern const char header_sha256[];\n")
    ffi.set_source(
        module,
        f'{includes}const char header_sha256[] = "{sha256}";\n',
        sources=[os.path.relpath(source, Path.cwd()) for source in sources_of(folder)],
        include_dirs=[os.path.relpath(NATIVE / folder, Path.cwd())],
        extra_compile_args=FLAGS,
        py_limited_api=True,
    )
    return ffi


def press() -> FFI:
    return _extension("controller._press", "kernel", "press.h", "isostatic.h")


def plant() -> FFI:
    return _extension("hil._plant", "plant", "plant.h", "vessel.h")
