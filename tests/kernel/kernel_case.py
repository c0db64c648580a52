"""A press in good order for the kernel's tests: configuration, frames and a bench that ticks them.

The bench runs the safety steps alone (`press_validate`, `press_interlock`, `press_reset`,
`press_gate`). What the estimator would say and what the laws would want are fields a test sets,
so no test here depends on a control law.
"""

from __future__ import annotations

from typing import Any

from bench_case import REASON as REASON
from bench_case import UnitBench, bits, names, rows_of
from bench_case import names_of as names_of
from bench_case import plain as plain

from controller.kernel import ffi, lib

ROWS = rows_of("press")
CHANNEL, INPUT, OUTPUT, PERMISSIVE, INTERLOCK, TRIP, ADVISORY = ROWS
GOOD, UNCERTAIN, BAD = lib.PRESS_GOOD, lib.PRESS_UNCERTAIN, lib.PRESS_BAD
ZONES = range(lib.PRESS_ZONE_COUNT)
PRESSURE_CHANNELS = tuple(
    CHANNEL[name]
    for name in ("cylinder_a_pressure_bar", "cylinder_b_pressure_bar", "load_cell_force_kn")
)
TICK_S = 0.01
REST_INPUTS = (
    "guard_a_closed",
    "guard_b_closed",
    "estop_a_ok",
    "estop_b_ok",
    "safety_relay_ok",
    "limiter_ok",
    "oil_level_ok",
    "oil_filter_ok",
    "oil_temperature_ok",
    "mains_ok",
)


def _channel(name: str) -> dict[str, float]:
    at_most = {
        "offset_channel_unit": 0.0,
        "stuck_s_max": 60.0,
        "flat_s_max": 86400.0,
        "age_s_max": 0.2,
        "required": 1,
        "fitted": 1,
    }
    if name.endswith("temperature_c"):
        return at_most | {
            "kind": 0,
            "range_low_channel_unit": -50,
            "range_high_channel_unit": 300,
            "rate_channel_unit_per_s_max": 2.0,
            "noise_channel_unit_max": 0.5,
            "stuck_band_channel_unit": 0.005,
            "filter_s": 0.5,
        }
    if name.endswith(("bar", "kn")):
        high = {"cylinder_a_pressure_bar": 250, "cylinder_b_pressure_bar": 400}.get(name, 500)
        return at_most | {
            "kind": 1,
            "range_low_channel_unit": 0,
            "range_high_channel_unit": high,
            "rate_channel_unit_per_s_max": 4000.0,
            "noise_channel_unit_max": 2.0,
            "stuck_band_channel_unit": 0.005,
            "filter_s": 0.02,
        }
    if name.endswith("mm"):
        return at_most | {
            "kind": 0,
            "range_low_channel_unit": -5,
            "range_high_channel_unit": 60,
            "rate_channel_unit_per_s_max": 100.0,
            "noise_channel_unit_max": 0.02,
            "stuck_band_channel_unit": 0.0,
            "filter_s": 0.05,
        }
    return at_most | {
        "kind": 0,
        "range_low_channel_unit": -0.1,
        "range_high_channel_unit": 10,
        "rate_channel_unit_per_s_max": 2000.0,
        "noise_channel_unit_max": 0.1,
        "stuck_band_channel_unit": 0.0,
        "filter_s": 0.0,
    }


