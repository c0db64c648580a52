"""Device profiles: the register map of a module as data, read from the TOML beside this file.

A profile says what identifies the module, which input registers one batched read fetches,
which holding registers one batched write fills, and what each word means. The hash of the
file is part of the identity, so a module with another map is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from controller.fieldbus.settings import Name, ProfileName
from controller.ports import StationError

_FILE_BYTES_MAX = 65_536

Address = Annotated[int, Meta(ge=0, le=65_535)]
Word = Annotated[int, Meta(ge=0, le=65_535)]
Count = Annotated[int, Meta(ge=1, le=123)]  # what one FC 4 or FC 16 can carry
Offset = Annotated[int, Meta(ge=0, le=122)]
Kind = Literal[
    "analogue_input",
    "analogue_readback",
    "analogue_output",
    "digital_input",
    "digital_readback",
    "digital_output",
]
Face = Literal["modbus", "instrument", "pins"]
# How a device of this face is reached: the keys of its [[device]].
WAYS: dict[Face, tuple[str, ...]] = {
    "modbus": ("host", "serial"),
    "instrument": ("serial",),
    "pins": ("chip",),
}
WORDS = {"int16": 1, "uint16": 1, "int32": 2, "bits": 1}
SENSE_WORDS = ("module_status", "boot_count", "sample_count")


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """Five input registers: vendor, product, revision, profile hash high and low."""

    address: Address
    vendor_id: Word
    product_id: Word
    revision: Word


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one kind that follow each other: `point`_1 .. `point`_`count`."""

    kind: Kind
    point: Name
    count: Annotated[int, Meta(ge=1, le=64)]
    offset: Offset
    type: Literal["int16", "uint16", "int32", "bits"]
    unit: Literal["", "c", "ma", "mm", "a", "bar", "kn", "fraction"] = ""
    counts_per_unit: Annotated[float, Meta(ge=1e-6, le=1e9)] = 1.0
    fault_bit: Annotated[int, Meta(ge=-1, le=31)] = -1
    fault_codes: Annotated[tuple[int, ...], Meta(max_length=8)] = ()

    @property
    def word_count(self) -> int:
        return 1 if self.type == "bits" else self.count * WORDS[self.type]


class Block(Struct, frozen=True, forbid_unknown_fields=True):
    """Registers that travel together in one transaction."""

    address: Address
    count: Count
    word: dict[Name, Offset] = {}
    group: Annotated[tuple[Group, ...], Meta(max_length=32)] = ()


class Lease(Struct, frozen=True, forbid_unknown_fields=True):
    """The holding register with the module's output lease."""

    address: Address
    ms_low: Annotated[int, Meta(ge=1, le=65_535)]
    ms_high: Annotated[int, Meta(ge=1, le=65_535)]


