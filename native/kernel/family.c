/* family.c: heat given against temperature seen, zone by zone and zone against zone.
 *
 * Theory of operation. Every slow step (the rate of the thermal laws) each zone's expected rise
 * grows by (P - loss (T - ambient)) / C, where P is what its heater really got: duty after the
 * last gate times power at the current its transformer showed, delayed as the sensor is. A window
 * ends when some zone should have risen by gain_rise_k; then
 *
 *     no gain     a zone that should have risen by so much shows less than gain_ratio_min of it
 *     swapped     two zones each show the other's rise and not their own
 *     mass        the zones together rise by a ratio outside mass_ratio_min .. max: another tool
 *     falls       (at every step) a zone falls by zone_falls_k while it should have risen as much
 *
 * At rest a window never fills; gain_s_max ends it, or the model's small errors would. What is a few
 * watts beside a ramp's heat is a large part of so little: such a window says nothing of the mass.
 *
 * A current transformer of wide range is some per cent off at a heater's current, for good. So a
 * heater is judged against itself: the share of the family's current that it showed in its first
 * family_s of heat is its ordinary one, and power follows what changes. A share beyond
 * heater_weak_fraction is no instrument's error, and is believed.
 *
 * Drift: a controlled sensor never shows its own drift, but its zone then needs more or less heat
 * than its family: given, less lost, less what its own rise took, all smoothed by family_s.
 * family_w is that less the family's median. A zone's own rise, not the ramp's: zones whose sensors
 * disagree by what their class allows are first brought together, which is no drift. The zones where
 * the limiter's sensors sit are compared with them as well.
 *
 * Runaway: a slope no heater can make, above the setpoint's warning.
 *
 * While water or air cools, or no heat is enabled, nothing here knows enough to accuse.
 */
#include "internal.h"

#include <math.h>

#define SLOPE_S 1.0
#define LIMITER_SMOOTH_S 10.0
#define CURRENT_RATIO_MIN 0.1 /* below, a heater says nothing of the mains */

static bool judged(const press_config_t *config, const press_observation_t *observation,
                   uint32_t zone)
{
    return press_trusted(config, observation, zone);
}

static double zone_c(const press_observation_t *observation, uint32_t zone)
{
    return observation->measurement_channel_unit[zone];
}

static void restart_window(const press_config_t *config, press_state_t *state,
                           const press_observation_t *observation)
{
    state->family.window_s = 0.0;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        state->zone[i].expected_rise_k = 0.0;
        state->zone[i].gain_reference_c = zone_c(observation, i);
    }
}

static void forget(const press_config_t *config, press_state_t *state,
                   const press_observation_t *observation)
{
    restart_window(config, state, observation);
    for (uint32_t i = 0; i < config->zone_count; i++) {
        state->zone[i].no_gain = 0;
        state->zone[i].falls = 0;
        state->zone[i].family_w = 0.0;
        state->zone[i].beyond_w = 0.0;
        state->zone[i].lagged_c = zone_c(observation, i);
        state->zone[i].lagged_power_w = 0.0;
    }
    state->family.swapped_zone = -1;
    state->family.mass_wrong = 0;
}

/* Median of current over rated current of the zones, as the mains drives them. */
static double mains_ratio(const press_config_t *config, const press_state_t *state)
{
    double list_ratio[PRESS_ZONE_COUNT];
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        const double ratio = state->zone[i].on_current_a / config->zone[i].rated_current_a;
        if (ratio > CURRENT_RATIO_MIN) list_ratio[count++] = ratio;
    }
    return count > 0 ? press_median(list_ratio, count) : 1.0;
}

/* Of the family's current, this heater's now, over its ordinary one. */
static double current_left(const press_config_t *config, press_zone_state_t *own,
                           double rated_ratio, double mains, double step_s)
{
    const double weak = config->advice.heater_weak_fraction;
    if (own->achieved_fraction > 0.0 && own->ordinary_s < config->advice.family_s) {
        own->ordinary_s += step_s;
        own->ordinary_ratio += step_s / own->ordinary_s * (rated_ratio / mains - own->ordinary_ratio);
    }
    return rated_ratio / mains / press_clamp(own->ordinary_ratio, weak, 1.0 / weak);
}

