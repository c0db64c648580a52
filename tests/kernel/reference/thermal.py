"""The zones of native/kernel/thermal.c in plain Python, one tick at a time, equal with `==`.

The setpoint ramp has a reference of its own, so here its state comes in as three numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from reference.pid import Gains, Pid

AIR_SHARE, HOLDBACK_RELEASE_RATIO = 0.25, 0.5


class Ramp(NamedTuple):
    position: float
    velocity: float
    acceleration: float


@dataclass(frozen=True)
class Zone:
    kp_per_c: float
    ti_s: float
    td_s: float
    filter_s: float
    setpoint_weight_ratio: float
    tracking_s: float
    power_w: float
    heat_capacity_j_per_k: float
    loss_w_per_k: float
    lag_s: float
    cooling_w_per_k: float
    platen: int


@dataclass(frozen=True)
class Machine:
    zones: tuple[Zone, ...]
    tick_s: float
    thermal_ticks: int
    window_ticks: int
    resolution_ticks: int
    ambient_c: float
    steam_limit_c: float


@dataclass(frozen=True)
class Seen:
    """What the tick's observation says."""

    zone_c: tuple[float, ...]
    usable: tuple[bool, ...]
    water_c: float
    heaters_taken: bool


@dataclass(frozen=True)
class Ask:
    heat: bool
    cooling: int  # 0 off, 1 air, 2 water
    holdback_k: float
    target_c: float
    duty_max: float = 1.0


@dataclass
class Window:
    elapsed: int = 0
    on: int = 0
    planned: int = 0
    carry: float = 0.0
    duty: float = 0.0
    achieved: float = 0.0
    obeyed: bool = True

    def plan(self, duty: float, ticks: int, step: int, most: int) -> None:
        """On-ticks in whole steps; what does not fit is owed to the next window."""
        wanted = duty * ticks + self.carry
        self.planned = min(int(wanted / step) * step, most) if wanted > 0.0 else 0
        self.carry = min(max(wanted - self.planned, 0.0), float(step))


def lagged(ramp: Ramp, lag_s: float) -> float:
    return ramp.position - lag_s * (ramp.velocity - 0.5 * lag_s * ramp.acceleration)


