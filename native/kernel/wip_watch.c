/* wip_watch.c: what stands behind trips and interlocks: plunger, leak, progress, blocked-in heat.
 *
 * Intensifier. From its position: strokes, what was delivered, and whether the plunger turns or
 * still compresses its own charge, when pressure tells nothing about the pump.
 *
 * Windows. Compensated leak and progress of pumping are judged over whole windows within one
 * stroke; a reversal starts them anew.

 */
#include "wip_internal.h"

#include <math.h>

#define TURN_MM 1.0
#define CHARGED_RATIO 0.93
#define CHARGED_BAR 3.0
#define PUMP_PROVEN_S 0.05
#define UNCHARGED_S 0.03 /* the oil dips when a creeping pump stands for a moment */
#define PROGRESS_MPA_MIN 5.0
#define SETTLED_ML 1.0
#define ASKED_RATIO 0.5 /* less of a rise asked for is topping up, not a stroke to be judged by */

static double stroke_ml(const wip_config_t *config, double moved_mm)
{
    return config->drive.stroke_ml / config->drive.stroke_mm * moved_mm;
}

static void begin_window(wip_state_t *state)
{
    state->window_s = 0.0;
    state->window_pressure_mpa = state->progress_pressure_mpa = state->pressure_mpa;
    state->window_fluid_c = state->progress_fluid_c = state->fluid_c;
    state->progress_setpoint_mpa = state->ramp.position_unit;
    state->window_delivered_ml = state->progress_delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml;
}

static void turned(wip_state_t *state, double position_mm)
{
    state->position_sign = -state->position_sign;
    state->position_furthest_mm = position_mm;
    state->delivered_base_ml += state->stroke_delivered_ml;
    state->stroke_delivered_ml = 0.0;
    state->stroke_count += 1;
    state->delivering = 0;
}

