"""What the plant's tests share: presses with changed parameters and hands to work them."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from hil import Machine, Plant, read_machine

SSRS = tuple(f"heater_{i}_ssr" for i in range(1, 7))
ZONES = tuple(f"zone_{i}_temperature_c" for i in range(1, 7))
PRESS = read_machine("press-500kN")

# A workpiece that neither flows nor springs, to see the hydraulics alone.
RIGID = {"yield_mpa_25c": 1e9, "elastic_modulus_mpa": 1e7}


def machine_with(**tables: dict[str, float]) -> Machine:
    """The reference press with fields of its tables changed: hydraulic={...}, stack={...}."""
    changed = {
        table: msgspec.structs.replace(getattr(PRESS, table), **fields)
        for table, fields in tables.items()
    }
    return msgspec.structs.replace(PRESS, **changed)


def unlimited(**tables: dict[str, float]) -> Machine:
    """Without the independent limiter, to see what it is for."""
    return machine_with(electrical={"limiter_c": 1000.0}, **tables)


def quiet_press(machine: Machine = PRESS, start_c: float | None = None) -> Plant:
    return Plant(machine, noise=False, start_temperature_c=start_c)


def close_daylight(press: Plant) -> Plant:
    press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
    press.step(3.0)
    assert press.truth()["daylight_mm"] == 0.0
    press.set(approach_valve=0)
    return press


def pressed(press: Plant, cylinder_bar: float, settle_s: float = 6.0) -> Plant:
    """Closed and brought up to a cylinder pressure, over the valve's hysteresis."""
    hydraulic = press.machine.hydraulic
    opening = (
        cylinder_bar / hydraulic.valve_full_scale_bar + hydraulic.valve_hysteresis_fraction / 2
    )
    close_daylight(press).set(valve_open_fraction=min(opening, 1.0))
    press.step(settle_s)
    return press


def locked(press: Plant, cylinder_bar: float = 60.0) -> Plant:
    """Pressed, then held by the load-holding valve with the pump at rest: G_c is full."""
    pressed(press, cylinder_bar).set(load_holding_valve_open=0, pump=0)
    return press


def hold_temperature(
    press: Plant,
    seconds: float,
    setpoint_c: float,
    feed_forward: float = 0.093,
    hands_off: int = -1,
) -> float:
    """A plain proportional controller with 2 s windows; returns the mean duty of all zones."""
    begun_s, begun_j = press.time_s, press.truth()["energy_in_j"]
    while press.time_s - begun_s < seconds - 1e-6:
        on_s = [_on_s(setpoint_c - press.reading(zone), feed_forward) for zone in ZONES]
        on_s = [0.0 if i == hands_off else on for i, on in enumerate(on_s)]
        edges = sorted({0.0, 2.0, *on_s})
        for begin_s, end_s in pairwise(edges):
            press.set(**{ssr: on_s[i] > begin_s + 1e-9 for i, ssr in enumerate(SSRS)})
            press.step(end_s - begin_s)
    energy_j = press.truth()["energy_in_j"] - begun_j
    return energy_j / (press.time_s - begun_s) / 6000.0


def _on_s(error_k: float, feed_forward: float) -> float:
    duty = min(1.0, max(0.0, feed_forward + 0.17 * error_k))
    return round(duty * 100) * 0.02
