/* wip_config_check.c: a WIP's configuration is refused whole unless every field is within its
 * bounds; two bounds on every number, so that neither NaN nor an infinity passes.
 */
#include "bounds.h"
#include "wip_internal.h"

#include <string.h>

static bool base_in_bounds(const wip_config_t *c, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"header_version", c->header_version, WIP_HEADER_VERSION, WIP_HEADER_VERSION},
        {"tick_s", c->tick_s, 0.001, 0.05},
        {"pressure_jerk_mpa_per_s3", c->pressure_jerk_mpa_per_s3, 1e-3, 1e4},
        {"pressure_acceleration_mpa_per_s2", c->pressure_acceleration_mpa_per_s2, 1e-3, 1e4},
        {"needle_slew_fraction_per_s", c->needle_slew_fraction_per_s, 1e-3, 1e3},
        {"pump_slew_fraction_per_s", c->pump_slew_fraction_per_s, 1e-3, 1e3},
        {"window_ticks", c->window_ticks, 1, 10000},
        {"predict_ticks", c->predict_ticks, 1, 1000},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool must_be_fitted(uint32_t number)
{
    return number == WIP_CHANNEL_FLUID_1_TEMPERATURE_C || number == WIP_CHANNEL_JACKET_TEMPERATURE_C ||
           number == WIP_PRESSURE_A || number == WIP_PRESSURE_B ||
           number == WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR ||
           number == WIP_CHANNEL_INTENSIFIER_OIL_PRESSURE_BAR ||
           number == WIP_CHANNEL_INTENSIFIER_POSITION_MM;
}

static bool tables_in_bounds(const wip_vessel_config_t *v, press_config_fault_t *fault)
{
    for (int32_t i = 0; i < WIP_FLUID_NODE_COUNT; i++) {
        const press_bound_t rows[] = {
            {"vessel.node_pressure_mpa", v->node_pressure_mpa[i],
             i == 0 ? 0.0 : v->node_pressure_mpa[i - 1] + 1.0, 1000},
            {"vessel.node_temperature_c", v->node_temperature_c[i],
             i == 0 ? 0.0 : v->node_temperature_c[i - 1] + 1.0, 300},
            {"vessel.stiffness_mpa", v->stiffness_mpa[i], 100, 20000},
            {"vessel.expansion_mpa_per_k", v->expansion_mpa_per_k[i], 0, 10},
        };
        if (!press_within(rows, PRESS_COUNT_OF(rows), i, fault)) return false;
    }
    for (int32_t i = 0; i < WIP_FLUID_TABLE_COUNT; i++) {
        const press_bound_t rows[] = {{"vessel.heating_k_per_mpa", v->heating_k_per_mpa[i], 0, 0.15}};
        if (!press_within(rows, PRESS_COUNT_OF(rows), i, fault)) return false;
    }
    return true;
}

