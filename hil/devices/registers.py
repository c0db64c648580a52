"""One module's registers: blocks of big-endian words that can be read and written in runs."""

from __future__ import annotations

import struct
from collections.abc import Callable

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
_WORD = struct.Struct(">H")


class RefusedError(Exception):
    """Answered with this Modbus exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class Registers:
    """A run of registers with its own bytes. `check` sees a write before it is done."""

    __slots__ = ("_check", "_written", "address", "memory")

    def __init__(
        self,
        address: int,
        count: int,
        check: Callable[[bytes], None] | None = None,
        written: Callable[[], None] | None = None,
    ) -> None:
        self.address = address
        self.memory = bytearray(2 * count)
        self._check = check
        self._written = written

    def word(self, at: int) -> int:
        """The uint16 at this byte offset."""
        return int.from_bytes(self.memory[at : at + 2], "big")

    def put_word(self, at: int, number: int) -> None:
        _WORD.pack_into(self.memory, at, number & 0xFFFF)

    def write(self, at: int, content: bytes) -> None:
        """Replace bytes from this offset, all or none. Raises RefusedError."""
        if self._check is None:
            raise RefusedError(ILLEGAL_ADDRESS)
        after = bytes(self.memory[:at]) + content + bytes(self.memory[at + len(content) :])
        self._check(after)
        self.memory[:] = after
        if self._written is not None:
            self._written()


class Bank:
    """All runs of one table (input or holding). A transaction must lie within one run."""

    def __init__(self, *runs: Registers) -> None:
        self.runs = runs

    def _find(self, address: int, count: int) -> tuple[Registers, int]:
        for run in self.runs:
            at = 2 * (address - run.address)
            if at >= 0 and at + 2 * count <= len(run.memory):
                return run, at
        raise RefusedError(ILLEGAL_ADDRESS)

    def read(self, address: int, count: int) -> bytes:
        run, at = self._find(address, count)
        return bytes(run.memory[at : at + 2 * count])

    def write(self, address: int, content: bytes) -> None:
        run, at = self._find(address, len(content) // 2)
        run.write(at, content)
