"""What native/kernel/pressure_valve.c finds of the pressure valve, in plain Python, with `==`.

A Kalman filter over (offset bar, slope, play bar) of  full c - p = offset + slope p + side play/2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LOOK_TICKS, NOISE_BAR, DRIFT_RATIO = 10, 0.6, 2e-5
OFFSET_BAR_MAX, SLOPE_MAX = 8.0, 0.15


@dataclass
class Valve:
    full_bar: float
    play_fraction: float
    trim_bar_max: float
    unknown: list[float] = field(default_factory=list)
    covariance: list[list[float]] = field(default_factory=list)
    side: float = 1.0
    turn: float = 0.0
    peak: float = 0.0
    looked: int = 0
    sums: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        play_bar = self.play_fraction * self.full_bar
        self.prior = [0.8 * 0.8, 0.03 * 0.03, (0.35 * play_bar + 0.5) * (0.35 * play_bar + 0.5)]
        self.unknown = [0.0, 0.0, play_bar]
        self.covariance = [[self.prior[i] if i == k else 0.0 for k in range(3)] for i in range(3)]
        self.play_bar_max = 4.0 * play_bar + 0.02 * self.full_bar

    def opening(self, sign: float, bar: float) -> float:
        play = self.unknown[2] / self.full_bar
        return (bar + self.unknown[0] + self.unknown[1] * bar) / self.full_bar + 0.5 * play * sign

    def travel(self, command: float) -> float:
        back = 0.1 * self.play_fraction + 1e-3
        on = self.side * (command - self.peak)
        if on >= 0.0:
            self.peak = command
        elif -on > back:
            self.side, self.turn, self.peak = -self.side, self.peak, command
        return self.side * (command - self.turn)

    def certain_bar(self) -> float:
        sigma = max(self.covariance[2][2], 0.0) ** 0.5 / self.full_bar
        likely = (self.unknown[2] / self.full_bar + 3.0 * sigma) * self.full_bar
        return max(likely, 2.0 * self.play_fraction * self.full_bar)

    def learn(self, p_bar: float, excess_bar: float) -> None:
        x = [1.0, p_bar, 0.5 * self.side]
        cov = self.covariance
        for i in range(3):
            cov[i][i] = min(max(cov[i][i] + DRIFT_RATIO * self.prior[i], 0.0), self.prior[i])
        px, surprise, variance = [], excess_bar, NOISE_BAR * NOISE_BAR
        for i in range(3):
            total = 0.0
            for k in range(3):
                total += cov[i][k] * x[k]
            px.append(total)
            surprise -= x[i] * self.unknown[i]
        for i in range(3):
            variance += x[i] * px[i]
        for i in range(3):
            self.unknown[i] += px[i] / variance * surprise
            for k in range(3):
                cov[i][k] -= px[i] * px[k] / variance
        most = (OFFSET_BAR_MAX, SLOPE_MAX, self.play_bar_max)
        least = (-OFFSET_BAR_MAX, -SLOPE_MAX, 0.0)
        self.unknown = [
            min(max(u, a), b) for u, a, b in zip(self.unknown, least, most, strict=True)
        ]

    def step(
        self, command: float, p_bar: float, rate: float, telling: bool, sign: float, trim: float
    ) -> float:
        """One tick; the trim as it is afterwards. `telling` is all but direction and travel."""
        travel_bar = self.travel(command) * self.full_bar
        if not (telling and rate * self.side > 0.0 and travel_bar > self.certain_bar()):
            self.looked, self.sums = 0, (0.0, 0.0)
            return trim
        self.sums = (
            self.sums[0] + p_bar,
            self.sums[1] + (self.full_bar * command - p_bar),
        )
        self.looked += 1
        if self.looked < LOOK_TICKS:
            return trim
        before = self.opening(sign, p_bar)
        self.learn(self.sums[0] / LOOK_TICKS, self.sums[1] / LOOK_TICKS)
        self.looked, self.sums = 0, (0.0, 0.0)
        trim += self.full_bar * (before - self.opening(sign, p_bar))
        return min(max(trim, -self.trim_bar_max), self.trim_bar_max)
