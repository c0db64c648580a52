"""What tuning proposes: models, designs, predictions and the changes of a station file.

A proposal is a file of its own (JSON, versioned), kept beside the data it was made from. It
changes nothing until a person applies it, and holds what it replaced.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from controller.tuning.design import Pid
from controller.tuning.experiment import Limits, TuningError
from controller.tuning.fit import Model
from controller.tuning.prediction import Prediction
from controller.tuning.valve import ValveFit

FORMAT = 1
BYTES_MAX = 4_000_000


class Predictive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Model and doubts for the predictive law, by the names of press_predictive_config_t."""

    gain_c: float
    time_constant_s: float
    lag_s: float
    dead_time_s: float
    rest_c: float
    noise_c: float
    response_s: float
    observer_s: float
    gain_doubt_ratio: float
    dead_time_doubt_ratio: float
    disturbance_fraction_max: float
    residual_c_max: float


class Loop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One heater zone."""

    zone: Annotated[int, Meta(ge=1, le=64)]
    data_sha256: str
    delay_s: float
    """From the first duty to the first rise that was seen."""
    noise_c: float
    models: Annotated[list[Model], Meta(min_length=1, max_length=3)]
    """Best first, by the information criterion."""
    law_model: Model
    """The best of those without a zero: what PID and predictive law are designed on."""
    pids: list[Pid]
    pid: Pid
    """The one proposed."""
    predictive: Predictive
    predictions: list[Prediction]


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of the station file."""

    table: Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z")]
    index: Annotated[int, Meta(ge=0, le=63)] | None
    """In an array of tables; None for a plain table."""
    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
    old: float
    new: float
    old_text: Annotated[str, Meta(pattern=r"^[-+0-9.eE_]{0,32}\Z")] = ""
    """As the file writes it; empty when the file leaves it to its default."""

    @property
    def path(self) -> str:
        where = self.table if self.index is None else f"{self.table}[{self.index}]"
        return f"{where}.{self.key}"


class Proposal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal[1] = 1
    software_version: str = ""
    created_utc: str = ""
    station: str = ""
    station_sha256: str = ""
    machine: str = ""
    limits: Limits | None = None
    loops: list[Loop] = []
    valve: ValveFit | None = None
    changes: list[Change] = []

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def decode(content: bytes) -> Proposal:
    """A proposal from its file. Raises TuningError when it is none of this version."""
    if len(content) > BYTES_MAX:
        raise TuningError(f"a proposal has at most {BYTES_MAX} bytes, this has {len(content)}")
    try:
        raw: Any = msgspec.json.decode(content)
        if isinstance(raw, dict) and raw.get("format") not in (None, FORMAT):
            raise TuningError(
                f"format {raw['format']!r} of a proposal is not known here (known: {FORMAT}); "
                "tune again"
            )
        return msgspec.convert(raw, Proposal)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TuningError(f"not a proposal of this version: {error}") from None


def zone_changes(
    loop: Loop, settings: dict[str, float], *, index: int, keys: frozenset[str]
) -> list[Change]:
    """What the zone's table would get; `settings` are its numbers now, with power_w.

    Heat capacity and loss follow from the model and the heater's power: C = P tau / gain.
    """
    model, power_w = loop.law_model, settings["power_w"]
    fields = {
        "kp_per_c": loop.pid.kp_per_c,
        "ti_s": loop.pid.ti_s,
        "td_s": loop.pid.td_s,
        "filter_s": loop.pid.filter_s,
        "tracking_s": loop.pid.tracking_s,
        "heat_capacity_j_per_k": power_w * model.time_constant_s / model.gain_c,
        "loss_w_per_k": power_w / model.gain_c,
        "lag_s": model.lag_s + model.dead_time_s,
        "dead_time_s": model.dead_time_s,
        "heater_lag_s": model.lag_s,
        "response_s": loop.predictive.response_s,
        "observer_s": loop.predictive.observer_s,
    }
    return [
        Change(table="zone", index=index, key=key, old=settings[key], new=_rounded(number))
        for key, number in fields.items()
        if key in keys and key in settings
    ]


def _rounded(number: float) -> float:
    """Four significant figures: more would promise what was not measured."""
    return float(f"{number:.4g}")
