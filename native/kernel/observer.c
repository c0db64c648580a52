/* observer.c: model, dead time and what the measurement says about both.
 *
 * Two copies of the model: one driven by the duty of now (ahead), one by the duty of a dead time
 * ago (delayed), which is what the sensor sees. Observed are five things that the model may have
 * wrong: its offset from the measurement, heat from elsewhere, its gain, its loss and its dead time,
 *
 *     error' = keep error + push (disturbance + gain_error f) - slope dead_time_error df
 *
 * with f the delayed, lagged duty and df its change: a dead time that is wrong shows only when the
 * duty changes, a gain that is wrong only while there is duty. So one Kalman filter over the four
 * sorts a misfit by its cause, which one integral of a PID cannot, and the forecast is right for a
 * duty that it has not seen yet.
 *
 * The disturbance walks slowly (observer_s), so noise hardly moves the heater. When it jumps, a
 * two-sided CUSUM over the innovations says so within seconds, and since when; the jump is put
 * into the covariance as what it is, a disturbance of unknown size that has acted since then, and
 * the filter sizes it from the evidence (Willsky & Jones: generalised likelihood ratio).
 *
 * Bounded: innovation, every observed number, every variance. What stops being finite starts anew.
 */
#include "observer.h"

#include <math.h>
#include <string.h>

#define DISTURBANCE_DOUBT_FRACTION 0.03 /* at the start: the room is not at rest_c */
#define JUMP_FRACTION 0.05              /* doubt of a jump at first: a false alarm believes no more */
#define JUMP_SLACK_RATIO 1.0            /* of a standard deviation: CUSUM for shifts of two */
#define JUMP_EVIDENCE_RATIO 3.4         /* about one false alarm in 2,000 s at two samples a second */
#define WALK_S 40000.0                  /* gain and dead time may have become new after so long */
#define OFFSET_WALK_RATIO 0.02          /* of the noise, per step */
#define ERROR_RATIO_MIN (-0.6)          /* of gain and loss */
#define ERROR_RATIO_MAX 2.0
#define RESTLESS_OBSERVERS 15.0         /* observer_s until a jump is forgotten */
#define DEAD_TIME_ERROR_RATIO_MAX 0.6
#define DOUBT_SIGMAS 2.5
#define BLUR_LOOKS 12
#define RENEWED_RATIO 0.3                /* of the doubt of the dead time, by a full change of duty */

static double square(double x) { return x * x; }

enum { AT_DISTURBANCE = 6, AT_GAIN = 12, AT_LOSS = 18, AT_DEAD_TIME = 24 }; /* diagonal */

double press_decay(double ratio)
{
    uint32_t squarings = 0;
    if (!(ratio > 0.0)) return 1.0;
    if (ratio > 700.0) return 0.0;
    while (ratio > 0.125) {
        ratio *= 0.5;
        squarings += 1;
    }
    const double odd = ratio * (0.5 + ratio * ratio / 120.0);
    const double even = 1.0 + ratio * ratio / 10.0;
    double kept = (even - odd) / (even + odd); /* Pade 3/3 */
    for (; squarings > 0; squarings--) kept *= kept;
    return kept;
}

double press_log(double ratio)
{
    double scale = 2.0;
    if (!(ratio > 1.0)) return 0.0;
    while (ratio > 1.125) {
        ratio = sqrt(ratio);
        scale *= 2.0;
    }
    const double x = (ratio - 1.0) / (ratio + 1.0);
    return scale * x * (1.0 + x * x * (1.0 / 3.0 + x * x * (1.0 / 5.0 + x * x / 7.0)));
}

observer_step_t press_observer_constants(const press_predictive_config_t *config, double step_s)
{
    observer_step_t step;
    step.step_s = step_s;
    step.keep = press_decay(step_s / config->time_constant_s);
    step.push_c = (1.0 - step.keep) * config->gain_c;
    step.lag_keep = config->lag_s > 0.0 ? press_decay(step_s / config->lag_s) : 0.0;
    step.lag_mean = config->lag_s > 0.0 ? (1.0 - step.lag_keep) * config->lag_s / step_s : 0.0;
    step.horizon_keep = press_decay(config->dead_time_s / config->time_constant_s);
    step.slope_c_per_s = config->gain_c / config->time_constant_s;
    return step;
}

