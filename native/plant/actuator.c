/* actuator.c: three ways in which one analogue output becomes oil in the cylinder.
 *
 * relief       a proportional relief sets a pressure: the plant regulates itself.
 * directional  a 4/3 proportional valve on a constant-pressure pump sets a flow, either way:
 *              an integrating plant, whose gain grows with the root of the pressure drop.
 * pump_speed   a pump on a frequency converter: flow less its own slip, so that a speed holds
 *              a pressure in the end, and standing still lets it sink through the slip.
 *
 * Spool dynamics are shared: play (hysteresis), second order. [press model: hydraulics]
 */
#include "parts.h"

#include <math.h>

#define PI 3.14159265358979323846
#define ORIFICE_LINEAR_PA 1e4  /* below this an orifice is laminar: finite slope at zero */

double plant_orifice_flow(double gain_m3_per_s, double drop_pa)
{
    if (drop_pa < ORIFICE_LINEAR_PA)
        return gain_m3_per_s * drop_pa / sqrt(ORIFICE_LINEAR_PA);
    return gain_m3_per_s * sqrt(drop_pa);
}

static double output_fraction(const plant_state_t *state)
{
    return state->opening_fraction[PLANT_OPENING_VALVE_OPEN_FRACTION];
}

/* Where the spool is asked to be: a fraction of full scale, -1..1 of a directional valve. */
static double spool_asked(const plant_config_t *config, const plant_state_t *state)
{
    double asked = output_fraction(state);
    if (config->hydraulic.actuator != PLANT_ACTUATOR_DIRECTIONAL)
        return asked;
    double centre = config->hydraulic.directional.centre_fraction;
    return asked >= centre ? (asked - centre) / (1.0 - centre) : (asked - centre) / centre;
}

static void spool_step(const plant_config_t *config, plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    plant_hydraulic_state_t *now = &state->hydraulic;
    double asked = spool_asked(config, state);
    double half =
        0.5 * (hydraulic->valve_hysteresis_fraction + state->world.valve_hysteresis_fraction_added);
    now->valve_play_fraction = plant_clamp(now->valve_play_fraction, asked - half, asked + half);
    double deadband =
        hydraulic->valve_deadband_fraction + state->world.valve_deadband_fraction_added;
    double goal = fabs(asked) < deadband ? 0.0 : now->valve_play_fraction;
    double omega = 2.0 * PI * hydraulic->valve_natural_hz;
    if (state->world.valve_slowness_ratio > 1.0)
        omega /= state->world.valve_slowness_ratio;
    now->valve_fraction_per_s +=
        PLANT_STEP_S * (omega * omega * (goal - now->valve_fraction)
                        - 2.0 * hydraulic->valve_damping_ratio * omega * now->valve_fraction_per_s);
    now->valve_fraction += PLANT_STEP_S * now->valve_fraction_per_s;
}

/* The converter ramps; below its least speed the pump stands. */
static void speed_step(const plant_config_t *config, plant_state_t *state)
{
    plant_hydraulic_state_t *now = &state->hydraulic;
    double asked = state->electrical.pump_running ? output_fraction(state) : 0.0;
    if (asked < config->hydraulic.pump_speed.speed_fraction_min)
        asked = 0.0;
    double ramp = PLANT_STEP_S / config->hydraulic.pump_speed.ramp_s;
    if (state->world.valve_slowness_ratio > 1.0)
        ramp /= state->world.valve_slowness_ratio;
    now->valve_fraction =
        plant_clamp(asked, now->valve_fraction - ramp, now->valve_fraction + ramp);
}

void plant_actuator_step(const plant_config_t *config, plant_state_t *state)
{
    if (state->world.valve_stuck) {
        state->hydraulic.valve_fraction_per_s = 0.0;
        return;
    }
    if (config->hydraulic.actuator == PLANT_ACTUATOR_PUMP_SPEED)
        speed_step(config, state);
    else
        spool_step(config, state);
}

double plant_pump_m3_per_s(const plant_config_t *config, const plant_state_t *state)
{
    double flow = config->hydraulic.pump_m3_per_s * (1.0 - state->world.pump_loss_fraction);
    if (config->hydraulic.actuator == PLANT_ACTUATOR_PUMP_SPEED)
        return flow * state->hydraulic.valve_fraction;
    return flow;
}

/* What the relief holds against. Its least pressure is the flow force of the pump's oil, so
 * with the pump at rest it is none. */
static double relief_pressure_pa(const plant_config_t *config, const plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    double least_bar = state->electrical.pump_running ? hydraulic->valve_pressure_bar_min : 0.0;
    double pressure_bar = state->hydraulic.valve_fraction * hydraulic->valve_full_scale_bar;
    return PLANT_PA_PER_BAR
           * plant_clamp(pressure_bar, least_bar, hydraulic->valve_full_scale_bar);
}

/* One edge of the spool opens to the pump or to the tank, past the overlap. */
static double directional_flow(const plant_config_t *config, const plant_state_t *state)
{
    const plant_directional_t *valve = &config->hydraulic.directional;
    double spool = plant_clamp(state->hydraulic.valve_fraction, -1.0, 1.0);
    double pressure_pa = state->hydraulic.pressure_pa;
    double gain = valve->flow_m3_per_s / sqrt(valve->flow_drop_bar * PLANT_PA_PER_BAR);
    double open = (fabs(spool) - valve->overlap_fraction) / (1.0 - valve->overlap_fraction);
    double leak = valve->spool_leak_m3_per_s_pa * pressure_pa;
    if (open <= 0.0)
        return -leak;
    if (spool < 0.0)
        return -plant_orifice_flow(gain * open, pressure_pa) - leak;
    double supply_pa =
        state->electrical.pump_running ? valve->supply_bar * PLANT_PA_PER_BAR : 0.0;
    /* A check valve before the supply: pressure above it does not flow back. */
    double drop_pa = supply_pa > pressure_pa ? supply_pa - pressure_pa : 0.0;
    return plant_orifice_flow(gain * open, drop_pa) - leak;
}

double plant_actuator_flow(const plant_config_t *config, const plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    double most = state->electrical.pump_running ? plant_pump_m3_per_s(config, state) : 0.0;
    double asked;
    if (hydraulic->actuator == PLANT_ACTUATOR_DIRECTIONAL)
        asked = directional_flow(config, state);
    else if (hydraulic->actuator == PLANT_ACTUATOR_PUMP_SPEED)
        asked = most - hydraulic->pump_speed.slip_m3_per_s_pa * state->hydraulic.pressure_pa;
    else
        asked = hydraulic->valve_gain_m3_per_s_pa
                * (relief_pressure_pa(config, state) - state->hydraulic.pressure_pa);
    return plant_clamp(asked, -hydraulic->valve_return_m3_per_s, most);
}
