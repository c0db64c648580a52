/* predictive.c: near time-optimal control of a loop with dead time and two lags.
 *
 * The observer says where the measurement will be one dead time ahead. From there
 *
 *   approach  full power as long as the coast-down would end below the setpoint: with the power
 *             cut, what is stored behind the second lag still raises the measurement by
 *                 coast = slope (lag (f - hold) - (hold - brake) lag ln((f - brake)/(hold - brake)))
 *             A margin of one standard deviation of the forecast is kept.
 *   brake     that cut, until what is left behind the lag just carries the measurement to the
 *             setpoint. The band's own way there is as slow as response_s and would leave too much.
 *   band      duty = hold + (setpoint - prediction - slope lag (f - hold)) / (slope response),
 *             which brings the bracket to zero with the time constant response_s and no
 *             overshoot, because bracket' = -slope (duty - hold).
 *
 * hold is the duty that keeps the setpoint, and that follows it when it ramps: both come out of
 * the model, so a ramp needs no integral. There is no integral at all: what integrates is the
 * observer's disturbance, and that is fed with the achieved duty. So nothing can wind up.
 *
 * A known load is duty that is taken away: it reaches the sensor on much the same way as the heat,
 * so the law works in net duty, and what the load takes is given on top in the same moment.
 *
 * When the model lies (residual too large, disturbance beyond what can be) the PID takes over,
 * bumplessly, until the residual has been small for long enough. [Marlin's MPC has no such exit.]
 *
 * Whoever is in charge: a zone far above its setpoint that has not fallen for longer than any heat
 * was under way gets no more. No forecast is good enough to heat then, and a sensor that stands
 * still can make an observer believe in whatever sink its own heat would need.
 */
#include "observer.h"

#include <math.h>

#define BRAKE_RATIO 0.9          /* of the way from hold to least: the rest is for correction */
#define CALM_RATIO 0.25          /* of the gain is left for errors far below the noise */
#define TRUE_AGAIN_RATIO 0.4     /* of residual_c_max */
#define RESTLESS_RATIO 4.0       /* so many jumps of late are none: the model lies */
#define LYING_OBSERVERS 3.0      /* observer_s: so long before the PID takes over */
#define TRUE_AGAIN_OBSERVERS 10.0
#define LOAD_FRACTION_MAX 1.0
#define RISE_C_MAX 1e5           /* inputs are believed up to here */
#define STAND_DELAYS 3.0         /* dead time and lag: heat that old has arrived */
#define FALL_SIGMAS 8.0          /* of the noise: less is no fall */

typedef struct {
    double slope_c_per_s; /* as the observer corrects it */
    double missing_c;     /* setpoint less prediction */
    double hold_fraction;
    double lead_fraction; /* on top of hold, for the second lag to follow a ramp that bends */
} outlook_t;

typedef struct {
    double setpoint_c;
    double rate_c_per_s;
    double rate_to_be_c_per_s; /* less the rate: what the second lag still has to gain */
} course_of_setpoint_t;

/* A setpoint that ramps is followed as the second lag can: a corner of the ramp becomes round, and
 * the heat behind the lag is gone when the ramp ends. A jump is no ramp, it is gone to at once. */
static course_of_setpoint_t follow(const press_predictive_config_t *config,
                                   const observer_step_t *step, press_predictive_t *state,
                                   double setpoint_c)
{
    course_of_setpoint_t course;
    const double asked = (setpoint_c - state->setpoint_previous_c) / step->step_s;
    const double rate = fabs(asked) < step->slope_c_per_s ? asked : 0.0;
    state->setpoint_previous_c = setpoint_c;
    state->setpoint_lag_c = step->lag_keep * state->setpoint_lag_c +
                            (1.0 - step->lag_keep) * config->lag_s * rate;
    course.setpoint_c = setpoint_c - state->setpoint_lag_c;
    course.rate_c_per_s = config->lag_s > 0.0 ? state->setpoint_lag_c / config->lag_s : rate;
    course.rate_to_be_c_per_s = rate - course.rate_c_per_s;
    return course;
}

