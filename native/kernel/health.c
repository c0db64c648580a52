/* health.c: how well the loops do what they are asked. Signals only: nothing here stops anything.
 *
 * Heaters. Each zone has a model of itself, driven by what its SSR really got, and stepped with the
 * thermal laws; between two steps the ticks of heat are counted and the signals stand:
 *     C dT/dt = P heat - loss (T - ambient),   heat' = (duty - heat) / lag
 * and pulled to the measurement with 20 s. What is left, the residual, settles at the error of the
 * *rate* times 20 s, so a dead heater shows in a ramp as it does at rest, and needs no saturated
 * output. In shares of full power, missing = -residual C / (20 s P):
 *     break      heat asked for, and most of it missing
 *     reversed   heat asked for, and more missing than there was: the zone cools under power
 *     stuck on   more heat than the SSR was given, above the setpoint or below
 * Each is evidence only while it stands; 1 is the verdict. What the model does not know, a cold
 * stack, a neighbour, air past the platens, is smaller than the shares asked for. A zone that is or
 * just was cooled by water or air is no evidence.
 * Gain: the regression of the heat that arrived on the heat that was given, forgotten within a
 * batch, beginning at 1: a trend over batches, for a heater that ages or mains that sag.
 *
 * Pressure. What the valve should give, after its play and lag, against the oil pressure; broken
 * when off by more than play, scale and a margin for STAND_PRESSURE_S under a pump that runs.
 */
#include "internal.h"

#include <math.h>
#include <string.h>

#define PULL_S 20.0
#define BREAK_HEAT_FRACTION 0.15    /* asked for at least, or there is nothing to miss */
#define BREAK_MISSING_RATIO 0.7
#define REVERSED_MISSING_RATIO 1.25
#define STUCK_HEAT_FRACTION 0.25    /* of full power, not given and yet there */
#define STAND_S 30.0
#define COOLED_S 120.0
#define GAIN_FORGET_S 1800.0
#define GAIN_PRIOR_FRACTION2_S 5.0  /* as much as 20 s at half power */
#define SATURATED_FRACTION 0.999
#define PRESSURE_SCALE_RATIO 0.08
#define PRESSURE_MARGIN_BAR 3.0
#define STAND_PRESSURE_S 2.0
#define FRICTION_S 5.0

static const uint32_t water_bit[PRESS_PLATEN_COUNT] = {PRESS_OUTPUT_COOLING_WATER_TOP,
                                                       PRESS_OUTPUT_COOLING_WATER_BOTTOM};

static void stand(double *timer_s, bool accused, double step_s)
{
    *timer_s = accused ? *timer_s + step_s : 0.0;
}

/* What the heater got since the tick before: 0 or 1. */
static uint32_t given(const press_config_t *config, const press_state_t *state, uint32_t zone)
{
    const uint32_t contactor = config->zone[zone].platen == 0 ? PRESS_OUTPUT_CONTACTOR_TOP
                                                              : PRESS_OUTPUT_CONTACTOR_BOTTOM;
    return (state->digital_output_bits >> (PRESS_OUTPUT_HEATER_1_SSR + zone) &
            state->digital_output_bits >> contactor) &
           1U;
}

/* Since the step before, if only for a tick. */
static bool cooled(const press_config_t *config, const press_state_t *state, uint32_t zone)
{
    return press_has(state->health.output_bits_seen, water_bit[config->zone[zone].platen % 2]) ||
           press_has(state->health.output_bits_seen, PRESS_OUTPUT_COOLING_AIR);
}

static void begin(press_zone_health_t *own, double measurement_c)
{
    own->primed = 1;
    own->model_c = measurement_c;
    own->heat_fraction = 0.0;
    own->break_s = own->reversed_s = own->stuck_on_s = 0.0;
}

/* One step of the model; returns the residual. */
static double follow(const press_config_t *config, press_zone_health_t *own, uint32_t zone,
                     double measurement_c, double step_s)
{
    const press_zone_config_t *heater = &config->zone[zone];
    const double lag_s = heater->lag_s;
    const double duty_fraction = (double)own->on_ticks / (double)own->seen_ticks;
    const double loss_w = heater->loss_w_per_k * (own->model_c - config->ambient_temperature_c);
    own->heat_fraction +=
        press_clamp(step_s / (lag_s + step_s), 0.0, 1.0) * (duty_fraction - own->heat_fraction);
    own->model_c += step_s * (heater->power_w * own->heat_fraction - loss_w) /
                        heater->heat_capacity_j_per_k +
                    press_clamp(step_s / PULL_S, 0.0, 1.0) * (measurement_c - own->model_c);
    return measurement_c - own->model_c;
}

