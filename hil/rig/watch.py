"""The rig watches its host and itself. Times are rig time in microseconds, handed in.

Silence: no exchange for longer than agreed. Stall: the rig's own loop stood still, by a
collection of garbage or anything else. After either the terminals are open until the
next exchange.
"""


class Watch:
    """Limits come with ARM; before it there is nothing to watch."""

    def __init__(self) -> None:
        self.silence_count = 0
        self.silence_us = 0  # the last silence when it was noticed
        self.stall_count = 0
        self.loop_us_max = 0
        self.driving = False
        self._silence_us_max = 0
        self._stall_us_max = 0
        self._renewed_us = 0
        self._looped_us = -1

    def arm(self, silence_ms: int, stall_ms: int) -> None:
        self._silence_us_max = silence_ms * 1000
        self._stall_us_max = stall_ms * 1000
        self._looped_us = -1
        self.driving = False

    def renew(self, now_us: int) -> None:
        """A valid exchange came: the terminals are driven."""
        self._renewed_us = now_us
        self.driving = True

    def silent(self, now_us: int) -> bool:
        """True once for every silence: open the terminals now."""
        if not self.driving or now_us - self._renewed_us <= self._silence_us_max:
            return False
        self.driving = False
        self.silence_count += 1
        self.silence_us = now_us - self._renewed_us
        return True

    def stalled(self, now_us: int) -> bool:
        """Called once a loop; True when the last loop took too long."""
        last_us, self._looped_us = self._looped_us, now_us
        if last_us < 0 or self._stall_us_max == 0:
            return False
        took_us = now_us - last_us
        self.loop_us_max = max(self.loop_us_max, took_us)
        if took_us <= self._stall_us_max:
            return False
        self.driving = False
        self.stall_count += 1
        return True
