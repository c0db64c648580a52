"""Who takes part, and how each is tuned: by a model that is known, or on the plant itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tools.bench.control.laws import (
    PREDICTIVE,
    HotpressPid,
    HotpressPredictive,
    Law,
    Programme,
)
from tools.bench.control.peers import (
    KILN_SHIPPED,
    KLIPPER_STEP_S,
    KilnWindowPid,
    KlipperPid,
    SimplePid,
    better_on_measurement,
    kiln_gains,
    relay_gains,
)
from tools.bench.control.plants import MakePlant, Model, Sensor
from tools.bench.control.trial import Rig
from tools.bench.control.tuning import Gains, amigo, fit, simc, step_test

STEP_S = 0.5
_TRIAL_S = 2500.0


@dataclass
class Workshop:
    """The plant a contestant is tuned on. Models: given, or fitted to a step test of it."""

    make: MakePlant
    target_c: float
    seed: int
    zones: int = 1
    known: Sequence[Model] | None = None
    noise: tuple[float, float] = (0.05, 0.1)
    doubt_ratio: float = 0.15
    _sensors_used: int = field(default=0, repr=False)

    def sensors(self) -> list[Sensor]:
        """New ones, with noise that nobody has seen before."""
        self._sensors_used += 1
        first = 1_000_003 * self.seed + 1009 * self._sensors_used
        return [Sensor(first + zone, *self.noise) for zone in range(self.zones)]

    @cached_property
    def models(self) -> list[Model]:
        if self.known is not None:
            return list(self.known)
        time_s, readings = step_test(self.make, self.sensors(), self.target_c)
        return [fit(time_s, reading_c) for reading_c in readings]


Tuned = Callable[[], list[Law]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """`tune` gives a maker of laws, one a zone, each time fresh; None: not built."""

    key: str
    name: str
    tune: Callable[[Workshop], Tuned] | None
    step_s: float = STEP_S


def _predictive(shop: Workshop) -> Tuned:
    models, doubt = shop.models, shop.doubt_ratio
    return lambda: [HotpressPredictive(model, doubt) for model in models]


def _hotpress_pid(shop: Workshop) -> Tuned:
    models = shop.models
    return lambda: [HotpressPid(model) for model in models]


def _simple_pid(rule: Callable[[Model], Gains]) -> Callable[[Workshop], Tuned]:
    def tune(shop: Workshop) -> Tuned:
        gains = [rule(model) for model in shop.models]
        on_measurement = [
            better_on_measurement(g, m, shop.target_c)
            for g, m in zip(gains, shop.models, strict=True)
        ]
        pairs = list(zip(gains, on_measurement, strict=True))
        return lambda: [SimplePid(g, on) for g, on in pairs]

    return tune


def _klipper(shop: Workshop) -> Tuned:
    gains, _ = relay_gains(shop.make, shop.sensors(), shop.target_c)
    return lambda: [KlipperPid(g) for g in gains]


def _kiln(shop: Workshop) -> Tuned:
    """The tuner's gains or the shipped ones: those that settle sooner when tried on the plant."""
    tuned = kiln_gains(shop.make, shop.sensors(), shop.target_c)
    options = (tuned, [KILN_SHIPPED] * shop.zones)
    best = min(options, key=lambda gains: _tried(shop, [KilnWindowPid(g) for g in gains]))
    return lambda: [KilnWindowPid(g) for g in best]


def _tried(shop: Workshop, laws: list[Law]) -> tuple[float, float]:
    rig = Rig(shop.make(), shop.sensors(), laws, STEP_S)
    rig.begin(Programme(shop.target_c))
    course = rig.run(_TRIAL_S)
    return course.settle_s(), course.iae_c_s()


CONTESTANTS = (
    Contestant("hotpress", "hotpress predictive", _predictive if PREDICTIVE else None),
    Contestant("hotpress_pid", "hotpress PID", _hotpress_pid),
    Contestant("simc", "simple-pid SIMC", _simple_pid(simc)),
    Contestant("amigo", "simple-pid AMIGO", _simple_pid(amigo)),
    Contestant("klipper", "Klipper-style PID, own relay", _klipper, KLIPPER_STEP_S),
    Contestant("kiln", "kiln-controller window PID", _kiln),
)