static void gain(press_zone_health_t *own, double missing_fraction, double step_s)
{
    const double heat = own->heat_fraction;
    const double keep = 1.0 - press_clamp(step_s / GAIN_FORGET_S, 0.0, 1.0);
    own->warm_s = keep * own->warm_s + step_s * heat * heat;
    own->warm_gain_s =
        keep * own->warm_gain_s + step_s * heat * (heat - missing_fraction);
}

static void accuse(press_zone_health_t *own, double missing_fraction, double step_s)
{
    const double heat = own->heat_fraction;
    const bool asked = heat >= BREAK_HEAT_FRACTION;
    stand(&own->break_s, asked && missing_fraction > BREAK_MISSING_RATIO * heat, step_s);
    stand(&own->reversed_s, asked && missing_fraction > REVERSED_MISSING_RATIO * heat, step_s);
    stand(&own->stuck_on_s, -missing_fraction > STUCK_HEAT_FRACTION, step_s);
}

static double zone_health(const press_config_t *config, press_state_t *state,
                          const press_observation_t *observation, uint32_t zone, double step_s)
{
    press_zone_health_t *own = &state->health.zone[zone];
    const press_zone_config_t *heater = &config->zone[zone];
    const double measurement_c = observation->measurement_channel_unit[zone];
    stand(&own->saturated_s, state->zone[zone].demand_fraction >= SATURATED_FRACTION, step_s);
    if (cooled(config, state, zone)) own->cooled_s = COOLED_S;
    if (own->cooled_s > 0.0) own->cooled_s -= step_s;
    if (!press_trusted(config, observation, zone) || !press_finite(measurement_c)) {
        own->primed = 0;
        return 0.0;
    }
    if (own->primed == 0 || own->cooled_s > 0.0) {
        begin(own, measurement_c);
        return 0.0;
    }
    const double residual_k = follow(config, own, zone, measurement_c, step_s);
    const double missing =
        -residual_k * heater->heat_capacity_j_per_k / (PULL_S * heater->power_w);
    gain(own, missing, step_s);
    accuse(own, missing, step_s);
    return residual_k;
}

static double larger(double a_unit, double b_unit) { return a_unit > b_unit ? a_unit : b_unit; }

static double evidence(double stood_s, double limit_s)
{
    return press_clamp(stood_s / limit_s, 0.0, 1.0);
}

/* Oil pressure the valve should make of its last command; its spool drags behind by the play. */
static double valve_gives_bar(const press_config_t *config, press_state_t *state)
{
    const double half = 0.5 * press_valve_play_fraction(config, state);
    const double command = state->valve_open_fraction, *unknown = state->valve.unknown_bar;
    press_health_t *health = &state->health;
    health->valve_play_fraction =
        press_clamp(health->valve_play_fraction, command - half, command + half);
    const double bar = command < config->hydraulic.valve_deadband_fraction
                           ? 0.0
                           : (config->hydraulic.valve_full_scale_bar * health->valve_play_fraction -
                              unknown[0]) /
                                 (1.0 + unknown[1]);
    return larger(bar, config->hydraulic.pressure_min_bar);
}

static void pressure_health(const press_config_t *config, press_state_t *state,
                            press_observation_t *observation)
{
    press_health_t *health = &state->health;
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const uint32_t ways = press_bit(PRESS_OUTPUT_PUMP) |
                          press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    const uint32_t other = press_bit(PRESS_OUTPUT_DUMP_VALVE) | press_bit(PRESS_OUTPUT_APPROACH_VALVE);
    const double oil_bar = observation->cylinder_pressure_bar;
    const double gives_bar = valve_gives_bar(config, state);
    const bool follows = (state->digital_output_bits & (ways | other)) == ways &&
                         observation->pressure_quality != PRESS_BAD && press_finite(oil_bar) &&
                         observation->contact == 1;
    if (!follows || health->primed == 0) health->valve_model_bar = oil_bar;
    health->primed = press_finite(oil_bar);
    const double lag_s = 2.0 * press_pressure_lag_s(config, gives_bar) + config->tick_s;
    health->valve_model_bar += press_clamp(config->tick_s / lag_s, 0.0, 1.0) *
                               (gives_bar - health->valve_model_bar);
    observation->pressure_model_residual_bar =
        follows && health->primed ? oil_bar - health->valve_model_bar : 0.0;
    const double allowed_bar = press_valve_play_fraction(config, state) *
                                   hydraulic->valve_full_scale_bar +
                               PRESSURE_SCALE_RATIO * larger(oil_bar, gives_bar) +
                               PRESSURE_MARGIN_BAR;
    stand(&health->pressure_break_s,
          follows && !(fabs(observation->pressure_model_residual_bar) <= allowed_bar),
          config->tick_s);
    stand(&health->valve_saturated_s, state->valve_demand_fraction >= SATURATED_FRACTION,
          config->tick_s);
}