static void doubt_everything(const press_predictive_config_t *config, press_predictive_t *state)
{
    memset(state->covariance_unit, 0, sizeof state->covariance_unit);
    state->covariance_unit[0] = square(config->noise_c);
    state->covariance_unit[AT_DISTURBANCE] = square(DISTURBANCE_DOUBT_FRACTION);
    state->covariance_unit[AT_GAIN] = square(config->gain_doubt_ratio);
    state->covariance_unit[AT_LOSS] = square(config->gain_doubt_ratio);
    state->covariance_unit[AT_DEAD_TIME] =
        square(config->dead_time_doubt_ratio * config->dead_time_s);
    state->jump_up_ratio = state->jump_down_ratio = 0.0;
    state->jump_up_count = state->jump_down_count = 0;
}

void press_observer_prime(const press_predictive_config_t *config, press_predictive_t *state,
                          double measurement_c, double achieved_fraction, double step_s)
{
    for (uint32_t i = 0; i < PRESS_DEAD_TIME_SAMPLE_MAX; i++) {
        state->applied_fraction[i] = achieved_fraction;
    }
    state->slot_sum_fraction = 0.0;
    state->slot_index = state->slot_step_count = 0;
    state->step_s = step_s;
    state->ahead_fraction = state->delayed_fraction = achieved_fraction;
    state->delayed_c = measurement_c - config->rest_c;
    /* A dead time ahead, of what has been applied so far: a zone may begin on its way down. */
    const double horizon_keep = press_decay(config->dead_time_s / config->time_constant_s);
    state->ahead_c = horizon_keep * state->delayed_c +
                     (1.0 - horizon_keep) * config->gain_c * achieved_fraction;
    state->error_c = state->disturbance_fraction = 0.0;
    state->gain_error_ratio = state->loss_error_ratio = state->dead_time_error_s = 0.0;
    state->residual_c = state->restless_ratio = 0.0;
    doubt_everything(config, state);
}

/* More steps than slots: a slot holds the mean of several. */
static uint32_t steps_per_slot(const press_predictive_config_t *config,
                               const press_predictive_t *state)
{
    const double longest = (1.0 + DEAD_TIME_ERROR_RATIO_MAX) * config->dead_time_s / state->step_s;
    return 1 + (uint32_t)(press_clamp(longest, 0.0, 1e6) / (PRESS_DEAD_TIME_SAMPLE_MAX - 3));
}

static void remember(const press_predictive_config_t *config, press_predictive_t *state,
                     double applied_fraction)
{
    state->slot_sum_fraction += applied_fraction;
    state->slot_step_count += 1;
    if (state->slot_step_count < steps_per_slot(config, state)) return;
    state->slot_index = (state->slot_index + 1) % PRESS_DEAD_TIME_SAMPLE_MAX;
    state->applied_fraction[state->slot_index] = state->slot_sum_fraction / state->slot_step_count;
    state->slot_sum_fraction = 0.0;
    state->slot_step_count = 0;
}

/* What was applied so many seconds before the last step. */
static double applied(const press_predictive_config_t *config, const press_predictive_t *state,
                      double ago_s)
{
    const double behind = press_clamp(ago_s / state->step_s, 0.0, 1e6);
    const uint32_t per_slot = steps_per_slot(config, state);
    if (behind < state->slot_step_count) return state->slot_sum_fraction / state->slot_step_count;
    const double back = press_clamp((behind - state->slot_step_count) / per_slot, 0.0,
                                    PRESS_DEAD_TIME_SAMPLE_MAX - 2);
    const uint32_t whole = (uint32_t)back;
    const uint32_t newer =
        (state->slot_index + PRESS_DEAD_TIME_SAMPLE_MAX - whole) % PRESS_DEAD_TIME_SAMPLE_MAX;
    const uint32_t older =
        (newer + PRESS_DEAD_TIME_SAMPLE_MAX - 1) % PRESS_DEAD_TIME_SAMPLE_MAX;
    if (per_slot > 1) return state->applied_fraction[newer];
    return state->applied_fraction[newer] +
           (back - whole) * (state->applied_fraction[older] - state->applied_fraction[newer]);
}

/* Variance of a measurement while a change of duty may or may not have arrived: between the
 * model's dead time and the true one nothing can be told apart, so little is believed. */
static double blur(const press_predictive_config_t *config, const observer_step_t *step,
                   const press_predictive_t *state)
{
    const double doubt_s = DOUBT_SIGMAS * sqrt(state->covariance_unit[AT_DEAD_TIME]);
    const double error_s = state->dead_time_error_s;
    const double early_s = config->dead_time_s - doubt_s + (error_s < 0.0 ? error_s : 0.0);
    const double late_s =
        config->dead_time_s + doubt_s + step->step_s + (error_s > 0.0 ? error_s : 0.0);
    double least = applied(config, state, early_s), most = least;
    for (uint32_t i = 1; i <= BLUR_LOOKS; i++) {
        const double seen =
            applied(config, state, early_s + (late_s - early_s) * i / BLUR_LOOKS);
        if (seen < least) least = seen;
        if (seen > most) most = seen;
    }
    return square(step->slope_c_per_s * (most - least) * (late_s - early_s));
}

