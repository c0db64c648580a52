"""The indicators of a machine: devices that talk by themselves, each on a line of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from hil.description import Device, Sensor
from hil.devices.indicator_profile import indicator_kind
from hil.devices.serial_instrument import AsciiIndicator
from hil.devices.serial_line import Acting
from hil.devices.wires import WiringError

_MA_LOW, _MA_HIGH = 3.6, 21.0  # NAMUR NE 43: outside the transmitter has failed


def indicators_of(
    devices: Sequence[Device],
    wiring: Mapping[str, str],
    channels: Sequence[str],
    sensors: Sequence[Sensor],
    readings: Callable[[], Sequence[float]],
    faults: Callable[[str], Sequence[Acting]],
) -> dict[str, AsciiIndicator]:
    """By device name; `faults` tells those of a device.

    Raises WiringError when an indicator is not wired to an analogue input.
    """
    found = {}
    for device in devices:
        kind = indicator_kind(device.profile)
        if kind is None:
            continue
        address = f"{device.name}.{kind.point}"
        signal = next((s for s, a in wiring.items() if a == address), None)
        sensor = next((s for s in sensors if signal in s.points), None)
        if signal is None or signal not in channels or sensor is None:
            raise WiringError(f"device '{device.name}': no instrument is wired to {address}")
        number = channels.index(signal)
        found[device.name] = AsciiIndicator(
            _display(readings, number, sensor), kind.unit_text, partial(faults, device.name)
        )
    return found


def _display(
    readings: Callable[[], Sequence[float]], number: int, sensor: Sensor
) -> Callable[[], float]:
    """What stands on the display: the indicator reads the same transmitter a module would."""
    low, high = sensor.range_low_channel_unit, sensor.range_high_channel_unit

    def of_loop() -> float:
        ma = readings()[number]
        if not _MA_LOW <= ma <= _MA_HIGH:
            return math.nan
        return low + (ma - 4.0) / 16.0 * (high - low)

    return of_loop if sensor.kind == "current_loop" else lambda: readings()[number]