@dataclass
class Thermal:
    machine: Machine
    pids: list[Pid] = field(init=False)
    demands: list[float] = field(init=False)
    windows: list[Window] = field(init=False)
    cooling: list[Window] = field(init=False)
    held: bool = False
    regulating: bool = False
    countdown: int = 0

    def __post_init__(self) -> None:
        count = len(self.machine.zones)
        stagger = self.machine.window_ticks // count
        self.pids = [Pid() for _ in range(count)]
        self.demands = [0.0] * count
        self.windows = [Window(elapsed=i * stagger) for i in range(count)]
        self.cooling = [Window(), Window()]

    def hold(self, seen: Seen, ask: Ask, ramp: Ramp) -> bool:
        """Decides the holdback with the ramp as it stands before the tick."""
        regulating = self._heats(seen, ask) or ask.cooling > 0
        was_held = self.held and self.regulating
        self.held = False
        if not regulating or ask.holdback_k <= 0.0:
            return False
        if not self.regulating:
            ramp = Ramp(self._median(seen), 0.0, 0.0)
        sense = 1.0 if ask.target_c >= ramp.position else -1.0
        errors = [
            sense * (lagged(ramp, zone.lag_s) - seen.zone_c[i])
            for i, zone in enumerate(self.machine.zones)
            if seen.usable[i]
        ]
        limit = HOLDBACK_RELEASE_RATIO * ask.holdback_k if was_held else ask.holdback_k
        self.held = max([0.0, *errors]) > limit
        return self.held

    def step(
        self, seen: Seen, ask: Ask, ramp: Ramp, ssr_before: list[bool]
    ) -> tuple[list[bool], set[str]]:
        """SSR of every zone, and which cooling valves are open."""
        heat = self._heats(seen, ask)
        self.regulating = heat or ask.cooling > 0
        if not self.regulating:
            self.countdown = 0
            for i, pid in enumerate(self.pids):
                pid.primed, self.demands[i] = False, 0.0
        else:
            if self.countdown == 0:
                for i in range(len(self.pids)):
                    self._law(i, seen, ask, ramp, heat)
                self.countdown = self.machine.thermal_ticks
            self.countdown -= 1
        ssr = [self._heater(i, seen, ask, heat, ssr_before[i]) for i in range(len(self.pids))]
        return ssr, self._cool(seen, ask)

    def _heats(self, seen: Seen, ask: Ask) -> bool:
        return ask.heat and 0.0 <= ask.duty_max <= 1.0 and not seen.heaters_taken

    def _most(self, ask: Ask) -> int:
        """On-ticks of a window under the limit, in whole steps."""
        ticks, step = self.machine.window_ticks, self.machine.resolution_ticks
        return ticks if ask.duty_max == 1.0 else int(ask.duty_max * ticks / step) * step

    def _median(self, seen: Seen) -> float:
        good = sorted(c for c, usable in zip(seen.zone_c, seen.usable, strict=True) if usable)
        good = good or sorted(seen.zone_c)
        return 0.5 * (good[(len(good) - 1) // 2] + good[len(good) // 2])

    def _air(self, seen: Seen, ask: Ask, platen: int) -> bool:
        hottest = max(
            c
            for c, zone in zip(seen.zone_c, self.machine.zones, strict=True)
            if zone.platen == platen
        )
        return ask.cooling == 1 or hottest > self.machine.steam_limit_c

    def _cooling_w(self, index: int, seen: Seen, air: bool) -> float:
        span = max(seen.zone_c[index] - seen.water_c, 1.0)
        return self.machine.zones[index].cooling_w_per_k * (AIR_SHARE if air else 1.0) * span

    def _law(self, index: int, seen: Seen, ask: Ask, ramp: Ramp, heat: bool) -> None:
        zone, pid, window = self.machine.zones[index], self.pids[index], self.windows[index]
        if not seen.usable[index]:
            pid.primed, self.demands[index] = False, 0.0
            return
        low = 0.0
        if ask.cooling > 0:
            low = -self._cooling_w(index, seen, self._air(seen, ask, zone.platen)) / zone.power_w
        high = self._most(ask) / self.machine.window_ticks if heat else 0.0
        rate = ramp.velocity - zone.lag_s * ramp.acceleration
        ahead = (
            zone.heat_capacity_j_per_k * ramp.velocity
            + zone.loss_w_per_k * (ramp.position - self.machine.ambient_c)
        ) / zone.power_w + zone.kp_per_c * zone.td_s * rate
        achieved = pid.output if pid.primed else ahead
        if not window.obeyed:
            achieved = min(achieved, window.achieved)
        gains = Gains(
            zone.kp_per_c, zone.ti_s, zone.td_s, zone.filter_s, zone.setpoint_weight_ratio,
            zone.tracking_s, low, high,
        )  # fmt: skip
        self.demands[index] = pid.step(
            gains,
            lagged(ramp, zone.lag_s),
            seen.zone_c[index],
            ahead,
            min(max(achieved, low), high),
            self.machine.tick_s * self.machine.thermal_ticks,
        )

    def _heater(self, index: int, seen: Seen, ask: Ask, heat: bool, was_on: bool) -> bool:
        window, ticks = self.windows[index], self.machine.window_ticks
        window.on += was_on
        if window.elapsed >= ticks:
            window.achieved = window.on / ticks
            window.obeyed = window.on == window.planned
            window.elapsed = window.on = 0
            most = self._most(ask) if heat else 0
            window.duty = min(max(self.demands[index], 0.0), most / ticks)
            window.carry = window.carry if heat else 0.0
            window.plan(window.duty, ticks, self.machine.resolution_ticks, most)
        on = heat and seen.usable[index] and window.elapsed < window.planned
        window.elapsed += 1
        return on

    def _cool(self, seen: Seen, ask: Ask) -> set[str]:
        valves: set[str] = set()
        for platen, window in enumerate(self.cooling):
            air = self._air(seen, ask, platen)
            if begins := window.elapsed >= self.machine.window_ticks:
                window.elapsed = 0
            if ask.cooling == 0:
                window.planned, window.carry = 0, 0.0
            elif begins:
                pulse = max(self.machine.window_ticks // 10, 1)
                ticks = self.machine.window_ticks
                window.plan(self._cooling_duty(platen, seen, air), ticks, pulse, ticks)
            if window.elapsed < window.planned:
                valves.add("air" if air else ("water_top", "water_bottom")[platen])
            window.elapsed += 1
        return valves

    def _cooling_duty(self, platen: int, seen: Seen, air: bool) -> float:
        wanted = possible = 0.0
        for i, zone in enumerate(self.machine.zones):
            if zone.platen == platen and seen.usable[i]:
                wanted -= self.demands[i] * zone.power_w
                possible += self._cooling_w(i, seen, air)
        return min(max(wanted / possible, 0.0), 1.0) if possible > 0.0 else 0.0
