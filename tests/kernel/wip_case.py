"""A WIP in good order for the kernel's tests: configuration, frames and hands that tick them."""

from __future__ import annotations

from typing import Any

from bench_case import UnitBench, bits, names, rows_of

from controller.kernel import ffi, lib

ROWS = rows_of("wip")
CHANNEL, INPUT, OUTPUT, PERMISSIVE, INTERLOCK, TRIP, ADVISORY = ROWS
TICK_S = 0.01

LOOP = {  # 4-20 mA: range, rate, noise
    "vessel_a_pressure_mpa": (0.0, 700.0, 2000.0, 5.0, 0.05),
    "vessel_b_pressure_mpa": (0.0, 700.0, 2000.0, 5.0, 0.05),
    "vessel_low_pressure_bar": (-1.0, 9.0, 1000.0, 20.0, 0.05),
    "intensifier_oil_pressure_bar": (0.0, 400.0, 1e5, 400.0, 0.0),
    "bag_pressure_mbar": (0.0, 20.0, 1e4, 30.0, 0.2),
    "h2s_purge_ppm": (0.0, 100.0, 100.0, 5.0, 0.5),
    "h2s_exhaust_ppm": (0.0, 100.0, 100.0, 5.0, 0.5),
    "cell_voltage_v": (-1.0, 6.0, 100.0, 1.0, 0.1),
    "needle_position_fraction": (0.0, 1.0, 10.0, 0.1, 0.05),
}
DIRECT = {
    "intensifier_position_mm": (-20.0, 400.0, 1e4, 5.0, 0.03),
    "jacket_current_a": (-0.5, 60.0, 1e4, 20.0, 0.0),
}


def channel_of(name: str) -> dict[str, float]:
    loop = name in LOOP
    thermometer = (-40.0, 320.0, 20.0, 3.0, 0.5)
    low, high, rate, noise, filter_s = LOOP.get(name) or DIRECT.get(name) or thermometer
    return {
        "fitted": 1,
        "kind": int(loop),
        "required": 1,
        "range_low_channel_unit": low,
        "range_high_channel_unit": high,
        "rate_channel_unit_per_s_max": rate,
        "noise_channel_unit_max": noise,
        "stuck_s_max": 86400.0,  # what a test puts has no noise
        "flat_s_max": 86400.0,
        "age_s_max": 0.2,
        "filter_s": filter_s,
    }


