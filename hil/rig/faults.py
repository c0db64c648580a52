"""Fault verbs in the rig: what a broken sensor does to its terminal, in counts and on time.

Faults act in the order of their injection, each on what the last one left. Time is rig time
in microseconds and is handed in, chance comes from a seed: the same requests at the same
instants give the same terminals.
"""

from hil.rig.protocol import NO_TERMINAL, NO_VERB, OUT_OF_BOUNDS, TOO_MANY_FAULTS
from hil.rig.terminals import (
    ANALOGUE,
    ANALOGUE_COUNT,
    COUNTS,
    CURRENT,
    INPUT_COUNT,
    INPUT_NUMBER,
    LOOP,
    POSITION,
    PT100,
    TYPE_K,
)

OPEN = None  # the terminal is not driven

# Verb -> bounds of both parameters and whether a switch can have it.
_NONE = (0, 0)
_COUNT = (-(2**31), 2**31 - 1)
_MS = (1, 600_000)
VERBS = (
    ("off", _NONE, _NONE, True),  # driven to zero
    ("stuck", _NONE, _NONE, True),
    ("garbage", _NONE, _NONE, True),
    ("wrong", _COUNT, _NONE, True),  # count, or 0 and 1 of a switch
    ("slow", _MS, _NONE, False),  # first order, time constant in ms
    ("delayed", (1, 1000), _NONE, True),  # ms
    ("intermittent", _MS, (1, 999), True),  # period in ms, open for so many thousandths of it
    ("open", _NONE, _NONE, True),
    ("short", _NONE, _NONE, True),
    ("swap", (0, INPUT_NUMBER + INPUT_COUNT - 1), _NONE, True),  # terminal
    ("scale", (-100_000, 100_000), _NONE, False),  # thousandths
    ("drift", _COUNT, _NONE, False),  # counts a minute
    ("spike", _COUNT, _MS, False),  # counts for one exchange, every so many ms
    ("noise", (1, 2**30), _NONE, False),  # counts either way
)
VERB_NAMES = tuple([verb[0] for verb in VERBS])
FAULT_MAX = 16
_DELAY_MAX = 128  # remembered readings; older than that is the oldest
# 0 ohm; 0 mV, which is the cold junction's temperature; all the loop's supply gives; 0 V.
_SHORTED = {PT100: -5000, TYPE_K: 2500, LOOP: 24000, POSITION: -50000, CURRENT: 0}


def refusal(terminal: int, verb: int, first: int, second: int) -> int:
    """Reason (protocol.REASONS) why this fault cannot be, -1 when it can."""
    is_switch = INPUT_NUMBER <= terminal < INPUT_NUMBER + INPUT_COUNT
    if not is_switch and not 0 <= terminal < ANALOGUE_COUNT:
        return NO_TERMINAL
    if not 0 <= verb < len(VERBS) or (is_switch and not VERBS[verb][3]):
        return NO_VERB
    name, first_bounds, second_bounds, _ = VERBS[verb]
    if not first_bounds[0] <= first <= first_bounds[1]:
        return OUT_OF_BOUNDS
    if not second_bounds[0] <= second <= second_bounds[1]:
        return OUT_OF_BOUNDS
    if name == "wrong" and is_switch and first not in (0, 1):
        return OUT_OF_BOUNDS
    if name == "swap" and not _swappable(terminal, first, is_switch):
        return OUT_OF_BOUNDS
    return -1


def _swappable(terminal: int, other: int, is_switch: bool) -> bool:
    """Only plugs that fit: another terminal of the same kind."""
    if is_switch:
        return other >= INPUT_NUMBER and other != terminal
    return (
        0 <= other < ANALOGUE_COUNT
        and other != terminal
        and ANALOGUE[other][1] == ANALOGUE[terminal][1]
    )


class Fault:
    """One fault under way and what it has to remember."""

    __slots__ = (
        "end_us",
        "first",
        "handle",
        "level",
        "past",
        "second",
        "since_us",
        "terminal",
        "verb",
    )

    def __init__(self, handle: int, terminal: int, verb: int, first: int, second: int) -> None:
        self.handle = handle
        self.terminal = terminal
        self.verb = verb
        self.first = first
        self.second = second
        self.since_us = 0
        self.end_us = -1
        self.level = None  # type: float | None
        self.past = []  # type: list[tuple[int, int | None]]


