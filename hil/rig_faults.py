"""What happens to the rig itself: power, firmware and line, done to its twin.

R01 to R03 of the fault catalogue, at the point `rig`:

    off     no power: terminals open at once; at the end it boots, with another boot id
    stuck   its firmware stands still: front end and watchdog act; at the end it runs on
    open    its line to the host is cut: it hears nothing and says nothing
    noise   bits of the line flip, either way

A rig that was off or stuck is armed again at the end, as a person at the bench would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hil.faults.bench import Bench
from hil.faults.model import Fault
from hil.rig_verdict import FROZEN, LINE, RESET
from hil.rig_wire import TwinWire

# What the rig will be blamed for by such a fault, and is forgiven for where it is the tested
# one. A line so noisy that nothing can be believed is never forgiven (R01).
BLAMED: Mapping[str, tuple[str, ...]] = {
    "off": (RESET, FROZEN, LINE),
    "stuck": (RESET, FROZEN, LINE),
    "open": (FROZEN, LINE),
    "noise": (),
}
RIG_VERBS = frozenset(BLAMED)


def blamed(faults: Iterable[Fault]) -> frozenset[str]:
    """Causes of objections that these faults explain."""
    return frozenset(c for fault in faults if fault.point == "rig" for c in BLAMED[fault.verb])


class RigFaults:
    """Does to the twin of `wire` what `faults` says, from the injection to its end."""

    def __init__(self, faults: Bench, wire: TwinWire) -> None:
        self._faults = faults
        self._bench, self._twin = wire.bench, wire.twin
        self._acting: frozenset[str] = frozenset()
        faults.listeners.append(self._changed)

    def _changed(self) -> None:
        active = self._faults.of_kind("rig")
        before, now = self._acting, frozenset(a.fault.verb for a in active)
        self._acting = now
        if "off" in now - before:
            self._twin.power_off()
        if "stuck" in now - before and "off" not in now:
            self._twin.freeze()
        if "off" in before - now:
            self._twin.power_on()
        if "stuck" in before - now:
            self._twin.thaw()
        if {"off", "stuck"} & (before - now):
            self._bench.must_arm = True
        ratios = [float(a.parameters.get("bit_error_ratio") or 0.0) for a in active]
        self._twin.port.bit_error_ratio = max(ratios, default=0.0)
        self._twin.port.cut = "open" in now
