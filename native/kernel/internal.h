/* internal.h: what the kernel's files call in one another. Private: no host sees it.
 *
 * Order of one tick (press.c is the table of contents):
 *
 *     press_observe: press_validate -> press_estimate -> press_interlock
 *     press_act:     press_reset -> ramps -> press_thermal -> press_pressure -> press_gate
 *
 * Argument order everywhere: config, state, inputs, output. Inputs are const.
 */
#ifndef PRESS_INTERNAL_H
#define PRESS_INTERNAL_H

#include "press.h"

/* ---- K1: validate.c, interlock.c, actuate.c ------------------------------------------- */

/* Readings to measurement, quality and reasons. A BAD channel keeps its last measurement. */
void press_validate(const press_config_t *config, press_state_t *state,
                    const press_sensor_t *sensor, press_observation_t *observation);
/* Permissives, interlocks and trips; latches, first-out and change_count. Last of press_observe;
 * copies the finished observation to state->observation. */
void press_interlock(const press_config_t *config, press_state_t *state,
                     const press_sensor_t *sensor, press_observation_t *observation);
/* First of press_act: the reset edge. Clears the trips whose cause is gone. */
void press_reset(const press_config_t *config, press_state_t *state,
                 const press_command_t *command);
/* LAST GATE, last of press_act: nothing touches the output after it. */
void press_gate(const press_config_t *config, press_state_t *state,
                const press_command_t *command, press_output_t *output);

/* ---- K2: estimate.c, thermal.c, pressure.c ---------------------------------------------- */

/* Holdback and the cold-stack rule need the command, which press_observe does not see. So
 * press_thermal and press_pressure decide them and write state->temperature_ramp_held (0 or 1)
 * and state->pressure_ramp_held (press_bit(PRESS_INTERLOCK_COLD_STACK) | ..._PRESSURE_HOLDBACK |
 * ..._PRESSURE_UNCERTAIN); press_interlock only reports them as bits in the next tick.
 * config_check bounds wanted (new fields): zone.lag_s 0..120, zone.cooling_w_per_k 0..1000,
 * ambient_temperature_c -20..60. */

void press_estimate(const press_config_t *config, press_state_t *state,
                    press_observation_t *observation);
void press_thermal(const press_config_t *config, press_state_t *state,
                   const press_command_t *command, press_output_t *output);
void press_pressure(const press_config_t *config, press_state_t *state,
                    const press_command_t *command, press_output_t *output);

/* ---- shared, no calls out of the file --------------------------------------------------- */

static inline uint32_t press_bit(uint32_t number) { return (uint32_t)1 << number; }

/* NaN and both infinities are not finite; needs no libm. */
static inline bool press_finite(double number_unit) { return number_unit - number_unit == 0.0; }

static inline double press_clamp(double number_unit, double low_unit, double high_unit)
{
    return number_unit < low_unit ? low_unit : (number_unit > high_unit ? high_unit : number_unit);
}

#endif
