/* oil.c: what the oil does against what it is asked to do.
 *
 * Every tick, because half a second is all there is:
 *     burst        the pressure lost more than burst_fraction (and burst_bar) within 0.2 s, with no
 *                  way out opened
 *     rises        the pressure rose by uncommanded_rise_bar while the pump is off, or while it
 *                  already is uncommanded_bar above what the valve is asked for
 * At the rate of the thermal laws:
 *     follows      a setpoint that moved by follow_bar must have taken the oil along, by
 *                  follow_ratio_min at least; counted from where it turned, or was last seen to
 *                  take it along. Down it does not: the release is stuck. Up: the pump, a leak or
 *                  air
 *     short        the ramp is held back for want of pressure, and the pressure does not come
 *     dump         an open dump must empty the cylinder
 *     hunting      the sign of the error at a resting setpoint changes too often
 *     force        at a resting setpoint, how far load cell and cylinder have moved apart since it
 *                  came to rest. What they differ by at any time is friction and class; what changes
 *                  is friction that turns with the ram, twice its size at most, and drift
 *
 * The setpoint is compared as the oil pressure it needs. Below the valve's least pressure the oil
 * follows nothing, so there nothing is judged.
 */
#include "internal.h"

#include <math.h>

#define BURST_WINDOW_S 0.2
#define RISE_WINDOW_S 1.0
#define SMOOTH_S 0.3
#define FOLLOW_LAG_S 0.6 /* smoothing, and a valve that crosses its play */
#define LEAST_MARGIN_BAR 3.0
#define COME_RATIO 0.25 /* of follow_bar: shortest move that can have been followed */
#define FULL_FOLLOW_RATIO 0.8
#define DUMP_FALL_BAR 1.0
#define SHORT_RISE_BAR 0.5
#define BEHIND_BAR 0.5
#define FORCE_SMOOTH_S 5.0
#define FORCE_REST_S 15.0
#define KN_PER_BAR_MM2 1e-4

static bool written(const press_state_t *state, uint32_t output)
{
    return press_has(state->digital_output_bits, output);
}

static void watch_burst(const press_config_t *config, press_state_t *state,
                        const press_observation_t *observation)
{
    const uint32_t ways = press_bit(PRESS_OUTPUT_DUMP_VALVE) | press_bit(PRESS_OUTPUT_APPROACH_VALVE);
    const double bar = observation->cylinder_pressure_bar;
    press_oil_state_t *oil = &state->oil;
    if ((state->digital_output_bits & ways) != 0 || observation->pressure_quality == PRESS_BAD ||
        state->command.hydraulics == PRESS_HYDRAULICS_OPEN) {
        oil->burst_reference_bar = oil->burst_reference_bar_previous = bar;
        oil->burst_s = 0.0;
        oil->burst = 0;
        return;
    }
    const double high_bar = oil->burst_reference_bar > oil->burst_reference_bar_previous
                                ? oil->burst_reference_bar
                                : oil->burst_reference_bar_previous;
    const double lost_bar = high_bar - bar;
    oil->burst =
        lost_bar > config->limit.burst_bar && lost_bar > config->limit.burst_fraction * high_bar;
    oil->burst_s += config->tick_s;
    if (!press_stood(config, oil->burst_s, BURST_WINDOW_S)) return;
    oil->burst_reference_bar_previous = oil->burst_reference_bar;
    oil->burst_reference_bar = bar;
    oil->burst_s = 0.0;
}

/* The most the valve is asked for: never less than its least pressure or the approach. */
static double asked_bar(const press_config_t *config, const press_state_t *state)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const double valve_bar = state->valve_open_fraction * hydraulic->valve_full_scale_bar;
    const double least_bar = hydraulic->close_bar > hydraulic->pressure_min_bar
                                 ? hydraulic->close_bar
                                 : hydraulic->pressure_min_bar;
    return valve_bar > least_bar ? valve_bar : least_bar;
}

/* A rise or fall that only one of two sensors sees is a disagreement, and pair.c's business. */
static double lower_bar(const press_config_t *config, const press_observation_t *observation)
{
    const uint32_t a = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
    const uint32_t b = PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR;
    const double a_bar = observation->measurement_channel_unit[a];
    const double b_bar = observation->measurement_channel_unit[b];
    if (!press_trusted(config, observation, a) || !press_trusted(config, observation, b)) {
        return observation->cylinder_pressure_bar;
    }
    return a_bar < b_bar ? a_bar : b_bar;
}

