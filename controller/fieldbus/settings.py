"""Settings of the wire: which devices, how they are wired, how long an answer may take."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
ProfileName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$")]
SerialPath = Annotated[str, Meta(pattern=r"^/[A-Za-z0-9][A-Za-z0-9._:+/-]{0,199}$")]
LineOffset = Annotated[int, Meta(ge=0, le=1023)]
Parity = Literal["none", "even", "odd"]
SignalName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PointAddress = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,31}$")]

# Signal name -> "device.point", e.g. zone_1_temperature_c = "ai.rtd_1".
Wiring = dict[SignalName, PointAddress]


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """One module on the wire, a `[[device]]` of the station file.

    It hangs on exactly one of: `host` and `port` (Modbus TCP), `serial` (Modbus RTU, or an
    instrument that talks by itself), `chip` (pins of this computer, each named in `pin`).
    `lease_ms` is written to modules with outputs when the station opens: silent for so
    long, the module lets its outputs fall to their safe values by itself. Pins of this
    computer cannot promise that: see `controller.fieldbus.pins`.
    """

    name: Name
    profile: ProfileName
    host: Host | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    unit_id: Annotated[int, Meta(ge=1, le=247)] = 1
    lease_ms: Annotated[int, Meta(ge=20, le=10_000)] = 200
    serial: SerialPath | None = None
    baud: Annotated[int, Meta(ge=1_200, le=4_000_000)] = 115_200
    parity: Parity = "none"
    chip: SerialPath | None = None
    pin: Annotated[dict[Name, LineOffset], Meta(max_length=64)] = {}
    """Terminal -> line of the chip: di_1 = 17."""
    active_low: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
    """Terminals that are on when their line is low."""
    heartbeat_pin: LineOffset | None = None
    """Changes with every output written: feed for a retriggerable relay that owns the power."""

    def __post_init__(self) -> None:
        ways = [self.host is not None, self.serial is not None, self.chip is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of host (with port), serial and chip")
        if (self.host is None) != (self.port is None):
            raise ValueError("host and port go together")
        if self.chip is None and (self.pin or self.active_low or self.heartbeat_pin is not None):
            raise ValueError("pin, active_low and heartbeat_pin belong to a device with chip")

    @property
    def place(self) -> str:
        """Where it is, as people write it."""
        if self.host is not None:
            return f"{self.host}:{self.port}"
        return self.serial or self.chip or ""


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
    serial_cycle: Literal["tick", "free"] = "tick"
    """"tick": every module of a serial line in every tick, for fast lines and for lockstep.
    "free": the line runs at its own pace beside the ticks; a tick takes what came last,
    with its true age, and leaves its outputs for the next turn. 10 ms ticks over 115200
    baud need "free"."""
    serial_reply_ms: Annotated[float, Meta(ge=1, le=1_000)] = 30.0
    """So long a module may think, beside the time its bytes take on the line."""
    serial_gap_ms: Annotated[float, Meta(ge=0.0, le=100.0)] | None = None
    """Silence before each request. Default: 3.5 characters, above 19200 baud 1.75 ms
    (MODBUS over Serial Line V1.02, 2.5.1.1)."""
