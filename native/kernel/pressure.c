/* pressure.c: from stack pressure to the opening of the pressure valve.
 *
 * The setpoint is a jerk-limited ramp of stack pressure. Feed-forward: the force it needs, plus
 * the ram's weight, over the cylinder area, ahead by the lag of valve and oil. Trim: PI on the force error in bar, for friction and
 * whatever the feed-forward does not know, its integral slower where the oil is soft; bounded, frozen where the valve does not control, and
 * pulled back by what the valve did not get (clamp, slew). The valve has play: its opening
 * follows the command half its hysteresis behind, on the side it was last driven. The inverse adds
 * that half on the side of the present direction: that of the moving setpoint. At rest it changes
 * only when the slow part of the demand, feed-forward and integral, has turned back by TURN_BAR,
 * since each change is a jump of the full width. Play, scale and offset of the valve are not what
 * was commissioned for ever: pressure_valve.c finds them while pressing. In the dead band the valve shuts: a falling
 * setpoint loses the last bars at once, to the valve's least pressure; one at rest is then
 * approached from below.
 *
 * Modes. OFF: pump off, load-holding valve shut, the pressure stays. CLOSE: pump on, approach
 * valve until contact, close_bar on the ram. PRESSURE: the setpoint. OPEN: down the ramp to zero,
 * then everything to tank. In every other mode than
 * PRESSURE and OPEN the setpoint is the measurement, so that taking over is bumpless: the trim
 * then starts as the difference between the oil pressure there is and the feed-forward. OPEN ends
 * with pump off, dump and approach valve open: the valve's least pressure goes, the ram falls.
 */
#include "internal.h"

#include <math.h>

#define HOLDBACK_RELEASE_RATIO 0.5
#define TURN_BAR 0.3       /* the demand must come back so far before the play is crossed */
#define TRACKING_S 0.5     /* back-calculation of the trim */
/* At rest the trim sleeps until the error leaves this band, and works until it is a third of it:
 * with friction on both sides of standstill a smaller band makes the ram hunt. */
#define REST_BAND_BAR 0.12
#define REST_BAND_RATIO 0.002 /* of the demand, added */
#define REST_WAKE_RATIO 3.0

static double bar_of(const press_config_t *config, double stack_pressure_mpa)
{
    return 1e4 / config->hydraulic.cylinder_area_mm2 *
           (stack_pressure_mpa * config->stack.area_mm2 * 1e-3 + config->hydraulic.ram_weight_kn);
}

double press_pressure_bar_per_s(const press_config_t *config, const press_state_t *state)
{
    return 10.0 * state->pressure_ramp.velocity_unit_per_s * config->stack.area_mm2 /
           config->hydraulic.cylinder_area_mm2;
}

/* Oil with air in it is soft where there is little pressure: 1 under load, falling to 0. */
double press_oil_stiffness_ratio(const press_config_t *config, double pressure_bar)
{
    const double bar = pressure_bar > config->hydraulic.pressure_min_bar
                           ? pressure_bar
                           : config->hydraulic.pressure_min_bar;
    return config->hydraulic.soft_bar > 0.0 ? bar / (bar + config->hydraulic.soft_bar) : 1.0;
}

double press_pressure_lag_s(const press_config_t *config, double pressure_bar)
{
    return config->hydraulic.lag_s / press_oil_stiffness_ratio(config, pressure_bar);
}

static bool tripped(const press_state_t *state)
{
    const uint32_t taken = PRESS_ACTION_PUMP_OFF | PRESS_ACTION_VALVE_ZERO | PRESS_ACTION_ALL_OFF;
    return (state->observation.trip_action_bits & taken) != 0;
}

/* ---- holds of the ramp ------------------------------------------------------------------ */

static bool cold(const press_config_t *config, const press_state_t *state,
                 const press_command_t *command)
{
    const double least_c = command->temperature_target_c - config->limit.cold_stack_margin_k;
    if (state->observation.stack_temperature_c_estimate < least_c) return true;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (state->observation.quality[zone] != PRESS_BAD &&
            state->observation.measurement_channel_unit[zone] < least_c) {
            return true;
        }
    }
    return false;
}

/* Not below the valve's least pressure: there the setpoint goes on to zero alone. */
static bool held_back(const press_config_t *config, const press_state_t *state,
                      const press_command_t *command)
{
    const uint32_t bit = press_bit(PRESS_INTERLOCK_PRESSURE_HOLDBACK);
    const double limit_mpa = state->pressure_ramp_held & bit
                                 ? HOLDBACK_RELEASE_RATIO * command->pressure_holdback_mpa
                                 : command->pressure_holdback_mpa;
    const double demand_bar =
        bar_of(config, state->pressure_ramp.position_unit) + state->pressure_trim_bar;
    return command->pressure_holdback_mpa > 0.0 &&
           demand_bar > config->hydraulic.pressure_min_bar &&
           fabs(state->pressure_ramp.position_unit - state->observation.stack_pressure_mpa) >
               limit_mpa;
}

