"""The library call: any plant object in, a proposal out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.tuning.design import Pid, amigo, simc
from controller.tuning.experiment import Experiment, Limits, TuningError
from controller.tuning.fit import Model, fit_all
from controller.tuning.least_squares import SingularError
from controller.tuning.prediction import Prediction, pid_law, predict, predictive_law
from controller.tuning.proposal import Loop, Predictive, Proposal
from controller.tuning.record import Record

GAIN_MARGIN_MIN, PHASE_MARGIN_MIN = 1.7, 30.0
UNEXPLAINED_SIGMAS, UNEXPLAINED_RATIO = 4.0, 0.04
RESPONSE_RATIO, OBSERVER_RATIO = 4.0 / 15.0, 25.0 / 15.0  # of dead time and lag


class Plant(Protocol):
    """Anything that can be heated: the next `dt_s` with this duty, then its temperature.

    With several zones both are sequences, a number a zone.
    """

    def step(self, duty: Any, dt_s: float) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What the designs are for: a step this high, a law that runs this often."""

    step_k: float = 75.0
    step_s: float = 1.0


def identify(
    plant: Plant,
    limits: Limits | None = None,
    *,
    zones: int = 1,
    dt_s: float = 1.0,
    asked: Asked | None = None,
) -> Proposal:
    """Run the experiment on `plant` and propose a model and controllers for every zone.

    All zones get the same duty. Raises TuningError with the reason. The plant is left at duty 0.
    """
    limits = limits or Limits()
    experiment, records = Experiment(limits), [Record() for _ in range(zones)]
    duty, time_s = 0.0, 0.0
    while not experiment.finished:
        answer = plant.step(duty if zones == 1 else [duty] * zones, dt_s)
        temperatures_c = [float(answer)] if zones == 1 else [float(each) for each in answer]
        duty = experiment.step(sum(temperatures_c) / zones, dt_s)
        for record, temperature_c in zip(records, temperatures_c, strict=True):
            record.add(time_s, duty, temperature_c)
        time_s += dt_s
    if experiment.refusal:
        raise TuningError(experiment.refusal)
    asked = asked or Asked(step_s=dt_s)
    loops = [
        describe(record, record.noise_c(limits.rest_s), experiment.delay_s, zone=zone, asked=asked)
        for zone, record in enumerate(records, start=1)
    ]
    return Proposal(limits=limits, loops=loops)


def describe(record: Record, noise_c: float, delay_s: float, *, zone: int, asked: Asked) -> Loop:
    """Models, designs and predictions of one record. Raises TuningError."""
    try:
        models = fit_all(record, delay_s)
    except SingularError as error:
        raise TuningError(f"zone {zone}: {error}") from None
    _refuse_nonsense(record, models[0], noise_c, zone)
    law_model = next((model for model in models if model.kind != "two_mass"), models[0])
    pids = [simc(law_model, asked.step_s), amigo(law_model, asked.step_s)]
    told: dict[str, Prediction] = {
        pid.rule: predict(
            law_model,
            pid_law(pid, asked.step_s),
            f"pid {pid.rule}",
            step_k=asked.step_k,
            step_s=asked.step_s,
        )
        for pid in pids
    }
    pid = _choose(pids, told)
    predictive = predictive_of(law_model, noise_c)
    return Loop(
        zone=zone,
        data_sha256=record.sha256,
        delay_s=delay_s,
        noise_c=noise_c,
        models=models,
        law_model=law_model,
        pids=pids,
        pid=pid,
        predictive=predictive,
        predictions=[
            *told.values(),
            *_predict_predictive(law_model, pid, predictive, asked),
        ],
    )


def _refuse_nonsense(record: Record, model: Model, noise_c: float, zone: int) -> None:
    rise_k = max(record.temperature_c) - min(record.temperature_c)
    bound_c = max(UNEXPLAINED_SIGMAS * noise_c, UNEXPLAINED_RATIO * rise_k)
    if model.gain_c <= 0.0:
        raise TuningError(f"zone {zone}: falls when it is heated: actuator or sensor reversed")
    if model.residual_c > bound_c:
        raise TuningError(
            f"zone {zone}: no model explains the record (residual {model.residual_c:.2f} K of a "
            f"rise of {rise_k:.1f} K): something else heats or cools, or the actuator sticks"
        )


def _choose(pids: Sequence[Pid], told: Mapping[str, Prediction]) -> Pid:
    """Of those that keep their margins the one whose step is quickest, overshoot counted double;
    when none keeps them, the one with the larger phase margin."""
    safe = [
        pid
        for pid in pids
        if pid.gain_margin_ratio >= GAIN_MARGIN_MIN and pid.phase_margin_deg >= PHASE_MARGIN_MIN
    ]

    def cost(pid: Pid) -> float:
        step = told[pid.rule]
        return step.settle_bound_ratio + 2.0 * step.overshoot_k

    return min(safe, key=cost) if safe else max(pids, key=lambda pid: pid.phase_margin_deg)


def predictive_of(model: Model, noise_c: float) -> Predictive:
    """The law's model and doubts. Two standard deviations, and never less than a drift."""
    delay_s = max(1.0, model.dead_time_s + model.lag_s)
    dead_time_doubt = model.dead_time_s_sigma / max(1.0, model.dead_time_s)
    return Predictive(
        gain_c=model.gain_c,
        time_constant_s=model.time_constant_s,
        lag_s=model.lag_s,
        dead_time_s=model.dead_time_s,
        rest_c=model.rest_c,
        noise_c=max(noise_c, 0.02),
        response_s=RESPONSE_RATIO * delay_s,
        observer_s=OBSERVER_RATIO * delay_s,
        gain_doubt_ratio=min(0.3, max(0.05, 2.0 * model.slope_ratio_sigma)),
        dead_time_doubt_ratio=min(0.3, max(0.05, 2.0 * dead_time_doubt)),
        disturbance_fraction_max=0.5,
        residual_c_max=3.0,
    )


def _predict_predictive(
    model: Model, fallback: Pid, predictive: Predictive, asked: Asked
) -> list[Prediction]:
    fields = {name: getattr(predictive, name) for name in predictive.__struct_fields__}
    law = predictive_law(fields, fallback, asked.step_s)
    if law is None:
        return []
    return [predict(model, law, "predictive", step_k=asked.step_k, step_s=asked.step_s)]