# Water in a vessel of 3.39 L, wall ratio 2; K per 100 MPa at 20..100 C.
HEATING = (
    (1.45, 2.32, 2.96, 2.98, 2.92),
    (2.91, 3.16, 3.32, 3.22, 3.13),
    (4.24, 4.00, 3.75, 3.51, 3.39),
    (5.55, 4.89, 4.25, 3.85, 3.69),
    (6.93, 5.83, 4.80, 4.24, 4.03),
)
VESSEL = {
    "node_pressure_mpa": [0.2, 100.0, 300.0, 500.0, 600.0],
    "node_temperature_c": [20.0, 40.0, 60.0, 80.0, 100.0],
    "heating_k_per_mpa": [0.01 * k for row in HEATING for k in row],
    "stiffness_mpa": [2080.0, 2650.0, 3720.0, 4700.0, 5170.0],
    "expansion_mpa_per_k": [1.33, 1.54, 1.88, 2.19, 2.33],
    "volume_ml": 3390.0,
    "fluid_heat_capacity_j_per_k": 13800.0,
    "wall_heat_capacity_j_per_k": 66000.0,
    "wall_w_per_k": 40.0,
    "jacket_w_per_k": 25.0,
    "jacket_loss_w_per_k": 3.0,
    "jacket_power_w": 3000.0,
    "ambient_temperature_c": 22.0,
    "fluid_lag_s": 1.5,
    "fluid_correction_s": 10.0,
    "wall_correction_s": 300.0,
    "fill_ml_per_s": 135.0,
}
DRIVE = {
    "stroke_ml": 50.0,
    "stroke_mm": 250.0,
    "flow_ml_per_s_max": 16.67,
    "oil_bar_per_mpa": 0.525,
    "charge_fraction": 0.3,
    "reaction_s": 1.0,
    "rise_mpa_per_s_max": 8.0,
    "needle_flow_ml_per_s": 1.9,
    "needle_gain_ratio_max": 2.0,
    "needle_learn_s": 5.0,
    "release_reaction_s": 3.0,
    "jacket_kp_per_c": 0.1,
    "wall_gain_ratio": 10.0,
}
LIMIT = {
    "pressure_mpa_max": 520.0,
    "pressure_pair_mpa_max": 7.0,
    "pressure_pair_s_max": 0.5,
    "pressure_sensor_s_max": 0.2,
    "temperature_c_max": 95.0,
    "temperature_c_trip": 110.0,
    "jacket_temperature_c_max": 100.0,
    "jacket_temperature_c_trip": 110.0,
    "temperature_sensor_s_max": 2.0,
    "release_mpa_per_s_max": 10.0,
    "release_slow_mpa_per_s_max": 1.2,
    "release_slow_mpa": 20.0,
    "release_persist_s": 1.0,
    "leak_test_mpa": 5.0,
    "leak_test_s": 40.0,
    "leak_test_mpa_per_min_max": 0.6,
    "leak_mpa_per_min_max": 1.8,  # of 2, less what the measurement may be off by
    "leak_window_s": 12.0,
    "leak_model_fraction": 0.25,
    "leak_learned_fraction": 0.05,
    "blocked_in_mpa_per_min": 1.0,
    "blocked_in_s": 10.0,
    "blocked_in_relief_mpa": 10.0,
    "burst_mpa": 4.0,
    "progress_fraction_min": 0.5,
    "progress_ml": 12.0,
    "over_run_s": 120.0,
    "over_run_mpa": 1.0,
    "mouth_mpa_max": 0.6,
    "released_bar_max": 0.3,
    "released_mpa_max": 1.0,
    "unlock_temperature_c_max": 80.0,
    "unlock_s": 10.0,
    "h2s_start_ppm_max": 1.0,
    "h2s_alarm_ppm": 5.0,
    "h2s_trip_ppm": 10.0,
    "ssr_welded_current_a": 0.5,
    "ssr_welded_s": 3.0,
    "contactor_mismatch_s": 1.0,
    "readback_s_max": 0.05,
    "io_age_s_max": 0.2,
    "tare_mpa_max": 4.0,
    "tare_k_max": 2.0,
    "tare_s": 5.0,
}
ADVICE = {
    "sensor_bad_s": 0.2,
    "drift_ratio_warn": 0.5,
    "drift_ratio_hold": 0.8,
    "drift_s": 2.0,
    "thermometer_k_warn": 1.5,
    "thermometer_k_hold": 4.0,
    "thermometer_s": 2.0,
    "jacket_current_a": 13.04,
    "heater_weak_fraction": 0.8,
    "heater_break_fraction": 0.3,
    "heater_s": 2.0,
    "no_isolation_s": 3.0,
    "bag_mbar_max": 5.0,
    "bag_mbar_per_min": 0.1,
    "bag_window_s": 10.0,
    "leak_mpa_per_min": 0.8,
    "stroke_ratio_min": 0.7,
    "not_rising_s": 5.0,
    "not_falling_s": 3.0,
    "needle_ratio_worn": 1.25,
    "near_limit_fraction": 0.98,
    "flow_s": 1.0,
    "discrepancy_s": 0.5,
}
NEEDLE_STEP = TICK_S / 3.0  # a tick's travel of a needle that takes three seconds
REST_INPUTS = (
    "guard_a_closed", "guard_b_closed", "estop_a_ok", "estop_b_ok", "safety_relay_ok",
    "limiter_ok", "oil_level_ok", "oil_filter_ok", "oil_temperature_ok", "bag_loaded",
    "rupture_disc_ok", "mains_ok", "water_flow_ok",
)  # fmt: skip
LOCKED_INPUTS = ("yoke_in", "lid_locked_a", "lid_locked_b")


