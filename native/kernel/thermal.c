/* thermal.c: six zones behind one setpoint.
 *
 * Setpoint: jerk-limited, started from the measured median when control begins (servo to PV), so
 * that a hot restart does not begin with a step. Each zone's PID does not compare its measurement
 * with the setpoint but with the setpoint of lag_s ago, v lag - a lag^2/2 behind (Taylor): heater,
 * core and sensor need that long to show what the feed-forward did. Compared with the setpoint of
 * now, the integral would fill up with the lag during a ramp and spill over at its end.
 * Feed-forward: (C dT/dt + loss (T - ambient)) / power.
 *
 * Windows: a duty becomes on-ticks at the start of a window (2 s), in steps of one mains cycle;
 * what the steps cannot show is carried into the next window, so the mean is exact. The windows of
 * the zones start one after another. What the SSR really got is counted from the bits that left
 * the last gate: obeyed, the PID sees its own clamped output; not obeyed, the counted duty.
 *
 * Limit of the duty: the laws know it as the end of their output, so nothing winds up against it,
 * and the window is never given more. The last gate counts for itself.
 *
 * Cooling: one split range. A negative PID output is heat to be taken away; per platen it becomes
 * the duty of a pulsed valve, divided by what water would take at this temperature,
 * cooling_w_per_k (T - water). Pulsed in the window of the heaters, because open all the time the
 * water would cool at almost three times the rate of a recipe (10 K/min), and a longer window
 * would show in the temperature (0.2 K at 2 s, 1 K at 10 s). A valve moves only for a tenth of a
 * window or more; the rest is carried. Above the steam limit air is blown instead of water.
 */
#include "internal.h"

#include <math.h>

#define AIR_SHARE 0.25            /* of what water takes */
#define COOLING_PULSE_SHARE 10u   /* of the window: shortest opening of a valve is 1/10 */
#define COOLING_SPAN_K_MIN 1.0    /* platen over water: no division by less */
#define HOLDBACK_RELEASE_RATIO 0.5

static const uint32_t water_bit[PRESS_PLATEN_COUNT] = {PRESS_OUTPUT_COOLING_WATER_TOP,
                                                       PRESS_OUTPUT_COOLING_WATER_BOTTOM};

static bool zone_usable(const press_state_t *state, uint32_t zone)
{
    return state->observation.quality[zone] != PRESS_BAD;
}

static double zone_temperature(const press_state_t *state, uint32_t zone)
{
    return state->observation.measurement_channel_unit[zone];
}

static bool heating_allowed(const press_state_t *state, const press_command_t *command)
{
    const uint32_t taken =
        PRESS_ACTION_HEATERS_OFF | PRESS_ACTION_CONTACTORS_OPEN | PRESS_ACTION_ALL_OFF;
    return command->heat_enable == 1 && press_is_share(command->heater_duty_fraction_max) &&
           (state->observation.trip_action_bits & taken) == 0;
}

/* What the zones should read now, when they follow the setpoint with their lag. */
static double lagged_setpoint(const press_ramp_t *ramp, double lag_s)
{
    return ramp->position_unit -
           lag_s * (ramp->velocity_unit_per_s - 0.5 * lag_s * ramp->acceleration_unit_per_s2);
}

/* Heat of the ramp and the losses, and what the derivative takes off a measurement that only
 * follows its setpoint: without the latter the integral would make up for it during the ramp and
 * be too large at its end. */
static double feed_forward(const press_config_t *config, const press_zone_config_t *zone,
                           const press_ramp_t *ramp)
{
    const double rate_c_per_s =
        ramp->velocity_unit_per_s - zone->lag_s * ramp->acceleration_unit_per_s2;
    const double power_w =
        zone->heat_capacity_j_per_k * ramp->velocity_unit_per_s +
        zone->loss_w_per_k * (ramp->position_unit - config->ambient_temperature_c);
    return power_w / zone->power_w + zone->kp_per_c * zone->td_s * rate_c_per_s;
}

/* How far the slowest usable zone is behind, in the direction of the move. */
static double behind(const press_config_t *config, const press_state_t *state, bool rising)
{
    double worst_k = 0.0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        const bool ahead = config->zone[zone].law == PRESS_LAW_PREDICTIVE;
        const double reference_c = lagged_setpoint(&state->temperature_ramp,
                                                   ahead ? 0.0 : config->zone[zone].lag_s);
        const double error_k = reference_c - zone_temperature(state, zone);
        const double behind_k = rising ? error_k : -error_k;
        if (zone_usable(state, zone) && behind_k > worst_k) worst_k = behind_k;
    }
    return worst_k;
}

static bool held_back(const press_config_t *config, const press_state_t *state,
                      const press_command_t *command, double target_c)
{
    const double limit_k = state->temperature_ramp_held
                               ? HOLDBACK_RELEASE_RATIO * command->temperature_holdback_k
                               : command->temperature_holdback_k;
    if (!(command->temperature_holdback_k > 0.0)) return false;
    return behind(config, state, target_c >= state->temperature_ramp.position_unit) > limit_k;
}