/* One step of a copy of the model. Returns the mean lagged duty over the step. */
static double model(const observer_step_t *step, double *lagged_fraction, double *rise_c,
                    double applied_fraction)
{
    const double mean = applied_fraction + (*lagged_fraction - applied_fraction) * step->lag_mean;
    *lagged_fraction = applied_fraction + (*lagged_fraction - applied_fraction) * step->lag_keep;
    *rise_c = step->keep * *rise_c + step->push_c * mean;
    return mean;
}

/* What one step adds to the variance; what is doubted enough is not doubted more. */
static void walk(const press_predictive_config_t *config, const observer_step_t *step,
                 double *covariance, double change_fraction)
{
    const double quick = step->step_s / config->observer_s;
    const double noise = square(config->noise_c);
    const double share = step->step_s / WALK_S;
    const double dead_time_doubt_s = config->dead_time_doubt_ratio * config->dead_time_s;
    covariance[0] += noise * square(OFFSET_WALK_RATIO);
    if (covariance[AT_DISTURBANCE] < square(config->disturbance_fraction_max)) {
        /* steady state of the filter: bandwidth 1/observer_s whatever the noise */
        covariance[AT_DISTURBANCE] += noise * square(quick * quick / step->push_c);
    }
    if (covariance[AT_GAIN] < square(config->gain_doubt_ratio)) {
        covariance[AT_GAIN] += share * square(config->gain_doubt_ratio);
    }
    if (covariance[AT_LOSS] < square(config->gain_doubt_ratio)) {
        covariance[AT_LOSS] += share * square(config->gain_doubt_ratio);
    }
    if (covariance[AT_DEAD_TIME] < square(dead_time_doubt_s)) {
        covariance[AT_DEAD_TIME] +=
            square(RENEWED_RATIO * dead_time_doubt_s * change_fraction);
    }
}

static void forecast(const press_predictive_config_t *config, const observer_step_t *step,
                     press_predictive_t *state, double mean_fraction, double change_fraction)
{
    double *p = state->covariance_unit;
    const double weight[OBSERVED] = {
        step->keep, step->push_c, step->push_c * mean_fraction,
        -(1.0 - step->keep) * (state->delayed_c + state->error_c),
        -step->slope_c_per_s * change_fraction};
    double row[OBSERVED];
    state->error_c = step->keep * state->error_c +
                     step->push_c * state->disturbance_fraction +
                     weight[2] * state->gain_error_ratio + weight[3] * state->loss_error_ratio +
                     weight[4] * state->dead_time_error_s;
    for (uint32_t j = 0; j < OBSERVED; j++) {
        row[j] = 0.0;
        for (uint32_t k = 0; k < OBSERVED; k++) row[j] += weight[k] * p[OBSERVED * k + j];
    }
    p[0] = 0.0;
    for (uint32_t j = 0; j < OBSERVED; j++) p[0] += row[j] * weight[j];
    for (uint32_t j = 1; j < OBSERVED; j++) p[j] = p[OBSERVED * j] = row[j];
    walk(config, step, p, change_fraction);
}

/* A disturbance that has acted for `count` steps, put into the covariance. */
static void inject(const observer_step_t *step, press_predictive_t *state, uint32_t count)
{
    double *p = state->covariance_unit;
    const double since_c = step->push_c * count * JUMP_FRACTION;
    p[0] += since_c * since_c;
    p[1] += since_c * JUMP_FRACTION;
    p[OBSERVED] = p[1];
    p[AT_DISTURBANCE] += JUMP_FRACTION * JUMP_FRACTION;
    state->jump_up_ratio = state->jump_down_ratio = 0.0;
    state->jump_up_count = state->jump_down_count = 0;
    state->jump_count += 1;
    state->restless_ratio += 1.0;
}

static uint32_t gather(double *evidence_ratio, uint32_t *count, double shift_ratio)
{
    *evidence_ratio += shift_ratio - JUMP_SLACK_RATIO;
    *count += 1;
    if (*evidence_ratio <= 0.0) {
        *evidence_ratio = 0.0;
        *count = 0;
    }
    return *evidence_ratio > JUMP_EVIDENCE_RATIO ? *count : 0;
}

