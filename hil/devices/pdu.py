"""Modbus requests to replies, bytes to bytes: MODBUS Application Protocol V1.1b3, §6."""

from __future__ import annotations

import struct

from hil.devices.registers import ILLEGAL_FUNCTION, ILLEGAL_VALUE, Bank, RefusedError

READ_HOLDING, READ_INPUT, WRITE_SINGLE, WRITE_MULTIPLE, READ_WRITE = 3, 4, 6, 16, 23
_READ_MAX, _WRITE_MAX, _READ_WRITE_MAX = 125, 123, 121
_TWO = struct.Struct(">HH")
_WRITE = struct.Struct(">HHB")
_READ_WRITE = struct.Struct(">HHHHB")


def respond(pdu: bytes, inputs: Bank, holding: Bank) -> bytes:
    """The reply to a request of at least one byte. Never raises for what the request says."""
    function = pdu[0]
    try:
        if function == READ_INPUT:
            return _read(pdu, inputs)
        if function == WRITE_MULTIPLE:
            return _write_multiple(pdu, holding)
        if function == READ_HOLDING:
            return _read(pdu, holding)
        if function == WRITE_SINGLE:
            return _write_single(pdu, holding)
        if function == READ_WRITE:
            return _read_write(pdu, holding)
        raise RefusedError(ILLEGAL_FUNCTION)
    except RefusedError as refused:
        return bytes((function | 0x80, refused.code))


def _payload(pdu: bytes, head: struct.Struct) -> tuple[int, ...]:
    if len(pdu) < 1 + head.size:
        raise RefusedError(ILLEGAL_VALUE)
    return head.unpack_from(pdu, 1)


def _counted(count: int, count_max: int) -> int:
    if not 1 <= count <= count_max:
        raise RefusedError(ILLEGAL_VALUE)
    return count


def _read(pdu: bytes, bank: Bank) -> bytes:
    address, count = _payload(pdu, _TWO)
    if len(pdu) != 5:
        raise RefusedError(ILLEGAL_VALUE)
    content = bank.read(address, _counted(count, _READ_MAX))
    return bytes((pdu[0], len(content))) + content


def _content(pdu: bytes, start: int, count: int, byte_count: int) -> bytes:
    content = pdu[start:]
    if byte_count != 2 * count or len(content) != byte_count:
        raise RefusedError(ILLEGAL_VALUE)
    return content


def _write_multiple(pdu: bytes, bank: Bank) -> bytes:
    address, count, byte_count = _payload(pdu, _WRITE)
    content = _content(pdu, 6, _counted(count, _WRITE_MAX), byte_count)
    bank.write(address, content)
    return pdu[:5]


def _write_single(pdu: bytes, bank: Bank) -> bytes:
    address, _ = _payload(pdu, _TWO)
    if len(pdu) != 5:
        raise RefusedError(ILLEGAL_VALUE)
    bank.write(address, pdu[3:5])
    return pdu


def _read_write(pdu: bytes, bank: Bank) -> bytes:
    """Write, then read, in one transaction."""
    read_address, read_count, address, count, byte_count = _payload(pdu, _READ_WRITE)
    _counted(read_count, _READ_MAX)
    content = _content(pdu, 10, _counted(count, _READ_WRITE_MAX), byte_count)
    bank.read(read_address, read_count)  # refuses before anything is written
    bank.write(address, content)
    content = bank.read(read_address, read_count)
    return bytes((READ_WRITE, len(content))) + content
