"""Which signal hangs on which terminal, checked once, before anything is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from controller.fieldbus.profile import WAYS, DeviceProfile, Point, load_profile
from controller.fieldbus.settings import Device
from controller.ports import SignalNames, StationError


@dataclass(slots=True)
class Wired:
    """One device with the signals on its terminals; numbers are those of the kernel's frames."""

    device: Device
    profile: DeviceProfile
    channels: list[tuple[int, Point]] = field(default_factory=list)
    digital_inputs: list[tuple[int, Point]] = field(default_factory=list)
    digital_outputs: list[tuple[int, Point]] = field(default_factory=list)
    analogue_outputs: list[tuple[str, Point]] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        return bool(self.digital_outputs or self.analogue_outputs)


def resolve(
    devices: Iterable[Device],
    wiring: Mapping[str, str],
    signals: SignalNames,
    not_fitted: Collection[str] = (),
) -> list[Wired]:
    """Every device of use, in the order given. Raises StationError naming field and remedy.

    Signals in `not_fitted` may be left unwired; all others must hang on a terminal.
    """
    wired = _devices(devices)
    owners: dict[str, str] = {}
    known = {
        **{name: ("channels", i) for i, name in enumerate(signals.channels)},
        **{name: ("digital_inputs", i) for i, name in enumerate(signals.digital_inputs)},
        **{name: ("digital_outputs", i) for i, name in enumerate(signals.digital_outputs)},
        **{name: ("analogue_outputs", i) for i, name in enumerate(signals.analogue_outputs)},
    }
    for signal, address in wiring.items():
        if signal not in known:
            raise StationError(f"wiring.{signal}: the kernel has no such signal")
        if address in owners:
            raise StationError(
                f"wiring.{signal}: {address} is already wired to {owners[address]}; "
                "a terminal carries one signal"
            )
        owners[address] = signal
        _attach(signal, address, *known[signal], wired)
    missing = [name for name in known if name not in wiring and name not in not_fitted]
    if missing:
        raise StationError(f"wiring.{missing[0]} is missing: {len(missing)} signal(s) not wired")
    idle = [
        w.device.name for w in wired.values() if not (w.channels or w.digital_inputs or w.writes)
    ]
    if idle:
        raise StationError(f"device '{idle[0]}': no signal is wired to it; remove it or wire it")
    return list(wired.values())


def _devices(devices: Iterable[Device]) -> dict[str, Wired]:
    wired: dict[str, Wired] = {}
    places: dict[tuple[str, int], str] = {}
    for device in devices:
        place = (device.place, device.unit_id)
        if device.name in wired:
            raise StationError(f"device '{device.name}' is there twice")
        if place in places:
            raise StationError(
                f"device '{device.name}': {device.place} unit {device.unit_id} "
                f"is already '{places[place]}'"
            )
        places[place] = device.name
        profile = load_profile(device.profile)
        if way(device) not in WAYS[profile.face]:
            raise StationError(
                f"device '{device.name}': {device.profile} is reached by "
                f"{' or '.join(WAYS[profile.face])}, not by {way(device)}"
            )
        lease = profile.profile.lease
        if lease is not None and not lease.ms_low <= device.lease_ms <= lease.ms_high:
            raise StationError(
                f"device '{device.name}': lease_ms is {device.lease_ms}, "
                f"{device.profile} takes {lease.ms_low} .. {lease.ms_high}"
            )
        wired[device.name] = Wired(device, profile)
    if not wired:
        raise StationError("device: a station needs at least one [[device]]")
    _check_lines([w for w in wired.values() if w.device.serial is not None])
    return wired


def way(device: Device) -> str:
    """The key of a [[device]] that says how it is reached."""
    if device.host is not None:
        return "host"
    return "serial" if device.serial is not None else "chip"


def _check_lines(serial: list[Wired]) -> None:
    """Modules of one line speak at one speed; an instrument that talks by itself is alone."""
    first: dict[str, Wired] = {}
    for wired in serial:
        device = wired.device
        other = first.setdefault(device.place, wired)
        if other is wired:
            continue
        if (device.baud, device.parity) != (other.device.baud, other.device.parity):
            raise StationError(
                f"device '{device.name}': baud and parity differ from those of "
                f"'{other.device.name}' on the same line {device.place}"
            )
        if "instrument" in (wired.profile.face, other.profile.face):
            raise StationError(
                f"device '{device.name}': {device.place} is already '{other.device.name}'; "
                "an instrument that talks by itself has its line alone"
            )


def _attach(signal: str, address: str, family: str, number: int, wired: dict[str, Wired]) -> None:
    device_name, _, point_name = address.partition(".")
    if device_name not in wired:
        raise StationError(
            f"wiring.{signal} = \"{address}\": no [[device]] is named '{device_name}'; "
            f"there are {', '.join(wired)}"
        )
    target = wired[device_name]
    profile = target.profile
    points = profile.outputs if family.endswith("outputs") else profile.sensed
    point = points.get(point_name)
    kind = {
        "channels": "analogue_input",
        "digital_inputs": "digital_input",
        "digital_outputs": "digital_output",
        "analogue_outputs": "analogue_output",
    }[family]
    where = f'wiring.{signal} = "{address}"'
    if point is None or point.kind != kind:
        fitting = [p.name for p in points.values() if p.kind == kind]
        terminals = f"{fitting[0]} .. {fitting[-1]}" if fitting else "none"
        raise StationError(
            f"{where}: {profile.profile.name} has no {kind.replace('_', ' ')} '{point_name}'; "
            f"it has {terminals}"
        )
    unit = point.group.unit
    if family == "channels" and unit != "ma" and not signal.endswith(f"_{unit}"):
        raise StationError(f"{where}: the terminal reads '{unit}', not the signal's unit")
    entry = signal if family == "analogue_outputs" else number
    getattr(target, family).append((entry, point))
