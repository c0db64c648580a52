"""What the wire did, in bounded memory: counters and a fixed histogram of round trips."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass

_BIN_S = 10e-6
_BIN_COUNT = 3_000  # 30 ms; slower round trips share the last bin and are seen in the maximum


@dataclass(slots=True)
class LinkCounters:
    """Names are published as they are."""

    request_count: int = 0
    timeout_count: int = 0
    reconnect_count: int = 0
    stale_reply_count: int = 0  # of an earlier request, or a duplicate: dropped
    late_reply_count: int = 0  # right, but past the deadline: dropped
    protocol_fault_count: int = 0  # not the Modbus that was asked for: connection closed
    exception_reply_count: int = 0
    connection_lost_count: int = 0
    identity_mismatch_count: int = 0
    restart_count: int = 0  # a module's boot counter moved
    echo_mismatch_count: int = 0  # outputs were last written by somebody else, or never arrived
    late_read_count: int = 0  # not asked for any more: the deadline had passed
    late_write_count: int = 0  # output frames not written because their deadline had passed
    checksum_fault_count: int = 0  # serial: a frame of the right shape with a wrong checksum
    echo_count: int = 0  # serial: our own request heard back, taken out
    noise_byte_count: int = 0  # serial: bytes nobody had asked for
    babble_count: int = 0  # serial: the line closed for a while because it never stopped talking
    suspect_reply_count: int = 0  # a reply older than one that was taken before: dropped
    garbage_line_count: int = 0  # instrument: not a line of its protocol
    invalid_reading_count: int = 0  # instrument: overload, tare or another unit, said in good order


class LinkStatistics:
    """Counters of one endpoint and its round-trip times."""

    def __init__(self) -> None:
        self.counters = LinkCounters()
        self._bins = array("Q", bytes(8 * _BIN_COUNT))
        self._max_s = 0.0

    def round_trip(self, duration_s: float) -> None:
        self._bins[min(int(duration_s / _BIN_S), _BIN_COUNT - 1)] += 1
        if duration_s > self._max_s:
            self._max_s = duration_s

    @staticmethod
    def merged(parts: list[LinkStatistics]) -> Mapping[str, float]:
        """Sums of the counters, percentiles over all round trips (resolution 10 µs)."""
        totals: dict[str, float] = dict.fromkeys(asdict(LinkCounters()), 0.0)
        for part in parts:
            for name, count in asdict(part.counters).items():
                totals[name] += count
        bins = [sum(column) for column in zip(*(part._bins for part in parts), strict=True)]
        totals["round_trip_us_p50"] = _percentile_us(bins, 0.50)
        totals["round_trip_us_p99"] = _percentile_us(bins, 0.99)
        totals["round_trip_us_max"] = max(part._max_s for part in parts) * 1e6
        return totals


def _percentile_us(bins: list[int], fraction: float) -> float:
    """Upper edge of the bin where the fraction is reached; 0 when nothing was counted."""
    wanted = fraction * sum(bins)
    seen = 0
    for index, count in enumerate(bins):
        seen += count
        if count and seen >= wanted:
            return (index + 1) * _BIN_S * 1e6
    return 0.0