/* Power goes with the square of the mains and with what is left of the element. */
static void give_heat(const press_config_t *config, press_state_t *state, double step_s)
{
    const double mains = mains_ratio(config, state);
    state->family.mains_ratio = mains;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        press_zone_state_t *own = &state->zone[i];
        const press_zone_config_t *zone = &config->zone[i];
        const double rated_ratio = own->on_current_a / zone->rated_current_a;
        const double left = current_left(config, own, rated_ratio, mains, step_s);
        const double on_w = zone->power_w * mains * mains * left;
        own->lagged_power_w += step_s / (zone->lag_s + step_s) *
                               (own->achieved_fraction * on_w - own->lagged_power_w);
    }
}

static void expect(const press_config_t *config, press_state_t *state,
                   const press_observation_t *observation, double step_s)
{
    for (uint32_t i = 0; i < config->zone_count; i++) {
        press_zone_state_t *own = &state->zone[i];
        const press_zone_config_t *zone = &config->zone[i];
        const double loss_w =
            zone->loss_w_per_k * (zone_c(observation, i) - config->ambient_temperature_c);
        own->expected_rise_k += step_s * (own->lagged_power_w - loss_w) / zone->heat_capacity_j_per_k;
    }
}

static double risen(const press_state_t *state, const press_observation_t *observation,
                    uint32_t zone)
{
    return zone_c(observation, zone) - state->zone[zone].gain_reference_c;
}

static void judge_falls(const press_config_t *config, press_state_t *state,
                        const press_observation_t *observation)
{
    const double fall_k = config->limit.zone_falls_k;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        state->zone[i].falls = judged(config, observation, i) &&
                               state->zone[i].expected_rise_k >= fall_k &&
                               risen(state, observation, i) <= -fall_k;
    }
}

/* Each of the two shows the other's rise, and not its own. */
static bool swapped(const press_config_t *config, const press_state_t *state,
                    const press_observation_t *observation, uint32_t i, uint32_t j)
{
    const double own_i_k = state->zone[i].expected_rise_k, own_j_k = state->zone[j].expected_rise_k;
    const double seen_i_k = risen(state, observation, i), seen_j_k = risen(state, observation, j);
    const double straight_k = fabs(seen_i_k - own_i_k) + fabs(seen_j_k - own_j_k);
    const double crossed_k = fabs(seen_i_k - own_j_k) + fabs(seen_j_k - own_i_k);
    return fabs(own_i_k - own_j_k) >= config->advice.swap_k &&
           straight_k >= 2.0 * config->advice.swap_k && crossed_k <= 0.5 * straight_k;
}

static void judge_swapped(const press_config_t *config, press_state_t *state,
                          const press_observation_t *observation)
{
    for (uint32_t i = 0; i < config->zone_count; i++) {
        for (uint32_t j = i + 1; j < config->zone_count; j++) {
            if (judged(config, observation, i) && judged(config, observation, j) &&
                swapped(config, state, observation, i, j)) {
                state->family.swapped_zone = (int32_t)i;
                return;
            }
        }
    }
}

static void judge_window(const press_config_t *config, press_state_t *state,
                         const press_observation_t *observation, bool full)
{
    const press_advice_config_t *advice = &config->advice;
    double expected_k = 0.0, seen_k = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        press_zone_state_t *own = &state->zone[i];
        if (!judged(config, observation, i)) continue;
        expected_k += own->expected_rise_k;
        seen_k += risen(state, observation, i);
        count += 1;
        if (own->expected_rise_k >= advice->gain_rise_k &&
            risen(state, observation, i) < advice->gain_ratio_min * own->expected_rise_k) {
            own->no_gain = 1;
        }
    }
    if (full && expected_k >= 0.5 * advice->gain_rise_k * count) {
        state->family.mass_wrong = !(seen_k >= advice->mass_ratio_min * expected_k &&
                                     seen_k <= advice->mass_ratio_max * expected_k);
    }
}

static bool window_is_full(const press_config_t *config, const press_state_t *state)
{
    for (uint32_t i = 0; i < config->zone_count; i++) {
        if (state->zone[i].expected_rise_k >= config->advice.gain_rise_k) return true;
    }
    return false;
}

