/* config_check.c: a configuration is refused whole unless every field is within its bounds.
 *
 * Two bounds on every number, so that neither NaN nor an infinity passes. Bounds are what is sane
 * for any press of this kind; what one machine or one material allows is tighter and is checked
 * where those files are read. A bound that depends on another field says so by naming it. A
 * channel that is not fitted and a zone that is not there are not looked into: nothing reads them.
 */
#include "bounds.h"

static bool base_in_bounds(const press_config_t *config, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"header_version", config->header_version, PRESS_HEADER_VERSION, PRESS_HEADER_VERSION},
        {"zone_count", config->zone_count, 1, PRESS_ZONE_COUNT},
        {"tick_s", config->tick_s, 0.001, 0.1},
        {"thermal_ticks", config->thermal_ticks, 1, 10000},
        {"window_ticks", config->window_ticks, 1, 10000},
        {"window_resolution_ticks", config->window_resolution_ticks, 1, config->window_ticks},
        {"temperature_jerk_c_per_s3", config->temperature_jerk_c_per_s3, 1e-6, 1e4},
        {"temperature_acceleration_c_per_s2", config->temperature_acceleration_c_per_s2, 1e-6, 1e4},
        {"pressure_jerk_mpa_per_s3", config->pressure_jerk_mpa_per_s3, 1e-6, 1e4},
        {"pressure_acceleration_mpa_per_s2", config->pressure_acceleration_mpa_per_s2, 1e-6, 1e4},
        {"valve_slew_fraction_per_s", config->valve_slew_fraction_per_s, 1e-3, 1e4},
        {"heater_slew_fraction_per_s", config->heater_slew_fraction_per_s, 1e-3, 1e4},
        {"ambient_temperature_c", config->ambient_temperature_c, -20, 60},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

/* Zones that are there need their sensor, and pressure needs its first transducer. */
static bool must_be_fitted(const press_config_t *config, uint32_t channel)
{
    return channel < config->zone_count || channel == PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
}

static bool zone_in_bounds(const press_config_t *config, uint32_t number,
                           press_config_fault_t *fault)
{
    const press_zone_config_t *zone = &config->zone[number];
    const press_bound_t rows[] = {
        {"zone.kp_per_c", zone->kp_per_c, 0, 100},
        {"zone.ti_s", zone->ti_s, 0.1, 10000},
        {"zone.td_s", zone->td_s, 0, 10000},
        {"zone.filter_s", zone->filter_s, 0, 10000},
        {"zone.setpoint_weight_ratio", zone->setpoint_weight_ratio, 0, 1},
        {"zone.tracking_s", zone->tracking_s, 0.1, 10000},
        {"zone.power_w", zone->power_w, 1, 100000},
        {"zone.heat_capacity_j_per_k", zone->heat_capacity_j_per_k, 1, 1e6},
        {"zone.loss_w_per_k", zone->loss_w_per_k, 0, 10000},
        {"zone.lag_s", zone->lag_s, 0, 120},
        {"zone.cooling_w_per_k", zone->cooling_w_per_k, 0, 1000},
        {"zone.rated_current_a", zone->rated_current_a, 0.01, 1000},
        {"zone.dead_time_s", zone->dead_time_s, 0, 600},
        {"zone.heater_lag_s", zone->heater_lag_s, 0, 600},
        {"zone.noise_c", zone->noise_c, 0.001, 5},
        {"zone.response_s", zone->response_s, 0.1, 1000},
        {"zone.observer_s", zone->observer_s, 0.1, 10000},
        {"zone.contact_ratio", zone->contact_ratio, 0, 1},
        {"zone.law", zone->law, 0, PRESS_LAW_PREDICTIVE},
        {"zone.platen", zone->platen, 0, PRESS_PLATEN_COUNT - 1},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), (int32_t)number, fault);
}