def fields() -> dict[str, Any]:
    """Everything wip_config_t holds, accepted by wip_config_check."""
    return {
        "header_version": lib.WIP_HEADER_VERSION,
        "tick_s": TICK_S,
        "pressure_jerk_mpa_per_s3": 4.0,
        "pressure_acceleration_mpa_per_s2": 2.0,
        "needle_slew_fraction_per_s": 1.0,
        "pump_slew_fraction_per_s": 4.0,
        "window_ticks": 200,
        "predict_ticks": 50,
        "channel": [channel_of(name) for name in CHANNEL],
        "vessel": VESSEL,
        "drive": DRIVE,
        "limit": LIMIT,
        "advice": ADVICE,
    }


def good_config() -> Any:
    return ffi.new("wip_config_t *", fields())


class Wip(UnitBench):
    """The whole kernel of one WIP on readings that a test puts."""

    unit = "wip"
    rows = ROWS
    rest_inputs = REST_INPUTS
    settle_ticks = 300

    def __init__(self, **config_fields: float) -> None:
        self.jacket_a = 13.0
        self.welded = False
        self.needle_fraction = 0.0
        self.needle_jammed = False
        super().__init__(good_config(), config_fields)

    def put_pressure(self, mpa: float) -> None:
        """All three transducers at one truth; the low one is shut off above its span."""
        self.put("vessel_a_pressure_mpa", mpa)
        self.put("vessel_b_pressure_mpa", mpa)
        self.put("vessel_low_pressure_bar", min(9.3, 10.0 * mpa))

    def put_fluid(self, temperature_c: float) -> None:
        self.put("fluid_1_temperature_c", temperature_c)
        self.put("fluid_2_temperature_c", temperature_c)

    def mirror(self) -> None:
        """The machine does what it was last told."""
        written = names(OUTPUT, self.state.digital_output_bits)
        mirrored = {
            "contactor_jacket": "contactor_jacket_closed", "pump": "pump_running",
            "vent_valve": "vent_open", "deair_valve": "deair_open",
        }  # fmt: skip
        flags = self.inputs | bits(INPUT, *(mirrored[name] for name in written & mirrored.keys()))
        self.sensor.digital_input_bits = flags
        self.sensor.digital_output_bits_readback = self.state.digital_output_bits
        if not self.needle_jammed:
            gap = self.state.needle_open_fraction - self.needle_fraction
            self.needle_fraction += max(-NEEDLE_STEP, min(NEEDLE_STEP, gap))
        self.put("needle_position_fraction", self.needle_fraction)
        on = {"contactor_jacket", "jacket_heater_ssr"} <= written
        if on or not self.welded:
            self.put("jacket_current_a", self.jacket_a if on else 0.0)

    def observe(self) -> None:
        self.next_frame()
        lib.wip_observe(self.config, self.state, self.sensor, self.seen)

    def act(self) -> None:
        self.renew_lease()
        lib.wip_act(self.config, self.state, self.command, self.output)

    def lock(self) -> None:
        self.inputs |= bits(INPUT, *LOCKED_INPUTS)

    def request(self, *outputs: str) -> None:
        self.command.request_bits = bits(OUTPUT, *outputs)

    def under(self, mpa: float) -> Wip:
        """Locked, leak-tested and standing at this pressure, armed."""
        self.lock()
        self.put_pressure(mpa)
        self.settle()
        self.state.leak_tested = 1
        self.state.burst = 0
        self.tick(300)
        self.press_reset()
        assert self.trips == set()
        return self

    def pump_to(self, target_mpa: float, rate_mpa_per_s: float = 4.0) -> None:
        self.command.mode = lib.WIP_MODE_PRESSURE
        self.command.pressure_target_mpa = target_mpa
        self.command.pressure_rate_mpa_per_s = rate_mpa_per_s
