/* pressure_valve.c: the pressure valve as it is found to be, while it works.
 *
 * A proportional pressure valve gives  p = full_scale c - offset - slope p - sign play/2,  sign +1
 * where its command last rose. [play: Krasnosel'skii; curve: a line] Command and oil pressure are both measured, so the three unknowns
 * can be found in passing: a Kalman filter over (offset_bar, slope_ratio, play_bar), with what was
 * commissioned as its prior, so that what a batch has not shown yet stays as it was written. Only
 * one thing tells play from offset, the other side; until the setpoint has turned the two share
 * their doubt as the prior says.
 *
 * Looked at ten times a second, and only while the side of the play is certain: setpoint moving,
 * the command gone on by more than the play can be since it turned, valve not
 * limited, pressure transducers trusted. The filter forgets slowly (wear), and the estimate is
 * bounded; out of bounds it is no measurement but a fault, and the bound stands.
 */
#include "internal.h"

#include <math.h>

#define LOOK_TICKS 10u
#define NOISE_BAR 0.6          /* ripple of the pump, lag, friction of the spool: of one look */
#define OFFSET_BAR_SIGMA 0.8   /* prior: transducer and amplifier zero */
#define SLOPE_SIGMA 0.03       /* prior: scale */
#define PLAY_SIGMA_RATIO 0.35  /* prior: of the commissioned play */
#define PLAY_SIGMA_BAR 0.5     /* prior: added */
#define DRIFT_RATIO 2e-5       /* of the prior's variance, forgotten at each look */
#define OFFSET_BAR_MAX 8.0
#define SLOPE_MAX 0.15
#define PLAY_RATIO_MAX 4.0
#define PLAY_FRACTION_FLOOR 0.02

static double prior_play_bar(const press_hydraulic_config_t *hydraulic)
{
    return hydraulic->valve_hysteresis_fraction * hydraulic->valve_full_scale_bar;
}

/* The side is certain when the command went on by more than the play can be. */
static double certain_bar(const press_config_t *config, const press_state_t *state)
{
    const double likely_bar = (press_valve_play_fraction(config, state) +
                               3.0 * press_valve_play_sigma(config, state)) *
                              config->hydraulic.valve_full_scale_bar;
    const double least_bar = 2.0 * prior_play_bar(&config->hydraulic);
    return likely_bar > least_bar ? likely_bar : least_bar;
}

static double play_bar_max(const press_hydraulic_config_t *hydraulic)
{
    return PLAY_RATIO_MAX * prior_play_bar(hydraulic) +
           PLAY_FRACTION_FLOOR * hydraulic->valve_full_scale_bar;
}

static void prior_variance(const press_hydraulic_config_t *hydraulic,
                           double variance[PRESS_VALVE_UNKNOWN_COUNT])
{
    const double play_bar = PLAY_SIGMA_RATIO * prior_play_bar(hydraulic) + PLAY_SIGMA_BAR;
    variance[0] = OFFSET_BAR_SIGMA * OFFSET_BAR_SIGMA;
    variance[1] = SLOPE_SIGMA * SLOPE_SIGMA;
    variance[2] = play_bar * play_bar;
}

static void prime(const press_config_t *config, press_valve_state_t *valve)
{
    double variance[PRESS_VALVE_UNKNOWN_COUNT];
    prior_variance(&config->hydraulic, variance);
    valve->primed = 1;
    valve->unknown_bar[0] = 0.0;
    valve->unknown_bar[1] = 0.0;
    valve->unknown_bar[2] = prior_play_bar(&config->hydraulic);
    for (uint32_t i = 0; i < PRESS_VALVE_UNKNOWN_COUNT; i++) {
        for (uint32_t k = 0; k < PRESS_VALVE_UNKNOWN_COUNT; k++) {
            valve->covariance_unit[PRESS_VALVE_UNKNOWN_COUNT * i + k] = i == k ? variance[i] : 0.0;
        }
    }
}

static void bound(const press_hydraulic_config_t *hydraulic, press_valve_state_t *valve)
{
    valve->unknown_bar[0] = press_clamp(valve->unknown_bar[0], -OFFSET_BAR_MAX, OFFSET_BAR_MAX);
    valve->unknown_bar[1] = press_clamp(valve->unknown_bar[1], -SLOPE_MAX, SLOPE_MAX);
    valve->unknown_bar[2] = press_clamp(valve->unknown_bar[2], 0.0, play_bar_max(hydraulic));
}

