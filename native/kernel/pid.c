/* pid.c: two-degree-of-freedom PID, the one law of all loops.
 *
 *     u = feed_forward + kp (b setpoint - measurement) + I - D
 *     D = kp td s/(1 + filter s) measurement              derivative on measurement, filtered
 *     dI/dt = kp/ti (setpoint - measurement) + (achieved - u)/tracking
 *
 * `achieved` is what the actuator really did with the u of the step before, after every clamp,
 * slew and interlock: back-calculation from it is the anti-windup (Astrom & Hagglund). With
 * state->primed 0 the integral is set so that u equals `achieved`: bumpless, and no integral
 * update happens in that step. Every term is bounded far outside any actuator, so that no finite
 * input can make a non-finite output; a non-finite input gives the least output and unprimes.
 */
#include "internal.h"

#define TERM_FRACTION_MAX 1e6

/* NaN (0 times an overflow) counts as nothing. */
static double bounded(double term_fraction)
{
    if (term_fraction != term_fraction) return 0.0;
    return press_clamp(term_fraction, -TERM_FRACTION_MAX, TERM_FRACTION_MAX);
}

static double derivative(const press_pid_config_t *config, const press_pid_t *state,
                         double measurement_unit, double step_s)
{
    const double time_s = config->filter_s + step_s;
    const double gain = config->kp_per_unit * config->td_s;
    if (!(config->td_s > 0.0 && time_s > 0.0)) return 0.0;
    return bounded((config->filter_s * state->derivative_fraction +
                    gain * (measurement_unit - state->measurement_previous_unit)) /
                   time_s);
}

static double integral_change(const press_pid_config_t *config, const press_pid_t *state,
                              double error_unit, double achieved_fraction, double step_s)
{
    double change = 0.0;
    if (config->ti_s > 0.0) {
        change = bounded(config->kp_per_unit * (step_s / config->ti_s) * error_unit);
    }
    if (config->tracking_s > 0.0) {
        const double share = step_s < config->tracking_s ? step_s / config->tracking_s : 1.0;
        change += share * (achieved_fraction - state->output_fraction);
    }
    return change;
}

double press_pid_step(const press_pid_config_t *config, press_pid_t *state, double setpoint_unit,
                      double measurement_unit, double feed_forward_fraction,
                      double achieved_fraction, double step_s)
{
    if (!(press_finite(setpoint_unit) && press_finite(measurement_unit) &&
          press_finite(feed_forward_fraction) && press_finite(achieved_fraction) &&
          press_finite(step_s) && step_s >= 0.0)) {
        state->primed = 0;
        return config->output_fraction_min;
    }
    const double achieved = bounded(achieved_fraction);
    const double error_unit = setpoint_unit - measurement_unit;
    const double direct =
        bounded(feed_forward_fraction) +
        bounded(config->kp_per_unit *
                (config->setpoint_weight_ratio * setpoint_unit - measurement_unit));
    if (state->primed) {
        state->derivative_fraction = derivative(config, state, measurement_unit, step_s);
        state->integral_fraction = bounded(
            state->integral_fraction +
            integral_change(config, state, error_unit, achieved, step_s));
    } else {
        state->derivative_fraction = 0.0;
        state->integral_fraction = bounded(achieved - direct);
        state->primed = 1;
    }
    state->measurement_previous_unit = measurement_unit;
    state->output_fraction = direct + state->integral_fraction - state->derivative_fraction;
    return press_clamp(state->output_fraction, config->output_fraction_min,
                       config->output_fraction_max);
}
