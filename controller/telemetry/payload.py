"""What the messages say: JSON, times in UTC milliseconds, quality as OPC numbers.

One batch a sample and not one topic a signal: a message costs 80 µs of CPU and a reading
inside it less than half a microsecond, so 60 topics at 10 Hz would cost half a tick's
core share for nothing; and a batch is one instant, which separate topics are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from controller.ports import Event, Sample, Signal

GOOD, UNCERTAIN, BAD = 192, 64, 0  # OPC quality of press_quality 0, 1, 2
_OPC = (GOOD, UNCERTAIN, BAD)

Scalar = float | int | str | bool | None

_encode = msgspec.json.Encoder().encode


class Reading(msgspec.Struct):
    """One signal in a batch: `v` the measurement (null when it is no number), `q` the
    quality, `u` the unit."""

    v: float
    q: int
    u: str


class Batch(msgspec.Struct):
    """All signals at one instant: `ts` when they were sensed, `seq` counts batches made."""

    ts: int
    seq: int
    phase: str
    m: dict[str, Reading]


def milliseconds(utc_ns: int) -> int:
    return utc_ns // 1_000_000


class MeasurementEncoder:
    """Makes batches of samples whose values are in the order of `signals`."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._signals = tuple((signal.name, signal.unit, signal.channel) for signal in signals)

    def encode(self, sample: Sample, seq: int) -> bytes:
        """A value that is not finite becomes null with bad quality, whatever was claimed.

        A signal computed by the kernel has no quality byte of its own: it is good when it
        is a number.
        """
        quality, finite = sample.quality, math.isfinite
        readings = {
            name: Reading(
                value,
                (_OPC[quality[channel]] if channel >= 0 else GOOD) if finite(value) else BAD,
                unit,
            )
            for (name, unit, channel), value in zip(self._signals, sample.values, strict=True)
        }
        return _encode(Batch(milliseconds(sample.tick.utc_ns), seq, sample.phase, readings))


def encode_event(event: Event, seq: int) -> bytes:
    return _encode(
        {
            "ts": milliseconds(event.utc_ns),
            "seq": seq,
            "tick": event.tick,
            "kind": event.kind,
            "source": event.source,
            "severity": event.severity,
            "message": event.message,
            "detail": dict(event.detail),
        }
    )


def encode_birth(
    utc_ns: int,
    station: str,
    software_version: str,
    header_sha256: str,
    period_s: float,
    signals: Sequence[Signal],
) -> bytes:
    """What a consumer needs to read the rest: who speaks, and names and units."""
    return _encode(
        {
            "ts": milliseconds(utc_ns),
            "station": station,
            "software": "hotpress",
            "software_version": software_version,
            "header_sha256": header_sha256,
            "period_s": period_s,
            "quality": {"good": GOOD, "uncertain": UNCERTAIN, "bad": BAD},
            "signals": [
                {"name": signal.name, "unit": signal.unit, "measured": signal.channel >= 0}
                for signal in signals
            ],
        }
    )


def encode_state(utc_ns: int, *, online: bool, reason: str, state: Mapping[str, Scalar]) -> bytes:
    """The retained state; `online` false with a `reason` says what to make of its silence."""
    ours = {"ts": milliseconds(utc_ns), "online": online}
    return _encode({**state, **ours, **({"reason": reason} if reason else {})})


def encode_statistics(
    utc_ns: int, loop: Mapping[str, Scalar], telemetry: Mapping[str, Scalar]
) -> bytes:
    return _encode({"ts": milliseconds(utc_ns), "loop": dict(loop), "telemetry": dict(telemetry)})
