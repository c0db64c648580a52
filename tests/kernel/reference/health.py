"""The signals of native/kernel/health.c in plain Python, with `==`: zones a thermal step at a time,
the oil a tick."""

from __future__ import annotations

from dataclasses import dataclass, field

PULL_S, STAND_S, COOLED_S, GAIN_FORGET_S, GAIN_PRIOR = 20.0, 30.0, 120.0, 1800.0, 5.0
BREAK_HEAT, BREAK_MISSING, REVERSED_MISSING, STUCK_HEAT = 0.15, 0.7, 1.25, 0.25
SCALE, MARGIN_BAR, STAND_PRESSURE_S, FRICTION_S = 0.08, 3.0, 2.0, 5.0


def evidence(stood_s: float, limit_s: float) -> float:
    return min(max(stood_s / limit_s, 0.0), 1.0)


@dataclass
class Zone:
    step_s: float
    power_w: float
    heat_capacity_j_per_k: float
    loss_w_per_k: float
    lag_s: float
    ambient_c: float
    model_c: float | None = None
    heat: float = 0.0
    squares: float = 0.0
    products: float = 0.0
    cooled_s: float = 0.0
    saturated_s: float = 0.0
    stood_s: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("break", "reversed", "stuck_on"), 0.0)
    )

    def step(
        self, measurement_c: float, trusted: bool, duty: float, cooled: bool, demand: float
    ) -> float:
        """The residual; 0 while nothing can be said. `duty` of the ticks since the step before."""
        dt = self.step_s
        self.saturated_s = self.saturated_s + dt if demand >= 0.999 else 0.0
        if cooled:
            self.cooled_s = COOLED_S
        if self.cooled_s > 0.0:
            self.cooled_s -= dt
        if not trusted:
            self.model_c = None
            return 0.0
        if self.model_c is None or self.cooled_s > 0.0:
            self.model_c, self.heat = measurement_c, 0.0
            self.stood_s = dict.fromkeys(self.stood_s, 0.0)
            return 0.0
        loss_w = self.loss_w_per_k * (self.model_c - self.ambient_c)
        share = min(max(dt / (self.lag_s + dt), 0.0), 1.0)
        self.heat += share * (duty - self.heat)
        rise_k = dt * (self.power_w * self.heat - loss_w) / self.heat_capacity_j_per_k
        pull = min(max(dt / PULL_S, 0.0), 1.0)
        self.model_c += rise_k + pull * (measurement_c - self.model_c)
        residual_k = measurement_c - self.model_c
        missing = -residual_k * self.heat_capacity_j_per_k / (PULL_S * self.power_w)
        self._gain(missing)
        self._accuse(missing)
        return residual_k

    def _gain(self, missing: float) -> None:
        keep = 1.0 - min(max(self.step_s / GAIN_FORGET_S, 0.0), 1.0)
        self.squares = keep * self.squares + self.step_s * self.heat * self.heat
        self.products = keep * self.products + self.step_s * self.heat * (self.heat - missing)

    def _accuse(self, missing: float) -> None:
        asked = self.heat >= BREAK_HEAT
        accused = {
            "break": asked and missing > BREAK_MISSING * self.heat,
            "reversed": asked and missing > REVERSED_MISSING * self.heat,
            "stuck_on": -missing > STUCK_HEAT,
        }
        for name, stands in accused.items():
            self.stood_s[name] = self.stood_s[name] + self.step_s if stands else 0.0

    @property
    def gain_ratio(self) -> float:
        return (GAIN_PRIOR + self.products) / (GAIN_PRIOR + self.squares)


@dataclass
class Oil:
    """With the valve as it was commissioned."""

    tick_s: float
    full_bar: float
    play_fraction: float
    deadband_fraction: float
    least_bar: float
    lag_s: float
    model_bar: float = 0.0
    spool: float = 0.0
    broken_s: float = 0.0
    primed: bool = False

    def step(self, command: float, oil_bar: float, follows: bool) -> float:
        half = 0.5 * self.play_fraction
        self.spool = min(max(self.spool, command - half), command + half)
        gives = self.full_bar * self.spool if command >= self.deadband_fraction else 0.0
        gives = max(gives, self.least_bar)
        if not (follows and self.primed):
            self.model_bar = oil_bar
        self.primed = True
        lag_s = 2.0 * self.lag_s + self.tick_s
        self.model_bar += min(max(self.tick_s / lag_s, 0.0), 1.0) * (gives - self.model_bar)
        residual_bar = oil_bar - self.model_bar if follows else 0.0
        allowed = self.play_fraction * self.full_bar + SCALE * max(oil_bar, gives) + MARGIN_BAR
        broken = follows and abs(residual_bar) > allowed
        self.broken_s = self.broken_s + self.tick_s if broken else 0.0
        return residual_bar
