"""The loop: one pass takes a fraction of a millisecond and waits at most one.

Garbage is collected after each answered request, in the pause before the next, and at no
other time; how long it took is measured and told.
"""

import gc

from hil.rig.rig import Rig

try:
    from typing import Protocol
except ImportError:  # MicroPython
    Protocol = object  # type: ignore[assignment]


class Board(Protocol):
    """What is different between boards, and nothing else."""

    def now_us(self) -> int:
        """Rig time, monotonic, never wrapping."""

    def wait(self) -> bool:
        """Until a byte came or a millisecond went by. False when the line is gone for ever."""

    def read(self) -> bytes: ...

    def write(self, content: bytes) -> None: ...

    def look(self, rig: Rig) -> None:
        """Hand the controller's outputs and their instants to rig.capture."""

    def drive(self, rig: Rig) -> None:
        """Put rig.inputs, rig.open_mask and rig.codes on the terminals."""

    def feed(self) -> None:
        """The loop lives: the front end may stay on."""


def run(board: Board, rig: Rig) -> None:
    """Until the line is gone; on hardware, for ever."""
    gc.collect()
    gc.disable()
    while board.wait():
        board.look(rig)
        reply = rig.receive(board.read(), board.now_us())
        rig.tend(board.now_us())
        if rig.changed:
            rig.changed = False
            board.drive(rig)
        if reply:
            board.write(reply)
            _collect(board, rig)
        board.feed()


def _collect(board: Board, rig: Rig) -> None:
    started_us = board.now_us()
    gc.collect()
    took_us = board.now_us() - started_us
    rig.collect_count += 1
    rig.collect_us_max = max(rig.collect_us_max, took_us)
    if hasattr(gc, "mem_alloc"):
        rig.heap_byte_count = gc.mem_alloc()
