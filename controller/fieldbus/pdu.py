"""Register transactions as whole blocks of bytes, for pymodbus to frame.

pymodbus' own register PDUs pack and unpack one register at a time and build a debug string
of every reply, logging or not. These, registered as custom PDUs, leave the block alone:
decoding is the business of one struct.unpack in `codec`. A malformed reply is `None` in
`block`, never an exception: pymodbus would throw it out of the transport's callback.
"""

from __future__ import annotations

import struct

from pymodbus.pdu import ModbusPDU

READ_HOLDING, READ_INPUT, WRITE_MULTIPLE = 3, 4, 16
_READ = struct.Struct(">HH")
_WRITE = struct.Struct(">HHB")


class BlockReply(ModbusPDU):
    """A reply whose payload stays bytes: `block` is None when its lengths disagree."""

    def __init__(self) -> None:
        super().__init__()
        self.block: bytes | None = None

    def __str__(self) -> str:
        return "block"

    def decode(self, data: bytes) -> None:
        if data and data[0] == len(data) - 1:
            self.block = data[1:]


class InputRegisters(BlockReply):
    function_code = READ_INPUT
    rtu_byte_count_pos = 2


class HoldingRegisters(BlockReply):
    function_code = READ_HOLDING
    rtu_byte_count_pos = 2


class Written(BlockReply):
    """The reply to a write of several registers: address and count, echoed."""

    function_code = WRITE_MULTIPLE
    rtu_frame_size = 8

    def decode(self, data: bytes) -> None:
        if len(data) == 4:
            self.block = data


class BlockRequest(ModbusPDU):
    """A request of which the bytes after the function code are known."""

    def __init__(self, function_code: int, unit_id: int, body: bytes) -> None:
        super().__init__(dev_id=unit_id)
        self.function_code = function_code
        self.body = body

    def __str__(self) -> str:
        return "block"

    def encode(self) -> bytes:
        return self.body


def read_input(unit_id: int, address: int, count: int) -> BlockRequest:
    return BlockRequest(READ_INPUT, unit_id, _READ.pack(address, count))


def read_holding(unit_id: int, address: int, count: int) -> BlockRequest:
    return BlockRequest(READ_HOLDING, unit_id, _READ.pack(address, count))


def write_multiple(unit_id: int, address: int, registers: bytes) -> BlockRequest:
    count = len(registers) // 2
    return BlockRequest(WRITE_MULTIPLE, unit_id, _WRITE.pack(address, count, 2 * count) + registers)


REPLIES: tuple[type[ModbusPDU], ...] = (InputRegisters, HoldingRegisters, Written)
