"""What a person wants to see of a batch first, as plain data for a terminal or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.kpi import Kpis, kpis
from controller.record.model import EventEntry, GapEntry
from controller.record.phases import PhaseSpan, Spread, phase_spans, spread
from controller.record.profile import Profile, profile_of
from controller.record.reader import StoredRecord, Verification
from controller.record.series import Series, load_series
from controller.record.wording import duration_text, utc_text

_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase with what the profile's temperature [°C] and pressure [MPa] did in it."""

    span: PhaseSpan
    temperature: Spread | None
    pressure: Spread | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A batch at a glance. `identity` and `integrity` are label and text, in order.

    `faults` says in words what is missing from the record or wrong with it; empty is well.
    """

    batch_id: str
    status: str
    cause: str
    identity: tuple[tuple[str, str], ...]
    integrity: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]
    phases: tuple[PhaseLine, ...]
    kpis: Kpis
    profile: Profile
    events: tuple[EventEntry, ...]
    gaps: tuple[GapEntry, ...]
    series: Series


def summarise(record: StoredRecord) -> Summary:
    """Read a record whole. Raises `RecordError` when the file is damaged."""
    series = load_series(record)
    profile = profile_of(signal.name for signal in record.signals)
    verification = record.verify()
    gaps = tuple(record.gaps())
    return Summary(
        batch_id=record.header.batch_id,
        status=record.status,
        cause=record.seal.cause if record.seal else "the batch still runs, or was interrupted",
        identity=_identity(record, series),
        integrity=_integrity(record, verification),
        faults=_faults(record, verification, gaps),
        phases=_phase_lines(record, series, profile),
        kpis=kpis(record, series),
        profile=profile,
        events=tuple(record.events()),
        gaps=gaps,
        series=series,
    )


def sparkline(column: Sequence[float], width: int) -> str:
    """A column as block characters, lowest to highest; a blank where nothing was measured."""
    good = [number for number in column if number == number]
    if not good or width < 1:
        return ""
    low, span = min(good), max(good) - min(good)
    picked = (column[i * len(column) // width] for i in range(min(width, len(column))))
    scale = (len(_BLOCKS) - 1) / span if span else 0.0
    return "".join(_BLOCKS[round((n - low) * scale)] if n == n else " " for n in picked)


def _identity(record: StoredRecord, series: Series) -> tuple[tuple[str, str], ...]:
    header = record.header
    end_s = series.time_s[-1] if series.time_s else 0.0
    start_ns = header.start_utc_ns
    end_ns = record.seal.end_utc_ns if record.seal else start_ns + int(end_s * 1e9)
    return (
        ("Recipe", f"{header.recipe_name}, version {header.recipe_version}"),
        ("Material", header.material_name),
        ("Station", header.station_id),
        ("Start (UTC)", utc_text(start_ns)),
        (
            "End (UTC)",
            utc_text(end_ns),
        ),
        ("Duration", duration_text(end_s)),
        ("Samples", f"{len(series.time_s)} of {len(record.signals)} signals"),
        ("Software", f"hotpress {header.software_version}"),
        ("Simulation seed", "none: real station" if header.seed is None else str(header.seed)),
    )


def _integrity(record: StoredRecord, verification: Verification) -> tuple[tuple[str, str], ...]:
    header = record.header
    sealed = record.seal.journal_sha256 if record.seal else "not sealed"
    return (
        ("Journal, sealed", sealed),
        ("Journal, in the file", verification.journal_sha256),
        ("Recipe", header.recipe_sha256),
        ("Material", header.material_sha256),
        ("Station configuration", header.config_sha256),
        ("Kernel header", header.kernel_header_sha256),
    )


def _faults(
    record: StoredRecord, verification: Verification, gaps: Sequence[GapEntry]
) -> tuple[str, ...]:
    faults = [] if verification.intact else [f"Journal: {verification.text}."]
    if record.seal and record.seal.fault:
        faults.append(f"Storage fault while recording: {record.seal.fault}.")
    if gaps:
        samples = sum(gap.lost_sample_count for gap in gaps)
        events = sum(gap.lost_event_count for gap in gaps)
        faults.append(f"{samples} samples and {events} events were lost in {len(gaps)} gaps.")
    return tuple(faults)


def _phase_lines(record: StoredRecord, series: Series, profile: Profile) -> tuple[PhaseLine, ...]:
    warm, pressure = series.column(profile.temperature), series.column(profile.pressure)
    spans = phase_spans(record, series)
    return tuple(PhaseLine(span, spread(warm, span), spread(pressure, span)) for span in spans)
