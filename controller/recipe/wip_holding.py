"""How a hold brings a WIP to rest: the setpoint brakes along its own way, every mouth shuts.

A vessel held on its way up is kept at its pressure by topping up; on its way down it is shut,
which keeps what there is.
"""

from __future__ import annotations

from msgspec.structs import replace

from controller.recipe.status import Advice
from controller.recipe.wip_frames import Ask, Mode, Output, Seen

CREEP_MPA_PER_S = 1e-5
REST_MPA_PER_S = 1e-3


def braking(ask: Ask) -> Ask:
    """No rate, no water, no vacuum; the yoke stays where it is asked to be."""
    return replace(
        ask,
        pressure_rate_mpa_per_s=CREEP_MPA_PER_S,
        request_bits=ask.request_bits & Output.YOKE_CLOSE,
        tare_pressure=0,
        tare_temperature=0,
    )


def quietened(ask: Ask, advice: Advice) -> Ask:
    """Without what the standing advisories want off while held; pressure is kept, not dropped."""
    if advice & Advice.HEATERS_OFF:
        ask = replace(ask, heat_enable=0)
    if advice & Advice.PUMP_OFF and ask.mode == Mode.PRESSURE:
        ask = replace(ask, mode=Mode.OFF)
    return ask


def at_rest(before: Seen, now: Seen, gap_s: float, ask: Ask) -> bool:
    """A led setpoint has not moved since the observation before."""
    if gap_s <= 0.0:
        return False
    moved_mpa = abs(now.pressure_setpoint_mpa - before.pressure_setpoint_mpa)
    return ask.mode == Mode.OFF or moved_mpa <= REST_MPA_PER_S * gap_s


def resting(seen: Seen, ask: Ask) -> Ask:
    """The target is the setpoint that came to rest; what was being let off is shut in."""
    return replace(
        ask,
        mode=Mode.OFF if ask.mode == Mode.RELEASE else ask.mode,
        pressure_target_mpa=max(0.0, seen.pressure_setpoint_mpa),
    )
