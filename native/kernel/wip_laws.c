/* wip_laws.c: jacket, pump and needle.
 *
 * Pressure is a matter of volume: the flow wanted is V/K times the rate wanted, with K of this
 * pressure (it doubles on the way to 490 MPa), so one law serves the whole range. The rate wanted
 * is the setpoint's own velocity plus what closes the error in reaction_s; the same law tops up
 * against cooling and leak. While the plunger turns or compresses its charge, pressure says nothing
 * about the pump: feedback rests and the plunger runs at charge_fraction until its oil shows that
 * it delivers again.
 *
 * Letting off, the needle is asked for the area that gives the rate wanted; its gain is learned
 * from the rate it gave, because a jet of a kilometre a second eats it.
 *
 * The jacket leads the wall: its setpoint is above the wall's target by the wall's error times a
 * gain, within the jacket's own bound.
 */
#include "wip_internal.h"

#include <math.h>

#define HOLDBACK_MPA 12.0
#define PUMP_PROVEN_S 0.05
#define CREEP_FRACTION 0.02
#define DEADBAND_FRACTION 0.0003
#define BRAKING_S 4.0
#define OPEN_MPA 0.3
#define THROTTLE_S 0.3
#define RELIEF_FRACTION 0.05
#define LEARN_FRACTION_MIN 0.03
#define LEARN_FRACTION_MAX 0.97
#define LEARN_MPA_MIN 5.0
#define RELEASE_RATIO 0.9 /* of the limit, for the setpoint: the rest is for catching up */

#define HOLD_BITS                                                                             \
    (press_bit(WIP_INTERLOCK_LID_NOT_LOCKED) | press_bit(WIP_INTERLOCK_LEAK_TEST_MISSING) |   \
     press_bit(WIP_INTERLOCK_OVER_TEMPERATURE) |                                              \
     press_bit(WIP_INTERLOCK_PREDICTED_TEMPERATURE) |                                         \
     press_bit(WIP_INTERLOCK_PRESSURE_UNCERTAIN) | press_bit(WIP_INTERLOCK_OIL_NOT_OK))

double wip_release_limit_mpa_per_s(const wip_config_t *config, double pressure_mpa)
{
    return pressure_mpa > config->limit.release_slow_mpa ? config->limit.release_mpa_per_s_max
                                                         : config->limit.release_slow_mpa_per_s_max;
}

/* The needle needs time to close: what holds where the pressure will be by then holds now. */
static double braking_limit_mpa_per_s(const wip_config_t *config, const wip_state_t *state)
{
    const double ahead_mpa = state->pressure_mpa + BRAKING_S * state->ramp.velocity_unit_per_s;
    return wip_release_limit_mpa_per_s(
        config, ahead_mpa < state->pressure_mpa ? ahead_mpa : state->pressure_mpa);
}

/* Flow that changes the pressure at this rate. */
static double flow_ml_per_s(const wip_config_t *config, const wip_state_t *state,
                            double rate_mpa_per_s)
{
    return rate_mpa_per_s * config->vessel.volume_ml /
           wip_isentropic_stiffness_mpa(&config->vessel, state->pressure_mpa, state->fluid_c);
}

static void follow_setpoint(const wip_config_t *config, wip_state_t *state,
                            const wip_command_t *command)
{
    double rate_mpa_per_s = command->pressure_rate_mpa_per_s;
    const bool held_before = state->ramp_held != 0;
    bool held = false;
    if (command->mode != state->mode) {
        press_ramp_rest(&state->ramp, state->pressure_mpa > 0.0 ? state->pressure_mpa : 0.0);
        state->ramp_held = 0;
    }
    state->mode = command->mode;
    if (command->mode == WIP_MODE_OFF) {
        press_ramp_rest(&state->ramp, state->pressure_mpa);
        return;
    }
    if (command->mode == WIP_MODE_PRESSURE) {
        held = (state->interlock_bits & HOLD_BITS) != 0 ||
               state->ramp.position_unit - state->pressure_mpa > HOLDBACK_MPA;
        if (command->fluid_temperature_band_k > 0.0 && state->rate_limit_mpa_per_s > 0.0 &&
            state->rate_limit_mpa_per_s < rate_mpa_per_s) {
            rate_mpa_per_s = state->rate_limit_mpa_per_s;
        }
    } else {
        const double most = RELEASE_RATIO * braking_limit_mpa_per_s(config, state);
        if (rate_mpa_per_s > most) rate_mpa_per_s = most;
        held = state->pressure_mpa - state->ramp.position_unit > HOLDBACK_MPA;
    }
    press_ramp_follow(&state->ramp, held_before && state->ramp_held != 0, held,
                      command->pressure_target_mpa, rate_mpa_per_s,
                      config->pressure_acceleration_mpa_per_s2, config->pressure_jerk_mpa_per_s3);
    state->ramp_held = held;
    press_ramp_step(&state->ramp, config->tick_s);
}

