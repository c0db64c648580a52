/* validate.c: readings to measurements that say how far they may be trusted.
 *
 * What holds for any channel is in channel.c: when a reading is taken, when it is refused, and which
 * quality that makes. Here is what is the press's own.
 *
 * Stuck: a reading that stands still ought to move while its zone is heated at more than 20 %, or
 * once its neighbours have moved since it went still.
 */
#include "channel.h"

#include <math.h>

#define SCATTER_S 0.5
#define SCATTER_STEP_RATIO 2.0 /* of the noise bound: counted at most */
#define STUCK_DUTY_FRACTION 0.2
#define MATE_MOVE_K 1.0
#define MATE_MOVE_BAR 5.0
#define MATE_MOVE_MM 0.1

/* Mean of the fitted channels first..last except one; false when there is no other. */
static bool mean_of_others(const press_config_t *config, const press_state_t *state, uint32_t first,
                           uint32_t last, uint32_t except, double *mean_unit)
{
    double sum_unit = 0.0;
    uint32_t count = 0;
    for (uint32_t i = first; i <= last; i++) {
        if (i == except || config->channel[i].fitted != 1) continue;
        sum_unit += state->channel[i].measurement_channel_unit;
        count += 1;
    }
    *mean_unit = count > 0 ? sum_unit / (double)count : 0.0;
    return count > 0;
}

/* What moves when this channel's quantity moves, and by how much it must move to accuse.
 * Measurements of this tick for channels before this one, of the last tick for those after. */
static bool mate_of(const press_config_t *config, const press_state_t *state, uint32_t channel,
                    double *mate_unit, double *move_unit)
{
    if (channel <= PRESS_CHANNEL_STACK_TEMPERATURE_C) {
        *move_unit = MATE_MOVE_K;
        return mean_of_others(config, state, PRESS_CHANNEL_ZONE_1_TEMPERATURE_C,
                              PRESS_CHANNEL_ZONE_6_TEMPERATURE_C, channel, mate_unit);
    }
    if (channel >= PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR &&
        channel <= PRESS_CHANNEL_LOAD_CELL_FORCE_KN) {
        *move_unit = MATE_MOVE_BAR;
        return mean_of_others(config, state, PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR,
                              PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR, channel, mate_unit);
    }
    if (channel >= PRESS_CHANNEL_LVDT_1_POSITION_MM && channel <= PRESS_CHANNEL_LVDT_4_POSITION_MM) {
        *move_unit = MATE_MOVE_MM;
        return mean_of_others(config, state, PRESS_CHANNEL_LVDT_1_POSITION_MM,
                              PRESS_CHANNEL_LVDT_4_POSITION_MM, channel, mate_unit);
    }
    return false; /* oil, water, heater currents: nothing tells that they ought to move */
}

/* Noise that never stops proves that a sensor lives: the pump's for pressure and force. */
static bool lives(const press_state_t *state, uint32_t number)
{
    return number < PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR ||
           number > PRESS_CHANNEL_LOAD_CELL_FORCE_KN ||
           press_has(state->digital_output_bits, PRESS_OUTPUT_PUMP);
}

/* The neighbours are looked at only while the channel stands still and its own heat does not
 * accuse it already, at the rate of the thermal laws; their reference is taken in the first
 * still tick. */
static bool is_stuck(const press_config_t *config, press_state_t *state, uint32_t number,
                     bool believed)
{
    const press_channel_config_t *channel_config = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    double mate_unit = 0.0, move_unit = 0.0;
    if (press_channel_moved(channel_config, channel, state->observe_count)) return false;
    if (believed && lives(state, number)) channel->flat_s += config->tick_s;
    bool ought_to_move = number < config->zone_count &&
                         state->zone[number].duty_fraction > STUCK_DUTY_FRACTION;
    if (channel->mate_due != 0 || (!ought_to_move && state->advise_countdown_ticks == 0)) {
        const bool has_mate = mate_of(config, state, number, &mate_unit, &move_unit);
        press_channel_mate(channel, has_mate, mate_unit, move_unit);
    }
    return press_channel_stuck(channel_config, channel, config->tick_s,
                               ought_to_move || channel->mate_moved != 0);
}

