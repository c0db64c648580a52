/* pressure_refill.c: a pump that may rest while a pressure is held.
 *
 *     running -> resting    at rest and within a quarter of refill_bar for REST_S: pump off,
 *                           load-holding valve shut, the valve's command stands, the trim sleeps
 *     resting -> refilling  setpoint moves, refill_bar is missing or too much, or the pressure is
 *                           not known well: pump on, load-holding valve still shut
 *     refilling -> running  the pump has run for PREPARE_S, so that the valve has its pressure:
 *                           load-holding valve open. Opened sooner the stack would lose its
 *                           pressure through a valve without a pump behind it
 *
 * refill_bar 0: the pump runs on.
 */
#include "internal.h"

#include <math.h>

#define REST_S 10.0
#define REST_BAND_RATIO 0.25
#define PREPARE_S 1.0

static void running(const press_config_t *config, press_state_t *state, double error_bar)
{
    const double refill_bar = config->hydraulic.refill_bar;
    const bool close = press_ramp_arrived(&state->pressure_ramp) &&
                       state->observation.pressure_quality == PRESS_GOOD &&
                       state->observation.contact == 1 &&
                       fabs(error_bar) <= REST_BAND_RATIO * refill_bar;
    state->pressure_rest_s = refill_bar > 0.0 && close ? state->pressure_rest_s + config->tick_s : 0.0;
    state->pressure_resting = press_stood(config, state->pressure_rest_s, REST_S);
    state->pressure_refill_s = 0.0;
}

static bool must_refill(const press_config_t *config, const press_state_t *state, double error_bar)
{
    return !(press_ramp_arrived(&state->pressure_ramp) &&
             state->observation.pressure_quality == PRESS_GOOD &&
             fabs(error_bar) <= config->hydraulic.refill_bar);
}

bool press_refill(const press_config_t *config, press_state_t *state, double error_bar, bool *pump)
{
    if (state->pressure_resting == 0) {
        running(config, state, error_bar);
        *pump = state->pressure_resting == 0;
        return !*pump;
    }
    if (state->pressure_refill_s == 0.0 && !must_refill(config, state, error_bar)) {
        *pump = false;
        return true;
    }
    *pump = true;
    if (press_has(state->observation.digital_input_bits, PRESS_INPUT_PUMP_RUNNING) ||
        state->pressure_refill_s == 0.0) {
        state->pressure_refill_s += config->tick_s;
    }
    if (!press_stood(config, state->pressure_refill_s, PREPARE_S)) return true;
    state->pressure_resting = 0;
    state->pressure_rest_s = 0.0;
    return false;
}
