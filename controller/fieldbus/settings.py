"""Settings of the wire: which devices, how they are wired, how long an answer may take."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
ProfileName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$")]
SignalName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PointAddress = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,31}$")]

# Signal name -> "device.point", e.g. zone_1_temperature_c = "ai.rtd_1".
Wiring = dict[SignalName, PointAddress]


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """One module on the wire, a `[[device]]` of the station file.

    `lease_ms` is written to modules with outputs when the station opens: silent for so
    long, the module lets its outputs fall to their safe values by itself.
    """

    name: Name
    profile: ProfileName
    host: Host
    port: Annotated[int, Meta(ge=1, le=65535)]
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    lease_ms: Annotated[int, Meta(ge=20, le=10_000)] = 200


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the wire may take, the `[link]` of the station file.

    Both budgets of a tick count from its due instant, not from when the loop woke: a late
    tick has less time left, and an output frame past its deadline is not written. With a
    machine in lockstep time stands still within a tick, so give the wall seconds there.
    """

    sense_budget_ms: Annotated[float, Meta(ge=1, le=30_000)] = 5.0
    actuate_budget_ms: Annotated[float, Meta(ge=1, le=30_000)] = 9.0
    reconnect_s_max: Annotated[float, Meta(ge=0.02, le=1.0)] = 1.0
    open_s_max: Annotated[float, Meta(ge=0.1, le=30.0)] = 3.0