class Instrument(Struct, frozen=True, forbid_unknown_fields=True):
    """An ASCII indicator that talks by itself; its lines are in `indicator_frame`."""

    unit_text: Annotated[str, Meta(pattern=r"^[A-Za-z]{1,4}$")]
    """The unit as its lines write it."""
    silence_ms_max: Annotated[int, Meta(ge=10, le=10_000)]
    """Longer without a good line: it is gone, its reading bad."""


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of module. An instrument and pins have terminals, but no registers."""

    name: ProfileName
    description: str
    sense: Block
    face: Face = "modbus"
    identity: Identity | None = None
    instrument: Instrument | None = None
    actuate: Block | None = None
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One terminal of a module: where its word is and what a count means."""

    name: str
    kind: Kind
    group: Group
    number: int  # from 0 within its group

    @property
    def offset(self) -> int:
        """Of its first word in the block; bits share one word."""
        width = 0 if self.group.type == "bits" else WORDS[self.group.type]
        return self.group.offset + self.number * width


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A profile with its points by name and the identity it must find on the wire."""

    profile: Profile
    sensed: dict[str, Point]
    readbacks: dict[str, Point]
    outputs: dict[str, Point]
    identity: tuple[int, int, int, int, int]

    @property
    def face(self) -> Face:
        return self.profile.face


def load_profile(name: str) -> DeviceProfile:
    """Read a shipped profile. Raises StationError naming the file and what is wrong in it."""
    path = resources.files(__package__).joinpath("profiles", f"{name}.toml")
    if not path.is_file():
        raise StationError(f"profile '{name}': no such profile; there are {', '.join(shipped())}")
    return parse_profile(path.read_bytes(), f"{name}.toml")


def shipped() -> list[str]:
    """Names of the profiles that come with the package."""
    folder = resources.files(__package__).joinpath("profiles")
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith("toml"))


def parse_profile(content: bytes, file: str) -> DeviceProfile:
    """Validate a profile's bytes. Raises StationError with file, field and bound."""
    if len(content) > _FILE_BYTES_MAX:
        raise StationError(f"{file}: {len(content)} bytes, a profile has at most {_FILE_BYTES_MAX}")
    try:
        profile = msgspec.toml.decode(content, type=Profile)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StationError(f"{file}: {error}") from None
    _check_block(profile.sense, "sense", file)
    if profile.actuate is not None:
        _check_block(profile.actuate, "actuate", file)
    if profile.face == "modbus":
        _check_registers(profile, file)
    if (profile.face == "instrument") != (profile.instrument is not None):
        raise StationError(f'{file}: [instrument] and face = "instrument" go together')
    return _index(profile, content)


def _check_registers(profile: Profile, file: str) -> None:
    if profile.identity is None:
        raise StationError(f"{file}: [identity] is missing; a Modbus module is asked who it is")
    for word in SENSE_WORDS:
        if word not in profile.sense.word:
            raise StationError(f"{file}: sense.word.{word} is missing")
    if profile.actuate is not None and (
        profile.lease is None or "lease_lapse_count" not in profile.sense.word
    ):
        raise StationError(f"{file}: a module with outputs needs [lease] and lease_lapse_count")


def _check_block(block: Block, label: str, file: str) -> None:
    """No word twice, none outside the block, every point with a name of its own."""
    for group in block.group:
        if group.type == "bits" and group.count > 16:
            raise StationError(f"{file}: {label}.group {group.point}: a bits word has 16 points")
        if group.fault_bit >= 0 and group.fault_bit + group.count > 32:
            raise StationError(f"{file}: {label}.group {group.point}: fault bits end at 31")
        if sum(other.point == group.point for other in block.group) > 1:
            raise StationError(f"{file}: {label}.group {group.point} is there twice")
    taken: dict[int, str] = {}
    spans = [(f"word.{name}", offset, 1) for name, offset in block.word.items()]
    spans += [(f"group {group.point}", group.offset, group.word_count) for group in block.group]
    for owner, offset, count in spans:
        if offset + count > block.count:
            raise StationError(
                f"{file}: {label}.{owner} ends at offset {offset + count}, "
                f"the block has {block.count} registers"
            )
        for word in range(offset, offset + count):
            if word in taken:
                raise StationError(f"{file}: {label}.{owner} and {taken[word]} share offset {word}")
            taken[word] = owner


def _index(profile: Profile, content: bytes) -> DeviceProfile:
    digest = hashlib.sha256(content).digest()
    identity = profile.identity or Identity(0, 0, 0, 0)
    outputs = _points(profile.actuate) if profile.actuate is not None else {}
    sensed = _points(profile.sense)
    return DeviceProfile(
        profile=profile,
        sensed={n: p for n, p in sensed.items() if p.kind.endswith("input")},
        readbacks={n: p for n, p in sensed.items() if p.kind.endswith("readback")},
        outputs=outputs,
        identity=(
            identity.vendor_id,
            identity.product_id,
            identity.revision,
            int.from_bytes(digest[0:2], "big"),
            int.from_bytes(digest[2:4], "big"),
        ),
    )


def _points(block: Block) -> dict[str, Point]:
    return {
        f"{group.point}_{number + 1}": Point(
            f"{group.point}_{number + 1}", group.kind, group, number
        )
        for group in block.group
        for number in range(group.count)
    }