/* Interlocks that hold the ramp. `target_mpa` is lowered to what a cold stack may bear. */
static uint32_t holds(const press_config_t *config, const press_state_t *state,
                      const press_command_t *command, double *target_mpa)
{
    const double position_mpa = state->pressure_ramp.position_unit;
    const double cold_mpa = config->limit.cold_stack_pressure_mpa_max;
    uint32_t bits = 0;
    if (held_back(config, state, command)) bits |= press_bit(PRESS_INTERLOCK_PRESSURE_HOLDBACK);
    if (!(*target_mpa > position_mpa)) return bits;
    if (state->observation.pressure_quality != PRESS_GOOD) {
        bits |= press_bit(PRESS_INTERLOCK_PRESSURE_UNCERTAIN);
    }
    bits |= state->interlock_bits & press_bit(PRESS_INTERLOCK_OIL_NOT_OK);
    if (command->hot_only == 1 && *target_mpa > cold_mpa && cold(config, state, command)) {
        if (position_mpa >= cold_mpa) {
            bits |= press_bit(PRESS_INTERLOCK_COLD_STACK);
        } else {
            *target_mpa = cold_mpa;
        }
    }
    return bits;
}

static void lead_setpoint(const press_config_t *config, press_state_t *state,
                          const press_command_t *command)
{
    const bool held_before = state->pressure_ramp_held != 0;
    double target_mpa = command->hydraulics == PRESS_HYDRAULICS_OPEN
                            ? 0.0
                            : press_clamp(command->pressure_target_mpa, 0.0,
                                          config->limit.stack_pressure_mpa_max);
    state->pressure_ramp_held = holds(config, state, command, &target_mpa);
    press_ramp_follow(&state->pressure_ramp, held_before, state->pressure_ramp_held != 0,
                      target_mpa, command->pressure_rate_mpa_per_s,
                      config->pressure_acceleration_mpa_per_s2, config->pressure_jerk_mpa_per_s3);
    press_ramp_step(&state->pressure_ramp, config->tick_s);
}

/* ---- valve -------------------------------------------------------------------------------- */

/* The side of the play to drive. */
static double direction(const press_config_t *config, press_state_t *state, double slow_bar)
{
    const double rate = state->pressure_ramp.velocity_unit_per_s;
    const double back_bar = state->valve_direction_sign * (state->valve_turn_bar - slow_bar);
    if (rate > 0.0 || (rate == 0.0 && press_valve_opening(config, state, -1.0, slow_bar) <
                                          config->hydraulic.valve_deadband_fraction)) {
        return 1.0;
    }
    if (rate < 0.0) return -1.0;
    return back_bar > TURN_BAR ? -state->valve_direction_sign : state->valve_direction_sign;
}

static void steer(const press_config_t *config, press_state_t *state, double slow_bar)
{
    const double sign = direction(config, state, slow_bar);
    /* The extremum on this side; a new side begins here. */
    if (sign != state->valve_direction_sign || sign * (slow_bar - state->valve_turn_bar) > 0.0) {
        state->valve_turn_bar = slow_bar;
    }
    state->valve_direction_sign = sign;
}

/* The command that opens the valve for `demand_bar`; 0 where that is in the dead band. */
static double valve_inverse(const press_config_t *config, const press_state_t *state,
                            double demand_bar)
{
    const double fraction = press_valve_opening(config, state, state->valve_direction_sign, demand_bar);
    return fraction < config->hydraulic.valve_deadband_fraction ? 0.0
                                                                : press_clamp(fraction, 0.0, 1.0);
}

/* What the last gate did not give of the demand before. Less than the play is none: a change of
 * side is a jump that the slew needs some ticks for. */
static double withheld_bar(const press_config_t *config, const press_state_t *state)
{
    const double missing = state->valve_open_fraction - state->valve_demand_fraction;
    const double play = press_valve_play_fraction(config, state);
    const double beyond =
        missing > play ? missing - play : (missing < -play ? missing + play : 0.0);
    return beyond * config->hydraulic.valve_full_scale_bar;
}

static void fall_asleep(press_state_t *state, double feed_forward_bar, double error_bar)
{
    const double band_bar = REST_BAND_BAR + REST_BAND_RATIO * feed_forward_bar;
    if (!press_ramp_arrived(&state->pressure_ramp) || fabs(error_bar) > band_bar) {
        state->pressure_trim_asleep = 0;
    } else if (REST_WAKE_RATIO * fabs(error_bar) < band_bar) {
        state->pressure_trim_asleep = 1;
    }
}

/* False where the valve only gives its least pressure. */
static bool controls(const press_config_t *config, const press_state_t *state, double slow_bar)
{
    return slow_bar > config->hydraulic.pressure_min_bar &&
           press_valve_opening(config, state, state->valve_direction_sign, slow_bar) >=
               config->hydraulic.valve_deadband_fraction;
}

