"""One module of the station: its requests, ready made, and what it said last."""

from __future__ import annotations

import struct

from controller.fieldbus.codec import ChannelBlock, bit_maps, layout, output_count
from controller.fieldbus.pdu import BlockRequest, read_holding, read_input, write_multiple
from controller.fieldbus.wiring import Wired
from controller.ports import OutputFrame, SensorFrame, StationError

STATUS_RUNNING = 1
_WORD_MASK = 0xFFFF


class Module:
    """Speaks in blocks of bytes and frames; sends nothing itself."""

    def __init__(self, wired: Wired) -> None:
        profile = wired.profile.profile
        sense, words = profile.sense, profile.sense.word
        self.name = wired.device.name
        self.unit_id = unit = wired.device.unit_id
        self.profile_name = profile.name
        self.identity = wired.profile.identity
        self.lease_ms = wired.device.lease_ms
        self.writes = wired.writes
        self.writes_digital = bool(wired.digital_outputs)
        if profile.identity is None:  # parse_profile has refused such a profile
            raise StationError(f"device '{self.name}': profile without identity")
        self.identity_request = read_input(unit, profile.identity.address, 5)
        self.sense_request = read_input(unit, sense.address, sense.count)
        self._struct, self._index = layout(sense)
        at = self._index
        self._status_at = at[words["module_status"]]
        self._boot_at = at[words["boot_count"]]
        self._sample_at = at[words["sample_count"]]
        self._fault_at = [
            (at[words[name]], shift)
            for name, shift in (("channel_fault_low", 0), ("channel_fault_high", 16))
            if name in words
        ]
        self._channels = ChannelBlock(wired.channels, at)
        self.has_inputs = bool(wired.digital_inputs)
        self._input_maps = [(at[o], m) for o, m in bit_maps(wired.digital_inputs)]
        self._init_outputs(wired)
        self._boot_count = -1
        self._sample_count = -1
        self._newest_count = 0  # no reply may be older than this
        self._sample_s = 0.0
        self._words: tuple[int, ...] = ()
        self.fresh = False

    def _init_outputs(self, wired: Wired) -> None:
        """Maps of the output block and of its read-back in the sense block."""
        profile, at = wired.profile, self._index
        self._output_maps = bit_maps(wired.digital_outputs)
        readback_bits = [
            (bit, profile.readbacks[point.name])
            for bit, point in wired.digital_outputs
            if point.name in profile.readbacks
        ]
        self._readback_maps = [(at[o], m) for o, m in bit_maps(readback_bits)]
        self._analogues = [
            (name, point.offset, point.group.counts_per_unit)
            for name, point in wired.analogue_outputs
        ]
        self._analogue_readbacks = [
            (f"{name}_readback", at[back.offset], back.group.counts_per_unit)
            for name, point in wired.analogue_outputs
            if (back := profile.readbacks.get(point.name)) is not None
        ]
        words = profile.profile.sense.word
        self._lapse_at = at[words["lease_lapse_count"]] if self.writes else -1
        self._echo_at = at.get(words.get("tick_echo", -1), -1)
        self._lapse_count = -1
        self.lapse_total = 0
        self._echo_expected = -1
        if self.writes:
            self._init_write(wired)

    def _init_write(self, wired: Wired) -> None:
        block, lease = wired.profile.profile.actuate, wired.profile.profile.lease
        if block is None or lease is None:  # parse_profile has refused such a profile
            raise StationError(f"device '{self.name}': profile without output block or lease")
        self._write_address = block.address
        self._write_words = [0] * block.count
        self._write_struct = struct.Struct(f">{block.count}H")
        self._write_echo_at = block.word.get("tick_echo", -1)
        ms = self.lease_ms.to_bytes(2, "big")
        self.lease_write = write_multiple(self.unit_id, lease.address, ms)
        self.lease_request = read_holding(self.unit_id, lease.address, 1)

    def rebase(self, block: bytes, now_s: float) -> None:
        """Start counting from this sense block, after identity was checked.

        A boot counter that moved since the last time is a lapse: the outputs were safe.
        """
        words = self._struct.unpack(block)
        if self._boot_count not in (-1, words[self._boot_at]):
            self.lapse_total += 1
            self._lapse_count = -1
        self._boot_count = words[self._boot_at]
        if self._sample_count == -1:
            self._sample_s = now_s
        self._echo_expected = -1
        self._newest_count = words[self._sample_at]
        self._count_lapses(words)

    def goes_back(self, block: bytes) -> bool:
        """True for a reply older than one seen before: late, from a module that lives on."""
        words: tuple[int, ...] = self._struct.unpack(block)
        return words[self._boot_at] == self._boot_count and self._is_behind(words)

    def _is_behind(self, words: tuple[int, ...]) -> bool:
        return 0 < (self._newest_count - words[self._sample_at]) & _WORD_MASK < 0x8000

    def stands_still(self, block: bytes) -> bool:
        """True for a reply with no newer conversion than the last: perhaps its duplicate."""
        words: tuple[int, ...] = self._struct.unpack(block)
        return words[self._sample_at] == self._sample_count

    def take(self, block: bytes, asked_s: float) -> bool:
        """A sense block. False, and nothing taken, when the module was restarted meanwhile.

        One whose sample count went back is no news, and nobody knows what it is: lost.
        """
        words = self._struct.unpack(block)
        if words[self._boot_at] != self._boot_count:
            self.lose()
            return False
        if self._is_behind(words):
            self.lose()
            return True
        if words[self._sample_at] != self._sample_count:
            self._sample_count = self._newest_count = words[self._sample_at]
            self._sample_s = asked_s
        self._words = words
        self._count_lapses(words)
        self.fresh = bool(words[self._status_at] & STATUS_RUNNING)
        if not self.fresh:
            self._channels.lose()
            return True
        faults = 0
        for at, shift in self._fault_at:
            faults |= words[at] << shift
        self._channels.take(words, faults)
        return True

    def _count_lapses(self, words: tuple[int, ...]) -> None:
        if self._lapse_at < 0:
            return
        count = words[self._lapse_at]
        if self._lapse_count >= 0:
            self.lapse_total += (count - self._lapse_count) & _WORD_MASK
        self._lapse_count = count

    def lose(self) -> None:
        self.fresh = False
        self._channels.lose()

    def put(self, frame: SensorFrame, now_s: float) -> None:
        """Channels and analogue read-backs into the frame; ages grow while nothing comes."""
        self._channels.put(frame, now_s - self._sample_s)
        if self.fresh:
            for name, at, counts_per_unit in self._analogue_readbacks:
                setattr(frame, name, self._words[at] / counts_per_unit)

    def age_s(self, now_s: float) -> float:
        return now_s - self._sample_s

    def input_bits(self) -> int:
        """Digital inputs as the kernel numbers them; 0 before the first answer."""
        words, bits = self._words, 0
        for at, bit_map in self._input_maps if words else ():
            bits |= bit_map.to_kernel(words[at])
        return bits

    def readback_bits(self) -> int:
        words, bits = self._words, 0
        for at, bit_map in self._readback_maps if words else ():
            bits |= bit_map.to_kernel(words[at])
        return bits

    def echo_differs(self) -> bool:
        """The outputs were last written by somebody else, or our last write never arrived."""
        return self._echo_at >= 0 <= self._echo_expected != self._words[self._echo_at]

    def write_request(self, frame: OutputFrame, tick: int) -> BlockRequest:
        """The whole output block, unwired terminals at their safe value."""
        words = self._write_words
        bits = frame.digital_output_bits
        for offset, bit_map in self._output_maps:
            words[offset] = bit_map.to_module(bits)
        for name, offset, counts_per_unit in self._analogues:
            words[offset] = output_count(getattr(frame, name), counts_per_unit)
        if self._write_echo_at >= 0:
            words[self._write_echo_at] = self._echo_expected = tick & _WORD_MASK
        return write_multiple(self.unit_id, self._write_address, self._write_struct.pack(*words))
