"""The phases of a WIP recipe as data: what may be written under `[[phase]]` of a unit "wip".

As in controller.recipe.phases: numbers only, what a phase waits for is fixed by its kind
(see controller.recipe.wip_rows). Pressures are gauge, of the vessel's fluid.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from controller.config.numbers import DurationS, TemperatureK, ToleranceK, ToleranceMpa
from controller.recipe.phases import Gate, HeldBackS, OnTimeout, PhaseBase

WaterC = Annotated[float, Meta(ge=5.0, le=150.0, description="°C of fluid or wall")]
VesselMpa = Annotated[float, Meta(ge=0.1, le=700.0, description="Gauge pressure of the vessel")]
VesselMpaPerS = Annotated[float, Meta(ge=0.01, le=20.0, description="MPa/s, always positive")]
BagMbar = Annotated[float, Meta(ge=0.01, le=20.0, description="Absolute, of the bag, mbar")]

OnWipAbort = Literal["release", "retain"]
"""What an abort does with the pressure when ten minutes have passed: let it off slowly through
the needle, or leave it for a person. A standing leak or burst retains it in any case."""


class Evacuate(PhaseBase, frozen=True, tag="evacuate"):
    """Draw the bag's vacuum until it has been at or below `bag_mbar_max` for `settle_s`."""

    bag_mbar_max: BagMbar = 1.0
    settle_s: DurationS = 10.0
    on_timeout: OnTimeout = "stop"


class BagTest(PhaseBase, frozen=True, tag="bag_test"):
    """Shut the bag off and watch it: a rise of its pressure is a leak, which would drown the
    cell and make hydrogen sulfide of it."""

    hold_s: DurationS = 120.0
    rise_mbar_per_min_max: Annotated[float, Meta(ge=0.001, le=20.0)] = 0.1
    on_leak: OnTimeout = "stop"
    on_timeout: OnTimeout = "stop"


class Preheat(PhaseBase, frozen=True, tag="preheat"):
    """Bring the wall near `wall_temperature_c` with the jacket, lid shut, nothing filled."""

    wall_temperature_c: WaterC
    tolerance_k: ToleranceK = 2.0
    on_timeout: OnTimeout = "stop"


class Fill(PhaseBase, frozen=True, tag="fill"):
    """Lock, take the transducers' zero, fill and flush with the mouth open, take the
    thermometers' offset to the supply, shut."""

    wall_temperature_c: WaterC
    flush_s: Annotated[float, Meta(ge=10.0, le=3600.0, description="s")] = 120.0
    on_timeout: OnTimeout = "stop"


class LeakTest(PhaseBase, frozen=True, tag="leak_test"):
    """Pump to a low pressure and let it stand: the kernel pumps no higher before it is passed."""

    pressure_mpa: VesselMpa = 5.0
    rate_mpa_per_s: VesselMpaPerS = 1.0
    on_timeout: OnTimeout = "stop"


class Pump(PhaseBase, frozen=True, tag="pump"):
    """Pump to `pressure_mpa` so that the fluid, which pumping heats, arrives at
    `temperature_c`: the kernel takes the rate back, or waits, when it would pass the band."""

    pressure_mpa: VesselMpa
    rate_mpa_per_s: VesselMpaPerS
    temperature_c: WaterC
    temperature_band_k: ToleranceK = 1.0
    """Of the predicted peak: above it the pump waits."""
    tolerance_mpa: ToleranceMpa = 1.0
    holdback_s_max: HeldBackS = 1800.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnWipAbort = "release"


class Hold(PhaseBase, frozen=True, tag="hold"):
    """Keep the pressure by topping up until `hold_s` in all were spent within both bands."""

    hold_s: DurationS
    temperature_c: WaterC
    pressure_band_fraction: Annotated[float, Meta(ge=0.001, le=0.2)] = 0.01
    temperature_band_k: TemperatureK = 5.0
    wall_temperature_c: WaterC | None = None
    """The wall's target from here on; the fluid cools towards it."""
    on_timeout: OnTimeout = "stop"
    on_abort: OnWipAbort = "release"


class Decompress(PhaseBase, frozen=True, tag="decompress"):
    """Let the pressure off through the needle, slower below `slow_below_mpa`, where trapped gas
    expands."""

    rate_mpa_per_s: VesselMpaPerS
    slow_below_mpa: VesselMpa = 20.0
    slow_mpa_per_s: VesselMpaPerS = 1.0
    released_mpa: Annotated[float, Meta(ge=0.005, le=0.05, description="MPa")] = 0.025
    """The phase ends at or below this; the lid's own lock lets go at 0.5 bar."""
    on_timeout: OnTimeout = "abort"
    on_abort: OnWipAbort = "release"


class Purge(PhaseBase, frozen=True, tag="purge"):
    """Vent, drain and purge the head space until the hydrogen-sulfide sensors have been at or
    below `h2s_ppm_max` for `settle_s` and the kernel has nothing against opening."""

    h2s_ppm_max: Annotated[float, Meta(ge=0.1, le=10.0, description="ppm")] = 1.0
    settle_s: DurationS = 30.0
    on_timeout: OnTimeout = "abort"


class Unlock(PhaseBase, frozen=True, tag="unlock"):
    """Ask the lock and the yoke to open; done when the lock reports it."""

    on_timeout: OnTimeout = "abort"


WipPhase = (
    Gate
    | Evacuate
    | BagTest
    | Preheat
    | Fill
    | LeakTest
    | Pump
    | Hold
    | Decompress
    | Purge
    | Unlock
)
KINDS: tuple[type[PhaseBase], ...] = (
    Gate, Evacuate, BagTest, Preheat, Fill, LeakTest, Pump, Hold, Decompress, Purge, Unlock,
)  # fmt: skip
