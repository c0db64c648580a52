"""What the controller does, on the rig's clock: edges with their instants, time on, valve."""

from hil.rig.terminals import OUTPUT_COUNT

EDGE_KEPT_MAX = 64
VALVE_STEP_MV = 50  # a smaller change of the valve's voltage is no edge
_VALVE = OUTPUT_COUNT


class Capture:
    """Bounded: edges nobody fetches are lost, the newest first, and counted."""

    def __init__(self) -> None:
        self.bits = 0
        self.valve_mv = 0
        self.lost_count = 0
        self.edges = []  # type: list[tuple[int, int, int, int]]
        self._valve_edge_mv = 0
        self._on_us = [0] * OUTPUT_COUNT
        self._since_us = [0] * OUTPUT_COUNT

    def levels(self, bits: int, valve_mv: int, at_us: int) -> None:
        """The outputs were so at this instant of rig time."""
        changed = bits ^ self.bits
        self.valve_mv = valve_mv
        if changed:
            for output in range(OUTPUT_COUNT):
                if changed >> output & 1:
                    self._edge(output, bits >> output & 1, at_us)
            self.bits = bits
        if abs(valve_mv - self._valve_edge_mv) >= VALVE_STEP_MV:
            self._keep(_VALVE, 1 if valve_mv > self._valve_edge_mv else 0, at_us)
            self._valve_edge_mv = valve_mv

    def _edge(self, output: int, level: int, at_us: int) -> None:
        if level == 0:
            self._on_us[output] += at_us - self._since_us[output]
        self._since_us[output] = at_us
        self._keep(output, level, at_us)

    def _keep(self, output: int, level: int, at_us: int) -> None:
        if len(self.edges) >= EDGE_KEPT_MAX:
            self.lost_count += 1
        else:
            self.edges.append((output, level, self.valve_mv, at_us))

    def take(self, count_max: int) -> "list[tuple[int, int, int, int]]":
        """Oldest edges: output, level, valve in mV, instant in us."""
        taken = self.edges[:count_max]
        self.edges = self.edges[count_max:]
        return taken

    def on_us(self, now_us: int) -> "list[int]":
        """Time each output was on since boot, modulo 2**32."""
        times = []
        for output in range(OUTPUT_COUNT):
            under_way = now_us - self._since_us[output] if self.bits >> output & 1 else 0
            times.append((self._on_us[output] + under_way) & 0xFFFFFFFF)
        return times
