"""Who takes part, and how each is tuned: by a model that is known, or on the plant itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from controller.tuning import Limits, TuningError, identify
from controller.tuning.proposal import Loop
from tools.bench.control.laws import (
    PREDICTIVE,
    HotpressPid,
    HotpressPredictive,
    Law,
    Programme,
    predictive_fields,
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
from tools.bench.control.plants import MakePlant, Model, Plant, Rows, Sensor
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
    refused: bool = False  # `hotpress tune` did, and a step test stood in for it
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

    @cached_property
    def loops(self) -> list[Loop] | None:
        """What `hotpress tune` finds on the plant; None where it refuses."""
        behind = _Behind(self.make(), self.sensors())
        limits = Limits(temperature_c_max=self.target_c)
        try:
            return identify(behind, limits, zones=self.zones, dt_s=STEP_S).loops
        except TuningError:
            self.refused = True
            return None


class _Behind:
    """A plant behind its sensors."""

    def __init__(self, plant: Plant, sensors: Sequence[Sensor]) -> None:
        self._rows = Rows(plant, len(sensors))
        self._sensors = sensors

    def step(self, duty: Any, dt_s: float) -> Any:
        duties = duty if len(self._sensors) > 1 else [duty]
        now_c = self._rows.step(duties, dt_s)
        read_c = [sensor(t) for sensor, t in zip(self._sensors, now_c, strict=True)]
        return read_c if len(read_c) > 1 else read_c[0]


Tuned = Callable[[], list[Law]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """`tune` gives a maker of laws, one a zone, each time fresh; None: not built."""

    key: str
    name: str
    tune: Callable[[Workshop], Tuned] | None
    step_s: float = STEP_S


def _predictive(shop: Workshop) -> Tuned:
    if shop.known is None and shop.loops is not None:
        fields = [msgspec.structs.asdict(loop.predictive) for loop in shop.loops]
    else:
        fields = [predictive_fields(model, shop.doubt_ratio) for model in shop.models]
    return lambda: [HotpressPredictive(each) for each in fields]


def _hotpress_pid(shop: Workshop) -> Tuned:
    if shop.known is None and shop.loops is not None:
        pairs = [_proposed_pid(loop) for loop in shop.loops]
        return lambda: [HotpressPid(model, gains) for model, gains in pairs]
    models = shop.models
    return lambda: [HotpressPid(model) for model in models]


def _proposed_pid(loop: Loop) -> tuple[Model, Gains]:
    found, pid = loop.law_model, loop.pid
    model = Model(found.gain_c, found.time_constant_s, found.dead_time_s, found.lag_s, found.rest_c)
    return model, Gains(pid.kp_per_c, pid.ti_s, pid.td_s)


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
