"""What host and rig say to each other in frames. Runs in CPython and in MicroPython.

The host asks, the rig answers with the request's sequence number and `kind | REPLY`, or with
NAK. A request that comes twice with the same number is answered again and done once.
"""

import struct

VERSION = 1
REPLY = 0x80
HELLO, ARM, EXCHANGE, FAULT, CLEAR, STATUS, DUTY = 1, 2, 3, 4, 5, 6, 7
NAK = 0xFF
# Between the unix board and the twin's terminals, on a line of their own.
DRIVE, FEED, LEVELS = 0x21, 0x22, 0x23

# Reasons of a NAK, by number.
UNKNOWN_KIND, BAD_PAYLOAD, OTHER_BOOT, NOT_ARMED, WRONG_FIRMWARE, WRONG_HEADER = 0, 1, 2, 3, 4, 5
NO_TERMINAL, NO_VERB, OUT_OF_BOUNDS, TOO_MANY_FAULTS, NO_FAULT, WRONG_VERSION = 6, 7, 8, 9, 10, 11
REASONS = (
    "unknown_kind",
    "bad_payload",
    "other_boot",
    "not_armed",
    "wrong_firmware",
    "wrong_header",
    "no_terminal",
    "no_verb",
    "out_of_bounds",
    "too_many_faults",
    "no_fault",
    "wrong_version",
)

HELLO_REQUEST = "<B"  # version
HELLO_REPLY = "<B32s32s8sQ"  # version, firmware and header SHA-256, board, rig time in us
ARM_REQUEST = "<32s32sHH"  # firmware and header SHA-256, silence_ms, stall_ms
TIME_REPLY = "<Q"  # rig time in us
FAULT_REQUEST = "<BBiiI"  # terminal, verb, first and second parameter, for_ms (0: until cleared)
FAULT_REPLY = "<HQ"  # handle, or faults cleared; rig time in us when the terminals had changed
CLEAR_REQUEST = "<H"  # handle, 0 for all
EXCHANGE_REPLY = "<QHHBB"  # rig time in us, output bits, valve in mV, flags, edges that follow
EDGE = "<BHI"  # output | level << 7 (16: the valve), valve in mV, age in us
EDGE_SIZE = 7
EDGE_MAX = 8  # in one reply; the others wait
DUTY_REPLY = "<Q16I"  # rig time in us, time each output was on in us (wraps at 2**32)
LEVELS_REQUEST = "<HH"  # output bits, valve in mV
DRIVE_REQUEST = "<HI24H"  # switch bits, open terminals, converter codes
VALVE_EDGE = 16

DROPPED, STALLED, EDGES_LOST = 1, 2, 4  # flags: since the last reply

# Counters of a STATUS reply; counts since boot, times in us.
STATUS_NAMES = (
    "frame_count",
    "bad_frame_count",
    "gap_count",
    "repeat_count",
    "nak_count",
    "silence_count",
    "silence_us",
    "stall_count",
    "loop_us_max",
    "collect_us_max",
    "collect_count",
    "heap_byte_count",
    "edge_lost_count",
)
STATUS_REPLY = "<" + "I" * len(STATUS_NAMES)


def pack_status(numbers: "list[int]") -> bytes:
    """Counters, at their end when they do not fit."""
    return struct.pack(STATUS_REPLY, *[min(number, 0xFFFFFFFF) for number in numbers])