static bool stack_in_bounds(const press_stack_config_t *stack, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"stack.area_mm2", stack->area_mm2, 1, 1e6},
        {"stack.areal_mass_g_per_cm2", stack->areal_mass_g_per_cm2, 0, 100},
        {"stack.elastic_modulus_mpa", stack->elastic_modulus_mpa, 0, 1e6},
        {"stack.heat_capacity_j_per_k", stack->heat_capacity_j_per_k, 1, 1e6},
        {"stack.contact_w_per_k_base", stack->contact_w_per_k_base, 0, 10000},
        {"stack.contact_w_per_k_slope", stack->contact_w_per_k_slope, 0, 10000},
        {"stack.contact_pressure_mpa_ref", stack->contact_pressure_mpa_ref, 0.1, 700},
        {"stack.loss_w_per_k", stack->loss_w_per_k, 0, 10000},
        {"stack.thickness_reference_mm", stack->thickness_reference_mm, -100, 500},
        {"stack.thickness_reference_sigma_mm", stack->thickness_reference_sigma_mm, 0, 1},
        {"stack.areal_mass_sigma_fraction", stack->areal_mass_sigma_fraction, 0, 0.5},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool hydraulic_in_bounds(const press_hydraulic_config_t *hydraulic,
                                press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"hydraulic.cylinder_area_mm2", hydraulic->cylinder_area_mm2, 100, 1e6},
        {"hydraulic.ram_weight_kn", hydraulic->ram_weight_kn, 0, 100},
        {"hydraulic.valve_full_scale_bar", hydraulic->valve_full_scale_bar, 1, 1000},
        {"hydraulic.valve_deadband_fraction", hydraulic->valve_deadband_fraction, 0, 0.5},
        {"hydraulic.valve_hysteresis_fraction", hydraulic->valve_hysteresis_fraction, 0, 0.5},
        {"hydraulic.kp_per_bar", hydraulic->kp_per_bar, 0, 100},
        {"hydraulic.ki_per_bar_s", hydraulic->ki_per_bar_s, 0, 100},
        {"hydraulic.trim_bar_max", hydraulic->trim_bar_max, 0, 700},
        {"hydraulic.pressure_min_bar", hydraulic->pressure_min_bar, 0, 700},
        {"hydraulic.contact_force_kn", hydraulic->contact_force_kn, 0.01, 100},
        {"hydraulic.frame_stiffness_kn_per_mm", hydraulic->frame_stiffness_kn_per_mm, 1, 1e5},
        {"hydraulic.platen_expansion_mm_per_k", hydraulic->platen_expansion_mm_per_k, -0.1, 0.1},
        {"hydraulic.position_sigma_mm", hydraulic->position_sigma_mm, 0, 1},
        {"hydraulic.stretch_sigma_fraction", hydraulic->stretch_sigma_fraction, 0, 0.5},
        {"hydraulic.close_bar", hydraulic->close_bar, 0, 700},
        {"hydraulic.lag_s", hydraulic->lag_s, 0, 2},
        {"hydraulic.soft_bar", hydraulic->soft_bar, 0, 200},
        {"hydraulic.refill_bar", hydraulic->refill_bar, 0, 50},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool heat_limit_in_bounds(const press_limit_config_t *limit, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"limit.temperature_c_max", limit->temperature_c_max, 20, 400},
        {"limit.temperature_c_trip", limit->temperature_c_trip, limit->temperature_c_max, 400},
        {"limit.over_temperature_warn_k", limit->over_temperature_warn_k, 0.5, 50},
        {"limit.over_temperature_warn_s", limit->over_temperature_warn_s, 0, 60},
        {"limit.over_temperature_trip_k", limit->over_temperature_trip_k,
         limit->over_temperature_warn_k, 100},
        {"limit.out_of_family_k", limit->out_of_family_k, 1, 100},
        {"limit.out_of_family_s", limit->out_of_family_s, 0, 60},
        {"limit.temperature_holdback_k", limit->temperature_holdback_k, 0, 200},
        {"limit.cold_stack_margin_k", limit->cold_stack_margin_k, 0, 200},
        {"limit.ssr_welded_current_a", limit->ssr_welded_current_a, 0.01, 100},
        {"limit.ssr_welded_s", limit->ssr_welded_s, 0.1, 60},
        {"limit.uncommanded_rise_k_per_s", limit->uncommanded_rise_k_per_s, 0.001, 10},
        {"limit.uncommanded_rise_s", limit->uncommanded_rise_s, 1, 600},
        {"limit.heater_break_fraction", limit->heater_break_fraction, 0.05, 0.99},
        {"limit.heater_break_s", limit->heater_break_s, 0.1, 600},
        {"limit.loop_break_s", limit->loop_break_s, 1, 3600},
        {"limit.loop_break_rise_k", limit->loop_break_rise_k, 0.1, 50},
        {"limit.contactor_mismatch_s", limit->contactor_mismatch_s, 0, 10},
        {"limit.zone_sensor_bad_s_max", limit->zone_sensor_bad_s_max, 0, 600},
        {"limit.zone_falls_k", limit->zone_falls_k, 0.5, 50},
        {"limit.runaway_k_per_s", limit->runaway_k_per_s, 0.05, 1000},
        {"limit.steam_limit_c", limit->steam_limit_c, 20, 100},
        {"limit.start_temperature_c_max", limit->start_temperature_c_max, 20,
         limit->temperature_c_max},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool pressure_limit_in_bounds(const press_limit_config_t *limit, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"limit.stack_pressure_mpa_max", limit->stack_pressure_mpa_max, 0.1, 700},
        {"limit.cylinder_bar_trip", limit->cylinder_bar_trip, 1, 700},
        {"limit.pressure_pair_bar_max", limit->pressure_pair_bar_max, 0.1, 100},
        {"limit.pressure_pair_s_max", limit->pressure_pair_s_max, 0, 10},
        {"limit.force_mismatch_fraction_max", limit->force_mismatch_fraction_max, 0.01, 1},
        {"limit.pressure_holdback_mpa", limit->pressure_holdback_mpa, 0.01, 100},
        {"limit.cold_stack_pressure_mpa_max", limit->cold_stack_pressure_mpa_max, 0, 700},
        {"limit.pump_mismatch_s", limit->pump_mismatch_s, 0, 10},
        {"limit.pump_no_rise_s", limit->pump_no_rise_s, 1, 600},
        {"limit.pressure_loss_bar_per_min", limit->pressure_loss_bar_per_min, 0.01, 1000},
        {"limit.pressure_loss_s", limit->pressure_loss_s, 1, 600},
        {"limit.io_age_s_max", limit->io_age_s_max, 0.01, 1},
        {"limit.released_bar_max", limit->released_bar_max, 0, 50},
        {"limit.readback_s_max", limit->readback_s_max, 0, 1},
        {"limit.mains_s_max", limit->mains_s_max, 0, 1},
        {"limit.burst_fraction", limit->burst_fraction, 0.05, 0.95},
        {"limit.burst_bar", limit->burst_bar, 1, 700},
        {"limit.uncommanded_bar", limit->uncommanded_bar, 1, 100},
        {"limit.uncommanded_rise_bar", limit->uncommanded_rise_bar, 0.5, 700},
        {"limit.follow_bar", limit->follow_bar, 0.5, 100},
        {"limit.follow_ratio_min", limit->follow_ratio_min, 0.01, 0.9},
        {"limit.dump_stuck_s", limit->dump_stuck_s, 0.2, 60},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool heat_advice_in_bounds(const press_config_t *config, press_config_fault_t *fault)
{
    const press_advice_config_t *advice = &config->advice;
    const press_bound_t rows[] = {
        {"advice.limiter_gap_k_warn", advice->limiter_gap_k_warn, 0.1, 100},
        {"advice.limiter_gap_k_hold", advice->limiter_gap_k_hold, advice->limiter_gap_k_warn, 100},
        {"advice.family_power_fraction_warn", advice->family_power_fraction_warn, 0.001, 1},
        {"advice.family_power_fraction_hold", advice->family_power_fraction_hold,
         advice->family_power_fraction_warn, 1},
        {"advice.family_s", advice->family_s, 1, 3600},
        {"advice.gain_rise_k", advice->gain_rise_k, 0.5, 50},
        {"advice.gain_s_max", advice->gain_s_max, 1, 3600},
        {"advice.gain_ratio_min", advice->gain_ratio_min, 0.01, 0.9},
        {"advice.mass_ratio_min", advice->mass_ratio_min, 0.01, 1},
        {"advice.mass_ratio_max", advice->mass_ratio_max, 1, 100},
        {"advice.swap_k", advice->swap_k, 0.2, 50},
        {"advice.heater_weak_fraction", advice->heater_weak_fraction,
         config->limit.heater_break_fraction, 0.99},
        {"advice.heater_weak_s", advice->heater_weak_s, 0.1, 600},
        {"advice.ramp_unmet_s", advice->ramp_unmet_s, 1, 3600},
        {"advice.no_isolation_s", advice->no_isolation_s, 0.1, 60},
        {"advice.flow_s", advice->flow_s, 0.05, 60},
        {"advice.limiter_zone_top", advice->limiter_zone_top, 0, config->zone_count},
        {"advice.limiter_zone_bottom", advice->limiter_zone_bottom, 0, config->zone_count},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

static bool advice_in_bounds(const press_advice_config_t *advice, press_config_fault_t *fault)
{
    const press_bound_t rows[] = {
        {"advice.sensor_bad_s", advice->sensor_bad_s, 0, 60},
        {"advice.noise_ratio_max", advice->noise_ratio_max, 0.01, 100},
        {"advice.drift_ratio_warn", advice->drift_ratio_warn, 0.01, 1},
        {"advice.drift_ratio_hold", advice->drift_ratio_hold, advice->drift_ratio_warn, 1},
        {"advice.drift_force_ratio_warn", advice->drift_force_ratio_warn, 0.01, 1},
        {"advice.drift_force_ratio_hold", advice->drift_force_ratio_hold,
         advice->drift_force_ratio_warn, 1},
        {"advice.drift_s", advice->drift_s, 0, 600},
        {"advice.not_rising_s", advice->not_rising_s, 0.1, 600},
        {"advice.follow_ratio_slow", advice->follow_ratio_slow, 0.01, 1},
        {"advice.hunting_mpa", advice->hunting_mpa, 0.001, 100},
        {"advice.hunting_s", advice->hunting_s, 1, 3600},
        {"advice.hunting_count_max", advice->hunting_count_max, 1, 10000},
        {"advice.leak_bar_per_min", advice->leak_bar_per_min, 0.01, 1000},
        {"advice.near_limit_fraction", advice->near_limit_fraction, 0.5, 1},
        {"advice.mains_dip_s", advice->mains_dip_s, 0, 1},
        {"advice.discrepancy_s", advice->discrepancy_s, 0, 60},
    };
    return press_within(rows, PRESS_COUNT_OF(rows), -1, fault);
}

int32_t press_config_check(const press_config_t *config, press_config_fault_t *fault)
{
    if (!base_in_bounds(config, fault)) return 1;
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        const bool needed = must_be_fitted(config, i);
        if (!press_channel_within(&config->channel[i], i, needed, fault)) return 1;
    }
    for (uint32_t i = 0; i < config->zone_count; i++) {
        if (!zone_in_bounds(config, i, fault)) return 1;
    }
    if (!stack_in_bounds(&config->stack, fault)) return 1;
    if (!hydraulic_in_bounds(&config->hydraulic, fault)) return 1;
    if (!heat_limit_in_bounds(&config->limit, fault)) return 1;
    if (!pressure_limit_in_bounds(&config->limit, fault)) return 1;
    if (!heat_advice_in_bounds(config, fault)) return 1;
    return advice_in_bounds(&config->advice, fault) ? 0 : 1;
}
