"""The C kernel as Python sees it: frames, names and one tick in two calls.

The only importer of `_press`. Names, table rows and layouts come from the header through
cffi's own introspection; nothing about the structs is written here a second time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from controller import _press  # type: ignore[attr-defined]
from controller.ports import Signal, SignalNames
from controller.units import unit_of

ffi = _press.ffi
lib = _press.lib

HEADER_SHA256: str = ffi.string(lib.header_sha256).decode()


def _enum_names(enum: str, prefix: str) -> tuple[str, ...]:
    """Enumerators of a C enum in order of value, without prefix and counter, lower case."""
    by_number = ffi.typeof(f"enum {enum}").elements
    names = (by_number[number] for number in sorted(by_number))
    return tuple(name.removeprefix(prefix).lower() for name in names if not name.endswith("_COUNT"))


SIGNAL_NAMES = SignalNames(
    channels=_enum_names("press_channel", "PRESS_CHANNEL_"),
    digital_inputs=_enum_names("press_input", "PRESS_INPUT_"),
    digital_outputs=_enum_names("press_digital_output", "PRESS_OUTPUT_"),
    analogue_outputs=("valve_open_fraction",),
)
PERMISSIVE_NAMES = _enum_names("press_permissive", "PRESS_PERMISSIVE_")
INTERLOCK_NAMES = _enum_names("press_interlock", "PRESS_INTERLOCK_")
ADVISORY_NAMES = _enum_names("press_advisory", "PRESS_ADVISORY_")
TRIP_NAMES = _enum_names("press_trip", "PRESS_TRIP_")
TRIP_TEXTS = tuple(
    ffi.string(lib.press_trip_text(trip)).decode() for trip in range(len(TRIP_NAMES))
)
ADVISORY_TEXTS = tuple(
    ffi.string(lib.press_advisory_text(row)).decode() for row in range(len(ADVISORY_NAMES))
)
ADVISORY_ACTIONS: tuple[int, ...] = tuple(
    lib.press_advisory_action_bits(row) for row in range(len(ADVISORY_NAMES))
)
"""What each advisory asks of a recipe: bits of enum press_advice."""
INTERLOCK_TEXTS = tuple(
    ffi.string(lib.press_interlock_text(row)).decode() for row in range(len(INTERLOCK_NAMES))
)
PERMISSIVE_TEXTS = tuple(
    ffi.string(lib.press_permissive_text(row)).decode() for row in range(len(PERMISSIVE_NAMES))
)


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


_OBSERVATION = _leading_doubles("press_observation_t")
_OUTPUT = _leading_doubles("press_output_t")
_CHANNEL_COUNT = len(SIGNAL_NAMES.channels)
_BITS = (
    "digital_input_bits",
    "digital_output_bits",
    "trip_bits",
    "interlock_bits",
    "advisory_bits",
)

# Computed signals with a quality of their own: its place behind the channels'.
_COMPUTED_QUALITY = {
    "stack_pressure_mpa": _CHANNEL_COUNT,
    "force_kn": _CHANNEL_COUNT,
    "thickness_mm": _CHANNEL_COUNT + 1,
    "tilt_um": _CHANNEL_COUNT + 1,
    "density_g_per_cm3": _CHANNEL_COUNT + 1,
    "density_g_per_cm3_sigma": _CHANNEL_COUNT + 1,
}

SIGNALS: tuple[Signal, ...] = (
    *(Signal(name, unit_of(name), i) for i, name in enumerate(SIGNAL_NAMES.channels)),
    *(
        Signal(name, unit_of(name), _COMPUTED_QUALITY.get(name, -1))
        for name in (*_OBSERVATION[_CHANNEL_COUNT:], *_OUTPUT, *_BITS)
    ),
)
_OBSERVATION_STRUCT = struct.Struct(f"={len(_OBSERVATION)}d")
_OUTPUT_STRUCT = struct.Struct(f"={len(_OUTPUT)}d")


class KernelConfigError(ValueError):
    """A configuration the kernel refuses; the text names field, bound and what was found."""


def _config(fields: Mapping[str, Any]) -> Any:
    try:
        config = ffi.new("press_config_t *", dict(fields))
    except (KeyError, TypeError, IndexError, OverflowError) as error:
        raise KernelConfigError(
            f"kernel configuration does not fit press_config_t: {error}"
        ) from None
    config.header_version = lib.PRESS_HEADER_VERSION
    fault = ffi.new("press_config_fault_t *")
    if lib.press_config_check(config, fault) != 0:
        where = ffi.string(fault.field).decode() + (f"[{fault.index}]" if fault.index >= 0 else "")
        raise KernelConfigError(
            f"{where} is {fault.found_channel_unit:g}, must be within "
            f"{fault.low_channel_unit:g} .. {fault.high_channel_unit:g}"
        )
    return config


class SensorFrame:
    """The kernel's sensor frame with its arrays as writable views of the same memory."""

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


for _field, _info in ffi.typeof("press_sensor_t").fields:
    if _info.type.kind == "primitive":
        setattr(SensorFrame, _field, _forward(_field))


# Looked up once: a name of the library costs as much as the crossing it starts.
_observe, _act = lib.press_observe, lib.press_act


class Kernel:
    """Config, state and the four frames of one press, and the two halves of its tick.

    `observation`, `command` and `output` are the C structs themselves: attributes by the
    names of press.h, no copy. Raises KernelConfigError when the configuration is refused.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._config = _config(fields)
        self._state = ffi.new("press_state_t *")
        self._sensor = ffi.new("press_sensor_t *")
        self.sensor: Any = SensorFrame(self._sensor)
        self.observation: Any = ffi.new("press_observation_t *")
        self.command: Any = ffi.new("press_command_t *")
        self.output: Any = ffi.new("press_output_t *")
        self._observation_bytes = ffi.buffer(self.observation)
        self._output_bytes = ffi.buffer(self.output)
        self._quality_bytes = ffi.buffer(self.observation.quality)
        lib.press_state_init(self._config, self._state)

    def observe(self) -> None:
        _observe(self._config, self._state, self._sensor, self.observation)

    def act(self) -> None:
        _act(self._config, self._state, self.command, self.output)

    def make_safe(self) -> None:
        """Every output to its safe value, whatever was asked: the frame of the loop's end."""
        ffi.memmove(self.output, ffi.new("press_output_t *"), ffi.sizeof("press_output_t"))

    def sample_values(self) -> tuple[float, ...]:
        """All signals of this tick, in the order of SIGNALS."""
        seen = self.observation
        return (
            *_OBSERVATION_STRUCT.unpack_from(self._observation_bytes),
            *_OUTPUT_STRUCT.unpack_from(self._output_bytes),
            float(seen.digital_input_bits),
            float(self.output.digital_output_bits),
            float(seen.trip_bits),
            float(seen.interlock_bits),
            float(seen.advisory_bits),
        )

    def quality(self) -> bytes:
        """0 good, 1 uncertain, 2 bad: one byte a channel, then of pressure and of thickness."""
        seen = self.observation
        return bytes(self._quality_bytes) + bytes((seen.pressure_quality, seen.thickness_quality))