static void validate_channel(const press_config_t *config, press_state_t *state,
                             const press_sensor_t *sensor, uint32_t number, bool frame_is_new,
                             press_observation_t *observation)
{
    const press_channel_config_t *channel_config = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    press_verdict_t verdict = {PRESS_REASON_NOT_FITTED, true};
    if (channel_config->fitted == 1) {
        const press_moment_t moment = {config->tick_s, state->observe_count, frame_is_new};
        const press_reading_t reading = {sensor->reading_channel_unit[number],
                                         sensor->reading_age_s[number],
                                         sensor->reading_ok[number] == 1};
        verdict = press_channel_take(channel_config, channel, &moment, &reading);
        const bool stuck = is_stuck(config, state, number, press_channel_believed(verdict));
        if (stuck || press_channel_flat(channel_config, channel, config->tick_s)) {
            verdict.reason_bits |= PRESS_REASON_STUCK;
        }
        if (press_channel_spikes(channel, config->tick_s, state->observe_count)) {
            verdict.reason_bits |= PRESS_REASON_RATE;
        }
        verdict.bad = verdict.bad || stuck;
    }
    observation->measurement_channel_unit[number] = channel->measurement_channel_unit;
    observation->quality_reason_bits[number] = (uint16_t)verdict.reason_bits;
    observation->quality[number] = press_channel_quality(verdict);
}

/* How long since anything fresh came in; io_age_s_max of it is "I/O lost". */
static void watch_freshness(const press_config_t *config, press_state_t *state,
                            const press_sensor_t *sensor, bool frame_is_new, bool digital_is_fresh)
{
    double youngest_s = state->reading_stale_s + config->tick_s;
    for (uint32_t i = 0; frame_is_new && youngest_s > 0.0 && i < PRESS_CHANNEL_COUNT; i++) {
        const double age_s = sensor->reading_age_s[i];
        if (config->channel[i].fitted == 1 && sensor->reading_ok[i] == 1 && age_s >= 0.0 &&
            age_s < youngest_s) {
            youngest_s = age_s;
        }
    }
    state->reading_stale_s = youngest_s;
    if (digital_is_fresh && sensor->readback_ok == 1) {
        state->digital_stale_s = sensor->digital_age_s;
    } else {
        state->digital_stale_s += config->tick_s;
    }
}

static void watch_scatter(const press_config_t *config, press_state_t *state)
{
    const double share = config->tick_s / (SCATTER_S + config->tick_s);
    for (uint32_t i = 0; i < PRESS_SCATTER_COUNT; i++) {
        press_scatter_state_t *own = &state->scatter[i];
        const double now_unit =
            state->channel[PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR + i].reading_channel_unit;
        const double change_unit = now_unit - own->reading_channel_unit;
        const double bend_unit = change_unit - own->change_channel_unit;
        own->reading_channel_unit = now_unit;
        own->change_channel_unit = change_unit;
        if (state->observe_count > 2) { /* a single step is no noise, however high */
            const double noise_unit =
                config->channel[PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR + i].noise_channel_unit_max;
            own->scatter_channel_unit +=
                share * (press_clamp(fabs(bend_unit), 0.0, SCATTER_STEP_RATIO * noise_unit) -
                         own->scatter_channel_unit);
        }
    }
}

void press_validate(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                    press_observation_t *observation)
{
    const bool frame_is_new = state->observe_count == 0 || sensor->tick > state->tick;
    const bool digital_is_fresh = frame_is_new && sensor->digital_ok == 1 &&
                                  sensor->digital_age_s >= 0.0 &&
                                  press_finite(sensor->digital_age_s);
    const uint32_t known = press_bit(PRESS_INPUT_COUNT) - 1U;
    state->observe_count += 1;
    if (frame_is_new) state->tick = sensor->tick;
    observation->tick = state->tick;
    observation->digital_input_bits = digital_is_fresh ? (sensor->digital_input_bits & known)
                                                       : state->observation.digital_input_bits;
    watch_freshness(config, state, sensor, frame_is_new, digital_is_fresh);
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        validate_channel(config, state, sensor, i, frame_is_new, observation);
    }
    watch_scatter(config, state);
    press_pair(config, observation);
}
