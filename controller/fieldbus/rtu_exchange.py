"""One Modbus RTU request and the only reply that may answer it: bytes in, payload out.

RTU has no transaction id, so everything else a reply has must fit: unit, function, length,
the written address and count, the checksum. What does not fit is refused at its first wrong
byte and not searched for a frame inside: pymodbus' RTU framer hunts, and takes the reply to
an earlier request for the reply to this one, which is why it is not used here (its PDUs and
its checksum are). Knows no time and no port.
"""

from __future__ import annotations

from pymodbus.framer import FramerRTU

from controller.fieldbus.greeting import LinkError, RefusedError
from controller.fieldbus.pdu import WRITE_MULTIPLE, BlockRequest

FRAME_BYTES_MAX = 256
_EXCEPTION_BYTES = 5


class ChecksumError(LinkError):
    """A frame of the right shape that was damaged on its way."""


class ForeignError(LinkError):
    """Not the reply to this request, whatever else it is."""


def framed(unit_id: int, pdu: bytes) -> bytes:
    """Address, PDU, CRC low byte first (MODBUS over Serial Line V1.02, 2.5.1)."""
    body = bytes((unit_id,)) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


class Exchange:
    """Feed it what arrives; it keeps at most one frame and one echo."""

    def __init__(self, request: BlockRequest) -> None:
        function = request.function_code
        self.frame = framed(request.dev_id, bytes((function,)) + request.body)
        self._is_write = function == WRITE_MULTIPLE
        if self._is_write:
            self._head = self.frame[:6]
            self.reply_bytes = 8
        else:
            payload = 2 * int.from_bytes(request.body[2:4], "big")
            self._head = bytes((request.dev_id, function, payload))
            self.reply_bytes = 5 + payload
        self._exception_head = bytes((request.dev_id, function | 0x80))
        self._heard = b""
        self._echo_awaited = True
        self.echo_count = 0
        self.surplus_bytes = 0  # after the reply, in the same piece

    def feed(self, piece: bytes) -> bytes | None:
        """Payload once the reply is whole, None until then.

        Raises RefusedError for an exception reply, ChecksumError or ForeignError; then, and
        after a payload, the exchange is over.
        """
        room = len(self.frame) + FRAME_BYTES_MAX
        heard = self._heard + piece[:room]
        if self._echo_awaited:
            if len(heard) < len(self.frame) and self.frame.startswith(heard):
                self._heard = heard  # our own request, so far
                return None
            if heard.startswith(self.frame):
                self.echo_count += 1
                heard = heard[len(self.frame) :]
                self._echo_awaited = False
        self._heard = heard[:FRAME_BYTES_MAX]
        return self._reply(self._heard, len(heard) + max(len(piece) - room, 0))

    def _reply(self, heard: bytes, heard_bytes: int) -> bytes | None:
        head = self._head
        if heard[:2] == self._exception_head[: len(heard[:2])] and len(heard) >= 2:
            head, whole = self._exception_head, _EXCEPTION_BYTES
        else:
            whole = self.reply_bytes
        if heard[: len(head)] != head[: len(heard)]:
            raise ForeignError(f"not the reply to this request: {heard[:8].hex(' ')}")
        if len(heard) < whole:
            return None
        body, checksum = heard[: whole - 2], heard[whole - 2 : whole]
        if FramerRTU.compute_CRC(body) != int.from_bytes(checksum, "big"):
            raise ChecksumError("reply with a wrong checksum")
        self.surplus_bytes = heard_bytes - whole
        if head is self._exception_head:
            raise RefusedError(body[2])
        return body[2:] if self._is_write else body[3:]
