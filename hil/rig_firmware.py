"""The rig's firmware as files: its hash, and a folder as it goes onto the device."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from hil.physics import HEADER_SHA256
from hil.rig.identity import MODULES, STAMP, firmware_hash

BOARDS = ("rp2", "unix")


def firmware_folder() -> Path:
    """Where the sources lie. Raises FileNotFoundError when hil is not installed as files."""
    folder = Path(str(resources.files("hil").joinpath("rig")))
    if not folder.joinpath("rig.py").is_file():
        raise FileNotFoundError(f"no firmware in {folder}; install hotpress as files, not zipped")
    return folder


def expected_hash(board: str) -> bytes:
    """SHA-256 that a rig with this board and these sources tells."""
    return firmware_hash(str(firmware_folder()), board)


def expected_header() -> bytes:
    return bytes.fromhex(HEADER_SHA256)


def stage(folder: Path, board: str) -> Path:
    """Write main.py and hil/rig/ for this board into the folder; returns the path of main.py.

    Raises ValueError for an unknown board, OSError when the folder cannot be written.
    """
    if board not in BOARDS:
        raise ValueError(f"board is {board!r}, must be one of {', '.join(BOARDS)}")
    target = folder / "hil" / "rig"
    target.mkdir(parents=True, exist_ok=True)
    source = firmware_folder()
    for name in (*MODULES, f"board_{board}"):
        shutil.copyfile(source / f"{name}.py", target / f"{name}.py")
    target.joinpath(STAMP).write_text(HEADER_SHA256 + "\n")
    main = folder / "main.py"
    shutil.copyfile(source / "main.py", main)
    return main
