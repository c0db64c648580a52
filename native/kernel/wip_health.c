/* wip_health.c: evidence of what is going wrong without being dangerous yet.
 *
 * Pairs, bag, jacket, needle and water, collected once a tick; wip_advise.c compares it with its
 * limits. Evidence that only a state of the machine can give (a bag under vacuum, a jacket that is
 * on, a vessel that is let off) keeps its last word in between.
 */
#include "wip_internal.h"

#include <math.h>

#define CURRENT_SETTLED_S 0.3 /* contactor and averaging transformer */
#define BAG_REST_S 1.0
#define LAG_MPA_MIN 1.0
#define FALL_RATIO_MIN 0.2
#define NEEDLE_FRACTION 0.08 /* stiction, a slow one under way, and what its positioner may be off */
#define NEEDLE_CAME_FRACTION 0.015

static void follow_pairs(const wip_config_t *config, wip_state_t *state,
                         const wip_observation_t *observation)
{
    const uint32_t fluid = WIP_CHANNEL_FLUID_1_TEMPERATURE_C;
    const bool pressures = wip_trusted(config, observation, WIP_PRESSURE_A) &&
                           wip_trusted(config, observation, WIP_PRESSURE_B);
    const bool fluids = wip_trusted(config, observation, fluid) &&
                        wip_trusted(config, observation, fluid + 1);
    state->pressure_pair_mpa = pressures ? wip_measured(observation, WIP_PRESSURE_A) -
                                               wip_measured(observation, WIP_PRESSURE_B) -
                                               state->pressure_tare_mpa[0] + state->pressure_tare_mpa[1]
                                         : 0.0;
    state->fluid_pair_k = fluids ? wip_measured(observation, fluid) -
                                       wip_measured(observation, fluid + 1) -
                                       state->fluid_tare_k[0] + state->fluid_tare_k[1]
                                 : 0.0;
}

/* Judged while nothing evacuates it and it is evacuated. */
static void follow_bag(const wip_config_t *config, wip_state_t *state,
                       const wip_observation_t *observation)
{
    const double bag_mbar = wip_measured(observation, WIP_CHANNEL_BAG_PRESSURE_MBAR);
    const bool evacuates = wip_written(state, WIP_OUTPUT_VACUUM_PUMP) ||
                           wip_written(state, WIP_OUTPUT_VACUUM_VALVE);
    if (evacuates || !wip_trusted(config, observation, WIP_CHANNEL_BAG_PRESSURE_MBAR) ||
        bag_mbar > config->advice.bag_mbar_max) {
        state->bag_window_s = -BAG_REST_S;
        if (evacuates) state->bag_rise_mbar_per_min = 0.0;
        return;
    }
    state->bag_window_s += config->tick_s;
    if (state->bag_window_s <= 0.0) state->bag_window_mbar = bag_mbar;
    if (!wip_stood(config, state->bag_window_s, config->advice.bag_window_s)) return;
    state->bag_rise_mbar_per_min = (bag_mbar - state->bag_window_mbar) * 60.0 / state->bag_window_s;
    state->bag_window_s = 0.0;
    state->bag_window_mbar = bag_mbar;
}

static double counted_s(double counted_s, bool counts, double tick_s)
{
    return counts ? counted_s + tick_s : 0.0;
}

/* Duty is in windows: on-time and off-time are added up, and only a current in order takes them
 * back. */
static void follow_jacket(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const wip_advice_config_t *advice = &config->advice;
    const double current_a = wip_measured(observation, WIP_CHANNEL_JACKET_CURRENT_A);
    const bool on = wip_written(state, WIP_OUTPUT_JACKET_HEATER_SSR) &&
                    wip_written(state, WIP_OUTPUT_CONTACTOR_JACKET);
    const bool open = !wip_written(state, WIP_OUTPUT_CONTACTOR_JACKET);
    const bool known = wip_trusted(config, observation, WIP_CHANNEL_JACKET_CURRENT_A);
    state->jacket_on_s = counted_s(state->jacket_on_s, on, config->tick_s);
    state->jacket_off_s = counted_s(state->jacket_off_s,
                                    !wip_written(state, WIP_OUTPUT_JACKET_HEATER_SSR), config->tick_s);
    if (known && state->jacket_off_s >= CURRENT_SETTLED_S) {
        state->jacket_welded_s =
            counted_s(state->jacket_welded_s,
                      current_a > config->limit.ssr_welded_current_a, config->tick_s);
    }
    state->jacket_unisolated_s =
        counted_s(state->jacket_unisolated_s,
                  open && known && current_a > config->limit.ssr_welded_current_a, config->tick_s);
    if (!known || state->jacket_on_s < CURRENT_SETTLED_S) return;
    const double ratio = state->jacket_current_ratio = current_a / advice->jacket_current_a;
    state->jacket_weak_s =
        counted_s(state->jacket_weak_s, ratio < advice->heater_weak_fraction, config->tick_s);
    state->jacket_break_s =
        counted_s(state->jacket_break_s, ratio < advice->heater_break_fraction, config->tick_s);
}

/* The positioner tells where the needle is. One that travels comes nearer to where it was sent,
 * however far that has moved on; one that has jammed, or whose drive hears something else, does not. */
static void follow_needle(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const uint32_t channel = WIP_CHANNEL_NEEDLE_POSITION_FRACTION;
    const double at_fraction = wip_measured(observation, channel);
    const double gap_fraction = state->needle_open_fraction - at_fraction;
    const double came_fraction = gap_fraction > 0.0 ? at_fraction - state->needle_reference_fraction
                                                    : state->needle_reference_fraction - at_fraction;
    if (!wip_trusted(config, observation, channel) || fabs(gap_fraction) <= NEEDLE_FRACTION ||
        came_fraction > NEEDLE_CAME_FRACTION || state->needle_apart_s <= 0.0) {
        state->needle_apart_s = 0.0;
        state->needle_reference_fraction = at_fraction;
    }
    state->needle_apart_s =
        counted_s(state->needle_apart_s, fabs(gap_fraction) > NEEDLE_FRACTION, config->tick_s);
}

/* The setpoint is let off and the pressure stays. */
static void follow_release(const wip_config_t *config, wip_state_t *state)
{
    const bool lags = state->command.mode == WIP_MODE_RELEASE &&
                      state->pressure_mpa - state->ramp.position_unit > LAG_MPA_MIN;
    const double asked_mpa_per_s = state->command.pressure_rate_mpa_per_s;
    state->not_falling_s =
        counted_s(state->not_falling_s,
                  lags && -state->pressure_rate_mpa_per_s < FALL_RATIO_MIN * asked_mpa_per_s,
                  config->tick_s);
}

void wip_health(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation)
{
    follow_pairs(config, state, observation);
    follow_bag(config, state, observation);
    follow_jacket(config, state, observation);
    follow_release(config, state);
    follow_needle(config, state, observation);
    state->mains_well_s =
        counted_s(state->mains_well_s, wip_input(observation, WIP_INPUT_MAINS_OK), config->tick_s);
    state->flow_missing_s = counted_s(state->flow_missing_s,
                                      !wip_input(observation, WIP_INPUT_WATER_FLOW_OK), config->tick_s);
    if (!wip_locked(observation)) state->stroke_efficiency_ratio = 1.0; /* of another filling */
}