static void watch_rise(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation)
{
    const double bar = lower_bar(config, observation);
    press_oil_state_t *oil = &state->oil;
    const bool unasked = bar > config->limit.released_bar_max &&
                         (!written(state, PRESS_OUTPUT_PUMP) ||
                          bar > asked_bar(config, state) + config->limit.uncommanded_bar);
    if (!unasked || observation->pressure_quality == PRESS_BAD) {
        oil->rise_reference_bar = bar;
        oil->rise_s = 0.0;
        oil->rises = 0;
        return;
    }
    const bool rose = bar - oil->rise_reference_bar >= config->limit.uncommanded_rise_bar;
    if (rose) oil->rises = 1;
    oil->rise_s += config->tick_s;
    if (!press_stood(config, oil->rise_s, RISE_WINDOW_S)) return;
    if (!rose) oil->rises = 0; /* a whole window without: what rose once may be reset */
    oil->rise_reference_bar = bar;
    oil->rise_s = 0.0;
}

void press_oil(const press_config_t *config, press_state_t *state,
               const press_observation_t *observation)
{
    watch_burst(config, state, observation);
    watch_rise(config, state, observation);
}

static double setpoint_bar(const press_config_t *config, const press_observation_t *observation)
{
    return 1e4 / config->hydraulic.cylinder_area_mm2 *
           (observation->stack_pressure_setpoint_mpa * config->stack.area_mm2 * 1e-3 +
            config->hydraulic.ram_weight_kn);
}

static void rest_follow(press_oil_state_t *oil, double asked)
{
    oil->follow_setpoint_bar = asked;
    oil->follow_low_bar = oil->smooth_low_bar;
    oil->follow_high_bar = oil->smooth_high_bar;
    oil->follow_s = 0.0;
}

static void followed(press_oil_state_t *oil, double asked)
{
    rest_follow(oil, asked);
    oil->follow_ratio = 1.0;
    oil->follows_down_not = oil->follows_up_not = 0;
}

/* Far enough along to be no noise: what moves from here on is looked at afresh, or oil that has
 * come already would vouch for a valve that jams now. */
static bool has_come(const press_config_t *config, double moved_bar, double came_bar)
{
    return fabs(moved_bar) >= COME_RATIO * config->limit.follow_bar &&
           came_bar / moved_bar >= FULL_FOLLOW_RATIO;
}

static void watch_follow(const press_config_t *config, press_state_t *state, double setpoint_bar_now,
                         double step_s, bool leads)
{
    press_oil_state_t *oil = &state->oil;
    const double asked = oil->lagged_setpoint_bar;
    if (!leads || asked < config->hydraulic.pressure_min_bar + LEAST_MARGIN_BAR) {
        followed(oil, asked);
        return;
    }
    const double moved_bar = asked - oil->follow_setpoint_bar;
    oil->follow_s += step_s;
    /* Neither sensor may follow: down the lower one is asked, up the higher one. */
    const double came_bar = moved_bar < 0.0 ? oil->smooth_low_bar - oil->follow_low_bar
                                            : oil->smooth_high_bar - oil->follow_high_bar;
    const bool turned = moved_bar * (setpoint_bar_now - asked) < 0.0;
    if (turned) {
        rest_follow(oil, asked);
        return;
    }
    if (has_come(config, moved_bar, came_bar)) {
        followed(oil, asked);
        return;
    }
    if (fabs(moved_bar) < config->limit.follow_bar) return;
    const bool behind = moved_bar < 0.0 ? oil->smooth_low_bar > asked + BEHIND_BAR
                                        : oil->smooth_high_bar < asked - BEHIND_BAR;
    oil->follow_ratio = behind ? came_bar / moved_bar : 1.0;
    const bool not_followed = oil->follow_ratio < config->limit.follow_ratio_min;
    oil->follows_down_not = not_followed && moved_bar < 0.0;
    oil->follows_up_not = not_followed && moved_bar > 0.0;
    rest_follow(oil, asked);
}

static void watch_short(const press_config_t *config, press_state_t *state,
                        const press_observation_t *observation, double step_s, bool leads)
{
    press_oil_state_t *oil = &state->oil;
    const double missing_mpa =
        observation->stack_pressure_setpoint_mpa - observation->stack_pressure_mpa;
    const bool held_back =
        press_has(state->pressure_ramp_held, PRESS_INTERLOCK_PRESSURE_HOLDBACK) ||
        missing_mpa > config->limit.pressure_holdback_mpa;
    const bool is_short = leads && missing_mpa > 0.0 && held_back;
    if (!is_short || oil->short_s == 0.0 ||
        oil->smooth_high_bar - oil->short_reference_bar >= SHORT_RISE_BAR) {
        oil->short_reference_bar = oil->smooth_high_bar;
        oil->short_s = 0.0;
    }
    if (is_short) oil->short_s += step_s;
}

