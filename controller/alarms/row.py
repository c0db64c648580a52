"""What a row says to a person, rationalised by ISA-18.2, and the words for a doubtful channel.

Every row says what it means, why it happens, what follows and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.ports import Severity

Priority = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Row:
    """One alarm or interlock: `severity` when it appears, `priority` among others."""

    severity: Severity
    priority: Priority
    text: str
    cause: str
    consequence: str
    action: str


def trip(priority: Priority, text: str, cause: str, consequence: str, action: str) -> Row:
    """It latches, and takes something away."""
    return Row(Severity.TRIP, priority, text, cause, consequence, action)


def warning(
    text: str, cause: str, consequence: str, action: str, priority: Priority = "low"
) -> Row:
    """Somebody should act, at leisure."""
    return Row(Severity.WARNING, priority, text, cause, consequence, action)


def hold(text: str, cause: str, action: str, consequence: str = "the recipe holds") -> Row:
    """The recipe waits for a person."""
    return Row(Severity.ALARM, "medium", text, cause, consequence, action)


def information(text: str, cause: str, consequence: str, action: str = "none") -> Row:
    """Normal running: nobody has to act."""
    return Row(Severity.INFO, "low", text, cause, consequence, action)


REASONS: tuple[tuple[int, str], ...] = (
    (1, "not fitted"),
    (2, "the device calls it bad"),
    (4, "not a number"),
    (8, "under range"),
    (16, "over range"),
    (32, "saturated"),
    (64, "changes too fast"),
    (128, "too old"),
    (256, "stuck"),
    (512, "disagrees with its partner"),
)
NOT_FITTED = 1


def reasons_in_words(reason_bits: int) -> str:
    words = [text for bit, text in REASONS if reason_bits & bit]
    return ", ".join(words) or "no reason given"
