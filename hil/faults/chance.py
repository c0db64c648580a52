"""Chance as a function: of seed, injection and tick, not of how often anybody looked.

splitmix64's finaliser over whole numbers, so a run is the same on every CPU.
"""

from __future__ import annotations

_MASK = 2**64 - 1


def mixed(*numbers: int) -> int:
    """64 well mixed bits of these whole numbers in this order."""
    z = 0
    for number in numbers:
        z = (z + 0x9E3779B97F4A7C15 + (number & _MASK)) & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        z ^= z >> 31
    return z


def uniform(*numbers: int) -> float:
    """Within 0 <= u < 1."""
    return (mixed(*numbers) >> 11) * 2.0**-53


def normal(*numbers: int) -> float:
    """Sigma 1, never beyond +-6: twelve uniform numbers, added."""
    total = 0
    for part in range(3):
        bits = mixed(*numbers, part)
        total += (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (total + 6) / 65536.0 - 6.0
