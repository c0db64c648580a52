/* wip_watch.c: what stands behind trips and interlocks: plunger, over-run, blocked-in heat.
 *
 * Intensifier. From its position: strokes, what was delivered, and whether the plunger turns or
 * still compresses its own charge, when pressure tells nothing about the pump. What is made of the
 * volume delivered is in wip_leak.c.
 */
#include "wip_internal.h"

#include <math.h>

#define TURN_MM 1.0
#define PUMP_PROVEN_S 0.05
#define UNCHARGED_S 0.03 /* the oil dips when a creeping pump stands for a moment */

static double stroke_ml(const wip_config_t *config, double moved_mm)
{
    return config->drive.stroke_ml / config->drive.stroke_mm * moved_mm;
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
    const bool charged = oil_bar >= WIP_CHARGED_RATIO * wanted_bar - WIP_CHARGED_BAR;
    const bool proven = state->pumping_s > PUMP_PROVEN_S;
    state->uncharged_s = proven && !charged ? state->uncharged_s + config->tick_s : 0.0;
    state->reversing = wip_stood(config, state->uncharged_s, UNCHARGED_S) ? 1U : 0U;
    if (!proven) return;
    if (charged && state->delivering == 0) {
        state->delivering = 1;
        state->delivery_start_mm = position_mm;
        state->delivered_base_ml += state->stroke_delivered_ml;
        state->stroke_delivered_ml = 0.0;
        wip_begin_window(config, state);
    } else if (state->reversing != 0 && state->delivering != 0) {
        state->delivering = 0;
    }
    if (state->delivering == 0) return;
    state->stroke_delivered_ml = stroke_ml(
        config, fabs(state->position_furthest_mm - state->delivery_start_mm));
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
    wip_watch_windows(config, state, observation);
    watch_pump(config, state);
    watch_blocked_in(config, state);
}