/* One Kalman step with measurement z = x . unknown + noise. */
static void learn(const press_hydraulic_config_t *hydraulic, press_valve_state_t *valve,
                  const double x[PRESS_VALVE_UNKNOWN_COUNT], double z_bar)
{
    const uint32_t n = PRESS_VALVE_UNKNOWN_COUNT;
    double prior[PRESS_VALVE_UNKNOWN_COUNT], px[PRESS_VALVE_UNKNOWN_COUNT];
    double surprise_bar = z_bar, variance_bar2 = NOISE_BAR * NOISE_BAR;
    prior_variance(hydraulic, prior);
    for (uint32_t i = 0; i < n; i++) {
        double *diagonal = &valve->covariance_unit[n * i + i];
        *diagonal = press_clamp(*diagonal + DRIFT_RATIO * prior[i], 0.0, prior[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        px[i] = 0.0;
        for (uint32_t k = 0; k < n; k++) px[i] += valve->covariance_unit[n * i + k] * x[k];
        surprise_bar -= x[i] * valve->unknown_bar[i];
    }
    for (uint32_t i = 0; i < n; i++) variance_bar2 += x[i] * px[i];
    for (uint32_t i = 0; i < n; i++) {
        valve->unknown_bar[i] += px[i] / variance_bar2 * surprise_bar;
        for (uint32_t k = 0; k < n; k++) {
            valve->covariance_unit[n * i + k] -= px[i] * px[k] / variance_bar2;
        }
    }
    bound(hydraulic, valve);
}

/* How far the command has gone on since it turned; a step back by a tenth of the play turns it. */
static double travel_fraction(const press_hydraulic_config_t *hydraulic,
                              press_valve_state_t *valve, double command_fraction)
{
    const double back = 0.1 * hydraulic->valve_hysteresis_fraction + 1e-3;
    const double on = valve->side_sign * (command_fraction - valve->peak_fraction);
    if (on >= 0.0) {
        valve->peak_fraction = command_fraction;
    } else if (-on > back) {
        valve->side_sign = -valve->side_sign;
        valve->turn_fraction = valve->peak_fraction;
        valve->peak_fraction = command_fraction;
    }
    return valve->side_sign * (command_fraction - valve->turn_fraction);
}

static bool telling(const press_config_t *config, const press_state_t *state, double travel)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const press_observation_t *seen = &state->observation;
    const double command = state->valve_open_fraction;
    return press_has(state->digital_output_bits, PRESS_OUTPUT_PUMP) &&
           press_has(state->digital_output_bits, PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN) &&
           travel * hydraulic->valve_full_scale_bar > certain_bar(config, state) &&
           command > hydraulic->valve_deadband_fraction && command < 1.0 &&
           seen->cylinder_pressure_bar > 2.0 * hydraulic->pressure_min_bar &&
           state->pressure_ramp.velocity_unit_per_s * state->valve.side_sign > 0.0 &&
           press_trusted(config, seen, PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR) &&
           press_trusted(config, seen, PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR);
}

static double oil_bar(const press_state_t *state)
{
    const double *unit = state->observation.measurement_channel_unit;
    return 0.5 * (unit[PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR] +
                  unit[PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR]);
}

void press_valve_learn(const press_config_t *config, press_state_t *state)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    press_valve_state_t *valve = &state->valve;
    const double command = state->valve_open_fraction, full_bar = hydraulic->valve_full_scale_bar;
    if (valve->primed == 0) {
        prime(config, valve);
        valve->side_sign = 1.0;
    }
    const double travel = travel_fraction(hydraulic, valve, command);
    if (!telling(config, state, travel)) {
        valve->looked_ticks = 0;
        valve->sum_bar = valve->sum_excess_bar = 0.0;
        return;
    }
    const double lag_bar = press_pressure_lag_s(config, oil_bar(state)) *
                           press_pressure_bar_per_s(config, state);
    valve->sum_bar += oil_bar(state);
    valve->sum_excess_bar += full_bar * command - oil_bar(state) - lag_bar;
    valve->looked_ticks += 1;
    if (valve->looked_ticks < LOOK_TICKS) return;
    const double x[PRESS_VALVE_UNKNOWN_COUNT] = {1.0, valve->sum_bar / LOOK_TICKS,
                                                 0.5 * valve->side_sign};
    const double slow_bar = oil_bar(state), sign = state->valve_direction_sign;
    const double before = press_valve_opening(config, state, sign, slow_bar);
    learn(hydraulic, valve, x, valve->sum_excess_bar / LOOK_TICKS);
    /* What the curve takes over the trim gives up: the valve does not jump. */
    state->pressure_trim_bar = press_clamp(
        state->pressure_trim_bar +
            full_bar * (before - press_valve_opening(config, state, sign, slow_bar)),
        -hydraulic->trim_bar_max, hydraulic->trim_bar_max);
    valve->looked_ticks = 0;
    valve->sum_bar = valve->sum_excess_bar = 0.0;
}

double press_valve_opening(const press_config_t *config, const press_state_t *state, double sign,
                           double demand_bar)
{
    const double *unknown = state->valve.unknown_bar;
    return (demand_bar + unknown[0] + unknown[1] * demand_bar) /
               config->hydraulic.valve_full_scale_bar +
           0.5 * press_valve_play_fraction(config, state) * sign;
}

double press_valve_play_fraction(const press_config_t *config, const press_state_t *state)
{
    return state->valve.primed ? state->valve.unknown_bar[2] / config->hydraulic.valve_full_scale_bar
                               : config->hydraulic.valve_hysteresis_fraction;
}

double press_valve_play_sigma(const press_config_t *config, const press_state_t *state)
{
    double prior[PRESS_VALVE_UNKNOWN_COUNT];
    const double variance = state->valve.covariance_unit[PRESS_VALVE_UNKNOWN_COUNT *
                                                         PRESS_VALVE_UNKNOWN_COUNT - 1];
    prior_variance(&config->hydraulic, prior);
    return sqrt(state->valve.primed ? (variance > 0.0 ? variance : 0.0) : prior[2]) /
           config->hydraulic.valve_full_scale_bar;
}