/* What each zone's heater gives beyond what its zone needs, less the family's median. */
static void compare_family(const press_config_t *config, press_state_t *state,
                           const press_observation_t *observation, double step_s)
{
    const double share = step_s / (config->advice.family_s + step_s);
    double kept_w[PRESS_ZONE_COUNT], sorted_w[PRESS_ZONE_COUNT];
    for (uint32_t i = 0; i < config->zone_count; i++) {
        const press_zone_config_t *zone = &config->zone[i];
        press_zone_state_t *own = &state->zone[i];
        const double now_c = zone_c(observation, i);
        const double loss_w = zone->loss_w_per_k * (now_c - config->ambient_temperature_c);
        own->beyond_w += share * (own->lagged_power_w - loss_w - own->beyond_w);
        own->lagged_c += share * (now_c - own->lagged_c);
        const double rise_w =
            zone->heat_capacity_j_per_k * (now_c - own->lagged_c) / config->advice.family_s;
        kept_w[i] = sorted_w[i] = own->beyond_w - rise_w;
    }
    const double median_w = press_median(sorted_w, config->zone_count);
    for (uint32_t i = 0; i < config->zone_count; i++) {
        state->zone[i].family_w = kept_w[i] - median_w;
    }
}

static void compare_limiter(const press_config_t *config, press_state_t *state,
                            const press_observation_t *observation, double step_s)
{
    const uint32_t place[PRESS_PLATEN_COUNT] = {config->advice.limiter_zone_top,
                                                config->advice.limiter_zone_bottom};
    for (uint32_t i = 0; i < PRESS_PLATEN_COUNT; i++) {
        const uint32_t channel = PRESS_CHANNEL_LIMITER_TOP_TEMPERATURE_C + i;
        const uint32_t zone = place[i] - 1U; /* 0, unknown, is beyond every zone */
        if (zone >= config->zone_count || !judged(config, observation, zone) ||
            !press_trusted(config, observation, channel)) {
            state->family.limiter_gap_k[i] = 0.0;
            continue;
        }
        const double gap_k =
            zone_c(observation, zone) - observation->measurement_channel_unit[channel];
        state->family.limiter_gap_k[i] +=
            step_s / (LIMITER_SMOOTH_S + step_s) * (gap_k - state->family.limiter_gap_k[i]);
    }
}

static double warning_c(const press_config_t *config, const press_state_t *state, uint32_t channel)
{
    double reference_c = state->observation.zone_temperature_setpoint_c;
    if (channel < config->zone_count) {
        reference_c = state->zone[channel].over_reference_c;
    } else if (reference_c < config->limit.start_temperature_c_max) {
        reference_c = config->limit.start_temperature_c_max;
    }
    return reference_c + config->limit.over_temperature_warn_k;
}

static void watch_slopes(const press_config_t *config, press_state_t *state,
                         const press_observation_t *observation, double step_s)
{
    press_family_state_t *family = &state->family;
    family->slope_s += step_s;
    if (state->initialised != 0 && !press_stood(config, family->slope_s, SLOPE_S)) return;
    family->runaway_channel = -1;
    for (uint32_t i = 0; i < PRESS_SLOPE_COUNT; i++) {
        const double now_c = observation->measurement_channel_unit[i];
        const double rise_k = now_c - family->slope_reference_c[i];
        family->slope_reference_c[i] = now_c;
        if (family->runaway_channel < 0 && state->initialised != 0 &&
            press_trusted(config, observation, i) &&
            rise_k >= config->limit.runaway_k_per_s * family->slope_s &&
            now_c > warning_c(config, state, i)) {
            family->runaway_channel = (int32_t)i;
        }
    }
    family->slope_s = 0.0;
}

void press_family(const press_config_t *config, press_state_t *state,
                  const press_observation_t *observation)
{
    const double step_s = config->tick_s * config->thermal_ticks;
    const uint32_t no_heat =
        PRESS_ACTION_HEATERS_OFF | PRESS_ACTION_CONTACTORS_OPEN | PRESS_ACTION_ALL_OFF;
    watch_slopes(config, state, observation, step_s);
    compare_limiter(config, state, observation, step_s);
    if (state->command.heat_enable != 1 || state->command.cooling != PRESS_COOLING_OFF ||
        (state->observation.trip_action_bits & no_heat) != 0) {
        forget(config, state, observation);
        return;
    }
    give_heat(config, state, step_s);
    expect(config, state, observation, step_s);
    compare_family(config, state, observation, step_s);
    judge_falls(config, state, observation);
    state->family.window_s += step_s;
    const bool full = window_is_full(config, state);
    if (!full && !press_stood(config, state->family.window_s, config->advice.gain_s_max)) return;
    judge_swapped(config, state, observation);
    judge_window(config, state, observation, full);
    restart_window(config, state, observation);
}
