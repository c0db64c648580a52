"""What faults can touch on a described machine: from its file, its modules and its plant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from controller.ports import SignalNames
from hil.description import Device, Sensor
from hil.devices.indicator_profile import indicator_kind
from hil.devices.profile import ModuleMap, ProfileError, Terminals, read_profile
from hil.faults.model import ANSWERS, PARAMETERS
from hil.faults.reach import Converter, Reach

_COUNTS = {"h": (-(2**15), 2**15 - 1), "H": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1)}
_RTD_SHORT = -(2**15)

# What each face can do to its devices. In process there are no frames to damage.
NEAR_VERBS = frozenset({"off", "open", "stuck", "garbage", "wrong", "delayed", "intermittent"})
NEAR_INDICATOR_VERBS = frozenset({"off", "open", "intermittent"})
NEAR_ANSWERS = frozenset({"exception", "restart", "foreign_write"})
TCP_VERBS = NEAR_VERBS | {"slow"}
TCP_ANSWERS = frozenset(ANSWERS) - {"echo", "foreign"}
RTU_ANSWERS = frozenset(ANSWERS) - {"transaction_id", "reset"}


class DescribedMachine(Protocol):
    """What of a machine file faults need to know."""

    @property
    def sensor(self) -> tuple[Sensor, ...]: ...

    @property
    def device(self) -> tuple[Device, ...]: ...

    @property
    def wiring(self) -> Mapping[str, str]: ...


def reach_of(
    machine: DescribedMachine,
    signals: SignalNames,
    fitted: Collection[str],
    condition_bounds: Mapping[str, tuple[float, float, bool]],
    *,
    in_process: bool,
    line_verbs: Iterable[str] = (),
    line_answers: Iterable[str] = (),
    rig_verbs: Iterable[str] = (),
) -> Reach:
    """`fitted` are the analogue inputs that the machine has. A face with modules is Modbus."""
    terminals = _terminals(machine)
    sensors = {point: sensor for sensor in machine.sensor for point in sensor.points}
    channels = [name for name in signals.channels if name in fitted and name in sensors]
    return Reach(
        signals=signals,
        converter={name: _converter(sensors[name], terminals.get(name)) for name in channels},
        condition=condition_bounds,
        device={
            device.name: frozenset(
                signal
                for signal, address in machine.wiring.items()
                if address.partition(".")[0] == device.name
            )
            for device in machine.device
        },
        indicators=frozenset(
            device.name for device in machine.device if indicator_kind(device.profile) is not None
        ),
        indicator_verbs=NEAR_INDICATOR_VERBS if in_process else frozenset(PARAMETERS["indicator"]),
        device_verbs=NEAR_VERBS if in_process else TCP_VERBS,
        answers=NEAR_ANSWERS if in_process else RTU_ANSWERS if line_verbs else TCP_ANSWERS,
        line_verbs=frozenset(line_verbs),
        line_answers=frozenset(line_answers),
        rig_verbs=frozenset(rig_verbs),
        carries_any_double=in_process,
        face="the in-process face" if in_process else "the Modbus face",
    )


def _terminals(machine: DescribedMachine) -> dict[str, Terminals]:
    """Analogue input terminals by the signal that is wired to them."""
    profiles: dict[str, ModuleMap] = {}
    for device in machine.device:
        try:
            profiles[device.name] = read_profile(device.profile)
        except ProfileError:  # the server says so; in process there is no module to be missed
            continue
    found = {}
    for signal, address in machine.wiring.items():
        name, _, point = address.partition(".")
        if name in profiles:
            terminals = profiles[name].sense.find(point, "analogue_input")
            if terminals is not None:
                found[signal] = terminals
    return found


def _converter(sensor: Sensor, terminals: Terminals | None) -> Converter:
    is_loop = sensor.kind == "current_loop"
    low, high = sensor.range_low_channel_unit, sensor.range_high_channel_unit
    if terminals is None:
        return Converter(is_loop, low, high, sensor.counts_per_unit)
    count_low, count_high = _COUNTS[terminals.code]
    codes = set() if terminals.fault_code is None else {terminals.fault_code}
    if terminals.code == "h":
        codes.add(_RTD_SHORT)
    return Converter(
        is_loop, low, high, terminals.counts_per_unit, count_low, count_high,
        terminals.fault_code, frozenset(codes),
    )  # fmt: skip
