"""What each kind of a press's phases asks for, and when it has done: one row a kind.

A phase is done when its condition is true now and has stood for `need_s`. Words carry
numbers, because "waiting" without a number is what operators complain about.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from controller.recipe.frames import Ask, Cooling, Hydraulics, Seen
from controller.recipe.phases import (
    Cool,
    Gate,
    Heat,
    Hold,
    Prepress,
    Pressurise,
    Programme,
    Release,
    Soak,
    Touch,
    Unload,
)
from controller.recipe.unit import Row

COOL_MARGIN_K = 5.0
"""The setpoint of a cooling goes this far below its end, or the stack, which lags, would
creep towards the end for ever."""
COOL_TARGET_C_MIN = 5.0
UNLOAD_PRESSURE_MPA_MAX = 10.0
"""Nothing opens on a stack under more than this."""
SETPOINT_TOLERANCE = 0.01
MEDIUM = {"water": Cooling.WATER, "air": Cooling.AIR, "none": Cooling.OFF}
_PRESSURE_RAMP = ("pressure_holdback", "cold_stack", "pressure_uncertain", "oil_not_ok")


def _free(phase: Any, seen: Seen, ask: Ask) -> str:
    return ""


def _at_once(phase: Any) -> float:
    return 0.0


def _in_contact(phase: Any, seen: Seen, ask: Ask) -> str:
    return "" if seen.contact else "contact of the platens with the stack"


def _gate_ask(phase: Gate, seen: Seen, ask: Ask) -> Ask:
    return Ask(temperature_target_c=ask.temperature_target_c, hot_only=ask.hot_only)


def _gate(phase: Gate, seen: Seen, ask: Ask) -> str:
    if seen.trips:
        return f"trip {', '.join(seen.trips)} to be reset: remove its cause, then reset"
    return f"permissive {', '.join(seen.missing)}" if seen.missing else ""


def stack_off(seen: Seen, target_c: float, tolerance_k: float) -> str:
    """Empty when the stack is inside the tolerance; an estimate less certain than that proves
    nothing."""
    if abs(seen.stack_c - target_c) <= tolerance_k and seen.stack_sigma_k <= tolerance_k:
        return ""
    return (
        f"stack within {tolerance_k:g} K of {target_c:g} °C; "
        f"it is {seen.stack_c:.1f} ± {seen.stack_sigma_k:.1f} °C"
    )


def _touch_ask(phase: Touch, seen: Seen, ask: Ask) -> Ask:
    met = seen.contact or ask.hydraulics == Hydraulics.PRESSURE
    return replace(
        ask,
        hydraulics=Hydraulics.PRESSURE if met else Hydraulics.CLOSE,
        pressure_target_mpa=phase.pressure_mpa,
        pressure_rate_mpa_per_s=phase.rate_mpa_per_s,
    )


def _press_ask(phase: Prepress | Pressurise, seen: Seen, ask: Ask) -> Ask:
    return replace(
        ask,
        hydraulics=Hydraulics.PRESSURE,
        pressure_target_mpa=phase.pressure_mpa,
        pressure_rate_mpa_per_s=phase.rate_mpa_per_s,
        pressure_holdback_mpa=phase.holdback_mpa,
    )


def _pressed(phase: Prepress | Pressurise, seen: Seen, ask: Ask) -> str:
    arrived = abs(seen.pressure_setpoint_mpa - phase.pressure_mpa) <= SETPOINT_TOLERANCE
    error_mpa = seen.pressure_mpa - phase.pressure_mpa
    if seen.pressure_good and arrived and abs(error_mpa) <= phase.tolerance_mpa:
        return ""
    return (
        f"{phase.pressure_mpa:g} MPa within {phase.tolerance_mpa:g} MPa; "
        f"stack {seen.pressure_mpa:.1f} MPa, setpoint {seen.pressure_setpoint_mpa:.1f} MPa"
    )


def _warm_enough(phase: Pressurise, seen: Seen, ask: Ask) -> str:
    if not seen.contact:
        return _in_contact(phase, seen, ask)
    if not ask.heat_enable:
        return ""
    return stack_off(seen, ask.temperature_target_c, phase.stack_tolerance_k)


def _heat_ask(phase: Heat, seen: Seen, ask: Ask) -> Ask:
    return replace(
        ask,
        heat_enable=1,
        cooling=Cooling.OFF,
        temperature_target_c=phase.temperature_c,
        temperature_rate_c_per_s=phase.rate_c_per_min / 60.0,
        temperature_holdback_k=phase.holdback_k,
    )


def _heated(phase: Heat, seen: Seen, ask: Ask) -> str:
    arrived = abs(seen.temperature_setpoint_c - phase.temperature_c) <= SETPOINT_TOLERANCE
    if arrived and seen.temperature_ramp_done:
        return ""
    return (
        f"ramp to {phase.temperature_c:g} °C; setpoint {seen.temperature_setpoint_c:.1f} °C, "
        f"stack {seen.stack_c:.1f} °C"
    )


def _keep_ask(phase: Any, seen: Seen, ask: Ask) -> Ask:
    return ask


def _soaked(phase: Soak, seen: Seen, ask: Ask) -> str:
    target_c = ask.temperature_target_c
    lacking = stack_off(seen, target_c, phase.stack_tolerance_k)
    if lacking:
        return lacking
    worst_c = max(seen.zones_c, key=lambda zone_c: abs(zone_c - target_c))
    if seen.zones_good and abs(worst_c - target_c) <= phase.zone_tolerance_k:
        return ""
    return (
        f"all zones within {phase.zone_tolerance_k:g} K of {target_c:g} °C; "
        f"the worst is {worst_c:.1f} °C"
    )


def creeping(phase: Hold, ask: Ask) -> Ask:
    """Press on slowly while the density is not there."""
    if phase.pressure_mpa_max is None:
        return ask
    return replace(
        ask,
        pressure_target_mpa=max(phase.pressure_mpa_max, ask.pressure_target_mpa),
        pressure_rate_mpa_per_s=phase.creep_mpa_per_s,
    )


def keeping(phase: Hold, seen: Seen, ask: Ask) -> Ask:
    """The pressure the stack is cooled under: where the powder flows no further."""
    return replace(
        ask,
        pressure_target_mpa=phase.keep_fraction * seen.pressure_setpoint_mpa,
        pressure_rate_mpa_per_s=phase.keep_mpa_per_s,
    )


def staying(seen: Seen, ask: Ask) -> Ask:
    """No further than where a creep has come."""
    return replace(ask, pressure_target_mpa=max(0.0, seen.pressure_setpoint_mpa))


def _in_band(phase: Hold, seen: Seen, ask: Ask) -> str:
    creeps = phase.pressure_mpa_max is not None
    target_mpa = seen.pressure_setpoint_mpa if creeps else ask.pressure_target_mpa
    band_mpa = phase.pressure_band_fraction * target_mpa
    if not (seen.pressure_good and abs(seen.pressure_mpa - target_mpa) <= band_mpa):
        return (
            f"{target_mpa:g} MPa within {band_mpa:.1f} MPa; the stack has "
            f"{seen.pressure_mpa:.1f} MPa"
        )
    if not ask.heat_enable:
        return ""
    return stack_off(seen, ask.temperature_target_c, phase.stack_tolerance_k)


def _cool_ask(phase: Cool, seen: Seen, ask: Ask) -> Ask:
    """Without a medium the heaters stay on, to keep the press from cooling faster than asked."""
    return replace(
        ask,
        heat_enable=int(phase.medium == "none"),
        cooling=MEDIUM[phase.medium],
        heater_duty_fraction_max=1.0,  # a stop may come out of a segment with a limit
        hot_only=0,
        temperature_target_c=max(COOL_TARGET_C_MIN, phase.temperature_c - COOL_MARGIN_K),
        temperature_rate_c_per_s=phase.rate_c_per_min / 60.0,
        temperature_holdback_k=phase.holdback_k,
    )


def _cooled(phase: Cool, seen: Seen, ask: Ask) -> str:
    if all(temperature_c <= phase.temperature_c for temperature_c in (*seen.zones_c, seen.stack_c)):
        return ""
    return (
        f"stack and zones at or below {phase.temperature_c:g} °C; stack {seen.stack_c:.1f} °C, "
        f"hottest zone {max(seen.zones_c):.1f} °C"
    )


def _cool_enough(phase: Release, seen: Seen, ask: Ask) -> str:
    if seen.stack_c + seen.stack_sigma_k <= phase.stack_temperature_c_max:
        return ""
    return (
        f"stack at or below {phase.stack_temperature_c_max:g} °C; "
        f"it is {seen.stack_c:.1f} ± {seen.stack_sigma_k:.1f} °C"
    )


def _release_ask(phase: Release, seen: Seen, ask: Ask) -> Ask:
    return replace(
        ask,
        heat_enable=0,
        cooling=Cooling.OFF,
        hot_only=0,
        hydraulics=Hydraulics.PRESSURE,
        pressure_target_mpa=0.0,
        pressure_rate_mpa_per_s=phase.rate_mpa_per_s,
        pressure_holdback_mpa=phase.holdback_mpa,
    )


def _released(phase: Release, seen: Seen, ask: Ask) -> str:
    if seen.pressure_good and seen.pressure_mpa <= phase.released_mpa:
        return ""
    return f"stack at or below {phase.released_mpa:g} MPa; it has {seen.pressure_mpa:.1f} MPa"


def _light_enough(phase: Unload, seen: Seen, ask: Ask) -> str:
    if seen.pressure_mpa <= UNLOAD_PRESSURE_MPA_MAX:
        return ""
    return f"stack below {UNLOAD_PRESSURE_MPA_MAX:g} MPa; it has {seen.pressure_mpa:.1f} MPa"


def _unload_ask(phase: Unload, seen: Seen, ask: Ask) -> Ask:
    """At the rate of the release before it."""
    return replace(
        ask,
        heat_enable=0,
        cooling=Cooling.OFF,
        hot_only=0,
        hydraulics=Hydraulics.OPEN,
        pressure_target_mpa=0.0,
        pressure_holdback_mpa=0.0,
    )


def _unloaded(phase: Unload, seen: Seen, ask: Ask) -> str:
    if not seen.contact and seen.released:
        return ""
    touching = "touching" if seen.contact else "free"
    return f"open platens without pressure; {touching}, cylinder {seen.cylinder_bar:.1f} bar"


ROWS: Mapping[type, Row] = MappingProxyType(
    {
        Gate: Row(_free, _gate_ask, _gate, _at_once),
        Touch: Row(_free, _touch_ask, _in_contact, lambda p: p.settle_s, settling=True),
        Prepress: Row(
            _in_contact, _press_ask, _pressed, lambda p: p.hold_s, held_back_by=_PRESSURE_RAMP
        ),
        Heat: Row(
            _in_contact, _heat_ask, _heated, _at_once, held_back_by=("temperature_holdback",)
        ),
        Soak: Row(_free, _keep_ask, _soaked, lambda p: p.soak_s),
        Pressurise: Row(_warm_enough, _press_ask, _pressed, _at_once, held_back_by=_PRESSURE_RAMP),
        Hold: Row(_free, _keep_ask, _in_band, lambda p: p.hold_s),
        # The engine of controller.recipe.programme asks and waits in its place.
        Programme: Row(_in_contact, _keep_ask, _in_contact, _at_once),
        Cool: Row(_free, _cool_ask, _cooled, _at_once, held_back_by=("temperature_holdback",)),
        Release: Row(
            _cool_enough, _release_ask, _released, _at_once, held_back_by=("pressure_holdback",)
        ),
        Unload: Row(_light_enough, _unload_ask, _unloaded, lambda p: p.settle_s, settling=True),
    }
)