static bool vessel_in_bounds(const wip_vessel_config_t *v, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"vessel.volume_ml", v->volume_ml, 50, 5e5},
        {"vessel.fluid_heat_capacity_j_per_k", v->fluid_heat_capacity_j_per_k, 100, 1e7},
        {"vessel.wall_heat_capacity_j_per_k", v->wall_heat_capacity_j_per_k, 100, 1e8},
        {"vessel.wall_w_per_k", v->wall_w_per_k, 0.1, 1e4},
        {"vessel.jacket_w_per_k", v->jacket_w_per_k, 0.1, 1e4},
        {"vessel.jacket_loss_w_per_k", v->jacket_loss_w_per_k, 0, 1e4},
        {"vessel.jacket_power_w", v->jacket_power_w, 10, 1e5},
        {"vessel.ambient_temperature_c", v->ambient_temperature_c, -20, 60},
        {"vessel.fluid_lag_s", v->fluid_lag_s, 0, 60},
        {"vessel.fluid_correction_s", v->fluid_correction_s, 0.5, 1000},
        {"vessel.wall_correction_s", v->wall_correction_s, 1, 1e5},
        {"vessel.fill_ml_per_s", v->fill_ml_per_s, 1, 1e4},
    };
    return tables_in_bounds(v, fault) && press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool drive_in_bounds(const wip_drive_config_t *d, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"drive.stroke_ml", d->stroke_ml, 0.1, 1e4},
        {"drive.stroke_mm", d->stroke_mm, 1, 1e4},
        {"drive.flow_ml_per_s_max", d->flow_ml_per_s_max, 0.01, 1e3},
        {"drive.oil_bar_per_mpa", d->oil_bar_per_mpa, 0.05, 10},
        {"drive.charge_fraction", d->charge_fraction, 0.01, 1},
        {"drive.reaction_s", d->reaction_s, 0.2, 60},
        {"drive.rise_mpa_per_s_max", d->rise_mpa_per_s_max, 0.01, 50},
        {"drive.needle_flow_ml_per_s", d->needle_flow_ml_per_s, 1e-3, 1e3},
        {"drive.needle_gain_ratio_max", d->needle_gain_ratio_max, 1, 10},
        {"drive.needle_learn_s", d->needle_learn_s, 0.5, 1e4},
        {"drive.release_reaction_s", d->release_reaction_s, 0.5, 100},
        {"drive.jacket_kp_per_c", d->jacket_kp_per_c, 0, 10},
        {"drive.wall_gain_ratio", d->wall_gain_ratio, 0, 100},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool limit_in_bounds(const wip_limit_config_t *l, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"limit.pressure_mpa_max", l->pressure_mpa_max, 1, 1000},
        {"limit.pressure_pair_mpa_max", l->pressure_pair_mpa_max, 0.1, 100},
        {"limit.pressure_pair_s_max", l->pressure_pair_s_max, 0, 60},
        {"limit.pressure_sensor_s_max", l->pressure_sensor_s_max, 0, 60},
        {"limit.temperature_c_max", l->temperature_c_max, 20, 200},
        {"limit.temperature_c_trip", l->temperature_c_trip, l->temperature_c_max, 250},
        {"limit.jacket_temperature_c_max", l->jacket_temperature_c_max, 20, 200},
        {"limit.jacket_temperature_c_trip", l->jacket_temperature_c_trip,
         l->jacket_temperature_c_max, 250},
        {"limit.temperature_sensor_s_max", l->temperature_sensor_s_max, 0, 60},
        {"limit.release_mpa_per_s_max", l->release_mpa_per_s_max, 0.01, 100},
        {"limit.release_slow_mpa_per_s_max", l->release_slow_mpa_per_s_max, 0.01,
         l->release_mpa_per_s_max},
        {"limit.release_slow_mpa", l->release_slow_mpa, 0, 500},
        {"limit.release_persist_s", l->release_persist_s, 0.1, 10},
        {"limit.leak_test_mpa", l->leak_test_mpa, 1, 50},
        {"limit.leak_test_s", l->leak_test_s, 5, 3600},
        {"limit.leak_test_mpa_per_min_max", l->leak_test_mpa_per_min_max, 0.01, 10},
        {"limit.leak_mpa_per_min_max", l->leak_mpa_per_min_max, 0.01, 100},
        {"limit.leak_window_s", l->leak_window_s, 1, l->leak_test_s},
        {"limit.leak_model_fraction", l->leak_model_fraction, 0, 0.5},
        {"limit.leak_learned_fraction", l->leak_learned_fraction, 0, l->leak_model_fraction},
        {"limit.blocked_in_mpa_per_min", l->blocked_in_mpa_per_min, 0.1, 100},
        {"limit.blocked_in_s", l->blocked_in_s, 1, 600},
        {"limit.blocked_in_relief_mpa", l->blocked_in_relief_mpa, 0.1, 100},
        {"limit.burst_mpa", l->burst_mpa, 0.5, 200},
        {"limit.progress_fraction_min", l->progress_fraction_min, 0.05, 0.95},
        {"limit.progress_ml", l->progress_ml, 0.1, 1e4},
        {"limit.over_run_s", l->over_run_s, 1, 600},
        {"limit.over_run_mpa", l->over_run_mpa, 0.05, 50},
        {"limit.mouth_mpa_max", l->mouth_mpa_max, 0.05, 0.75},
        {"limit.released_bar_max", l->released_bar_max, 0.01, 0.5},
        {"limit.released_mpa_max", l->released_mpa_max, 0.01, 5},
        {"limit.unlock_temperature_c_max", l->unlock_temperature_c_max, 20, 95},
        {"limit.unlock_s", l->unlock_s, 1, 600},
        {"limit.h2s_alarm_ppm", l->h2s_alarm_ppm, 0.1, 10},
        {"limit.h2s_start_ppm_max", l->h2s_start_ppm_max, 0.1, l->h2s_alarm_ppm},
        {"limit.h2s_trip_ppm", l->h2s_trip_ppm, l->h2s_alarm_ppm, 20},
        {"limit.ssr_welded_current_a", l->ssr_welded_current_a, 0.01, 100},
        {"limit.ssr_welded_s", l->ssr_welded_s, 0.1, 60},
        {"limit.contactor_mismatch_s", l->contactor_mismatch_s, 0.05, 10},
        {"limit.readback_s_max", l->readback_s_max, 0, 10},
        {"limit.io_age_s_max", l->io_age_s_max, 0.01, 10},
        {"limit.tare_mpa_max", l->tare_mpa_max, 0, 20},
        {"limit.tare_k_max", l->tare_k_max, 0, 10},
        {"limit.tare_s", l->tare_s, 1, 600},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool advice_in_bounds(const wip_config_t *c, press_config_fault_t *fault)
{
    const wip_advice_config_t *a = &c->advice;
    const press_bound_t rows[] = {
        {"advice.sensor_bad_s", a->sensor_bad_s, 0, 60},
        {"advice.drift_ratio_warn", a->drift_ratio_warn, 0.01, 1},
        {"advice.drift_ratio_hold", a->drift_ratio_hold, a->drift_ratio_warn, 1},
        {"advice.drift_s", a->drift_s, 0, 600},
        {"advice.thermometer_k_warn", a->thermometer_k_warn, 0.1, 50},
        {"advice.thermometer_k_hold", a->thermometer_k_hold, a->thermometer_k_warn, 50},
        {"advice.thermometer_s", a->thermometer_s, 0, 600},
        {"advice.jacket_current_a", a->jacket_current_a, 0.1, 1000},
        {"advice.heater_weak_fraction", a->heater_weak_fraction, 0.05, 0.99},
        {"advice.heater_break_fraction", a->heater_break_fraction, 0.01, a->heater_weak_fraction},
        {"advice.heater_s", a->heater_s, 0.1, 600},
        {"advice.no_isolation_s", a->no_isolation_s, 0.1, 60},
        {"advice.bag_mbar_max", a->bag_mbar_max, 0.01, 1000},
        {"advice.bag_mbar_per_min", a->bag_mbar_per_min, 0.001, 100},
        {"advice.bag_window_s", a->bag_window_s, 1, 600},
        {"advice.leak_mpa_per_min", a->leak_mpa_per_min, 0.01, c->limit.leak_mpa_per_min_max},
        {"advice.stroke_ratio_min", a->stroke_ratio_min, c->limit.progress_fraction_min, 1},
        {"advice.not_rising_s", a->not_rising_s, 0.1, c->limit.over_run_s},
        {"advice.not_falling_s", a->not_falling_s, 0.1, 600},
        {"advice.needle_ratio_worn", a->needle_ratio_worn, 1.01, 10},
        {"advice.near_limit_fraction", a->near_limit_fraction, 0.5, 1},
        {"advice.flow_s", a->flow_s, 0.05, 60},
        {"advice.discrepancy_s", a->discrepancy_s, 0, 60},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

int32_t wip_config_check(const wip_config_t *config, press_config_fault_t *fault)
{
    memset(fault, 0, sizeof *fault);
    fault->index = -1;
    if (!base_in_bounds(config, fault)) return 1;
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        const bool needed = must_be_fitted(i);
        if (!press_channel_within(&config->channel[i], i, needed, fault)) return 1;
    }
    return vessel_in_bounds(&config->vessel, fault) && drive_in_bounds(&config->drive, fault) &&
                   limit_in_bounds(&config->limit, fault) && advice_in_bounds(config, fault)
               ? 0
               : 1;
}