static void lead_setpoint(const press_config_t *config, press_state_t *state,
                          const press_command_t *command, bool regulating)
{
    const double target_c =
        press_clamp(command->temperature_target_c, config->ambient_temperature_c,
                    config->limit.temperature_c_max);
    const bool held_before = state->temperature_ramp_held != 0;
    if (!regulating || !state->regulating) {
        press_ramp_rest(&state->temperature_ramp, state->observation.zone_temperature_c_median);
        state->temperature_ramp_held = 0;
    }
    if (!regulating) return;
    state->temperature_ramp_held = held_back(config, state, command, target_c);
    press_ramp_follow(&state->temperature_ramp, held_before, state->temperature_ramp_held != 0,
                      target_c, command->temperature_rate_c_per_s,
                      config->temperature_acceleration_c_per_s2, config->temperature_jerk_c_per_s3);
    press_ramp_step(&state->temperature_ramp, config->tick_s);
}

static double water_temperature(const press_config_t *config, const press_state_t *state)
{
    const uint32_t channel = PRESS_CHANNEL_WATER_TEMPERATURE_C;
    const bool known = config->channel[channel].fitted &&
                       state->observation.quality[channel] != PRESS_BAD;
    return known ? state->observation.measurement_channel_unit[channel]
                 : config->ambient_temperature_c;
}

/* Watts the cooling in use takes from a zone when it is on all the time. */
static double cooling_power(const press_config_t *config, const press_state_t *state, uint32_t zone,
                            bool air)
{
    const double span_k = zone_temperature(state, zone) - water_temperature(config, state);
    return config->zone[zone].cooling_w_per_k * (air ? AIR_SHARE : 1.0) *
           (span_k > COOLING_SPAN_K_MIN ? span_k : COOLING_SPAN_K_MIN);
}

static bool blows_air(const press_config_t *config, const press_state_t *state,
                      const press_command_t *command, uint32_t platen)
{
    if (command->cooling == PRESS_COOLING_AIR) return true;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (config->zone[zone].platen == platen &&
            !(zone_temperature(state, zone) <= config->limit.steam_limit_c)) {
            return true;
        }
    }
    return false;
}

double press_zone_coldest(const press_config_t *config, const press_state_t *state,
                          const press_command_t *command, uint32_t zone)
{
    const bool air = blows_air(config, state, command, config->zone[zone].platen);
    if (command->cooling == PRESS_COOLING_OFF) return 0.0;
    return -cooling_power(config, state, zone, air) / config->zone[zone].power_w;
}

static press_pid_config_t pid_of(const press_zone_config_t *zone, double least_fraction,
                                 double most_fraction)
{
    const press_pid_config_t pid = {zone->kp_per_c, zone->ti_s,     zone->td_s,
                                    zone->filter_s, zone->setpoint_weight_ratio,
                                    zone->tracking_s, least_fraction, most_fraction};
    return pid;
}

static void zone_law(const press_config_t *config, press_state_t *state,
                     const press_command_t *command, uint32_t index, bool heat)
{
    const press_zone_config_t *zone = &config->zone[index];
    press_zone_state_t *own = &state->zone[index];
    const press_ramp_t *ramp = &state->temperature_ramp;
    const double coldest = press_zone_coldest(config, state, command, index);
    const press_pid_config_t pid =
        pid_of(zone, coldest, heat ? press_heater_duty_max(config, command) : 0.0);
    const double ahead = feed_forward(config, zone, ramp);
    const double begin = own->manual ? own->demand_fraction : ahead;
    double achieved = own->pid.primed ? own->pid.output_fraction : begin;
    own->manual = 0;
    if (!zone_usable(state, index)) {
        own->pid.primed = 0;
        own->demand_fraction = 0.0;
        return;
    }
    if (!own->window_obeyed && achieved > own->achieved_fraction) achieved = own->achieved_fraction;
    own->demand_fraction =
        press_pid_step(&pid, &own->pid, lagged_setpoint(ramp, zone->lag_s),
                       zone_temperature(state, index), ahead,
                       press_clamp(achieved, pid.output_fraction_min, pid.output_fraction_max),
                       config->tick_s * config->thermal_ticks);
}

/* Manual: the duty is asked for, every gate stays. The law rests; coming back it starts from the
 * duty there was. A duty that is no number is none. */
static void manual_duty(press_zone_state_t *own, double duty_fraction, double most_fraction)
{
    own->demand_fraction =
        press_finite(duty_fraction) ? press_clamp(duty_fraction, 0.0, most_fraction) : 0.0;
    own->pid.primed = 0;
    own->manual = 1;
}

static void rest_laws(const press_config_t *config, press_state_t *state)
{
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        state->zone[zone].pid.primed = 0;
        state->zone[zone].manual = 0;
        state->zone[zone].demand_fraction = 0.0;
    }
    state->thermal_countdown_ticks = 0;
}

/* Whole steps of `resolution` that a duty gives this window, `most` at most; the remainder is
 * carried. */
