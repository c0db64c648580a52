"""What was measured, with what, on what."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("cffi", "pymodbus", "ruckig", "simple-pid", "uvloop")


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _compiler() -> str:
    text = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout
    return text.splitlines()[0]


def versions() -> dict[str, str]:
    return {
        "hotpress": _package("hotpress"),
        "python": platform.python_version(),
        "cc": _compiler(),
        **{name: _package(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": str(len(os.sched_getaffinity(0))),
        "load_average": f"{os.getloadavg()[0]:.2f}",
    }