static double pump_fraction(const wip_config_t *config, const wip_state_t *state)
{
    const double error_mpa = state->ramp.position_unit - state->pressure_mpa;
    double rate_mpa_per_s = state->ramp.velocity_unit_per_s + error_mpa / config->drive.reaction_s;
    rate_mpa_per_s = press_clamp(rate_mpa_per_s, 0.0, config->drive.rise_mpa_per_s_max);
    if ((state->interlock_bits & HOLD_BITS) != 0) return 0.0;
    if (state->reversing != 0) return error_mpa > -HOLDBACK_MPA ? config->drive.charge_fraction : 0.0;
    const double fraction = flow_ml_per_s(config, state, rate_mpa_per_s) / config->drive.flow_ml_per_s_max;
    if (state->pumping_s <= PUMP_PROVEN_S && fraction > CREEP_FRACTION) return CREEP_FRACTION;
    return fraction < DEADBAND_FRACTION ? 0.0 : press_clamp(fraction, 0.0, 1.0);
}

/* What the needle gave against what its position should have given. */
static void learn_needle(const wip_config_t *config, wip_state_t *state)
{
    const wip_drive_config_t *drive = &config->drive;
    const uint32_t channel = WIP_CHANNEL_NEEDLE_POSITION_FRACTION;
    double open = state->needle_open_fraction;
    if (wip_trusted(config, &state->observation, channel)) {
        open = state->observation.measurement_channel_unit[channel];
    }
    if (open < LEARN_FRACTION_MIN || open > LEARN_FRACTION_MAX ||
        state->pressure_mpa < LEARN_MPA_MIN || state->closed_s > 0.0) {
        return;
    }
    const double modelled =
        drive->needle_flow_ml_per_s * open * open * sqrt(state->pressure_mpa) * state->needle_gain_ratio;
    const double given = flow_ml_per_s(config, state, -state->pressure_rate_mpa_per_s);
    const double change = press_clamp(given / modelled - 1.0, -1.0, 1.0);
    state->needle_gain_ratio =
        press_clamp(state->needle_gain_ratio *
                        (1.0 + config->tick_s / drive->needle_learn_s * change),
                    1.0 / drive->needle_gain_ratio_max, drive->needle_gain_ratio_max);
}

static double needle_fraction(const wip_config_t *config, wip_state_t *state)
{
    const double error_mpa = state->pressure_mpa - state->ramp.position_unit;
    const double limit = braking_limit_mpa_per_s(config, state);
    double rate_mpa_per_s =
        error_mpa / config->drive.release_reaction_s - state->ramp.velocity_unit_per_s;
    rate_mpa_per_s = press_clamp(rate_mpa_per_s, 0.0, limit);
    learn_needle(config, state);
    if (press_has(state->interlock_bits, WIP_INTERLOCK_RELEASE_TOO_FAST)) {
        return state->needle_open_fraction * (1.0 - config->tick_s / THROTTLE_S);
    }
    if (press_ramp_arrived(&state->ramp) && state->ramp.target_unit <= 0.0 &&
        state->pressure_mpa < OPEN_MPA) {
        return 1.0; /* the last of it: the wall still warms what is left */
    }
    return wip_needle_fraction(&config->drive, flow_ml_per_s(config, state, rate_mpa_per_s),
                               state->pressure_mpa, state->needle_gain_ratio);
}

static void jacket(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
                   wip_output_t *output)
{
    const wip_vessel_config_t *vessel = &config->vessel;
    const double jacket_c = state->observation.measurement_channel_unit[WIP_CHANNEL_JACKET_TEMPERATURE_C];
    if (command->heat_enable != 1) {
        state->jacket_duty_fraction = 0.0;
        state->window_elapsed_ticks = 0;
        state->jacket_setpoint_c = jacket_c;
        return;
    }
    const double target_c = command->wall_temperature_target_c;
    state->jacket_setpoint_c =
        press_clamp(target_c + config->drive.wall_gain_ratio * (target_c - state->wall_c),
                    vessel->ambient_temperature_c, config->limit.jacket_temperature_c_max);
    const double holding_w = vessel->jacket_w_per_k * (state->jacket_setpoint_c - state->wall_c) +
                             vessel->jacket_loss_w_per_k *
                                 (state->jacket_setpoint_c - vessel->ambient_temperature_c);
    const double duty = holding_w / vessel->jacket_power_w +
                        config->drive.jacket_kp_per_c * (state->jacket_setpoint_c - jacket_c);
    output->digital_output_bits |= press_bit(WIP_OUTPUT_CONTACTOR_JACKET);
    if (state->window_elapsed_ticks == 0) {
        state->jacket_duty_fraction = press_clamp(duty, 0.0, 1.0);
        state->window_on_ticks =
            (uint32_t)(state->jacket_duty_fraction * (double)config->window_ticks + 0.5);
    }
    if (state->window_elapsed_ticks < state->window_on_ticks) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_JACKET_HEATER_SSR);
    }
    state->window_elapsed_ticks = (state->window_elapsed_ticks + 1) % config->window_ticks;
    output->jacket_duty_fraction = state->jacket_duty_fraction;
}

void wip_laws(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
              wip_output_t *output)
{
    follow_setpoint(config, state, command);
    jacket(config, state, command, output);
    if (command->mode == WIP_MODE_PRESSURE) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_PUMP);
        output->pump_speed_fraction = pump_fraction(config, state);
    } else if (command->mode == WIP_MODE_RELEASE) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
        output->needle_open_fraction = needle_fraction(config, state);
    }
    if (state->relieving != 0) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
        if (output->needle_open_fraction < RELIEF_FRACTION) output->needle_open_fraction = RELIEF_FRACTION;
    }
    output->digital_output_bits |= command->request_bits;
}
