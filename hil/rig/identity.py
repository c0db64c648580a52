"""Which firmware this is: the SHA-256 of the source files as they lie on the device."""

import hashlib
import os
from binascii import unhexlify

from hil.rig.rig import Identity

MODULES = (
    "framing",
    "terminals",
    "electrical",
    "protocol",
    "faults",
    "capture",
    "watch",
    "rig",
    "identity",
    "running",
)
STAMP = "stamp.txt"  # SHA-256 of the plant's header in hex, written beside the files


def firmware_hash(folder: str, board: str) -> bytes:
    """Of every module and this board's own, names and contents, in order."""
    digest = hashlib.sha256()
    for name in MODULES + ("board_" + board,):  # noqa: RUF005 (MicroPython has no star there)
        digest.update(name.encode())
        with open(folder + "/" + name + ".py", "rb") as source:  # noqa: PTH123 (no pathlib there)
            while True:
                block = source.read(512)
                if not block:
                    break
                digest.update(block)
    whole: bytes = digest.digest()
    return whole


def header_hash(folder: str) -> bytes:
    """Zeros when the rig was never stamped: no host will arm it."""
    try:
        with open(folder + "/" + STAMP, "rb") as stamp:  # noqa: PTH123
            stamped: bytes = unhexlify(stamp.read().strip())
    except (OSError, ValueError):
        return bytes(32)
    return stamped if len(stamped) == 32 else bytes(32)


def identify(folder: str, board: str) -> Identity:
    """A new boot id each time."""
    boot_id = int.from_bytes(os.urandom(4), "little") or 1
    return Identity(boot_id, board, firmware_hash(folder, board), header_hash(folder))
