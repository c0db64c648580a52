"""What a person sees of each class of unit."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from controller.cli.faces import FACES
from controller.cli.view import RunView
from controller.ports import Sample, Signal, SignalNames, Tick

TICK = Tick(100, 61.0, 10**9)
PRESS = {
    "zone_temperature_setpoint_c": 100.0,
    "zone_temperature_c_median": 99.96,
    "stack_temperature_c_estimate": 98.0,
    "stack_pressure_setpoint_mpa": 100.0,
    "stack_pressure_mpa": 99.5,
    "force_kn": 250.0,
    "density_g_per_cm3": 0.0,
    "thickness_mm": 1.5,
}
WIP = {
    "vessel_pressure_setpoint_mpa": 490.0,
    "vessel_pressure_mpa": 321.25,
    "vessel_pressure_rate_mpa_per_s": 1.9,
    "fluid_temperature_target_c": 85.0,
    "fluid_temperature_c_estimate": 77.4,
    "fluid_temperature_c_predicted": 84.9,
    "wall_temperature_c_estimate": 81.0,
    "jacket_temperature_setpoint_c": 90.0,
    "jacket_temperature_c": 88.0,
    "jacket_duty_fraction": 0.42,
    "pump_speed_fraction": 0.5,
    "delivered_ml": 250.0,
    "intensifier_position_mm": 120.0,
    "leak_mpa_per_min": 0.012,
    "digital_input_bits": 0.0,
}
INPUTS = ("yoke_in", "lid_locked_a", "lid_locked_b")
NAMES = SignalNames(channels=(), digital_inputs=INPUTS, digital_outputs=(), analogue_outputs=())


def press(*zones: tuple[float, int]) -> tuple[tuple[Signal, ...], Sample]:
    """A press with these zones, each with its quality."""
    names = [f"zone_{n}_temperature_c" for n in range(1, len(zones) + 1)]
    signals = (
        *(Signal(name, "°C", i) for i, name in enumerate(names)),
        *(Signal(name, "") for name in PRESS),
    )
    values = (*(reading for reading, _ in zones), *PRESS.values())
    return signals, Sample(TICK, "soak", values, bytes(quality for _, quality in zones))


def wip(**changes: float) -> tuple[tuple[Signal, ...], Sample]:
    values = (WIP | changes).values()
    signals = tuple(Signal(name, "") for name in WIP)
    return signals, Sample(TICK, "pump", tuple(values), b"")


@pytest.mark.parametrize(
    ("zones", "text"),
    [
        ([(99.5, 0), (101.0, 0), (0.0, 2), (0.0, 2)], "2 zones 99.50 … 101.00 °C"),
        ([(99.5, 0), (100.2, 1), (850.0, 2)], "2 zones 99.50 … 100.20 °C"),
        ([(850.0, 2)], "no good zone"),
    ],
)
def test_a_press_shows_the_zones_it_has(zones: list[tuple[float, int]], text: str) -> None:
    signals, sample = press(*zones)
    first, *_ = FACES["press"](signals, NAMES).rows(sample)
    assert first == ("temperature", "100.0 °C", "99.96 °C", text)


def test_a_wip_shows_its_pressure_its_fluid_and_what_is_to_come() -> None:
    signals, sample = wip()
    pressure, fluid, *_ = FACES["wip"](signals, NAMES).rows(sample)
    assert pressure == ("vessel pressure", "490.0 MPa", "321.25 MPa", "+1.90 MPa/s")
    assert fluid == ("fluid (estimate)", "85.0 °C", "77.40 °C", "predicted peak 84.9 °C")


def test_a_fluid_that_nobody_pumps_has_no_target() -> None:
    signals, pumped = wip()
    sample = Sample(pumped.tick, "preheat", pumped.values, pumped.quality)
    _, fluid, *_ = FACES["wip"](signals, NAMES).rows(sample)
    assert fluid == ("fluid (estimate)", "", "77.40 °C", "")


@pytest.mark.parametrize(
    ("bits", "lid"),
    [(0b000, "open"), (0b001, "shut, not locked"), (0b011, "shut, not locked"), (0b111, "locked")],
)
def test_a_lid_is_locked_when_both_switches_say_so(bits: int, lid: str) -> None:
    signals, sample = wip(digital_input_bits=float(bits))
    assert FACES["wip"](signals, NAMES).line(sample).endswith(f"lid {lid}")


class Progress:
    phase, index, count, waits_for, remaining_s = "pump", 6, 11, "pressure at its target", 300.0


@pytest.mark.parametrize(("unit", "made"), [("press", press((99.5, 0))), ("wip", wip())])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_view_draws_every_unit(
    unit: str, made: tuple[tuple[Signal, ...], Sample], terminal: bool
) -> None:
    signals, sample = made
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=terminal, width=120)
    wall_s = iter(range(0, 1000, 20))
    face = FACES[unit](signals, NAMES)
    with RunView(console, "batch 1", face, Progress, lambda: float(next(wall_s))) as view:
        view.sample(sample)
        view.sample(sample)
    assert "MPa" in drawn.getvalue()
    assert "pressure at its target" in drawn.getvalue()