ZONE = {
    "kp_per_c": 0.17,
    "ti_s": 95.0,
    "td_s": 6.0,
    "filter_s": 3.0,
    "setpoint_weight_ratio": 0.5,
    "tracking_s": 24.0,
    "power_w": 1000.0,
    "heat_capacity_j_per_k": 3830.0,
    "loss_w_per_k": 1.19,
    "lag_s": 12.0,
    "cooling_w_per_k": 20.0,
    "rated_current_a": 4.35,
    "dead_time_s": 7.0,
    "heater_lag_s": 14.0,
    "noise_c": 0.02,
    "response_s": 4.0,
    "observer_s": 20.0,
    "contact_ratio": 0.0,
    "law": 0,
}
STACK = {
    "area_mm2": 2500.0,
    "areal_mass_g_per_cm2": 0.31,
    "elastic_modulus_mpa": 10000.0,
    "heat_capacity_j_per_k": 420.0,
    "contact_w_per_k_base": 1.0,
    "contact_w_per_k_slope": 5.0,
    "contact_pressure_mpa_ref": 20.0,
    "loss_w_per_k": 0.05,
    "thickness_reference_mm": 0.0,
    "thickness_reference_sigma_mm": 0.005,
    "areal_mass_sigma_fraction": 0.01,
}
HYDRAULIC = {
    "cylinder_area_mm2": 20110.0,
    "ram_weight_kn": 6.5,
    "valve_full_scale_bar": 250.0,
    "valve_deadband_fraction": 0.02,
    "valve_hysteresis_fraction": 0.03,
    "kp_per_bar": 0.002,
    "ki_per_bar_s": 0.008,
    "trim_bar_max": 15.0,
    "pressure_min_bar": 5.0,
    "contact_force_kn": 0.8,
    "frame_stiffness_kn_per_mm": 500.0,
    "platen_expansion_mm_per_k": 0.0012,
    "position_sigma_mm": 0.003,
    "stretch_sigma_fraction": 0.002,
    "close_bar": 8.0,
}
LIMIT = {
    "temperature_c_max": 120.0,
    "temperature_c_trip": 130.0,
    "over_temperature_warn_k": 5.0,
    "over_temperature_warn_s": 5.0,
    "over_temperature_trip_k": 15.0,
    "out_of_family_k": 15.0,
    "out_of_family_s": 5.0,
    "stack_pressure_mpa_max": 110.0,
    "cylinder_bar_trip": 240.0,
    "pressure_pair_bar_max": 7.5,
    "pressure_pair_s_max": 0.5,
    "force_mismatch_fraction_max": 0.1,
    "temperature_holdback_k": 3.0,
    "pressure_holdback_mpa": 3.0,
    "cold_stack_pressure_mpa_max": 10.0,
    "cold_stack_margin_k": 10.0,
    "ssr_welded_current_a": 0.5,
    "ssr_welded_s": 3.0,
    "uncommanded_rise_k_per_s": 0.05,
    "uncommanded_rise_s": 10.0,
    "heater_break_fraction": 0.8,
    "heater_break_s": 2.0,
    "loop_break_s": 20.0,
    "loop_break_rise_k": 2.0,
    "contactor_mismatch_s": 1.0,
    "pump_mismatch_s": 2.0,
    "pump_no_rise_s": 5.0,
    "pressure_loss_bar_per_min": 10.0,
    "pressure_loss_s": 5.0,
    "io_age_s_max": 0.2,
    "zone_sensor_bad_s_max": 2.0,
    "steam_limit_c": 95.0,
    "released_bar_max": 8.0,
    "start_temperature_c_max": 60.0,
    "readback_s_max": 0.05,
    "mains_s_max": 0.0,
    # As far away as they may be: most tests jump. Tests of these rows bring them near.
    "zone_falls_k": 50.0,
    "runaway_k_per_s": 1000.0,
    "burst_fraction": 0.95,
    "burst_bar": 700.0,
    "uncommanded_bar": 100.0,
    "uncommanded_rise_bar": 700.0,
    "follow_bar": 100.0,
    "follow_ratio_min": 0.01,
    "dump_stuck_s": 60.0,
}
ADVICE = {
    "sensor_bad_s": 0.2,
    "noise_ratio_max": 0.5,
    "drift_ratio_warn": 0.3,
    "drift_ratio_hold": 0.6,
    "drift_force_ratio_warn": 0.75,
    "drift_force_ratio_hold": 0.9,
    "drift_s": 0.3,
    "limiter_gap_k_warn": 3.0,
    "limiter_gap_k_hold": 5.0,
    "family_power_fraction_warn": 0.03,
    "family_power_fraction_hold": 0.05,
    "family_s": 60.0,
    "gain_rise_k": 4.0,
    "gain_s_max": 120.0,
    "gain_ratio_min": 0.25,
    "mass_ratio_min": 0.65,
    "mass_ratio_max": 1.5,
    "swap_k": 1.5,
    "heater_weak_fraction": 0.9,
    "heater_weak_s": 3.0,
    "ramp_unmet_s": 60.0,
    "no_isolation_s": 1.0,
    "not_rising_s": 2.0,
    "follow_ratio_slow": 0.5,
    "hunting_mpa": 0.4,
    "hunting_s": 60.0,
    "hunting_count_max": 6.0,
    "leak_bar_per_min": 3.0,
    "near_limit_fraction": 0.97,
    "flow_s": 0.3,
    "mains_dip_s": 0.1,
    "discrepancy_s": 0.4,
    "limiter_zone_top": 0,
    "limiter_zone_bottom": 0,
}