static void follow_plunger(const wip_config_t *config, wip_state_t *state,
                           const wip_observation_t *observation)
{
    const double position_mm = wip_measured(observation, WIP_CHANNEL_INTENSIFIER_POSITION_MM);
    const double oil_bar = wip_measured(observation, WIP_CHANNEL_INTENSIFIER_OIL_PRESSURE_BAR);
    const double ahead_mm = state->position_sign * (position_mm - state->position_furthest_mm);
    const bool runs = wip_written(state, WIP_OUTPUT_PUMP) && state->pump_speed_fraction > 0.0;
    state->pumping_s = runs ? state->pumping_s + config->tick_s : 0.0;
    if (state->primed == 0) {
        state->position_furthest_mm = state->delivery_start_mm = position_mm;
    } else if (ahead_mm > 0.0) {
        state->position_furthest_mm = position_mm;
    } else if (ahead_mm < -TURN_MM) {
        turned(state, position_mm);
    }
    const double wanted_bar = config->drive.oil_bar_per_mpa * state->pressure_mpa;
    const bool charged = oil_bar >= CHARGED_RATIO * wanted_bar - CHARGED_BAR;
    const bool proven = state->pumping_s > PUMP_PROVEN_S;
    state->uncharged_s = proven && !charged ? state->uncharged_s + config->tick_s : 0.0;
    state->reversing = wip_stood(config, state->uncharged_s, UNCHARGED_S) ? 1U : 0U;
    if (!proven) return;
    if (charged && state->delivering == 0) {
        state->delivering = 1;
        state->delivery_start_mm = position_mm;
        state->delivered_base_ml += state->stroke_delivered_ml;
        state->stroke_delivered_ml = 0.0;
        begin_window(state);
    } else if (state->reversing != 0 && state->delivering != 0) {
        state->delivering = 0;
    }
    if (state->delivering == 0) return;
    state->stroke_delivered_ml = stroke_ml(
        config, fabs(state->position_furthest_mm - state->delivery_start_mm));
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

static void judge_leak(const wip_config_t *config, wip_state_t *state)
{
    const wip_limit_config_t *limit = &config->limit;
    const double delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml - state->window_delivered_ml;
    const double lost_mpa = wip_leak_mpa(
        &config->vessel, state->pressure_mpa, state->pressure_mpa - state->window_pressure_mpa,
        state->fluid_c - state->window_fluid_c, delivered_ml);
    const bool still = fabs(state->pressure_mpa - state->window_pressure_mpa) <
                       0.05 * state->pressure_mpa + 0.5;
    if (still) {
        const double pumped_mpa = wip_stiffness_mpa(&config->vessel, state->pressure_mpa) *
                                  (delivered_ml / config->vessel.volume_ml);
        state->leak_mpa_per_min = lost_mpa * 60.0 / state->window_s;
        state->leak_margin_mpa_per_min =
            limit->leak_model_fraction * pumped_mpa * 60.0 / state->window_s;
        state->leak_window_count += 1;
        state->leaking_count =
            state->leak_mpa_per_min > limit->leak_mpa_per_min_max ? state->leaking_count + 1 : 0;
    }
    begin_window(state);
}

static void judge_progress(const wip_config_t *config, wip_state_t *state)
{
    const double delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml - state->progress_delivered_ml;
    if (delivered_ml < config->limit.progress_ml) return;
    const double expected_mpa =
        wip_isentropic_stiffness_mpa(&config->vessel, state->pressure_mpa, state->fluid_c) *
        (delivered_ml / config->vessel.volume_ml);
    const double risen_mpa = state->pressure_mpa - state->progress_pressure_mpa;
    const bool rising = state->ramp.position_unit - state->pressure_mpa > 1.0;
    state->no_progress = state->pressure_mpa > PROGRESS_MPA_MIN && rising &&
                         risen_mpa < config->limit.progress_fraction_min * expected_mpa;
    if (state->pressure_mpa > PROGRESS_MPA_MIN && expected_mpa > 0.0 &&
        (rising ||
         state->ramp.position_unit - state->progress_setpoint_mpa > ASKED_RATIO * expected_mpa)) {
        state->stroke_efficiency_ratio = risen_mpa / expected_mpa;
    }
    state->progress_pressure_mpa = state->pressure_mpa;
    state->progress_setpoint_mpa = state->ramp.position_unit;
    state->progress_delivered_ml += delivered_ml;
}

static void watch_windows(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const bool open = open_on_purpose(state, observation);
    state->closed_s = open ? 0.0 : state->closed_s + config->tick_s;
    const bool settling = state->delivering != 0 && state->stroke_delivered_ml < SETTLED_ML;
    if (open || state->reversing != 0 || settling || state->closed_s < 2.0) {
        begin_window(state);
        state->no_progress = 0;
        if (open) state->leaking_count = state->leak_window_count = 0;
    } else {
        state->window_s += config->tick_s;
        judge_progress(config, state);
        if (wip_stood(config, state->window_s, config->limit.leak_window_s)) judge_leak(config, state);
    }
    state->burst = state->closed_s > 2.0 &&
                   state->pressure_slow_mpa - state->pressure_mpa > config->limit.burst_mpa;
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
    const bool stands = state->closed_s > 2.0 && !wip_written(state, WIP_OUTPUT_PUMP) &&
                        state->pressure_mpa > 0.6 * limit->leak_test_mpa &&
                        state->pressure_mpa < 2.0 * limit->leak_test_mpa;
    if (!stands) {
        state->leak_test_held_s = 0.0;
        state->leak_window_count = state->leak_tested != 0 ? state->leak_window_count : 0;
        return;
    }
    if (state->leak_test_held_s <= 0.0) {
        begin_window(state);
        state->leak_window_count = 0;
    }
    state->leak_test_held_s += config->tick_s;
    if (state->leak_window_count > 0 &&
        wip_stood(config, state->leak_test_held_s, limit->leak_test_s)) {
        state->leak_tested = state->leak_mpa_per_min <= limit->leak_test_mpa_per_min_max;
    }
}

static void watch_pump(const wip_config_t *config, wip_state_t *state)
{
    const bool lags = state->ramp.position_unit - state->pressure_mpa > config->limit.over_run_mpa;
    if (state->pumping_s <= 0.0 || !lags ||
        state->pressure_mpa > state->over_run_reference_mpa + config->limit.over_run_mpa) {
        state->over_run_s = 0.0;
        state->over_run_reference_mpa = state->pressure_mpa;
        return;
    }
    state->over_run_s += config->tick_s;
}

static void watch_blocked_in(const wip_config_t *config, wip_state_t *state)
{
    state->relieving = state->blocked_in != 0 && state->command.mode != WIP_MODE_RELEASE &&
                       state->pressure_mpa > state->command.pressure_target_mpa +
                                                 config->limit.blocked_in_relief_mpa;
    const bool heats = wip_written(state, WIP_OUTPUT_CONTACTOR_JACKET) && state->jacket_duty_fraction > 0.0;
    if (state->relieving != 0) return;
    if (!heats || state->pumping_s > 0.0 || state->closed_s < 2.0) {
        state->blocked_s = 0.0;
        state->blocked_reference_mpa = state->pressure_mpa;
        state->blocked_in = 0;
        return;
    }
    state->blocked_s += config->tick_s;
    if (!wip_stood(config, state->blocked_s, config->limit.blocked_in_s)) return;
    const double risen_mpa = state->pressure_mpa - state->blocked_reference_mpa;
    state->blocked_in = risen_mpa * 60.0 / state->blocked_s >= config->limit.blocked_in_mpa_per_min;
    state->blocked_s = 0.0;
    state->blocked_reference_mpa = state->pressure_mpa;
}

void wip_watch(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation)
{
    follow_plunger(config, state, observation);
    watch_windows(config, state, observation);
    judge_leak_test(config, state, observation);
    watch_pump(config, state);
    watch_blocked_in(config, state);
}