static uint32_t plan_window(double duty_fraction, uint32_t window_ticks, uint32_t most_ticks,
                            uint32_t resolution_ticks, double *carry_ticks)
{
    const double wanted = duty_fraction * window_ticks + *carry_ticks;
    uint32_t planned = wanted > 0.0 ? (uint32_t)(wanted / resolution_ticks) * resolution_ticks : 0;
    if (planned > most_ticks) planned = most_ticks;
    *carry_ticks = press_clamp(wanted - planned, 0.0, resolution_ticks);
    return planned;
}

static void heater_window(const press_config_t *config, press_state_t *state,
                          const press_command_t *command, uint32_t index, bool heat,
                          press_output_t *output)
{
    press_zone_state_t *own = &state->zone[index];
    const bool predictive = config->zone[index].law == PRESS_LAW_PREDICTIVE;
    if (predictive) press_zone_measure(config, state, index);
    if (state->digital_output_bits & press_bit(PRESS_OUTPUT_HEATER_1_SSR + index)) {
        own->window_on_ticks += 1;
    }
    if (own->window_elapsed_ticks >= config->window_ticks) {
        own->achieved_fraction = (double)own->window_on_ticks / config->window_ticks;
        own->window_obeyed = own->window_on_ticks == own->window_planned_ticks;
        own->window_on_ticks = 0;
        own->window_elapsed_ticks = 0;
        if (predictive) press_zone_predict(config, state, command, index, heat);
        own->duty_fraction =
            heat ? press_clamp(own->demand_fraction, 0.0, press_heater_duty_max(config, command))
                 : 0.0;
        if (!heat) own->carry_ticks = 0.0;
        own->window_planned_ticks =
            plan_window(own->duty_fraction, config->window_ticks,
                        press_heater_ticks_max(config, command), config->window_resolution_ticks,
                        &own->carry_ticks);
    }
    if (heat && zone_usable(state, index) &&
        own->window_elapsed_ticks < own->window_planned_ticks) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_HEATER_1_SSR + index);
    }
    output->heater_duty_fraction[index] = heat ? own->duty_fraction : 0.0;
    own->window_elapsed_ticks += 1;
}

/* Share of the window that the platen's cooling has to be on. */
static double cooling_duty(const press_config_t *config, const press_state_t *state,
                           uint32_t platen, bool air)
{
    double wanted_w = 0.0, possible_w = 0.0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (config->zone[zone].platen != platen || !zone_usable(state, zone)) continue;
        wanted_w -= state->zone[zone].demand_fraction * config->zone[zone].power_w;
        possible_w += cooling_power(config, state, zone, air);
    }
    return possible_w > 0.0 ? press_clamp(wanted_w / possible_w, 0.0, 1.0) : 0.0;
}

static void cooling_windows(const press_config_t *config, press_state_t *state,
                            const press_command_t *command, press_output_t *output)
{
    const bool begins = state->cooling_elapsed_ticks >= config->window_ticks;
    const uint32_t pulse_ticks = config->window_ticks / COOLING_PULSE_SHARE;
    if (begins) state->cooling_elapsed_ticks = 0;
    for (uint32_t platen = 0; platen < PRESS_PLATEN_COUNT; platen++) {
        const bool air = blows_air(config, state, command, platen);
        if (command->cooling == PRESS_COOLING_OFF) {
            state->cooling_planned_ticks[platen] = 0;
            state->cooling_carry_ticks[platen] = 0.0;
        } else if (begins) {
            state->cooling_planned_ticks[platen] =
                plan_window(cooling_duty(config, state, platen, air), config->window_ticks,
                            config->window_ticks, pulse_ticks > 0 ? pulse_ticks : 1,
                            &state->cooling_carry_ticks[platen]);
        }
        if (state->cooling_elapsed_ticks < state->cooling_planned_ticks[platen]) {
            output->digital_output_bits |=
                press_bit(air ? (uint32_t)PRESS_OUTPUT_COOLING_AIR : water_bit[platen]);
        }
    }
    state->cooling_elapsed_ticks += 1;
}

void press_thermal(const press_config_t *config, press_state_t *state,
                   const press_command_t *command, press_output_t *output)
{
    const bool heat = heating_allowed(state, command);
    const bool regulating = heat || command->cooling != PRESS_COOLING_OFF;
    lead_setpoint(config, state, command, regulating);
    if (!regulating) {
        rest_laws(config, state);
    } else if (state->thermal_countdown_ticks == 0) {
        for (uint32_t zone = 0; zone < config->zone_count; zone++) {
            if (press_has(command->manual_zone_bits, zone)) {
                manual_duty(&state->zone[zone], command->manual_duty_fraction[zone],
                            heat ? press_heater_duty_max(config, command) : 0.0);
            } else if (config->zone[zone].law == PRESS_LAW_PID) {
                zone_law(config, state, command, zone, heat);
            }
        }
        state->thermal_countdown_ticks = config->thermal_ticks;
    }
    if (regulating) state->thermal_countdown_ticks -= 1;
    state->regulating = regulating;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        heater_window(config, state, command, zone, heat, output);
    }
    cooling_windows(config, state, command, output);
    if (heat) {
        output->digital_output_bits |=
            press_bit(PRESS_OUTPUT_CONTACTOR_TOP) | press_bit(PRESS_OUTPUT_CONTACTOR_BOTTOM);
    }
}