def good_config() -> Any:
    """A press_config_t that press_config_check accepts, every channel fitted."""
    return ffi.new(
        "press_config_t *",
        {
            "header_version": lib.PRESS_HEADER_VERSION,
            "zone_count": len(ZONES),
            "tick_s": TICK_S,
            "thermal_ticks": 10,
            "window_ticks": 200,
            "window_resolution_ticks": 2,
            "temperature_jerk_c_per_s3": 1e-4,
            "temperature_acceleration_c_per_s2": 2e-3,
            "pressure_jerk_mpa_per_s3": 2.0,
            "pressure_acceleration_mpa_per_s2": 1.0,
            "valve_slew_fraction_per_s": 2.0,
            "heater_slew_fraction_per_s": 10.0,
            "ambient_temperature_c": 22.0,
            "channel": [_channel(name) for name in CHANNEL],
            "zone": [ZONE | {"platen": i // 3} for i in ZONES],
            "stack": STACK,
            "hydraulic": HYDRAULIC,
            "limit": LIMIT,
            "advice": ADVICE,
        },
    )


REST_ESTIMATE = {
    "zone_temperature_setpoint_c": 22.0,
    "zone_temperature_c_median": 22.0,
    "stack_pressure_mpa": 0.0,
    "stack_pressure_setpoint_mpa": 0.0,
    "contact": 0,
}


class Bench(UnitBench):
    """One press under test: its safety steps, with what a test says instead of the laws."""

    unit = "press"
    rows = ROWS
    rest_inputs = REST_INPUTS

    def __init__(self, **config_fields: float) -> None:
        self.estimate: dict[str, Any] = dict(REST_ESTIMATE)
        self.wanted_bits = 0
        self.wanted_duty = [0.0] * len(ZONES)
        self.wanted_valve_fraction = 0.0
        super().__init__(good_config(), config_fields)

    def put_pressure(self, bar: float) -> None:
        """All three pressure sensors at one truth."""
        self.put("cylinder_a_pressure_bar", bar)
        self.put("cylinder_b_pressure_bar", bar)
        area_mm2, weight_kn = HYDRAULIC["cylinder_area_mm2"], HYDRAULIC["ram_weight_kn"]
        self.put("load_cell_force_kn", max(0.0, bar * area_mm2 * 1e-4 - weight_kn))

    def put_zones(self, temperature_c: float) -> None:
        for zone in ZONES:
            self.put(f"zone_{zone + 1}_temperature_c", temperature_c)

    def mirror(self) -> None:
        """The machine does what it was last told."""
        written = names(OUTPUT, self.state.digital_output_bits)
        flags = self.inputs
        for mirror, output in (
            ("contactor_top_closed", "contactor_top"),
            ("contactor_bottom_closed", "contactor_bottom"),
            ("pump_running", "pump"),
        ):
            if output in written:
                flags |= bits(INPUT, mirror)
        if written & {"cooling_water_top", "cooling_water_bottom"}:
            flags |= bits(INPUT, "water_flow_ok")
        self.sensor.digital_input_bits = flags
        self.sensor.digital_output_bits_readback = self.state.digital_output_bits
        self.sensor.valve_open_fraction_readback = self.state.valve_open_fraction
        for zone in ZONES:
            contactor = "contactor_top" if zone < 3 else "contactor_bottom"
            on = {f"heater_{zone + 1}_ssr", contactor} <= written
            self.put(f"heater_{zone + 1}_current_a", 4.35 if on else 0.0)

    def observe(self) -> None:
        """One press_observe, the estimator replaced by `estimate`."""
        self.next_frame()
        ffi.memmove(self.seen, bytes(ffi.sizeof("press_observation_t")), ffi.sizeof(self.seen[0]))
        lib.press_validate(self.config, self.state, self.sensor, self.seen)
        for name, number in self.estimate.items():
            setattr(self.seen, name, number)
        lib.press_interlock(self.config, self.state, self.sensor, self.seen)

    def act(self) -> None:
        """One press_act, the laws replaced by the `wanted_…` fields."""
        self.renew_lease()
        lib.press_reset(self.config, self.state, self.command)
        self.output.digital_output_bits = self.wanted_bits
        self.output.heater_duty_fraction = self.wanted_duty
        self.output.valve_open_fraction = self.wanted_valve_fraction
        lib.press_gate(self.config, self.state, self.command, self.output)

    def heat(self) -> None:
        """Heaters enabled, contactors closed, no SSR on yet."""
        self.command.heat_enable, self.command.heater_duty_fraction_max = 1, 1.0
        self.wanted_bits |= bits(OUTPUT, "contactor_top", "contactor_bottom")

    def press(self) -> None:
        """Pump on, load-holding valve open, valve half open."""
        self.command.hydraulics = lib.PRESS_HYDRAULICS_PRESSURE
        self.wanted_bits |= bits(OUTPUT, "pump", "load_holding_valve_open")
        self.wanted_valve_fraction = 0.5