static void friction_health(const press_config_t *config, press_state_t *state,
                            const press_observation_t *observation)
{
    press_health_t *health = &state->health;
    const double friction_kn =
        observation->cylinder_pressure_bar * 1e-4 * config->hydraulic.cylinder_area_mm2 -
        config->hydraulic.ram_weight_kn - observation->force_kn;
    const bool tells = observation->contact == 1 && press_finite(friction_kn) &&
                       press_trusted(config, observation, PRESS_CHANNEL_LOAD_CELL_FORCE_KN) &&
                       observation->pressure_quality != PRESS_BAD;
    if (tells) {
        health->seal_friction_kn += press_clamp(config->tick_s / FRICTION_S, 0.0, 1.0) *
                                    (friction_kn - health->seal_friction_kn);
    }
}

/* The worst zone's evidence, and each zone's own signals, as they stand until the next step. */
static void zones_health(const press_config_t *config, press_state_t *state,
                         const press_observation_t *observation)
{
    press_health_t *health = &state->health;
    const double step_s = config->tick_s * config->thermal_ticks;
    health->break_ratio = health->reversed_ratio = health->stuck_on_ratio = 0.0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        press_zone_health_t *own = &health->zone[zone];
        health->residual_k[zone] = zone_health(config, state, observation, zone, step_s);
        health->gain_ratio[zone] =
            (GAIN_PRIOR_FRACTION2_S + own->warm_gain_s) / (GAIN_PRIOR_FRACTION2_S + own->warm_s);
        health->saturated_s[zone] = own->saturated_s;
        health->break_ratio = larger(health->break_ratio, evidence(own->break_s, STAND_S));
        health->reversed_ratio = larger(health->reversed_ratio, evidence(own->reversed_s, STAND_S));
        health->stuck_on_ratio = larger(health->stuck_on_ratio, evidence(own->stuck_on_s, STAND_S));
        own->on_ticks = own->seen_ticks = 0;
    }
    health->output_bits_seen = 0;
}

static void count_heat(const press_config_t *config, press_state_t *state)
{
    state->health.output_bits_seen |= state->digital_output_bits;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        state->health.zone[zone].on_ticks += given(config, state, zone);
        state->health.zone[zone].seen_ticks += 1;
    }
}

static void publish(const press_health_t *health, press_observation_t *observation)
{
    memcpy(observation->zone_model_residual_k, health->residual_k, sizeof health->residual_k);
    memcpy(observation->heater_gain_ratio, health->gain_ratio, sizeof health->gain_ratio);
    memcpy(observation->heater_saturated_s, health->saturated_s, sizeof health->saturated_s);
    observation->loop_break_ratio = health->break_ratio;
    observation->loop_reversed_ratio = health->reversed_ratio;
    observation->heater_stuck_on_ratio = health->stuck_on_ratio;
}

void press_health(const press_config_t *config, press_state_t *state,
                  press_observation_t *observation)
{
    count_heat(config, state);
    if (state->advise_countdown_ticks == 0) zones_health(config, state, observation);
    publish(&state->health, observation);
    pressure_health(config, state, observation);
    friction_health(config, state, observation);
    observation->valve_saturated_s = state->health.valve_saturated_s;
    observation->pressure_loop_break_ratio =
        evidence(state->health.pressure_break_s, STAND_PRESSURE_S);
    observation->seal_friction_kn = state->health.seal_friction_kn;
    observation->valve_hysteresis_fraction_estimate = press_valve_play_fraction(config, state);
    observation->valve_hysteresis_fraction_sigma = press_valve_play_sigma(config, state);
}