static void watch_for_jumps(const press_predictive_config_t *config, const observer_step_t *step,
                            press_predictive_t *state, double innovation_c, double noise_c2)
{
    const double sigma_c = sqrt(state->covariance_unit[0] + noise_c2);
    const double shift = press_clamp(innovation_c / sigma_c, -4.0, 4.0);
    const uint32_t up = gather(&state->jump_up_ratio, &state->jump_up_count, shift);
    const uint32_t down = gather(&state->jump_down_ratio, &state->jump_down_count, -shift);
    const bool sharp = !state->approaching && noise_c2 < 2.0 * square(config->noise_c);
    const bool room =
        state->covariance_unit[AT_DISTURBANCE] < square(config->disturbance_fraction_max);
    if (up + down > 0 && sharp && room) {
        inject(step, state, up > 0 ? up : down);
    }
}

static void correct(const press_predictive_config_t *config, press_predictive_t *state,
                    double innovation_c, double noise_c2)
{
    double *p = state->covariance_unit;
    double gain[OBSERVED], row[OBSERVED];
    const double variance = p[0] + noise_c2;
    const double dead_time_s_max = DEAD_TIME_ERROR_RATIO_MAX * config->dead_time_s;
    for (uint32_t j = 0; j < OBSERVED; j++) {
        row[j] = p[j];
        gain[j] = p[j] / variance;
    }
    for (uint32_t i = 0; i < OBSERVED; i++) {
        for (uint32_t j = i; j < OBSERVED; j++) {
            p[OBSERVED * i + j] -= gain[i] * row[j];
            p[OBSERVED * j + i] = p[OBSERVED * i + j];
        }
    }
    state->error_c += gain[0] * innovation_c;
    state->disturbance_fraction =
        press_clamp(state->disturbance_fraction + gain[1] * innovation_c,
                    -config->disturbance_fraction_max, config->disturbance_fraction_max);
    state->gain_error_ratio = press_clamp(state->gain_error_ratio + gain[2] * innovation_c,
                                          ERROR_RATIO_MIN, ERROR_RATIO_MAX);
    state->loss_error_ratio = press_clamp(state->loss_error_ratio + gain[3] * innovation_c,
                                          ERROR_RATIO_MIN, ERROR_RATIO_MAX);
    state->dead_time_error_s = press_clamp(state->dead_time_error_s + gain[4] * innovation_c,
                                           -dead_time_s_max, dead_time_s_max);
}

/* No finite input should make it false; should one, the observer starts anew. */
static bool sane(const press_predictive_t *state)
{
    const double *p = state->covariance_unit;
    double sum = state->error_c + state->ahead_c + state->delayed_c + state->residual_c;
    for (uint32_t i = 0; i < OBSERVED * OBSERVED; i++) sum += p[i];
    for (uint32_t i = 0; i < OBSERVED; i++) {
        if (p[(OBSERVED + 1) * i] < 0.0) return false;
    }
    return press_finite(sum);
}

void press_observer_step(const press_predictive_config_t *config, const observer_step_t *step,
                         press_predictive_t *state, double measurement_c,
                         double achieved_fraction)
{
    const double before_fraction = state->delayed_fraction;
    remember(config, state, achieved_fraction);
    const double then = applied(config, state, config->dead_time_s);
    (void)model(step, &state->ahead_fraction, &state->ahead_c, achieved_fraction);
    const double mean = model(step, &state->delayed_fraction, &state->delayed_c, then);
    forecast(config, step, state, mean, state->delayed_fraction - before_fraction);
    const double innovation_c =
        measurement_c - config->rest_c - state->delayed_c - state->error_c;
    const double bounded_c =
        press_clamp(innovation_c, -config->residual_c_max, config->residual_c_max);
    const double noise_c2 = square(config->noise_c) + blur(config, step, state);
    watch_for_jumps(config, step, state, bounded_c, noise_c2);
    correct(config, state, bounded_c, noise_c2);
    const double share = press_clamp(step->step_s / config->observer_s, 0.0, 1.0);
    const double telling = square(config->noise_c) / noise_c2; /* what is blurred proves nothing */
    state->residual_c += share * telling * (fabs(bounded_c) - state->residual_c);
    state->restless_ratio -= share / RESTLESS_OBSERVERS * state->restless_ratio;
    if (!sane(state)) {
        press_observer_prime(config, state, measurement_c, achieved_fraction, step->step_s);
    }
}

double press_observer_variance(const press_predictive_t *state, const double weight_unit[OBSERVED])
{
    double variance = 0.0;
    for (uint32_t i = 0; i < OBSERVED; i++) {
        for (uint32_t j = 0; j < OBSERVED; j++) {
            variance += weight_unit[i] * weight_unit[j] * state->covariance_unit[OBSERVED * i + j];
        }
    }
    return variance > 0.0 ? variance : 0.0;
}