class Faults:
    """The active faults. `seed` fixes garbage and noise."""

    def __init__(self, seed: int) -> None:
        self._active = []  # type: list[Fault]
        self._handle = 0
        self._noise = seed & 0xFFFFFFFF or 1

    def inject(
        self, terminal: int, verb: int, first: int, second: int, for_us: int, now_us: int
    ) -> int:
        """Handle of the fault, or -1 - reason when it cannot be injected."""
        reason = refusal(terminal, verb, first, second)
        if reason >= 0:
            return -1 - reason
        if len(self._active) >= FAULT_MAX:
            return -1 - TOO_MANY_FAULTS
        self._handle = self._handle % 0xFFFF + 1
        fault = Fault(self._handle, terminal, verb, first, second)
        fault.since_us = now_us
        fault.end_us = now_us + for_us if for_us else -1
        self._active.append(fault)
        return self._handle

    def clear(self, handle: int) -> int:
        """Number of faults ended; handle 0 ends all."""
        before = len(self._active)
        self._active = [f for f in self._active if handle and f.handle != handle]
        return before - len(self._active)

    def expire(self, now_us: int) -> bool:
        """True when a fault has just come to its end."""
        before = len(self._active)
        self._active = [f for f in self._active if f.end_us < 0 or f.end_us > now_us]
        return len(self._active) != before

    def apply(self, counts: "list[int | None]", switches: int, now_us: int) -> int:
        """Change the counts in place; the switches as they then are."""
        for fault in self._active:
            if fault.terminal < INPUT_NUMBER:
                counts[fault.terminal] = self._analogue(fault, counts, now_us)
            else:
                bit = 1 << (fault.terminal - INPUT_NUMBER)
                if VERBS[fault.verb][0] == "swap":
                    switches = _swapped(switches, bit, 1 << (fault.first - INPUT_NUMBER))
                else:
                    on = self._switch(fault, 1 if switches & bit else 0, now_us)
                    switches = switches | bit if on else switches & ~bit
        return switches

    def _random(self, count: int) -> int:
        """xorshift32, 0 .. count - 1."""
        x = self._noise
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._noise = x
        return x % count

    def _analogue(self, fault: Fault, counts: "list[int | None]", now_us: int) -> "int | None":
        name, count = VERBS[fault.verb][0], counts[fault.terminal]
        kind = ANALOGUE[fault.terminal][1]
        low, high = COUNTS[kind]
        if name == "off":  # a passive sensor has nothing to switch off but its wire
            return OPEN if kind in (PT100, TYPE_K) else low
        if name == "short":
            return _SHORTED[kind]
        if name == "garbage":
            return low + self._random(high - low + 1)
        if name == "swap":
            counts[fault.first], count = count, counts[fault.first]
            return count
        if name in ("stuck", "wrong", "delayed", "open", "intermittent"):
            return _held(fault, name, count, now_us)
        if count is None:
            return None
        return self._bent(fault, name, count, now_us)

    def _bent(self, fault: Fault, name: str, count: int, now_us: int) -> int:
        """Verbs that change a reading and do not replace it."""
        if name == "scale":
            return count * fault.first // 1000
        if name == "drift":
            return count + fault.first * ((now_us - fault.since_us) // 1000) // 60_000
        if name == "noise":
            return count + self._random(2 * fault.first + 1) - fault.first
        if name == "spike":
            return count + (fault.first if _spikes(fault, now_us) else 0)
        return _slow(fault, count, now_us)

    def _switch(self, fault: Fault, on: int, now_us: int) -> int:
        name = VERBS[fault.verb][0]
        if name == "off":
            return 0
        if name == "short":
            return 1
        if name == "garbage":
            return self._random(2)
        return _held(fault, name, on, now_us) or 0  # an open contact reads 0


def _swapped(switches: int, one: int, other: int) -> int:
    if bool(switches & one) == bool(switches & other):
        return switches
    return switches ^ one ^ other


def _held(fault: Fault, name: str, count: "int | None", now_us: int) -> "int | None":
    """Verbs that replace a reading, alike for switches."""
    if name == "wrong":
        return fault.first
    if name == "open":
        return OPEN
    if name == "delayed":
        return _delayed(fault, count, now_us)
    if name == "intermittent":
        phase_ms = (now_us - fault.since_us) // 1000 % fault.first
        return OPEN if phase_ms * 1000 < fault.first * fault.second else count
    if not fault.past:
        fault.past.append((now_us, count))
    return fault.past[0][1]


def _delayed(fault: Fault, count: "int | None", now_us: int) -> "int | None":
    past = fault.past
    past.append((now_us, count))
    old_us = now_us - fault.first * 1000
    while len(past) > 1 and (past[1][0] <= old_us or len(past) > _DELAY_MAX):
        past.pop(0)
    return past[0][1]


def _spikes(fault: Fault, now_us: int) -> bool:
    """True in the first exchange of each period."""
    period = (now_us - fault.since_us) // (fault.second * 1000)
    if fault.level == period:
        return False
    fault.level = period
    return True


def _slow(fault: Fault, count: int, now_us: int) -> int:
    level = float(count) if fault.level is None else fault.level
    if fault.past:
        elapsed_ms = (now_us - fault.past[0][0]) * 0.001
        level += (count - level) * elapsed_ms / (fault.first + elapsed_ms)
    fault.past = [(now_us, count)]
    fault.level = level
    return int(level)
