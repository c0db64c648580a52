"""What each kind of a WIP's phases asks for, and when it has done: one row a kind.

As in controller.recipe.conduct. From `preheat` on the yoke is asked to stay in and the jacket to
lead the wall; everything a phase does not name is shut. The kernel alone decides when the pump
may run, how fast it may without overheating the fluid, and when the lid may open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from controller.recipe.phases import Gate
from controller.recipe.unit import EngineStep, Row
from controller.recipe.wip_frames import Ask, Mode, Output, Seen
from controller.recipe.wip_phases import (
    BagTest,
    Decompress,
    Evacuate,
    Fill,
    Hold,
    LeakTest,
    Preheat,
    Pump,
    Purge,
    Unlock,
)

SETPOINT_TOLERANCE_MPA = 0.01
LEAK_TEST_REACHED_RATIO = 0.96
"""Of the test's pressure: then the pump stops and the water stands."""
PURGE_UNLOCKED = Output.VENT_VALVE | Output.PURGE_VALVE
_SHUT = Output.YOKE_CLOSE
_MOUTH = Output.VENT_VALVE | Output.DEAIR_VALVE
_EVACUATE = Output.VACUUM_PUMP | Output.VACUUM_VALVE
_PUMPING = (
    "lid_not_locked",
    "over_temperature",
    "predicted_temperature",
    "pressure_uncertain",
    "oil_not_ok",
    "pump_excludes_opening",
)


def _free(phase: Any, seen: Seen, ask: Ask) -> str:
    return ""


def _at_once(phase: Any) -> float:
    return 0.0


def _gate_ask(phase: Gate, seen: Seen, ask: Ask) -> Ask:
    return Ask()


def _gate(phase: Gate, seen: Seen, ask: Ask) -> str:
    if seen.trips:
        return f"trip {', '.join(seen.trips)} to be reset: remove its cause, then reset"
    return f"permissive {', '.join(seen.missing)}" if seen.missing else ""


# ---- the bag --------------------------------------------------------------------------------


def _evacuate_ask(phase: Evacuate, seen: Seen, ask: Ask) -> Ask:
    return replace(ask, request_bits=_EVACUATE)


def _evacuated(phase: Evacuate, seen: Seen, ask: Ask) -> str:
    if seen.bag_good and seen.bag_mbar <= phase.bag_mbar_max:
        return ""
    return f"bag at or below {phase.bag_mbar_max:g} mbar; it has {seen.bag_mbar:.2f} mbar"


def _bag_test_ask(phase: BagTest, seen: Seen, ask: Ask) -> Ask:
    return replace(ask, request_bits=Output.NONE)


def _bag_seen(phase: BagTest, seen: Seen, ask: Ask) -> str:
    return "" if seen.bag_good else "a good reading of the bag's pressure"


@dataclass(slots=True)
class BagWatch:
    """The bag shut off, from its pressure then (controller.recipe.unit.Engine)."""

    phase: BagTest
    start_mbar: float | None = None

    @property
    def active(self) -> bool:
        return True

    def step(
        self, seen: Seen, ask: Ask, *, lacking: str, counted_s: float, step_s: float
    ) -> EngineStep:
        if lacking:
            return EngineStep(ask, lacking)
        if self.start_mbar is None:
            self.start_mbar = seen.bag_mbar
        phase, rise_mbar = self.phase, seen.bag_mbar - self.start_mbar
        bound_mbar = phase.rise_mbar_per_min_max * phase.hold_s / 60.0
        told = f"bag rose by {rise_mbar:.3f} of {bound_mbar:g} mbar"
        if rise_mbar > bound_mbar:
            leak = f"{told} within {counted_s:.0f} s: it leaks"
            return EngineStep(ask, leak, trouble=leak, answer=phase.on_leak)
        if counted_s >= phase.hold_s - 1e-6:
            return EngineStep(ask, done=True, said=told)
        return EngineStep(ask, f"{told}; {phase.hold_s - counted_s:.0f} s more")


# ---- water ----------------------------------------------------------------------------------


def _preheat_ask(phase: Preheat, seen: Seen, ask: Ask) -> Ask:
    return replace(
        ask,
        request_bits=_SHUT,
        heat_enable=1,
        wall_temperature_target_c=phase.wall_temperature_c,
    )


