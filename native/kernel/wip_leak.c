/* wip_leak.c: does the pressure stand where fluid, temperature and pump say that it should?
 *
 * Theory of operation. Over a window within one stroke, what is lost is what warming and pumping
 * should have given less what the pressure rose by. Pumping enters as stiffness times volume
 * delivered, and the commissioned stiffness may be wrong by leak_model_fraction: while the last
 * few MPa are pumped slowly that error alone looks like a leak of many limits. So
 *
 *     learn   a window of brisk pumping measures the stiffness itself: one in which a leak at the
 *             limit would be less than leak_learned_fraction of the rise. What it shows is
 *             believed within leak_model_fraction, until something is opened on purpose.
 *     doubt   a loss is a leak only where it is more than the model's error could be: the share
 *             that is not known of what was pumped and warmed, and after a reversal the volume
 *             that the charge still took.
 *
 * A window that says less than its own margin says nothing: it neither accuses nor acquits.
 */
#include "wip_internal.h"

#include <math.h>

#define PROGRESS_MPA_MIN 5.0
#define LEARN_MPA_MIN 20.0 /* below, trapped air softens the filling */
#define LEARN_SHARE 0.5
#define ASKED_RATIO 0.5    /* less of a rise asked for is topping up, not a stroke to be judged by */
#define SHUT_S 2.0

static double delivered_ml(const wip_state_t *state)
{
    return state->delivered_base_ml + state->stroke_delivered_ml;
}

static void begin_progress(wip_state_t *state)
{
    state->progress_s = 0.0;
    state->progress_charging = 0;
    state->progress_pressure_mpa = state->pressure_mpa;
    state->progress_setpoint_mpa = state->ramp.position_unit;
    state->progress_fluid_c = state->fluid_c;
    state->progress_delivered_ml = delivered_ml(state);
}

static void begin_leak(wip_state_t *state)
{
    state->window_s = 0.0;
    state->window_slack_ml = 0.0;
    state->window_pressure_mpa = state->pressure_mpa;
    state->window_fluid_c = state->fluid_c;
    state->window_delivered_ml = delivered_ml(state);
}

/* Of a stroke: its charge is within WIP_CHARGED_RATIO of the vessel and takes the rest yet. */
void wip_begin_window(const wip_config_t *config, wip_state_t *state)
{
    const double short_mpa = (1.0 - WIP_CHARGED_RATIO) * state->pressure_mpa +
                             WIP_CHARGED_BAR / config->drive.oil_bar_per_mpa;
    begin_leak(state);
    begin_progress(state);
    if (state->delivering == 0) return;
    state->progress_charging = 1;
    state->window_slack_ml =
        config->drive.stroke_ml * short_mpa / wip_stiffness_mpa(&config->vessel, state->pressure_mpa);
}

/* Anything that lets fluid in or out on purpose, or a locked lid that is not. */
static bool open_on_purpose(const wip_state_t *state, const wip_observation_t *observation)
{
    const uint32_t ways = press_bit(WIP_OUTPUT_FILL_VALVE) | press_bit(WIP_OUTPUT_DEAIR_VALVE) |
                          press_bit(WIP_OUTPUT_VENT_VALVE) | press_bit(WIP_OUTPUT_DRAIN_VALVE) |
                          press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
    return (state->digital_output_bits & ways) != 0 || !wip_locked(observation) ||
           wip_input(observation, WIP_INPUT_VENT_OPEN) || wip_input(observation, WIP_INPUT_DEAIR_OPEN);
}

static double pumped_mpa(const wip_config_t *config, double pressure_mpa, double volume_ml)
{
    return wip_stiffness_mpa(&config->vessel, pressure_mpa) * (volume_ml / config->vessel.volume_ml);
}

static void judge_leak(const wip_config_t *config, wip_state_t *state)
{
    const wip_limit_config_t *limit = &config->limit;
    const double per_min = 60.0 / state->window_s;
    const double rise_mpa = state->pressure_mpa - state->window_pressure_mpa;
    const double middle_mpa = state->pressure_mpa - 0.5 * rise_mpa;
    const double warming_k = state->fluid_c - state->window_fluid_c;
    const double given_ml =
        state->stiffness_ratio * (delivered_ml(state) - state->window_delivered_ml);
    const double unknown_fraction =
        state->stiffness_learned != 0 ? limit->leak_learned_fraction : limit->leak_model_fraction;
    const double unknown_mpa =
        unknown_fraction * pumped_mpa(config, middle_mpa, given_ml) +
        pumped_mpa(config, middle_mpa, state->window_slack_ml) +
        limit->leak_learned_fraction *
            fabs(wip_expansion_mpa_per_k(&config->vessel, middle_mpa) * warming_k);
    if (fabs(rise_mpa) < 0.05 * state->pressure_mpa + 0.5) {
        state->leak_mpa_per_min =
            per_min * wip_leak_mpa(&config->vessel, middle_mpa, rise_mpa, warming_k, given_ml);
        state->leak_margin_mpa_per_min = per_min * unknown_mpa;
        state->leak_window_count += 1;
        if (state->leak_mpa_per_min <= limit->leak_mpa_per_min_max) {
            state->leaking_count = 0;
        } else if (state->leak_mpa_per_min > state->leak_margin_mpa_per_min) {
            state->leaking_count += 1;
        }
    }
    begin_leak(state);
}

