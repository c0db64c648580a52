"""The device side's own reader of the register maps that the controller ships as TOML.

The files are data. Nothing of the controller's code reads them here, so a map that is read
wrongly on one side shows on the wire.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

_SHAPES = {"int16": ("h", 1), "uint16": ("H", 1), "int32": ("i", 2), "bits": ("H", 1)}


FILE_BYTES_MAX = 64 * 1024


class ProfileError(ValueError):
    """A profile that does not exist or does not describe a module."""


@dataclass(frozen=True, slots=True)
class Terminals:
    """Points of one kind that lie one after another in a block."""

    kind: str
    stem: str
    count: int
    offset: int  # registers, in its block
    code: str  # struct letter of one point, or of the word of all bits
    registers: int  # of one point
    is_bits: bool
    counts_per_unit: float
    fault_bit: int
    fault_code: int | None

    def place(self, point: str) -> tuple[int, int]:
        """(byte offset in the block, number within the group) of a point by name."""
        number = int(point.rpartition("_")[2]) - 1
        return 2 * (self.offset + (0 if self.is_bits else number * self.registers)), number

    def names(self) -> list[str]:
        return [f"{self.stem}_{number + 1}" for number in range(self.count)]


@dataclass(frozen=True, slots=True)
class BlockMap:
    """A run of registers: first address, length, named words and terminals."""

    address: int
    count: int
    words: dict[str, int]  # name -> byte offset
    terminals: tuple[Terminals, ...]

    def find(self, point: str, kind: str) -> Terminals | None:
        for terminals in self.terminals:
            if terminals.kind == kind and point in terminals.names():
                return terminals
        return None


@dataclass(frozen=True, slots=True)
class ModuleMap:
    """All a module has to know about itself."""

    name: str
    identity_address: int
    identity: tuple[int, ...]  # vendor, product, revision, hash high, hash low
    sense: BlockMap
    actuate: BlockMap | None
    lease_address: int
    lease_ms_low: int
    lease_ms_high: int


def read_profile(name: str) -> ModuleMap:
    """The shipped profile of this name, or the one in a file "….toml". Raises ProfileError."""
    if name.endswith(".toml"):
        return parse_profile(_file(name), name)
    path = resources.files("controller").joinpath("fieldbus", "profiles", f"{name}.toml")
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise ProfileError(f"there is no profile '{name}'")
    return parse_profile(path.read_bytes(), f"{name}.toml")


def parse_profile(content: bytes, source: str) -> ModuleMap:
    """A profile from the bytes of its file. Raises ProfileError with source and reason."""
    try:
        module = _module_map(tomllib.loads(content.decode()), hashlib.sha256(content).digest())
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"{source} does not describe a module: {error!r}") from None
    for label, block in (("sense", module.sense), ("actuate", module.actuate)):
        if block is not None:
            _refuse_overlap(block, f"{source}: {label}")
    return module


def _file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(content) > FILE_BYTES_MAX:
        raise ProfileError(f"{path}: larger than {FILE_BYTES_MAX} bytes, no profile")
    return content


def _refuse_overlap(block: BlockMap, where: str) -> None:
    """Every register of a block belongs to one word or group, and lies within the block."""
    runs = [(f"word.{name}", at // 2, 1) for name, at in block.words.items()]
    for number, group in enumerate(block.terminals):
        length = 1 if group.is_bits else group.count * group.registers
        runs.append((f"group[{number}] ({group.stem})", group.offset, length))
    end, before = 0, "the block's start"
    for owner, offset, length in sorted(runs, key=lambda run: run[1]):
        if offset < end:
            raise ProfileError(f"{where}.{owner}: register {offset} is taken by {before}")
        end, before = offset + length, owner
    if end > block.count:
        raise ProfileError(f"{where}.{before}: ends at register {end}, the block has {block.count}")


def _module_map(table: dict[str, Any], digest: bytes) -> ModuleMap:
    identity = table["identity"]
    actuate = table.get("actuate")
    lease = table.get("lease", {"address": 0, "ms_low": 0, "ms_high": 0})
    return ModuleMap(
        name=table["name"],
        identity_address=identity["address"],
        identity=(
            identity["vendor_id"],
            identity["product_id"],
            identity["revision"],
            int.from_bytes(digest[:2], "big"),
            int.from_bytes(digest[2:4], "big"),
        ),
        sense=_block(table["sense"]),
        actuate=None if actuate is None else _block(actuate),
        lease_address=lease["address"],
        lease_ms_low=lease["ms_low"],
        lease_ms_high=lease["ms_high"],
    )


def _block(table: dict[str, Any]) -> BlockMap:
    return BlockMap(
        address=table["address"],
        count=table["count"],
        words={name: 2 * offset for name, offset in table.get("word", {}).items()},
        terminals=tuple(_terminals(group) for group in table.get("group", ())),
    )


def _terminals(group: dict[str, Any]) -> Terminals:
    code, registers = _SHAPES[group["type"]]
    return Terminals(
        kind=group["kind"],
        stem=group["point"],
        count=group["count"],
        offset=group["offset"],
        code=code,
        registers=registers,
        is_bits=group["type"] == "bits",
        counts_per_unit=float(group.get("counts_per_unit", 1)),
        fault_bit=group.get("fault_bit", -1),
        fault_code=next(iter(group.get("fault_codes", ())), None),
    )