def _preheated(phase: Preheat, seen: Seen, ask: Ask) -> str:
    if abs(seen.wall_c - phase.wall_temperature_c) <= phase.tolerance_k:
        return ""
    return (
        f"wall within {phase.tolerance_k:g} K of {phase.wall_temperature_c:g} °C; "
        f"it is {seen.wall_c:.1f} °C"
    )


def _fill_ask(phase: Fill, seen: Seen, ask: Ask) -> Ask:
    """Mouth open and no water until the transducers have their zero; then the flush, which
    takes the thermometers' offset to the supply as well."""
    ask = replace(ask, heat_enable=1, wall_temperature_target_c=phase.wall_temperature_c)
    if not (seen.locked and seen.pressure_tared):
        return replace(ask, request_bits=_SHUT | _MOUTH, tare_pressure=1, tare_temperature=0)
    return replace(
        ask,
        request_bits=_SHUT | _MOUTH | Output.FILL_VALVE,
        tare_pressure=0,
        tare_temperature=1,
    )


def _filling(phase: Fill, seen: Seen, ask: Ask) -> str:
    if not seen.locked:
        return "yoke in and lid locked"
    if not seen.pressure_tared:
        return "zero of the pressure transducers, taken with the mouth open"
    return "" if ask.request_bits & Output.FILL_VALVE else "fill valve"


def _flush_done(phase: Fill) -> float:
    return phase.flush_s


# ---- pressure -------------------------------------------------------------------------------


def _leak_test_ask(phase: LeakTest, seen: Seen, ask: Ask) -> Ask:
    """Pump, then let it stand: what stands is what is judged."""
    asked = replace(
        ask,
        request_bits=_SHUT,
        tare_pressure=0,
        tare_temperature=0,
        fluid_temperature_band_k=0.0,
        pressure_target_mpa=phase.pressure_mpa,
        pressure_rate_mpa_per_s=phase.rate_mpa_per_s,
    )
    begun = ask.pressure_target_mpa == phase.pressure_mpa
    stands = begun and ask.mode == Mode.OFF
    reached = seen.pressure_mpa >= LEAK_TEST_REACHED_RATIO * phase.pressure_mpa
    return replace(asked, mode=Mode.OFF if stands or reached else Mode.PRESSURE)


def _leak_tested(phase: LeakTest, seen: Seen, ask: Ask) -> str:
    if seen.leak_tested:
        return ""
    return f"leak test at {phase.pressure_mpa:g} MPa; vessel {seen.pressure_mpa:.2f} MPa"


def _proven(phase: Pump, seen: Seen, ask: Ask) -> str:
    if not seen.locked:
        return "yoke in and lid locked"
    return "" if seen.leak_tested else "the leak test; it was not passed since the lid was locked"


def _pump_ask(phase: Pump, seen: Seen, ask: Ask) -> Ask:
    return replace(
        ask,
        request_bits=_SHUT,
        mode=Mode.PRESSURE,
        pressure_target_mpa=phase.pressure_mpa,
        pressure_rate_mpa_per_s=phase.rate_mpa_per_s,
        fluid_temperature_target_c=phase.temperature_c,
        fluid_temperature_band_k=phase.temperature_band_k,
    )


def _pumped(phase: Pump, seen: Seen, ask: Ask) -> str:
    arrived = abs(seen.pressure_setpoint_mpa - phase.pressure_mpa) <= SETPOINT_TOLERANCE_MPA
    near = abs(seen.pressure_mpa - phase.pressure_mpa) <= phase.tolerance_mpa
    if seen.pressure_good and arrived and near:
        return ""
    return (
        f"{phase.pressure_mpa:g} MPa within {phase.tolerance_mpa:g} MPa; vessel "
        f"{seen.pressure_mpa:.1f} MPa, fluid {seen.fluid_c:.1f} °C, peak foretold "
        f"{seen.predicted_c:.1f} °C"
    )


def _hold_ask(phase: Hold, seen: Seen, ask: Ask) -> Ask:
    """Nothing is pumped that could overheat: no prediction is asked for any more."""
    wall_c = phase.wall_temperature_c
    return replace(
        ask,
        fluid_temperature_band_k=0.0,
        wall_temperature_target_c=ask.wall_temperature_target_c if wall_c is None else wall_c,
    )


