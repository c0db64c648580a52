"""A busy machine, bounded: processes that compute and one that writes to the disk.

    python -m tools.bench.load SECONDS [FILE]     busy, or with FILE writing and syncing it

Each ends by itself after SECONDS, so that a killed bench leaves nothing running for long.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_PROCESSES = 2
_BLOCK = bytes(1 << 20)
_FILE_BLOCKS = 32


def compute(seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        sum(range(1000))


def write(seconds: float, path: Path) -> None:
    """Over and over the same 32 MB, a sync every megabyte."""
    end_s = time.monotonic() + seconds
    with path.open("wb", buffering=0) as file:
        while time.monotonic() < end_s:
            file.seek(0)
            for _ in range(_FILE_BLOCKS):
                file.write(_BLOCK)
                os.fsync(file.fileno())


@contextmanager
def loaded(seconds: float) -> Iterator[None]:
    """Two busy processes and a disk writer while the block runs, `seconds` at most."""
    with tempfile.TemporaryDirectory(prefix="hotpress-bench-") as folder:
        command = [sys.executable, "-m", "tools.bench.load", str(seconds)]
        commands = [command] * BUSY_PROCESSES + [[*command, str(Path(folder) / "written")]]
        processes = [subprocess.Popen(each) for each in commands]
        try:
            time.sleep(0.3)  # until they have started to do it
            yield
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


if __name__ == "__main__":
    duration_s = float(sys.argv[1])
    if len(sys.argv) > 2:
        write(duration_s, Path(sys.argv[2]))
    else:
        compute(duration_s)
