"""How a hold brings both setpoints to rest, and when they are.

A jerk-limited ramp cannot stop at once. Asked to go to where it is, it would run past and
come back; so a hold leaves the target and takes the rate away, and the ramp brakes along
its own way. Once at rest, the setpoints themselves become the targets.
"""

from __future__ import annotations

from msgspec.structs import replace

from controller.recipe.frames import Ask, Hydraulics, Seen
from controller.recipe.phases import Gate, Phase, Touch, Unload
from controller.recipe.status import Advice

CREEP_C_PER_S = 1e-5
CREEP_MPA_PER_S = 1e-5
REST_C_PER_S = 1e-3
REST_MPA_PER_S = 1e-3


def braking(phase: Phase, ask: Ask) -> Ask:
    """Rates to nothing, no holdback, which would keep a ramp from coming to rest. A phase that
    moves the platens stops them instead."""
    still = isinstance(phase, Gate | Touch | Unload)
    return replace(
        ask,
        temperature_rate_c_per_s=CREEP_C_PER_S,
        pressure_rate_mpa_per_s=CREEP_MPA_PER_S,
        temperature_holdback_k=0.0,
        pressure_holdback_mpa=0.0,
        hydraulics=Hydraulics.OFF if still else ask.hydraulics,
    )


def quietened(ask: Ask, advice: Advice) -> Ask:
    """Without what the standing advisories want off while held; pressure is kept, not dropped."""
    if advice & Advice.HEATERS_OFF:
        ask = replace(ask, heat_enable=0)
    if advice & Advice.PUMP_OFF and ask.hydraulics == Hydraulics.PRESSURE:
        ask = replace(ask, hydraulics=Hydraulics.OFF)
    return ask


def at_rest(before: Seen, now: Seen, gap_s: float, ask: Ask) -> bool:
    """No led setpoint has moved since the observation before."""
    if gap_s <= 0.0:
        return False
    led_c = bool(ask.heat_enable or ask.cooling)
    led_mpa = ask.hydraulics == Hydraulics.PRESSURE
    moved_c = abs(now.temperature_setpoint_c - before.temperature_setpoint_c) if led_c else 0.0
    moved_mpa = abs(now.pressure_setpoint_mpa - before.pressure_setpoint_mpa) if led_mpa else 0.0
    return moved_c <= REST_C_PER_S * gap_s and moved_mpa <= REST_MPA_PER_S * gap_s


def resting(seen: Seen, ask: Ask) -> Ask:
    """Targets are the setpoints that came to rest."""
    return replace(
        ask,
        temperature_target_c=seen.temperature_setpoint_c,
        pressure_target_mpa=max(0.0, seen.pressure_setpoint_mpa),
    )
