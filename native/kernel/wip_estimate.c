/* wip_estimate.c: from measurements to states of the vessel.
 *
 * Fluid. The observer moves with the isentrope and the wall and is corrected by the thermometers
 * through their own lag, so the estimate does not trail a fast ramp. The wall has no thermometer:
 * it is modelled between jacket and fluid, and corrected slowly by what the fluid's innovation
 * leaves unexplained while nothing else moves.
 */
#include "wip_internal.h"

#include <math.h>

#define RATE_FILTER_S 0.2
#define SLOW_S 0.5
#define LOW_BAR_MAX 8.0
#define LOW_MPA_MAX 1.5
#define STILL_MPA_PER_S 0.3
#define UNFILLED_S 30.0

static void estimate_pressure(const wip_config_t *config, wip_state_t *state,
                              wip_observation_t *observation)
{
    const double before_mpa = state->pressure_mpa;
    const double low_bar = wip_measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR);
    double sum_mpa = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_PRESSURE_A + i)) continue;
        sum_mpa += wip_measured(observation, WIP_PRESSURE_A + i) - state->pressure_tare_mpa[i];
        count += 1;
    }
    if (count > 0) state->pressure_mpa = sum_mpa / (double)count;
    if (wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
        low_bar < LOW_BAR_MAX &&
        state->pressure_mpa < LOW_MPA_MAX + wip_forgiven_mpa(config, state)) {
        state->pressure_mpa = 0.1 * low_bar;
    }
    if (state->primed == 0) {
        state->pressure_slow_mpa = state->pressure_mpa;
        return;
    }
    const double rate_mpa_per_s = (state->pressure_mpa - before_mpa) / config->tick_s;
    state->pressure_rate_mpa_per_s += config->tick_s / (RATE_FILTER_S + config->tick_s) *
                                      (rate_mpa_per_s - state->pressure_rate_mpa_per_s);
    state->pressure_slow_mpa +=
        config->tick_s / SLOW_S * (state->pressure_mpa - state->pressure_slow_mpa);
}

static void estimate_temperatures(const wip_config_t *config, wip_state_t *state,
                                  const wip_observation_t *observation, double risen_mpa)
{
    const wip_vessel_config_t *vessel = &config->vessel;
    const double dt_s = config->tick_s;
    const double jacket_c = wip_measured(observation, WIP_CHANNEL_JACKET_TEMPERATURE_C);
    const double now_c = wip_fluid_measured_c(config, state, observation, true);
    if (state->primed == 0) {
        state->fluid_c = state->fluid_lagged_c = now_c;
        state->wall_c = jacket_c;
        return;
    }
    const double from_wall_w = vessel->wall_w_per_k * (state->wall_c - state->fluid_c);
    const double to_wall_w = vessel->jacket_w_per_k * (jacket_c - state->wall_c);
    state->unfilled_s = wip_written(state, WIP_OUTPUT_FILL_VALVE) ? 0.0 : state->unfilled_s + dt_s;
    state->fluid_c += wip_heating_k_per_mpa(vessel, state->pressure_mpa, state->fluid_c) * risen_mpa +
                      dt_s * from_wall_w / vessel->fluid_heat_capacity_j_per_k;
    state->fluid_lagged_c += dt_s / (vessel->fluid_lag_s + dt_s) * (state->fluid_c - state->fluid_lagged_c);
    const double innovation_c_per_s = (now_c - state->fluid_lagged_c) / vessel->fluid_correction_s;
    state->fluid_c += dt_s * innovation_c_per_s;
    state->fluid_lagged_c += dt_s * innovation_c_per_s;
    state->wall_c += dt_s * (to_wall_w - from_wall_w) / vessel->wall_heat_capacity_j_per_k;
    if (state->unfilled_s > UNFILLED_S && fabs(state->pressure_rate_mpa_per_s) < STILL_MPA_PER_S) {
        state->wall_c += dt_s / vessel->wall_correction_s * innovation_c_per_s *
                         vessel->fluid_heat_capacity_j_per_k / vessel->wall_w_per_k;
    }
}

