"""The `[mqtt]` section of a station file, and the station's place in the namespace."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# `$` alone would let a trailing newline through; JSON Schema's regular expressions have no \Z.
_END = r"$(?!\n)"

Host = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9._:-]{{1,253}}{_END}",
        description="Name or address of the broker",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65_535, description="TCP port of the broker")]
ClientId = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_-]{{1,64}}{_END}",
        description="MQTT client identifier, unique on its broker",
    ),
]
Username = Annotated[
    str,
    Meta(pattern=rf"^[A-Za-z0-9@._-]{{0,64}}{_END}", description="Empty: no login"),
]
File = Annotated[
    str,
    Meta(pattern=rf"^[^\x00-\x1f]{{0,1024}}{_END}", description="Path of a file; empty: none"),
]
KeepaliveS = Annotated[int, Meta(ge=5, le=600, description="MQTT keep-alive in s")]
PeriodS = Annotated[
    float, Meta(ge=0.1, le=60.0, description="Between two batches of measurements, in s")
]
StatisticsPeriodS = Annotated[
    float, Meta(ge=1.0, le=300.0, description="Between two statistics messages, in s")
]
TimeoutS = Annotated[float, Meta(ge=0.5, le=60.0, description="Longest wait in s")]
BackoffS = Annotated[float, Meta(ge=0.05, le=300.0, description="Pause before reconnecting, in s")]
CommandVerb = Literal[
    "hold", "restart", "stop", "abort", "reset", "vent", "manual", "automatic", "tune"
]
QueueMax = Annotated[int, Meta(ge=1, le=100_000, description="Entries; beyond, the oldest go")]


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the station reaches its broker, how often it speaks and how much it keeps.

    Raises ValueError (msgspec: ValidationError with the path) for fields that contradict
    each other.
    """

    enabled: bool = True
    host: Host = "127.0.0.1"
    port: Port = 1883
    client_id: ClientId = "hotpress"
    username: Username = ""
    password_file: File = ""
    # "auto" speaks MQTT 5 and falls back to 3.1.1 when the broker will not have it.
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: KeepaliveS = 10
    connect_s_max: TimeoutS = 5.0
    answer_s_max: TimeoutS = 10.0  # a broker silent for longer counts as lost
    reconnect_s_min: BackoffS = 0.5
    reconnect_s_max: BackoffS = 30.0
    period_s: PeriodS = 1.0
    statistics_period_s: StatisticsPeriodS = 5.0
    sample_queue_max: QueueMax = 600
    event_queue_max: QueueMax = 1000
    tls_ca_file: File = ""  # given: TLS, and the broker's certificate is verified against it
    tls_certificate_file: File = ""
    tls_key_file: File = ""
    # What may be asked of the station through this broker; empty: nothing, it does not listen.
    command_verbs: tuple[CommandVerb, ...] = ()

    def __post_init__(self) -> None:
        if self.password_file and not self.username:
            raise ValueError("password_file is given without username; give both or neither")
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError(
                "tls_certificate_file and tls_key_file belong together; give both or neither"
            )
        if self.tls_certificate_file and not self.tls_ca_file:
            raise ValueError("tls_certificate_file needs tls_ca_file, the broker's authority")
        if self.command_verbs and not (self._on_this_host or self._proves_itself):
            raise ValueError(
                f"command_verbs is given and the broker, {self.host}, wants neither login nor "
                "certificate: whoever reaches it could command the station; set username and "
                "password_file, or tls_certificate_file"
            )
        if self.reconnect_s_max < self.reconnect_s_min:
            raise ValueError(
                f"reconnect_s_max {self.reconnect_s_max:g} is below "
                f"reconnect_s_min {self.reconnect_s_min:g}"
            )

    @property
    def _on_this_host(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def _proves_itself(self) -> bool:
        return bool(self.password_file or self.tls_certificate_file)


_PIECE = r"^[A-Za-z0-9_.-]{1,64}" + _END
PathPiece = Annotated[
    str, Meta(pattern=_PIECE, description="One level of the path: letters, digits, - _ and .")
]


class UnsPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The station's ISA-95 place: enterprise/site/area/line/cell.

    Raises ValueError when a piece is empty, longer than 64 characters, or holds anything
    but letters, digits, `-`, `_` and `.`; so never `+`, `#`, `/` or `$`.
    """

    enterprise: PathPiece
    site: PathPiece
    area: PathPiece
    line: PathPiece
    cell: PathPiece

    def __post_init__(self) -> None:
        for level, piece in zip(self.__struct_fields__, self.pieces, strict=True):
            if not re.search(_PIECE, piece):
                raise ValueError(
                    f"{level} is {piece!r}; a piece of the path has 1 to 64 "
                    "letters, digits, '-', '_' or '.'"
                )

    @property
    def pieces(self) -> tuple[str, ...]:
        return msgspec.structs.astuple(self)
