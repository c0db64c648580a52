/* isostatic.c: the table of contents of the WIP's tick. The order is the safety argument, as in
 * press.c: what is doubted in `validate` is seen by `interlock`, what `interlock` took away is not
 * given back by any law, and `gate` looks once more after all of them.
 */
#include "wip_internal.h"

#include <string.h>

void wip_state_init(const wip_config_t *config, wip_state_t *state)
{
    memset(state, 0, sizeof *state);
    state->trip_bits = press_bit(WIP_TRIP_BOOT);
    state->first_out_trip = WIP_TRIP_BOOT;
    state->first_out_channel = -1;
    state->reset_previous = 1; /* a reset held down since before the start is no edge */
    state->needle_gain_ratio = 1.0;
    state->stroke_efficiency_ratio = 1.0;
    state->jacket_current_ratio = 1.0;
    state->stiffness_ratio = 1.0;
    state->position_sign = 1.0;
    state->jacket_setpoint_c = config->vessel.ambient_temperature_c;
    press_ramp_rest(&state->ramp, 0.0);
}

void wip_observe(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                 wip_observation_t *observation)
{
    memset(observation, 0, sizeof *observation);

    /* Gate 1: no reading is believed that cannot be true. */
    wip_validate(config, state, sensor, observation);

    wip_estimate(config, state, observation);

    /* Gate 2: nothing is permitted that the observation forbids. */
    wip_interlock(config, state, sensor, observation);
}

void wip_act(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
             wip_output_t *output)
{
    const wip_command_t sound = wip_sound(command);
    memset(output, 0, sizeof *output);
    output->tick = state->tick;

    wip_reset(config, state, command);

    wip_laws(config, state, &sound, output);

    /* Gate 3: nothing leaves that is not permitted now. */
    wip_gate(config, state, command, output);
}