static void predict(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation)
{
    const wip_command_t *asked = &state->command;
    const wip_vessel_config_t *vessel = &config->vessel;
    const double target_mpa = asked->pressure_target_mpa;
    const double supply_c = wip_trusted(config, observation, WIP_CHANNEL_WATER_TEMPERATURE_C)
                                ? wip_measured(observation, WIP_CHANNEL_WATER_TEMPERATURE_C)
                                : state->fluid_c;
    if (state->predict_countdown_ticks > 0) {
        state->predict_countdown_ticks -= 1;
        return;
    }
    state->predict_countdown_ticks = config->predict_ticks - 1;
    if (!(asked->fluid_temperature_band_k > 0.0) || !(asked->pressure_rate_mpa_per_s > 0.0) ||
        !(target_mpa > 0.0)) {
        state->rate_limit_mpa_per_s = asked->pressure_rate_mpa_per_s;
        state->peak_c = state->wanted_c = state->fluid_c;
        return;
    }
    state->rate_limit_mpa_per_s = wip_rate_mpa_per_s(
        vessel, state->pressure_mpa, state->fluid_c, state->wall_c, supply_c, target_mpa,
        asked->pressure_rate_mpa_per_s, asked->fluid_temperature_target_c);
    state->peak_c = wip_peak_c(vessel, state->pressure_mpa, state->fluid_c, state->wall_c, supply_c,
                               target_mpa, state->rate_limit_mpa_per_s);
    state->wanted_c =
        wip_wanted_c(vessel, state->wall_c, supply_c, target_mpa, asked->pressure_rate_mpa_per_s,
                     asked->fluid_temperature_target_c);
}

static void publish(const wip_state_t *state, wip_observation_t *observation)
{
    observation->vessel_pressure_mpa = state->pressure_mpa;
    observation->vessel_pressure_setpoint_mpa = state->ramp.position_unit;
    observation->vessel_pressure_rate_mpa_per_s = state->pressure_rate_mpa_per_s;
    observation->fluid_temperature_c_estimate = state->fluid_c;
    observation->fluid_temperature_target_c = state->command.fluid_temperature_target_c;
    observation->fluid_temperature_c_predicted = state->peak_c;
    observation->fluid_temperature_c_wanted = state->wanted_c;
    observation->wall_temperature_c_estimate = state->wall_c;
    observation->jacket_temperature_setpoint_c = state->jacket_setpoint_c;
    observation->pressure_rate_limit_mpa_per_s = state->rate_limit_mpa_per_s;
    observation->leak_mpa_per_min = state->leak_mpa_per_min;
    observation->leak_margin_mpa_per_min = state->leak_margin_mpa_per_min;
    observation->delivered_ml = state->delivered_base_ml + state->stroke_delivered_ml;
    observation->stroke_efficiency_ratio = state->stroke_efficiency_ratio;
    observation->needle_gain_ratio = state->needle_gain_ratio;
    observation->pressure_pair_mpa = state->pressure_pair_mpa;
    observation->fluid_pair_k = state->fluid_pair_k;
    observation->bag_rise_mbar_per_min = state->bag_rise_mbar_per_min;
    observation->jacket_current_ratio = state->jacket_current_ratio;
    observation->stroke_count = state->stroke_count;
    observation->pressure_ramp_done = press_ramp_arrived(&state->ramp) ? 1 : 0;
    observation->leak_tested = state->leak_tested != 0;
    observation->pressure_tared = state->pressure_tared != 0;
    observation->temperature_tared = state->temperature_tared != 0;
    observation->reversing = state->reversing != 0;
}

void wip_estimate(const wip_config_t *config, wip_state_t *state, wip_observation_t *observation)
{
    const double before_mpa = state->pressure_mpa;
    wip_tare(config, state, observation);
    estimate_pressure(config, state, observation);
    estimate_temperatures(config, state, observation,
                          state->primed != 0 ? state->pressure_mpa - before_mpa : 0.0);
    wip_watch(config, state, observation);
    wip_health(config, state, observation);
    predict(config, state, observation);
    state->primed = 1;
    publish(state, observation);
}
