/* press.c: the table of contents of the tick.
 *
 * press_observe makes measurements and states out of readings; the recipe looks at them and fills
 * the command; press_act makes outputs out of the command. Every stage is one call, and the order
 * is the safety argument: what is doubted in `validate` is seen by `interlock`, what `interlock`
 * took away is not given back by any law, and `gate` looks once more after all of them.
 */
#include "internal.h"

#include <string.h>

void press_state_init(const press_config_t *config, press_state_t *state)
{
    memset(state, 0, sizeof *state);
    state->trip_bits = press_bit(PRESS_TRIP_BOOT);
    state->first_out_trip = PRESS_TRIP_BOOT;
    state->first_out_channel = -1;
    state->reset_previous = 1; /* a reset held down since before the start is no edge */
    state->valve_direction_sign = 1.0;
    state->family.mains_ratio = 1.0;
    state->family.runaway_channel = -1;
    state->family.swapped_zone = -1;
    state->oil.follow_ratio = 1.0;
    press_ramp_rest(&state->temperature_ramp, config->ambient_temperature_c);
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        /* Staggered windows: the heaters do not switch on in one tick. */
        state->zone[zone].window_elapsed_ticks = zone * (config->window_ticks / config->zone_count);
        state->zone[zone].window_obeyed = 1;
        state->zone[zone].mains_ratio = 1.0;
        state->zone[zone].on_current_a = config->zone[zone].rated_current_a;
    }
}

void press_observe(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                   press_observation_t *observation)
{
    memset(observation, 0, sizeof *observation);

    /* Gate 1: no reading is believed that cannot be true. */
    press_validate(config, state, sensor, observation);

    press_estimate(config, state, observation);

    press_health(config, state, observation);

    /* Gate 2: nothing is permitted that the observation forbids. */
    press_interlock(config, state, sensor, observation);
}

void press_act(const press_config_t *config, press_state_t *state, const press_command_t *command,
               press_output_t *output)
{
    memset(output, 0, sizeof *output);
    output->tick = state->tick;

    press_reset(config, state, command);

    press_thermal(config, state, command, output);
    press_pressure(config, state, command, output);

    /* Gate 3: nothing leaves that is not permitted now. */
    press_gate(config, state, command, output);
}
