"""Numbers, times and indicators as people read them, the same on a page and a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.record.indicator import Limit
from controller.record.kpi import Kpi

_THIN_SPACE = "\u202f"


def number_text(number: float | None) -> str:
    """A number to four significant digits, written out; a dash for none."""
    if number is None:
        return "–"
    if number != 0.0 and abs(number) < 1e-4:
        return f"{number:.1e}"
    digits = len(f"{abs(number):.0f}") if abs(number) >= 1.0 else 0
    return fixed_text(number, max(0, 4 - digits))


def fixed_text(number: float, decimals: int) -> str:
    """A number with so many decimals, thousands apart, and no minus before a zero."""
    text = f"{number:,.{decimals}f}".replace(",", _THIN_SPACE)
    return text.removeprefix("-") if not text.strip("-0.") else text


def shown(kpi: Kpi) -> tuple[str, str, str]:
    """Value, unit and limit of an indicator; a fraction is shown in per cent."""
    if not kpi.key.endswith("_fraction"):
        return number_text(kpi.value), kpi.unit, kpi.limit.text()
    low, high = (
        None if bound is None else 100.0 * bound for bound in (kpi.limit.low, kpi.limit.high)
    )
    percent = None if kpi.value is None else 100.0 * kpi.value
    return number_text(percent), "%", Limit(low, high).text()


def utc_text(utc_ns: int) -> str:
    """ISO 8601 in UTC with milliseconds. Raises ValueError outside of years 1..9999."""
    whole, rest_ns = divmod(utc_ns, 1_000_000_000)
    at = datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=rest_ns // 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration_text(seconds: float) -> str:
    """`1972.4` as `32 min 52 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def clock_text(seconds: float) -> str:
    """Seconds since the start as minutes and seconds, `25:34.0`."""
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes}:{rest / 10:04.1f}"
