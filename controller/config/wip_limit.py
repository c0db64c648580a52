"""The limits of a WIP: wip_limit_config_t, as the machine's own.

Of the maxima of pressure and temperature the kernel gets the tightest of machine, material and
recipe; of the release the gentler of machine and material.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

ShortS = Annotated[float, Meta(ge=0.0, le=60.0, description="s")]
Ppm = Annotated[float, Meta(ge=0.1, le=10.0, description="ppm")]
JacketC = Annotated[float, Meta(ge=20.0, le=200.0, description="°C")]
TripC = Annotated[float, Meta(ge=20.0, le=250.0, description="°C")]
ReleaseRate = Annotated[float, Meta(ge=0.01, le=100.0, description="MPa/s")]


class WipMachineLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pressure_mpa_max: Annotated[float, Meta(ge=1.0, le=1000.0, description="MPa")]
    """Trips."""
    temperature_c_max: JacketC
    """Of the fluid: stops pump and jacket until it is below."""
    temperature_c_trip: TripC
    jacket_temperature_c_max: JacketC
    """Highest setpoint of the jacket."""
    jacket_temperature_c_trip: TripC
    temperature_sensor_s_max: ShortS
    pressure_pair_mpa_max: Annotated[float, Meta(ge=0.1, le=100.0, description="MPa")]
    pressure_pair_s_max: ShortS
    pressure_sensor_s_max: ShortS
    release_mpa_per_s_max: ReleaseRate
    """Above `release_slow_mpa`."""
    release_slow_mpa_per_s_max: ReleaseRate
    """At and below it."""
    release_slow_mpa: Annotated[float, Meta(ge=0.0, le=500.0, description="MPa")]
    release_persist_s: Annotated[float, Meta(ge=0.1, le=10.0, description="s")]
    """Too fast for so long although throttled: the line is shut."""
    leak_test_mpa: Annotated[float, Meta(ge=1.0, le=50.0, description="MPa")]
    """No pumping above it before the test is passed."""
    leak_test_s: Annotated[float, Meta(ge=5.0, le=3600.0, description="s")]
    leak_test_mpa_per_min_max: Annotated[float, Meta(ge=0.01, le=10.0, description="MPa/min")]
    leak_mpa_per_min_max: Annotated[float, Meta(ge=0.01, le=100.0, description="MPa/min")]
    """What neither the fluid's temperature nor the pump explains."""
    leak_window_s: Annotated[float, Meta(ge=1.0, le=3600.0, description="s")]
    leak_model_fraction: Annotated[float, Meta(ge=0.0, le=0.5, description="0 to 0.5")]
    """How far stiffness over volume may be off as commissioned ..."""
    leak_learned_fraction: Annotated[float, Meta(ge=0.0, le=0.5, description="0 to 0.5")]
    """... and once this pumping has shown it."""
    blocked_in_mpa_per_min: Annotated[float, Meta(ge=0.1, le=100.0, description="MPa/min")]
    """A shut vessel that is heated: a rise nobody asked for."""
    blocked_in_s: Annotated[float, Meta(ge=1.0, le=600.0, description="s")]
    blocked_in_relief_mpa: Annotated[float, Meta(ge=0.1, le=100.0, description="MPa")]
    """Above the target: let off, not only no longer heated."""
    burst_mpa: Annotated[float, Meta(ge=0.5, le=200.0, description="MPa")]
    """A fall within half a second."""
    progress_fraction_min: Annotated[float, Meta(ge=0.05, le=0.95, description="0 to 1")]
    """Of the pressure that what was delivered should have made."""
    progress_ml: Annotated[float, Meta(ge=0.1, le=1e4, description="mL")]
    over_run_s: Annotated[float, Meta(ge=1.0, le=600.0, description="s")]
    over_run_mpa: Annotated[float, Meta(ge=0.05, le=50.0, description="MPa")]
    mouth_mpa_max: Annotated[float, Meta(ge=0.05, le=0.75, description="MPa")]
    """Above it fill, de-air, vent and drain stay shut."""
    released_bar_max: Annotated[float, Meta(ge=0.01, le=0.5, description="bar")]
    released_mpa_max: Annotated[float, Meta(ge=0.01, le=5.0, description="MPa")]
    """What the high transducers may show of a vessel without pressure."""
    unlock_temperature_c_max: Annotated[float, Meta(ge=20.0, le=95.0, description="°C")]
    unlock_s: Annotated[float, Meta(ge=1.0, le=600.0, description="s")]
    h2s_start_ppm_max: Ppm
    h2s_alarm_ppm: Ppm
    h2s_trip_ppm: Annotated[float, Meta(ge=0.1, le=20.0, description="ppm")]
    ssr_welded_current_a: Annotated[float, Meta(ge=0.01, le=100.0, description="A")]
    ssr_welded_s: Annotated[float, Meta(ge=0.1, le=60.0, description="s")]
    contactor_mismatch_s: Annotated[float, Meta(ge=0.05, le=10.0, description="s")]
    readback_s_max: Annotated[float, Meta(ge=0.0, le=10.0, description="s")]
    io_age_s_max: Annotated[float, Meta(ge=0.01, le=10.0, description="s")]
    tare_mpa_max: Annotated[float, Meta(ge=0.0, le=20.0, description="MPa")]
    """A transducer further from zero is not tared but doubted."""
    tare_k_max: Annotated[float, Meta(ge=0.0, le=10.0, description="K")]
    tare_s: Annotated[float, Meta(ge=1.0, le=600.0, description="s")]
    """At rest for so long before it is taken."""