/* What this pumping says of the stiffness, when it was too brisk for a leak to say much of it. */
static void learn_stiffness(const wip_config_t *config, wip_state_t *state, double given_ml)
{
    const wip_limit_config_t *limit = &config->limit;
    const double rise_mpa = state->pressure_mpa - state->progress_pressure_mpa;
    const double middle_mpa = state->pressure_mpa - 0.5 * rise_mpa;
    const double leaked_mpa = limit->leak_mpa_per_min_max * state->progress_s / 60.0;
    if (state->progress_pressure_mpa < LEARN_MPA_MIN || state->progress_charging != 0 ||
        leaked_mpa > limit->leak_learned_fraction * rise_mpa) {
        return;
    }
    const double warmed_mpa = wip_expansion_mpa_per_k(&config->vessel, middle_mpa) *
                              (state->fluid_c - state->progress_fluid_c);
    const double ratio = (rise_mpa - warmed_mpa) / pumped_mpa(config, middle_mpa, given_ml);
    const double believed = press_clamp(ratio, 1.0 - limit->leak_model_fraction,
                                        1.0 + limit->leak_model_fraction);
    state->stiffness_ratio +=
        (state->stiffness_learned != 0 ? LEARN_SHARE : 1.0) * (believed - state->stiffness_ratio);
    state->stiffness_learned = 1;
}

static void judge_progress(const wip_config_t *config, wip_state_t *state)
{
    const double given_ml = delivered_ml(state) - state->progress_delivered_ml;
    state->progress_s += config->tick_s;
    if (given_ml < config->limit.progress_ml) return;
    const double expected_mpa =
        wip_isentropic_stiffness_mpa(&config->vessel, state->pressure_mpa, state->fluid_c) *
        (given_ml / config->vessel.volume_ml);
    const double risen_mpa = state->pressure_mpa - state->progress_pressure_mpa;
    const double asked_mpa = state->ramp.position_unit - state->progress_setpoint_mpa;
    const bool rising = state->ramp.position_unit - state->pressure_mpa > 1.0;
    state->no_progress = state->pressure_mpa > PROGRESS_MPA_MIN && rising &&
                         risen_mpa < config->limit.progress_fraction_min * expected_mpa;
    if (state->pressure_mpa > PROGRESS_MPA_MIN && (rising || asked_mpa > ASKED_RATIO * expected_mpa)) {
        state->stroke_efficiency_ratio = risen_mpa / expected_mpa;
    }
    learn_stiffness(config, state, given_ml);
    begin_progress(state);
}

/* The low-pressure test is passed by standing shut, without pump, with little compensated loss. */
static void judge_leak_test(const wip_config_t *config, wip_state_t *state,
                            const wip_observation_t *observation)
{
    const wip_limit_config_t *limit = &config->limit;
    if (!wip_locked(observation) || wip_input(observation, WIP_INPUT_VENT_OPEN)) {
        state->leak_tested = 0;
        state->leak_test_held_s = 0.0;
        return;
    }
    const bool stands = state->closed_s > SHUT_S && !wip_written(state, WIP_OUTPUT_PUMP) &&
                        state->pressure_mpa > 0.6 * limit->leak_test_mpa &&
                        state->pressure_mpa < 2.0 * limit->leak_test_mpa;
    if (!stands) {
        state->leak_test_held_s = 0.0;
        state->leak_window_count = state->leak_tested != 0 ? state->leak_window_count : 0;
        return;
    }
    if (state->leak_test_held_s <= 0.0) {
        begin_leak(state);
        state->leak_window_count = 0;
    }
    state->leak_test_held_s += config->tick_s;
    if (state->leak_window_count > 0 &&
        wip_stood(config, state->leak_test_held_s, limit->leak_test_s)) {
        state->leak_tested = state->leak_mpa_per_min <= limit->leak_test_mpa_per_min_max;
    }
}

void wip_watch_windows(const wip_config_t *config, wip_state_t *state,
                       const wip_observation_t *observation)
{
    const bool open = open_on_purpose(state, observation);
    state->closed_s = open ? 0.0 : state->closed_s + config->tick_s;
    /* Without pressure nothing leaks: air that warms in an empty vessel is no lost water. */
    const bool empty = state->pressure_mpa < config->limit.mouth_mpa_max;
    if (open || empty || state->reversing != 0 || state->closed_s < SHUT_S) {
        begin_leak(state);
        begin_progress(state);
        state->no_progress = 0;
        if (open || empty) state->leak_mpa_per_min = state->leak_margin_mpa_per_min = 0.0;
        if (open) {
            state->leaking_count = state->leak_window_count = state->stiffness_learned = 0;
            state->stiffness_ratio = 1.0;
        }
    } else {
        state->window_s += config->tick_s;
        judge_progress(config, state);
        if (wip_stood(config, state->window_s, config->limit.leak_window_s)) judge_leak(config, state);
    }
    state->burst = state->closed_s > SHUT_S &&
                   state->pressure_slow_mpa - state->pressure_mpa > config->limit.burst_mpa;
    judge_leak_test(config, state, observation);
}