static outlook_t look_ahead(const press_predictive_config_t *config, const observer_step_t *step,
                            press_predictive_t *state, const course_of_setpoint_t *course)
{
    outlook_t outlook;
    const double gain_ratio = 1.0 + state->gain_error_ratio;
    const double heat_fraction = state->disturbance_fraction;
    const double coming_c = state->ahead_c - step->horizon_keep * state->delayed_c;
    const double rise_c = state->delayed_c + state->error_c;
    const double wanted_c = (1.0 + state->loss_error_ratio) * (course->setpoint_c - config->rest_c) +
                            config->time_constant_s * course->rate_c_per_s;
    outlook.slope_c_per_s = gain_ratio * step->slope_c_per_s;
    outlook.hold_fraction = press_clamp((wanted_c / config->gain_c - heat_fraction) / gain_ratio,
                                        config->output_fraction_min, config->output_fraction_max);
    outlook.lead_fraction = (config->time_constant_s * course->rate_to_be_c_per_s +
                             config->lag_s * course->rate_c_per_s) /
                            (config->gain_c * gain_ratio);
    const double weight[OBSERVED] = {
        step->horizon_keep, (1.0 - step->horizon_keep) * config->gain_c, coming_c,
        -(1.0 - step->horizon_keep) * rise_c,
        step->slope_c_per_s * (state->delayed_fraction - outlook.hold_fraction)};
    state->prediction_c = config->rest_c +
                          step->horizon_keep * rise_c + weight[1] * heat_fraction +
                          coming_c * gain_ratio + weight[3] * state->loss_error_ratio +
                          weight[4] * state->dead_time_error_s;
    state->prediction_c_sigma = sqrt(press_observer_variance(state, weight));
    state->hold_fraction = outlook.hold_fraction;
    outlook.missing_c = course->setpoint_c - state->prediction_c;
    return outlook;
}

/* How far the measurement still rises when the power is cut down to the brake's level. */
static double coast(const press_predictive_config_t *config, const outlook_t *outlook,
                    double lagged_fraction)
{
    const double excess = lagged_fraction - outlook->hold_fraction;
    const double brake = BRAKE_RATIO * (outlook->hold_fraction - config->output_fraction_min);
    if (!(excess > 0.0 && config->lag_s > 0.0)) return 0.0;
    if (!(brake > 1e-6)) return outlook->slope_c_per_s * config->lag_s * excess;
    return outlook->slope_c_per_s * config->lag_s *
           (excess - brake * press_log((excess + brake) / brake));
}

/* Errors of the size of the noise are taken back more slowly: they may be noise. */
static double calm(const press_predictive_config_t *config, const press_predictive_t *state,
                   double error_c)
{
    const double noise_c2 = config->noise_c * config->noise_c +
                            state->prediction_c_sigma * state->prediction_c_sigma;
    const double error_c2 = error_c * error_c;
    return error_c * (error_c2 + CALM_RATIO * noise_c2) / (error_c2 + noise_c2);
}

static double law(const press_predictive_config_t *config, const observer_step_t *step,
                  press_predictive_t *state, const outlook_t *outlook)
{
    const double hold = outlook->hold_fraction;
    const double excess = state->ahead_fraction - hold;
    const double response_s =
        config->response_s > step->step_s ? config->response_s : step->step_s;
    const double bracket_c =
        outlook->missing_c - outlook->slope_c_per_s * config->lag_s * excess;
    const double band = hold + outlook->lead_fraction +
                        calm(config, state, bracket_c) / (outlook->slope_c_per_s * response_s);
    const double approach =
        hold + (outlook->missing_c - coast(config, outlook, state->ahead_fraction) -
                state->prediction_c_sigma) /
                   (outlook->slope_c_per_s * step->step_s);
    const double brake = hold - BRAKE_RATIO * (hold - config->output_fraction_min);
    if (band >= config->output_fraction_max) state->approaching = 1;
    if (state->approaching) {
        state->braking = 1;
        if (approach < config->output_fraction_max) state->approaching = 0;
        return approach > band ? approach : band;
    }
    if (!(bracket_c < 0.0 && excess > 0.0)) state->braking = 0;
    return state->braking && brake < band ? brake : band;
}

/* Whose turn it is. Returns true when it changed. */
static bool choose(const press_predictive_config_t *config, press_predictive_t *state,
                   double step_s)
{
    const bool lies = state->residual_c > 0.5 * config->residual_c_max ||
                      state->restless_ratio > RESTLESS_RATIO ||
                      fabs(state->disturbance_fraction) >= config->disturbance_fraction_max;
    const bool true_again =
        state->residual_c < 0.5 * TRUE_AGAIN_RATIO * config->residual_c_max &&
        state->restless_ratio < 0.5 * RESTLESS_RATIO &&
        fabs(state->disturbance_fraction) < config->disturbance_fraction_max;
    const bool leaving = state->fallback ? true_again : lies;
    const double again_s = TRUE_AGAIN_OBSERVERS * config->observer_s *
                           (double)(1u << (state->fallback_count & 7u)); /* longer every time */
    const double wait_s = state->fallback ? again_s : LYING_OBSERVERS * config->observer_s;
    state->lying_s = leaving ? state->lying_s + step_s : 0.0;
    if (state->lying_s < wait_s) return false;
    state->lying_s = 0.0;
    state->fallback = !state->fallback;
    if (state->fallback && state->fallback_count < 7) state->fallback_count += 1;
    return true;
}

