/* wip_tare.c: the zero of transducers and thermometers, and what may be believed before it.
 *
 * Tare. The high transducers drift by more than the hold's band with the temperature of their
 * body, so their zero is taken while the vessel is proven open; the thermometers' offset is taken
 * while the supply, whose Pt100 is better, flows past them. Both are bounded: what is further off
 * is not corrected but shows.
 */
#include "wip_internal.h"

#include <math.h>

#define TARE_FILTER_S 1.0
#define FLUSH_SETTLE_S 30.0
#define FLUSH_FILTER_S 10.0
#define FLUSH_STEADY_K 0.1

bool wip_released(const wip_config_t *config, const wip_observation_t *observation)
{
    return wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
           observation->pressure_quality != PRESS_BAD &&
           wip_measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) <=
               config->limit.released_bar_max &&
           observation->vessel_pressure_mpa <= config->limit.released_mpa_max;
}

double wip_hottest_c(const wip_config_t *config, const wip_state_t *state,
                     const wip_observation_t *observation)
{
    double hottest_c = state->fluid_c;
    for (uint32_t i = 0; i < 2; i++) {
        const double seen_c =
            wip_measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) - state->fluid_tare_k[i];
        if (wip_trusted(config, observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) &&
            seen_c > hottest_c) {
            hottest_c = seen_c;
        }
    }
    return hottest_c;
}

double wip_forgiven_mpa(const wip_config_t *config, const wip_state_t *state)
{
    return state->pressure_tared != 0 ? 0.0 : config->limit.tare_mpa_max;
}

bool wip_mouth_forbidden(const wip_config_t *config, const wip_state_t *state,
                         const wip_observation_t *observation)
{
    const uint32_t low = WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR;
    const double limit_mpa = config->limit.mouth_mpa_max;
    return observation->pressure_quality == PRESS_BAD || !wip_trusted(config, observation, low) ||
           wip_measured(observation, low) > 10.0 * limit_mpa ||
           wip_hazard_mpa(config, state, observation) > limit_mpa + wip_forgiven_mpa(config, state);
}

static void take_pressure(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const double low_bar = wip_measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR);
    const bool open = state->command.tare_pressure == 1 &&
                      wip_input(observation, WIP_INPUT_VENT_OPEN) &&
                      wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
                      fabs(low_bar) <= config->limit.released_bar_max;
    state->tare_rest_s = open ? state->tare_rest_s + config->tick_s : 0.0;
    if (!open) return;
    bool within = true;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_PRESSURE_A + i)) continue;
        const double off_mpa = wip_measured(observation, WIP_PRESSURE_A + i) - 0.1 * low_bar;
        state->pressure_tare_mpa[i] +=
            config->tick_s / TARE_FILTER_S * (off_mpa - state->pressure_tare_mpa[i]);
        if (fabs(state->pressure_tare_mpa[i]) > config->limit.tare_mpa_max) {
            state->pressure_tare_mpa[i] = 0.0;
            within = false;
        }
    }
    state->pressure_tared = within && wip_stood(config, state->tare_rest_s, config->limit.tare_s);
}

double wip_fluid_measured_c(const wip_config_t *config, const wip_state_t *state,
                               const wip_observation_t *observation, bool tared)
{
    double sum_c = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i)) continue;
        sum_c += wip_measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) -
                 (tared ? state->fluid_tare_k[i] : 0.0);
        count += 1;
    }
    return count > 0 ? sum_c / (double)count : state->fluid_lagged_c;
}

static void take_temperature(const wip_config_t *config, wip_state_t *state,
                             const wip_observation_t *observation)
{
    const wip_vessel_config_t *vessel = &config->vessel;
    const double now_c = wip_fluid_measured_c(config, state, observation, false);
    const double water_c = wip_measured(observation, WIP_CHANNEL_WATER_TEMPERATURE_C);
    const double flow_w_per_k =
        vessel->fill_ml_per_s * vessel->fluid_heat_capacity_j_per_k / vessel->volume_ml;
    const bool flushed = state->command.tare_temperature == 1 &&
                         wip_written(state, WIP_OUTPUT_FILL_VALVE) &&
                         wip_trusted(config, observation, WIP_CHANNEL_WATER_TEMPERATURE_C);
    state->flush_reference_c = state->flush_s > 0.0 ? state->flush_reference_c : now_c;
    state->flush_s = flushed ? state->flush_s + config->tick_s : 0.0;
    state->flush_reference_c +=
        config->tick_s / FLUSH_FILTER_S * (now_c - state->flush_reference_c);
    if (state->flush_s < FLUSH_SETTLE_S) return;
    if (fabs(now_c - state->flush_reference_c) > FLUSH_STEADY_K && state->temperature_tared == 0) return;
    const double expected_c = water_c + vessel->wall_w_per_k / (vessel->wall_w_per_k + flow_w_per_k) *
                                            (state->wall_c - water_c);
    bool within = true;
    for (uint32_t i = 0; i < 2; i++) {
        const double off_k = wip_measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) - expected_c;
        state->fluid_tare_k[i] += config->tick_s / (4.0 * TARE_FILTER_S) * (off_k - state->fluid_tare_k[i]);
        if (fabs(state->fluid_tare_k[i]) > config->limit.tare_k_max) {
            state->fluid_tare_k[i] = 0.0;
            within = false;
        }
    }
    if (state->flush_s >= FLUSH_SETTLE_S + config->limit.tare_s) state->temperature_tared = within;
}

void wip_tare(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation)
{
    take_pressure(config, state, observation);
    take_temperature(config, state, observation);
}
