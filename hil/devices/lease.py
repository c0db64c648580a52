"""An output lease: the promise of a module that silence makes its outputs safe.

Enforced here, on the side that owns the terminals, and on this side's own clock: whatever
becomes of the host, after `timeout_s` without a write the outputs are zero.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class OutputLease:
    """Times are seconds of the module's monotonic clock, always handed in.

    A lease is held from the first write of outputs until it lapses; before the first write
    and after a lapse the outputs are safe and there is nothing to lapse.
    """

    timeout_s: float
    held: bool = False
    renewed_s: float = 0.0
    lapse_count: int = 0

    def renew(self, now_s: float) -> None:
        self.held = True
        self.renewed_s = now_s

    def remaining_s(self, now_s: float) -> float:
        """Until the lapse; 0 or less when it is due."""
        return self.renewed_s + self.timeout_s - now_s

    def lapse_if_due(self, now_s: float) -> bool:
        """True once for every silence: the outputs must be made safe now."""
        if not self.held or self.remaining_s(now_s) > 0:
            return False
        self.held = False
        self.lapse_count += 1
        return True

    def release(self) -> None:
        """The outputs were made safe for another reason, such as a restart."""
        self.held = False