static double fall_back(const press_predictive_config_t *config, press_predictive_t *state,
                        double setpoint_c, double measurement_c, double achieved_fraction,
                        double step_s)
{
    press_pid_config_t pid = config->pid;
    pid.output_fraction_min = config->output_fraction_min;
    pid.output_fraction_max = config->output_fraction_max;
    return press_pid_step(&pid, &state->pid, setpoint_c, measurement_c, 0.0, achieved_fraction,
                          step_s);
}

/* Far above and not falling: no heat, whatever is forecast. */
static double let_go(const press_predictive_config_t *config, press_predictive_t *state,
                     double setpoint_c, double measurement_c, double wanted, double step_s)
{
    const double idle = press_clamp(0.0, config->output_fraction_min, config->output_fraction_max);
    const double delay_s = config->dead_time_s + config->lag_s + step_s;
    const bool far = measurement_c > setpoint_c + config->residual_c_max;
    if (!far || measurement_c < state->fall_reference_c - FALL_SIGMAS * config->noise_c) {
        state->fall_reference_c = measurement_c;
        state->stands_s = 0.0;
    } else {
        if (measurement_c > state->fall_reference_c) state->fall_reference_c = measurement_c;
        state->stands_s += step_s;
    }
    return state->stands_s > STAND_DELAYS * delay_s && wanted > idle ? idle : wanted;
}

static bool usable(double setpoint_c, double measurement_c, double achieved_fraction,
                   double load_fraction, double step_s)
{
    return press_finite(load_fraction) && press_finite(setpoint_c) && press_finite(measurement_c) &&
           press_finite(achieved_fraction) && press_finite(step_s) && step_s > 0.0;
}

/* One step in net duty: what is given less what a known load takes. */
static double net_step(const press_predictive_config_t *config, press_predictive_t *state,
                       double setpoint_c, double measurement_c, double achieved_fraction,
                       double step_s)
{
    const observer_step_t step = press_observer_constants(config, step_s);
    const double achieved = press_clamp(achieved_fraction, config->output_fraction_min,
                                        config->output_fraction_max);
    const double asked_c = config->rest_c + press_clamp(setpoint_c - config->rest_c, -RISE_C_MAX,
                                                        RISE_C_MAX);
    const double seen_c = config->rest_c + press_clamp(measurement_c - config->rest_c,
                                                       -RISE_C_MAX, RISE_C_MAX);
    if (!state->primed || state->step_s != step_s) {
        press_observer_prime(config, state, seen_c, achieved, step_s);
        state->setpoint_previous_c = asked_c;
        state->setpoint_lag_c = 0.0;
        state->primed = 1;
        state->approaching = state->braking = state->fallback = 0;
    } else {
        press_observer_step(config, &step, state, seen_c, achieved);
    }
    const course_of_setpoint_t course = follow(config, &step, state, asked_c);
    const outlook_t outlook = look_ahead(config, &step, state, &course);
    if (choose(config, state, step_s)) {
        state->pid.primed = 0; /* bumpless, and the model gets a fresh chance */
        if (state->fallback) press_observer_prime(config, state, seen_c, achieved, step_s);
    }
    const double wanted =
        state->fallback ? fall_back(config, state, asked_c, seen_c, achieved, step_s)
                        : law(config, &step, state, &outlook);
    return press_clamp(wanted, config->output_fraction_min, config->output_fraction_max);
}

double press_predictive_step(const press_predictive_config_t *config, press_predictive_t *state,
                             double setpoint_c, double measurement_c, double achieved_fraction,
                             double step_s)
{
    press_predictive_config_t net = *config;
    const double load = press_clamp(state->load_fraction, -LOAD_FRACTION_MAX, LOAD_FRACTION_MAX);
    if (!usable(setpoint_c, measurement_c, achieved_fraction, state->load_fraction, step_s)) {
        state->primed = 0;
        return config->output_fraction_min;
    }
    net.output_fraction_min -= load;
    net.output_fraction_max -= load;
    if (!state->primed) state->stands_s = 0.0;
    const double forecast =
        load + net_step(&net, state, setpoint_c, measurement_c,
                        press_clamp(achieved_fraction, config->output_fraction_min,
                                    config->output_fraction_max) -
                            load,
                        step_s);
    const double wanted = let_go(config, state, setpoint_c, measurement_c, forecast, step_s);
    state->output_fraction =
        press_clamp(wanted, config->output_fraction_min, config->output_fraction_max);
    if (!press_finite(wanted)) {
        state->primed = 0;
        state->output_fraction = config->output_fraction_min;
    }
    return state->output_fraction;
}
