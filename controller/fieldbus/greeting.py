"""Who are you? Asked of every module before its data count, on whatever wire it hangs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from controller.fieldbus.link_statistics import LinkCounters
from controller.fieldbus.module import Module
from controller.fieldbus.pdu import BlockRequest
from controller.ports import StationError

_GATEWAY_CODES = (10, 11)


class LinkError(Exception):
    """No reply that may be used."""

    usable = False


class RefusedError(LinkError):
    """The device said no, in good order: a Modbus exception code."""

    usable = True

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception code {code}")
        self.code = code


# Payload of the only reply that may answer the request. Raises RefusedError or LinkError.
Ask = Callable[[BlockRequest], Awaitable[bytes]]


async def greet(
    ask: Ask,
    module: Module,
    where: str,
    counters: LinkCounters,
    monotonic: Callable[[], float],
) -> None:
    """Identity, lease, counters. Raises StationError when it is not the module configured."""
    label = f"{where} unit {module.unit_id} ('{module.name}', {module.profile_name})"
    try:
        await check_identity(ask, module, label, counters)
        if module.writes:
            await ask(module.lease_write)
            block = await ask(module.lease_request)
            if _registers(block) != (module.lease_ms,):
                raise StationError(
                    f"{label}: lease_ms {module.lease_ms} was written, "
                    f"{_registers(block)[0]} is in force"
                )
        asked_s = monotonic()
        module.rebase(await ask(module.sense_request), asked_s)
    except RefusedError as error:
        gone = "no such unit behind this address" if error.code in _GATEWAY_CODES else error
        raise StationError(f"{label}: refused: {gone}") from None
    except LinkError as error:
        raise StationError(f"{label}: {error}") from None


async def check_identity(ask: Ask, module: Module, label: str, counters: LinkCounters) -> None:
    """Raises StationError when another module answers, LinkError when none does."""
    found = _registers(await ask(module.identity_request))
    if found != module.identity:
        counters.identity_mismatch_count += 1
        raise StationError(
            f"{label}: expected {_identity(module.identity)}, found {_identity(found)}; "
            "connect the configured device or install the same profile on both sides"
        )


def _registers(block: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(block[i : i + 2], "big") for i in range(0, len(block), 2))


def _identity(numbers: tuple[int, ...]) -> str:
    vendor, product, revision, high, low = numbers
    return (
        f"vendor 0x{vendor:04X} product 0x{product:04X} revision {revision} "
        f"profile {high:04x}{low:04x}"
    )
