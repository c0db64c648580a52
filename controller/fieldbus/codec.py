"""Blocks of registers into frames and back: everything is worked out once, at construction.

A channel's measurement is `count / counts_per_unit`, the double nearest to the decimal the
module means, so a simulator that quantises the same way agrees to the last bit.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from operator import truediv

from controller.fieldbus.profile import Block, Point
from controller.ports import SensorFrame

_CODES = {"int16": "h", "uint16": "H", "int32": "i", "bits": "H"}
Words = tuple[int, ...]


def layout(block: Block) -> tuple[struct.Struct, dict[int, int]]:
    """The block as one big-endian struct, and offset in registers -> index in its tuple."""
    codes = dict.fromkeys(block.word.values(), ("H", 1))
    for group in block.group:
        width = 2 if group.type == "int32" else 1
        for i in range(1 if group.type == "bits" else group.count):
            codes[group.offset + i * width] = (_CODES[group.type], width)
    index: dict[int, int] = {}
    text, at = ">", 0
    while at < block.count:
        code, width = codes.get(at, ("2x", 1))
        if at in codes:
            index[at] = len(index)
        text += code
        at += width
    return struct.Struct(text), index


class BitMap:
    """Moves a module's bits to the kernel's and back. Pairs of equal distance move together."""

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        """`pairs` are (kernel bit, module bit)."""
        masks: dict[int, int] = {}
        for kernel_bit, module_bit in pairs:
            shift = kernel_bit - module_bit
            masks[shift] = masks.get(shift, 0) | 1 << module_bit
        self._moves = tuple((mask, max(s, 0), max(-s, 0)) for s, mask in masks.items())

    def to_kernel(self, word: int) -> int:
        bits = 0
        for mask, up, down in self._moves:
            bits |= (word & mask) << up >> down
        return bits

    def to_module(self, bits: int) -> int:
        word = 0
        for mask, up, down in self._moves:
            word |= (bits << down >> up) & mask
        return word


def bit_maps(points: list[tuple[int, Point]]) -> list[tuple[int, BitMap]]:
    """One map for each word the points lie in, with the word's offset in its block."""
    words: dict[int, list[tuple[int, int]]] = {}
    for bit, point in points:
        words.setdefault(point.offset, []).append((bit, point.number))
    return [(offset, BitMap(pairs)) for offset, pairs in words.items()]


class ChannelBlock:
    """A module's analogue inputs: from the tuple of its words into the kernel's arrays."""

    def __init__(self, channels: list[tuple[int, Point]], index: dict[int, int]) -> None:
        ordered = sorted(channels)
        self._numbers = [number for number, _ in ordered]
        self._at = [index[point.offset] for _, point in ordered]
        self._codes = [frozenset(point.group.fault_codes) for _, point in ordered]
        self._fault_bits = [_fault_bit(point) for _, point in ordered]
        self._scales = array("d", (point.group.counts_per_unit for _, point in ordered))
        self._count = len(ordered)
        self._fault_mask = sum(set(self._fault_bits))
        self._any_code = frozenset().union(*self._codes)
        self._good = bytes([1]) * self._count
        self._bad = bytes(self._count)
        self._readings = array("d", bytes(8 * self._count))
        self._ok = self._bad
        self._put = self._contiguous() or self._scattered

    def take(self, words: Words, fault_bits: int) -> None:
        counts = [words[i] for i in self._at]
        self._readings = array("d", map(truediv, counts, self._scales))
        if fault_bits & self._fault_mask or not self._any_code.isdisjoint(counts):
            rows = zip(counts, self._codes, self._fault_bits, strict=True)
            self._ok = bytes(c not in codes and not bit & fault_bits for c, codes, bit in rows)
        else:
            self._ok = self._good

    def lose(self) -> None:
        """No readings this tick: the last ones stay, marked bad."""
        self._ok = self._bad

    def put(self, frame: SensorFrame, age_s: float) -> None:
        self._put(frame, array("d", (age_s,)) * self._count)

    def _contiguous(self) -> Callable[[SensorFrame, array[float]], None] | None:
        if not self._numbers or self._numbers[-1] - self._numbers[0] != self._count - 1:
            return None
        span = slice(self._numbers[0], self._numbers[-1] + 1)

        def put(frame: SensorFrame, ages_s: array[float]) -> None:
            frame.reading[span] = self._readings
            frame.reading_age_s[span] = ages_s
            frame.reading_ok[span] = self._ok

        return put

    def _scattered(self, frame: SensorFrame, ages_s: array[float]) -> None:
        for i, number in enumerate(self._numbers):
            span, one = slice(number, number + 1), slice(i, i + 1)
            frame.reading[span] = self._readings[one]
            frame.reading_age_s[span] = ages_s[one]
            frame.reading_ok[span] = self._ok[one]


def _fault_bit(point: Point) -> int:
    return 1 << point.group.fault_bit + point.number if point.group.fault_bit >= 0 else 0


def output_count(fraction: float, counts_per_unit: float) -> int:
    """0..1 as counts; what is not a number in there is the safe 0, not the nearest bound."""
    return round(fraction * counts_per_unit) if 0.0 <= fraction <= 1.0 else 0
