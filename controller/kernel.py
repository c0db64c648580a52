"""The C kernel as Python sees it: frames, names and one tick in two calls.

The only importer of `_press`. A class of unit (ISA-88) has one public header: the hot press
press.h, the warm isostatic press isostatic.h. Names, table rows and layouts come from the
headers through cffi's own introspection; nothing about the structs is written here twice.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller import _press  # type: ignore[attr-defined]
from controller.ports import Signal, SignalNames
from controller.units import unit_of

ffi = _press.ffi
lib = _press.lib

HEADER_SHA256: str = ffi.string(lib.header_sha256).decode()

_READBACK = "_readback"
_BITS = (
    "digital_input_bits",
    "digital_output_bits",
    "trip_bits",
    "interlock_bits",
    "advisory_bits",
)


@dataclass(frozen=True, slots=True)
class Rows:
    """One table of the kernel in order of its bits: names, and what each says to a person."""

    names: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitClass:
    """What one public header says of its class of unit."""

    name: str
    """"press" or "wip": the prefix of the header's structs and functions."""
    names: SignalNames
    signals: tuple[Signal, ...]
    permissives: Rows
    interlocks: Rows
    trips: Rows
    advisories: Rows
    advice: tuple[int, ...]
    """What each advisory asks of a recipe: bits of enum press_advice."""
    computed_qualities: tuple[str, ...]
    """Fields of the observation that are qualities of computed signals, behind the channels'."""


def _enum_names(enum: str, prefix: str) -> tuple[str, ...]:
    """Enumerators of a C enum in order of value, without prefix and counter, lower case."""
    by_number = ffi.typeof(f"enum {enum}").elements
    names = (by_number[number] for number in sorted(by_number))
    return tuple(name.removeprefix(prefix).lower() for name in names if not name.endswith("_COUNT"))


def _leading_doubles(struct_name: str) -> tuple[str, ...]:
    """Names of a struct's doubles, which lie first; arrays are numbered after their first word."""
    names: list[str] = []
    for field, info in ffi.typeof(struct_name).fields:
        if info.type.kind == "array" and info.type.item.cname == "double":
            head, tail = field.split("_", 1)
            names += [f"{head}_{i + 1}_{tail}" for i in range(info.type.length)]
        elif info.type.cname == "double":
            names.append(field)
        else:
            return tuple(names)
    return tuple(names)


def _rows(unit: str, table: str) -> Rows:
    names = _enum_names(f"{unit}_{table}", f"{unit.upper()}_{table.upper()}_")
    text = getattr(lib, f"{unit}_{table}_text")
    return Rows(names, tuple(ffi.string(text(row)).decode() for row in range(len(names))))


def _names_of(unit: str) -> SignalNames:
    """Analogue outputs are those that the sensor frame reads back."""
    prefix = unit.upper()
    sensed = ffi.typeof(f"{unit}_sensor_t").fields
    read_back = [field for field, info in sensed if info.type.cname == "double"]
    return SignalNames(
        channels=_enum_names(f"{unit}_channel", f"{prefix}_CHANNEL_"),
        digital_inputs=_enum_names(f"{unit}_input", f"{prefix}_INPUT_"),
        digital_outputs=_enum_names(f"{unit}_digital_output", f"{prefix}_OUTPUT_"),
        analogue_outputs=tuple(
            field.removesuffix(_READBACK) for field in read_back if field.endswith(_READBACK)
        ),
    )


def _unit_class(unit: str, computed: Mapping[str, tuple[str, ...]]) -> UnitClass:
    """`computed`: by quality field, the computed signals it speaks for."""
    names = _names_of(unit)
    count = len(names.channels)
    place = {signal: count + i for i, signals in enumerate(computed.values()) for signal in signals}
    others = (
        *_leading_doubles(f"{unit}_observation_t")[count:],
        *_leading_doubles(f"{unit}_output_t"),
        *_BITS,
    )
    advisories = _rows(unit, "advisory")
    action_bits = getattr(lib, f"{unit}_advisory_action_bits")
    return UnitClass(
        name=unit,
        names=names,
        signals=(
            *(Signal(name, unit_of(name), i) for i, name in enumerate(names.channels)),
            *(Signal(name, unit_of(name), place.get(name, -1)) for name in others),
        ),
        permissives=_rows(unit, "permissive"),
        interlocks=_rows(unit, "interlock"),
        trips=_rows(unit, "trip"),
        advisories=advisories,
        advice=tuple(action_bits(row) for row in range(len(advisories.names))),
        computed_qualities=tuple(computed),
    )


PRESS = _unit_class(
    "press",
    {
        "pressure_quality": ("stack_pressure_mpa", "force_kn"),
        "thickness_quality": (
            "thickness_mm",
            "tilt_um",
            "density_g_per_cm3",
            "density_g_per_cm3_sigma",
        ),
    },
)
WIP = _unit_class(
    "wip",
    {
        "pressure_quality": ("vessel_pressure_mpa", "vessel_pressure_rate_mpa_per_s"),
        "temperature_quality": ("fluid_temperature_c_estimate",),
    },
)
UNIT_CLASSES: Mapping[str, UnitClass] = {unit.name: unit for unit in (PRESS, WIP)}


