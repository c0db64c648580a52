"""When a person is told about a WIP and when its recipe holds: wip_advice_config_t.

Defaults are those of the demo WIP; a station may leave out any but the heater's own current.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

DriftRatio = Annotated[float, Meta(ge=0.01, le=1.0)]
ApartK = Annotated[float, Meta(ge=0.1, le=50.0, description="K")]
MinuteS = Annotated[float, Meta(ge=0.0, le=60.0, description="s")]
LongS = Annotated[float, Meta(ge=0.0, le=600.0, description="s")]


class WipAdvice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    jacket_current_a: Annotated[float, Meta(ge=0.1, le=1000.0, description="A")]
    """Rated, at nominal mains."""
    heater_weak_fraction: Annotated[float, Meta(ge=0.05, le=0.99)] = 0.8
    """Of the rated current."""
    heater_break_fraction: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.3
    heater_s: Annotated[float, Meta(ge=0.1, le=600.0, description="s of on-time")] = 2.0
    sensor_bad_s: MinuteS = 0.2
    drift_ratio_warn: DriftRatio = 0.5
    """Of `pressure_pair_mpa_max`, which trips."""
    drift_ratio_hold: DriftRatio = 0.8
    drift_s: LongS = 2.0
    thermometer_k_warn: ApartK = 1.5
    """One against the other, after both were set to the supply."""
    thermometer_k_hold: ApartK = 4.0
    thermometer_s: LongS = 2.0
    no_isolation_s: Annotated[float, Meta(ge=0.1, le=60.0, description="s")] = 3.0
    bag_mbar_max: Annotated[float, Meta(ge=0.01, le=1000.0, description="mbar")] = 5.0
    """Above it the bag is not evacuated, and not judged."""
    bag_mbar_per_min: Annotated[float, Meta(ge=0.001, le=100.0, description="mbar/min")] = 0.1
    bag_window_s: Annotated[float, Meta(ge=1.0, le=600.0, description="s")] = 10.0
    leak_mpa_per_min: Annotated[float, Meta(ge=0.01, le=100.0, description="MPa/min")] = 1.0
    """Told; the limit `leak_mpa_per_min_max` trips."""
    stroke_ratio_min: Annotated[float, Meta(ge=0.05, le=1.0)] = 0.7
    """Pressure a stroke gave, over what it should have given."""
    not_rising_s: Annotated[float, Meta(ge=0.1, le=600.0, description="s")] = 5.0
    not_falling_s: Annotated[float, Meta(ge=0.1, le=600.0, description="s")] = 3.0
    needle_ratio_worn: Annotated[float, Meta(ge=1.01, le=10.0)] = 1.25
    """Its gain is away from 1 by so much, either way."""
    near_limit_fraction: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.98
    flow_s: Annotated[float, Meta(ge=0.05, le=60.0, description="s")] = 1.0
    """Filling without flow."""
    discrepancy_s: MinuteS = 0.5