def _in_band(phase: Hold, seen: Seen, ask: Ask) -> str:
    target_mpa = ask.pressure_target_mpa
    band_mpa = phase.pressure_band_fraction * target_mpa
    if not (seen.pressure_good and abs(seen.pressure_mpa - target_mpa) <= band_mpa):
        return (
            f"{target_mpa:g} MPa within {band_mpa:.1f} MPa; the vessel has "
            f"{seen.pressure_mpa:.1f} MPa"
        )
    if seen.fluid_good and abs(seen.fluid_c - phase.temperature_c) <= phase.temperature_band_k:
        return ""
    return (
        f"fluid within {phase.temperature_band_k:g} K of {phase.temperature_c:g} °C; "
        f"it is {seen.fluid_c:.1f} °C"
    )


def _decompress_ask(phase: Decompress, seen: Seen, ask: Ask) -> Ask:
    slow = not seen.pressure_mpa > phase.slow_below_mpa
    return replace(
        ask,
        request_bits=_SHUT,
        mode=Mode.RELEASE,
        heat_enable=0,
        pressure_target_mpa=0.0,
        pressure_rate_mpa_per_s=phase.slow_mpa_per_s if slow else phase.rate_mpa_per_s,
        fluid_temperature_band_k=0.0,
    )


def _decompressed(phase: Decompress, seen: Seen, ask: Ask) -> str:
    if seen.pressure_good and seen.pressure_mpa <= phase.released_mpa:
        return ""
    return f"vessel at or below {phase.released_mpa:g} MPa; it has {seen.pressure_mpa:.2f} MPa"


# ---- opening --------------------------------------------------------------------------------


def _purge_ask(phase: Purge, seen: Seen, ask: Ask) -> Ask:
    bits = _SHUT | Output.VENT_VALVE | Output.DRAIN_VALVE | Output.PURGE_VALVE
    return replace(ask, request_bits=bits, mode=Mode.OFF, heat_enable=0)


def _purged(phase: Purge, seen: Seen, ask: Ask) -> str:
    if not (seen.h2s_good and seen.h2s_ppm <= phase.h2s_ppm_max):
        return f"H2S at or below {phase.h2s_ppm_max:g} ppm; it is {seen.h2s_ppm:.2f} ppm"
    if "unlock_forbidden" in seen.interlocks:
        return "proof that the lid may open: vented, without pressure, cool, no H2S"
    return ""


def _safe_to_open(phase: Unlock, seen: Seen, ask: Ask) -> str:
    forbidden = "unlock_forbidden" in seen.interlocks and seen.locked
    return "proof that the lid may open" if forbidden else ""


def _unlock_ask(phase: Unlock, seen: Seen, ask: Ask) -> Ask:
    return replace(ask, request_bits=PURGE_UNLOCKED | Output.LID_UNLOCK, mode=Mode.OFF)


def _unlocked(phase: Unlock, seen: Seen, ask: Ask) -> str:
    return "lock and yoke open" if seen.locked else ""


ROWS: Mapping[type, Row] = MappingProxyType(
    {
        Gate: Row(_free, _gate_ask, _gate, _at_once),
        Evacuate: Row(_free, _evacuate_ask, _evacuated, lambda p: p.settle_s, settling=True),
        # BagWatch judges the rise; the row only waits for a good reading.
        BagTest: Row(_free, _bag_test_ask, _bag_seen, lambda p: p.hold_s),
        Preheat: Row(_free, _preheat_ask, _preheated, _at_once),
        Fill: Row(_free, _fill_ask, _filling, _flush_done),
        LeakTest: Row(_free, _leak_test_ask, _leak_tested, _at_once),
        Pump: Row(_proven, _pump_ask, _pumped, _at_once, held_back_by=_PUMPING),
        Hold: Row(_free, _hold_ask, _in_band, lambda p: p.hold_s),
        Decompress: Row(_free, _decompress_ask, _decompressed, _at_once),
        Purge: Row(_free, _purge_ask, _purged, lambda p: p.settle_s, settling=True),
        Unlock: Row(_safe_to_open, _unlock_ask, _unlocked, _at_once),
    }
)