class KernelConfigError(ValueError):
    """A configuration the kernel refuses; the text names field, bound and what was found."""


def _config(unit: str, fields: Mapping[str, Any]) -> Any:
    try:
        config = ffi.new(f"{unit}_config_t *", dict(fields))
    except (KeyError, TypeError, IndexError, OverflowError) as error:
        raise KernelConfigError(
            f"kernel configuration does not fit {unit}_config_t: {error}"
        ) from None
    config.header_version = getattr(lib, f"{unit.upper()}_HEADER_VERSION")
    fault = ffi.new("press_config_fault_t *")
    if getattr(lib, f"{unit}_config_check")(config, fault) != 0:
        where = ffi.string(fault.field).decode() + (f"[{fault.index}]" if fault.index >= 0 else "")
        raise KernelConfigError(
            f"{where} is {fault.found_channel_unit:g}, must be within "
            f"{fault.low_channel_unit:g} .. {fault.high_channel_unit:g}"
        )
    return config


class SensorFrame:
    """A kernel's sensor frame with its arrays as writable views of the same memory."""

    __slots__ = ("_c", "reading", "reading_age_s", "reading_ok")

    def __init__(self, c: Any) -> None:
        self._c = c
        self.reading = memoryview(ffi.buffer(c.reading_channel_unit)).cast("B").cast("d")
        self.reading_age_s = memoryview(ffi.buffer(c.reading_age_s)).cast("B").cast("d")
        self.reading_ok = memoryview(ffi.buffer(c.reading_ok)).cast("B")


def _forward(field: str) -> property:
    def get(self: SensorFrame) -> Any:
        return getattr(self._c, field)

    def put(self: SensorFrame, number: Any) -> None:
        setattr(self._c, field, number)

    return property(get, put)


def _sensor_frame(unit: str) -> type[SensorFrame]:
    """The frame of one class of unit: every number of its struct by name."""
    fields = ffi.typeof(f"{unit}_sensor_t").fields
    numbers = {name: _forward(name) for name, info in fields if info.type.kind == "primitive"}
    return type(f"{unit.capitalize()}SensorFrame", (SensorFrame,), {"__slots__": (), **numbers})


_SENSOR_FRAME = {unit: _sensor_frame(unit) for unit in UNIT_CLASSES}


class Kernel:
    """Config, state and the four frames of one unit, and the two halves of its tick.

    `observation`, `command` and `output` are the C structs themselves: attributes by the
    names of the unit's header, no copy. Raises KernelConfigError when the configuration is
    refused.
    """

    def __init__(self, unit_class: UnitClass, fields: Mapping[str, Any]) -> None:
        self.unit_class, unit = unit_class, unit_class.name
        self._config = _config(unit, fields)
        self._state = ffi.new(f"{unit}_state_t *")
        self._sensor = ffi.new(f"{unit}_sensor_t *")
        self.sensor: Any = _SENSOR_FRAME[unit](self._sensor)
        self.observation: Any = ffi.new(f"{unit}_observation_t *")
        self.command: Any = ffi.new(f"{unit}_command_t *")
        self.output: Any = ffi.new(f"{unit}_output_t *")
        self._observe: Callable[..., None] = getattr(lib, f"{unit}_observe")
        self._act: Callable[..., None] = getattr(lib, f"{unit}_act")
        self._observation_bytes = ffi.buffer(self.observation)
        self._output_bytes = ffi.buffer(self.output)
        self._quality_bytes = ffi.buffer(self.observation.quality)
        self._observation_doubles = _doubles(f"{unit}_observation_t")
        self._output_doubles = _doubles(f"{unit}_output_t")
        getattr(lib, f"{unit}_state_init")(self._config, self._state)

    def observe(self) -> None:
        self._observe(self._config, self._state, self._sensor, self.observation)

    def act(self) -> None:
        self._act(self._config, self._state, self.command, self.output)

    def make_safe(self) -> None:
        """Every output to its safe value, whatever was asked: the frame of the loop's end."""
        ffi.memmove(self.output, bytes(len(self._output_bytes)), len(self._output_bytes))

    def sample_values(self) -> tuple[float, ...]:
        """All signals of this tick, in the order of the unit's `signals`."""
        seen = self.observation
        return (
            *self._observation_doubles.unpack_from(self._observation_bytes),
            *self._output_doubles.unpack_from(self._output_bytes),
            float(seen.digital_input_bits),
            float(self.output.digital_output_bits),
            float(seen.trip_bits),
            float(seen.interlock_bits),
            float(seen.advisory_bits),
        )

    def quality(self) -> bytes:
        """0 good, 1 uncertain, 2 bad: one byte a channel, then of the computed qualities."""
        seen = self.observation
        computed = (getattr(seen, field) for field in self.unit_class.computed_qualities)
        return bytes(self._quality_bytes) + bytes(computed)


def _doubles(struct_name: str) -> struct.Struct:
    return struct.Struct(f"={len(_leading_doubles(struct_name))}d")