static double trim(const press_config_t *config, press_state_t *state, double feed_forward_bar,
                   double error_bar)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const double full_bar = hydraulic->valve_full_scale_bar, most_bar = hydraulic->trim_bar_max;
    if (state->observation.pressure_quality == PRESS_BAD || state->observation.contact == 0) {
        return state->pressure_trim_bar; /* against daylight it would only wind up */
    }
    fall_asleep(state, feed_forward_bar, error_bar);
    if (!state->pressure_trim_asleep &&
        controls(config, state, feed_forward_bar + state->pressure_trim_bar)) {
        const double change_bar =
            config->tick_s *
            (full_bar * hydraulic->ki_per_bar_s *
                 press_oil_stiffness_ratio(config, feed_forward_bar) * error_bar +
             withheld_bar(config, state) / TRACKING_S);
        state->pressure_trim_bar =
            press_clamp(state->pressure_trim_bar + change_bar, -most_bar, most_bar);
    }
    return press_clamp(state->pressure_trim_bar + full_bar * hydraulic->kp_per_bar * error_bar,
                       -most_bar, most_bar);
}

/* Ahead of the setpoint by what valve and oil lag behind. */
static double lead_bar(const press_config_t *config, const press_state_t *state,
                       double feed_forward_bar)
{
    return press_pressure_lag_s(config, feed_forward_bar) * press_pressure_bar_per_s(config, state);
}

static void follow_pressure(const press_config_t *config, press_state_t *state,
                            press_output_t *output)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const double feed_forward_bar = bar_of(config, state->pressure_ramp.position_unit);
    const double error_bar = feed_forward_bar - bar_of(config, state->observation.stack_pressure_mpa);
    bool pump = true;
    const bool shut = press_refill(config, state, error_bar, &pump);
    const double trim_bar =
        shut ? state->pressure_trim_bar : trim(config, state, feed_forward_bar, error_bar);
    const double demand_bar = feed_forward_bar + trim_bar + lead_bar(config, state, feed_forward_bar);
    const double least_bar = hydraulic->pressure_min_bar;
    steer(config, state, feed_forward_bar + state->pressure_trim_bar);
    output->valve_open_fraction =
        valve_inverse(config, state, demand_bar > least_bar ? demand_bar : least_bar);
    if (pump) output->digital_output_bits |= press_bit(PRESS_OUTPUT_PUMP);
    if (!shut) output->digital_output_bits |= press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
}

/* ---- modes -------------------------------------------------------------------------------- */

/* The setpoint is what there is; the trim is what the feed-forward would lack. */
static void servo(const press_config_t *config, press_state_t *state)
{
    const double measured_mpa = state->observation.stack_pressure_mpa;
    const double lacking_bar =
        state->observation.cylinder_pressure_bar - bar_of(config, measured_mpa);
    press_ramp_rest(&state->pressure_ramp, measured_mpa > 0.0 ? measured_mpa : 0.0);
    state->pressure_ramp_held = 0;
    state->pressure_trim_bar = state->observation.contact
                                   ? press_clamp(lacking_bar, -config->hydraulic.trim_bar_max,
                                                 config->hydraulic.trim_bar_max)
                                   : 0.0;
    state->valve_direction_sign = 1.0;
    state->valve_turn_bar = 0.0;
    state->pressure_resting = 0;
    state->pressure_rest_s = 0.0;
    state->pressure_refill_s = 0.0;
}

static void close_daylight(const press_config_t *config, const press_state_t *state,
                           press_output_t *output)
{
    output->valve_open_fraction =
        press_clamp(config->hydraulic.close_bar / config->hydraulic.valve_full_scale_bar +
                        0.5 * press_valve_play_fraction(config, state),
                    0.0, 1.0);
    output->digital_output_bits |=
        press_bit(PRESS_OUTPUT_PUMP) | press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    if (!state->observation.contact) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_APPROACH_VALVE);
    }
}

void press_pressure(const press_config_t *config, press_state_t *state,
                    const press_command_t *command, press_output_t *output)
{
    const bool leads = !tripped(state) && (command->hydraulics == PRESS_HYDRAULICS_PRESSURE ||
                                           command->hydraulics == PRESS_HYDRAULICS_OPEN);
    const bool led = state->hydraulics == PRESS_HYDRAULICS_PRESSURE ||
                     state->hydraulics == PRESS_HYDRAULICS_OPEN;
    if (!leads || !led) servo(config, state);
    if (leads) lead_setpoint(config, state, command);
    if (leads && (command->hydraulics == PRESS_HYDRAULICS_PRESSURE ||
                  !press_ramp_arrived(&state->pressure_ramp))) {
        follow_pressure(config, state, output);
    } else if (leads) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN) |
                                       press_bit(PRESS_OUTPUT_DUMP_VALVE) |
                                       press_bit(PRESS_OUTPUT_APPROACH_VALVE);
    } else if (!tripped(state) && command->hydraulics == PRESS_HYDRAULICS_CLOSE) {
        close_daylight(config, state, output);
    }
    if (command->dump_request == 1) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_DUMP_VALVE);
    }
    press_valve_learn(config, state);
    state->valve_demand_fraction = output->valve_open_fraction;
    state->hydraulics = leads ? command->hydraulics : (uint32_t)PRESS_HYDRAULICS_OFF;
}
