"""From wired devices to endpoints: one a socket, one a serial line, one a chip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from controller.fieldbus.endpoint import TcpEndpoint
from controller.fieldbus.module import Module
from controller.fieldbus.parts import Endpoint
from controller.fieldbus.pins import PinBank, PinLines, PinRequest, pin_request
from controller.fieldbus.rtu_connection import gap_s
from controller.fieldbus.rtu_cycle import CarriedModule, RtuCycle
from controller.fieldbus.rtu_endpoint import RtuEndpoint
from controller.fieldbus.serial_instrument import SerialInstrument
from controller.fieldbus.settings import Link
from controller.fieldbus.wiring import Wired
from controller.ports import StationError

_CHARACTER_BITS = 10  # 8N1; a line with parity takes a tenth more
_READ_BYTES, _WRITE_BYTES = 8 + 5, 9 + 8  # frame overhead of request and reply


def endpoints(
    wired: Sequence[Wired],
    link: Link,
    monotonic: Callable[[], float],
    stopwatch_s: Callable[[], float],
    analogue_outputs: Sequence[str],
    open_pins: Callable[[PinRequest], PinLines],
) -> list[Endpoint]:
    """In the order of the station file."""
    found: list[Endpoint] = []
    for group in _by_place(wired).values():
        device, face = group[0].device, group[0].profile.face
        if face == "pins":
            found.append(PinBank(group[0], link, monotonic, open_pins))
        elif face == "instrument":
            found.append(SerialInstrument(group[0], link, monotonic))
        elif device.serial is None:
            modules = [Module(w) for w in group]
            host, port = device.host or "", device.port or 0
            found.append(TcpEndpoint(host, port, modules, link, monotonic, stopwatch_s))
        elif link.serial_cycle == "tick":
            modules = [Module(w) for w in group]
            found.append(RtuEndpoint(device, modules, link, monotonic, stopwatch_s))
        else:
            carried = [CarriedModule(w) for w in group]
            found.append(RtuCycle(device, carried, link, monotonic, stopwatch_s, analogue_outputs))
    return found


def check_lines(wired: Sequence[Wired], link: Link) -> None:
    """What the wiring asks must be possible. Raises StationError saying how much too much it is."""
    for place, group in _by_place(wired).items():
        if group[0].profile.face == "pins":
            if len(group) > 1:
                raise StationError(f"device '{group[1].device.name}': {place} is already taken")
            pin_request(group[0])
        elif group[0].profile.face == "modbus" and group[0].device.serial is not None:
            _check_line(place, group, link)


def _check_line(place: str, group: Sequence[Wired], link: Link) -> None:
    read_s, write_s = (sum(times) for times in zip(*(wire_s(w, link) for w in group), strict=True))
    baud = group[0].device.baud
    if link.serial_cycle == "tick":
        for label, took_s, budget_ms in (
            ("sense", read_s, link.sense_budget_ms),
            ("actuate", read_s + write_s, link.sense_budget_ms + link.actuate_budget_ms),
        ):
            if took_s * 1e3 > budget_ms:
                raise StationError(
                    f"link.{label}_budget_ms: {place} takes {took_s * 1e3:.1f} ms at {baud} baud "
                    f'for what fits into {budget_ms:g} ms; set serial_cycle = "free", or raise '
                    "baud or budget"
                )
        return
    round_s = read_s + write_s
    for w in group:
        if w.writes and 2e3 * round_s > w.device.lease_ms:
            raise StationError(
                f"device '{w.device.name}': lease_ms is {w.device.lease_ms}, one round of {place} "
                f"takes {round_s * 1e3:.1f} ms at {baud} baud; a lease outlasts two rounds"
            )


def wire_s(wired: Wired, link: Link) -> tuple[float, float]:
    """Least time of one read and one write of this module on its line, silence included."""
    device, profile = wired.device, wired.profile.profile
    character_s, pause_s = _CHARACTER_BITS / device.baud, gap_s(device.baud, link)
    read_s = (_READ_BYTES + 2 * profile.sense.count) * character_s + pause_s
    if not wired.writes or profile.actuate is None:
        return read_s, 0.0
    return read_s, (_WRITE_BYTES + 2 * profile.actuate.count) * character_s + pause_s


def _by_place(wired: Iterable[Wired]) -> dict[str, list[Wired]]:
    places: dict[str, list[Wired]] = {}
    for w in wired:
        places.setdefault(w.device.place, []).append(w)
    return places