static void watch_dump(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation, double step_s)
{
    press_oil_state_t *oil = &state->oil;
    const double bar = observation->cylinder_pressure_bar;
    const bool open = written(state, PRESS_OUTPUT_DUMP_VALVE) &&
                      bar > config->limit.released_bar_max;
    if (!open || oil->dump_s == 0.0 || oil->dump_reference_bar - bar >= DUMP_FALL_BAR) {
        oil->dump_reference_bar = bar;
        oil->dump_s = 0.0;
    }
    if (open) oil->dump_s += step_s;
    oil->dump_stuck = open && press_stood(config, oil->dump_s, config->limit.dump_stuck_s);
}

/* Sides of a resting setpoint, counted over a window; the verdict stands until the next. */
static void watch_hunting(const press_config_t *config, press_state_t *state,
                          const press_observation_t *observation, double step_s, bool leads)
{
    press_oil_state_t *oil = &state->oil;
    const double error_mpa =
        observation->stack_pressure_mpa - observation->stack_pressure_setpoint_mpa;
    if (!leads || observation->pressure_ramp_done == 0) {
        oil->hunting_s = oil->hunting_sign = 0.0;
        oil->hunting_count = oil->hunts = 0;
        return;
    }
    if (fabs(error_mpa) > config->advice.hunting_mpa) {
        const double sign = error_mpa > 0.0 ? 1.0 : -1.0;
        if (sign == -oil->hunting_sign) oil->hunting_count += 1;
        oil->hunting_sign = sign;
    }
    if (oil->hunting_count > config->advice.hunting_count_max) oil->hunts = 1;
    oil->hunting_s += step_s;
    if (!press_stood(config, oil->hunting_s, config->advice.hunting_s)) return;
    oil->hunts = oil->hunting_count > config->advice.hunting_count_max;
    oil->hunting_count = 0;
    oil->hunting_s = 0.0;
}

static void watch_force(const press_config_t *config, press_state_t *state,
                        const press_observation_t *observation, double step_s, bool leads)
{
    const uint32_t cell = PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
    const double pushed_kn = observation->cylinder_pressure_bar *
                             config->hydraulic.cylinder_area_mm2 * KN_PER_BAR_MM2;
    press_oil_state_t *oil = &state->oil;
    const double apart_kn = observation->measurement_channel_unit[cell] - pushed_kn;
    const double share = step_s / (FORCE_SMOOTH_S + step_s);
    oil->force_apart_kn += share * (apart_kn - oil->force_apart_kn);
    if (!leads || observation->pressure_ramp_done == 0 || !press_trusted(config, observation, cell)) {
        oil->force_rest_s = oil->force_moved_kn = 0.0;
        return;
    }
    oil->force_rest_s += step_s;
    if (!press_stood(config, oil->force_rest_s, FORCE_REST_S)) {
        oil->force_reference_kn = oil->force_apart_kn;
        return;
    }
    oil->force_moved_kn = oil->force_apart_kn - oil->force_reference_kn;
}

void press_oil_slow(const press_config_t *config, press_state_t *state,
                    const press_observation_t *observation)
{
    const double step_s = config->tick_s * config->thermal_ticks;
    const bool leads = state->hydraulics != PRESS_HYDRAULICS_OFF &&
                       written(state, PRESS_OUTPUT_PUMP) &&
                       written(state, PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN) &&
                       observation->pressure_quality != PRESS_BAD;
    const double share = step_s / (SMOOTH_S + step_s);
    const double setpoint_bar_now = setpoint_bar(config, observation);
    press_oil_state_t *oil = &state->oil;
    oil->smooth_low_bar += share * (lower_bar(config, observation) - oil->smooth_low_bar);
    oil->smooth_high_bar += share * (observation->cylinder_pressure_bar - oil->smooth_high_bar);
    oil->lagged_setpoint_bar +=
        step_s / (FOLLOW_LAG_S + step_s) * (setpoint_bar_now - oil->lagged_setpoint_bar);
    watch_follow(config, state, setpoint_bar_now, step_s, leads);
    watch_short(config, state, observation, step_s, leads);
    watch_dump(config, state, observation, step_s);
    watch_hunting(config, state, observation, step_s, leads);
    watch_force(config, state, observation, step_s, leads);
}
