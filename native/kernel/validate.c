/* validate.c: readings to measurements that say how far they may be trusted.
 *
 * Theory of operation. A channel is distrusted until everything about its reading is in
 * order: the station has it, the device vouches for it, it is finite, young enough, inside
 * its range and reachable from the last accepted reading at the channel's fastest rate. What
 * fails is named by a reason bit and decides the quality:
 *
 *     BAD        not fitted, device, not finite, out of range, too old, stuck, or the rate
 *                check failed 5 times in 10 s
 *     UNCERTAIN  a current loop in the NE43 saturation bands, a single implausible sample, a
 *                pair of sensors that contradict one another
 *     GOOD       none of these
 *
 * A reading that is not accepted never touches the measurement: a BAD channel shows its last
 * accepted measurement, and its quality says that it is old. Nothing that leaves here is NaN.
 *
 * Rate: a tracker follows the accepted readings no faster than the rate limit. A reading may
 * be away from it by the noise bound and by what the rate allows since the last accepted
 * sample was taken; so a spike is refused, a ramp above the limit is refused once it has run
 * away by the noise bound, and a sensor that comes back elsewhere is believed when the process
 * could have got there.
 *
 * Stuck: a reading that stays inside its still band is suspect only while it ought to move:
 * its zone is heated at more than 20 %, or its neighbours have moved since it went still. The
 * time counts only then, so a machine at rest is not accused.
 */
#include "internal.h"

#include <math.h>

#define NE43_FAULT_LOW_MA 3.6
#define NE43_VALID_LOW_MA 3.8
#define NE43_VALID_HIGH_MA 20.5
#define NE43_FAULT_HIGH_MA 21.0
#define LOOP_ZERO_MA 4.0
#define LOOP_SPAN_MA 16.0
#define RATE_WINDOW_S 10.0
#define SPIKE_WINDOW_S 60.0
#define SCATTER_S 0.5
#define SCATTER_STEP_RATIO 2.0 /* of the noise bound: counted at most */
#define STUCK_DUTY_FRACTION 0.2
#define MATE_MOVE_K 1.0
#define MATE_MOVE_BAR 5.0
#define MATE_MOVE_MM 0.1

#define FATAL_REASONS                                                                         \
    (PRESS_REASON_NOT_FITTED | PRESS_REASON_DEVICE | PRESS_REASON_NON_FINITE |                \
     PRESS_REASON_UNDER_RANGE | PRESS_REASON_OVER_RANGE | PRESS_REASON_AGE)

#define SPIKE_REASONS                                                                         \
    (PRESS_REASON_NON_FINITE | PRESS_REASON_UNDER_RANGE | PRESS_REASON_OVER_RANGE | PRESS_REASON_RATE)

static uint32_t range_reason(const press_channel_config_t *config, double reading_unit)
{
    if (config->kind == PRESS_KIND_CURRENT_LOOP_4_20_MA) {
        if (reading_unit < NE43_FAULT_LOW_MA) return PRESS_REASON_UNDER_RANGE;
        if (reading_unit > NE43_FAULT_HIGH_MA) return PRESS_REASON_OVER_RANGE;
        if (reading_unit < NE43_VALID_LOW_MA) return PRESS_REASON_SATURATED;
        return reading_unit > NE43_VALID_HIGH_MA ? PRESS_REASON_SATURATED : 0U;
    }
    if (config->kind == PRESS_KIND_DIRECT) {
        if (reading_unit < config->range_low_channel_unit) return PRESS_REASON_UNDER_RANGE;
        return reading_unit > config->range_high_channel_unit ? PRESS_REASON_OVER_RANGE : 0U;
    }
    return PRESS_REASON_DEVICE; /* a kind this kernel does not know */
}

/* Everything that can be said of the reading alone. */
static uint32_t reading_reason(const press_channel_config_t *config, const press_sensor_t *sensor,
                               uint32_t channel, bool frame_is_new)
{
    const double reading_unit = sensor->reading_channel_unit[channel];
    const double age_s = sensor->reading_age_s[channel];
    uint32_t reason = 0;
    if (sensor->reading_ok[channel] != 1) reason |= PRESS_REASON_DEVICE;
    if (!frame_is_new || !(age_s >= 0.0 && age_s <= config->age_s_max)) reason |= PRESS_REASON_AGE;
    if (!press_finite(reading_unit)) return reason | PRESS_REASON_NON_FINITE;
    return reason | range_reason(config, reading_unit);
}

static double scaled(const press_channel_config_t *config, double reading_unit)
{
    if (config->kind != PRESS_KIND_CURRENT_LOOP_4_20_MA) {
        return reading_unit + config->offset_channel_unit;
    }
    const double span_unit = config->range_high_channel_unit - config->range_low_channel_unit;
    return config->range_low_channel_unit + (reading_unit - LOOP_ZERO_MA) / LOOP_SPAN_MA * span_unit +
           config->offset_channel_unit;
}

/* First accepted sample, or one after silence longer than the filter's time constant, is taken
 * as it is: a filter that was not fed that long knows nothing. */
static void accept(const press_channel_config_t *config, press_channel_state_t *state,
                   double reading_unit, double elapsed_s, double age_s)
{
    const double reach_unit = config->rate_channel_unit_per_s_max * elapsed_s;
    const double move_unit = reading_unit - state->plausible_channel_unit;
    if (state->primed != 0) {
        state->plausible_channel_unit += press_clamp(move_unit, -reach_unit, reach_unit);
    } else {
        state->plausible_channel_unit = reading_unit;
    }
    if (state->primed != 0 && elapsed_s <= config->filter_s) {
        state->measurement_channel_unit += elapsed_s / (config->filter_s + elapsed_s) *
                                           (reading_unit - state->measurement_channel_unit);
    } else {
        state->measurement_channel_unit = reading_unit;
    }
    state->reading_channel_unit = reading_unit;
    state->since_good_s = age_s;
    state->rejecting = 0;
    state->primed = 1;
}

/* The fifth last reject is younger than the window. */
static bool rejects_too_often(const press_config_t *config, const press_state_t *state,
                              const press_channel_state_t *channel)
{
    if (channel->rate_reject_count < PRESS_RATE_REJECT_MAX) return false;
    const uint32_t oldest = channel->rate_reject_count % PRESS_RATE_REJECT_MAX;
    const uint64_t steps = state->observe_count - channel->rate_reject_step[oldest];
    return (double)steps * config->tick_s <= RATE_WINDOW_S;
}

bool press_spikes_often(const press_config_t *config, const press_state_t *state,
                        const press_channel_state_t *channel)
{
    if (channel->spike_count < PRESS_SPIKE_MAX) return false;
    const uint32_t oldest = channel->spike_count % PRESS_SPIKE_MAX;
    const uint64_t steps = state->observe_count - channel->spike_step[oldest];
    return (double)steps * config->tick_s <= SPIKE_WINDOW_S;
}

/* A spike is one departure, however many ticks a slow converter shows it. */
static void note_spike(const press_state_t *state, press_channel_state_t *channel)
{
    if (channel->rejecting != 0) return;
    channel->rejecting = 1;
    channel->spike_step[channel->spike_count % PRESS_SPIKE_MAX] = state->observe_count;
    channel->spike_count += 1;
    if (channel->spike_count == 2U * PRESS_SPIKE_MAX) channel->spike_count = PRESS_SPIKE_MAX;
}

static void note_reject(const press_state_t *state, press_channel_state_t *channel)
{
    channel->rate_reject_step[channel->rate_reject_count % PRESS_RATE_REJECT_MAX] =
        state->observe_count;
    channel->rate_reject_count += 1;
    if (channel->rate_reject_count == 2U * PRESS_RATE_REJECT_MAX) {
        channel->rate_reject_count = PRESS_RATE_REJECT_MAX; /* same slot, never wraps */
    }
}

/* Accepts the reading or says RATE. */
static uint32_t take(const press_config_t *config, const press_state_t *state,
                     const press_channel_config_t *channel_config, press_channel_state_t *channel,
                     const press_sensor_t *sensor, uint32_t number)
{
    const double reading_unit = scaled(channel_config, sensor->reading_channel_unit[number]);
    const double age_s = sensor->reading_age_s[number];
    double elapsed_s = channel->since_good_s - age_s;
    if (elapsed_s < config->tick_s) elapsed_s = config->tick_s;
    const double allowed_unit = channel_config->rate_channel_unit_per_s_max * elapsed_s +
                                channel_config->noise_channel_unit_max;
    if (channel->primed != 0 &&
        fabs(reading_unit - channel->plausible_channel_unit) > allowed_unit) {
        note_reject(state, channel);
        return PRESS_REASON_RATE;
    }
    accept(channel_config, channel, reading_unit, elapsed_s, age_s);
    return 0;
}

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

static void has_moved(press_channel_state_t *channel, double moved_unit)
{
    channel->still_reference_channel_unit = channel->reading_channel_unit;
    channel->step_channel_unit = fabs(moved_unit);
    channel->mate_due = 1;
    channel->mate_moved = 0;
    channel->still_s = 0.0;
    channel->flat_s = 0.0;
}

/* The neighbours are looked at only while the channel stands still and its own heat does not
 * accuse it already, at the rate of the thermal laws; their reference is taken in the first
 * still tick. */
static bool is_stuck(const press_config_t *config, press_state_t *state, uint32_t number,
                     bool believed)
{
    const press_channel_config_t *channel_config = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    const double moved_unit = channel->reading_channel_unit - channel->still_reference_channel_unit;
    double mate_unit = 0.0, move_unit = 0.0;
    if (fabs(moved_unit) > channel_config->stuck_band_channel_unit || state->observe_count <= 2) {
        has_moved(channel, moved_unit); /* neighbours are all known from the second on */
        return false;
    }
    if (believed && lives(state, number)) channel->flat_s += config->tick_s;
    bool ought_to_move = number < config->zone_count &&
                         state->zone[number].duty_fraction > STUCK_DUTY_FRACTION;
    if (channel->mate_due != 0 || (!ought_to_move && state->advise_countdown_ticks == 0)) {
        const bool has_mate = mate_of(config, state, number, &mate_unit, &move_unit);
        if (channel->mate_due != 0) channel->mate_reference_channel_unit = mate_unit;
        channel->mate_due = 0;
        channel->mate_moved =
            has_mate && fabs(mate_unit - channel->mate_reference_channel_unit) > move_unit;
    }
    ought_to_move = ought_to_move || channel->mate_moved != 0;
    if (ought_to_move) channel->still_s += config->tick_s;
    return press_stood(config, channel->still_s, channel_config->stuck_s_max);
}

static void validate_channel(const press_config_t *config, press_state_t *state,
                             const press_sensor_t *sensor, uint32_t number, bool frame_is_new,
                             press_observation_t *observation)
{
    const press_channel_config_t *channel_config = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    uint32_t reason = PRESS_REASON_NOT_FITTED;
    bool bad = true;
    if (channel_config->fitted == 1) {
        channel->since_good_s += config->tick_s;
        reason = reading_reason(channel_config, sensor, number, frame_is_new);
        if ((reason & FATAL_REASONS) == 0) {
            reason |= take(config, state, channel_config, channel, sensor, number);
        }
        if ((reason & SPIKE_REASONS) != 0) note_spike(state, channel);
        const bool often = rejects_too_often(config, state, channel);
        if (often) reason |= PRESS_REASON_RATE;
        const bool believed = (reason & (FATAL_REASONS | PRESS_REASON_RATE)) == 0;
        const bool stuck = is_stuck(config, state, number, believed);
        if (stuck || press_is_flat(config, channel_config, channel)) reason |= PRESS_REASON_STUCK;
        if (press_spikes_often(config, state, channel)) reason |= PRESS_REASON_RATE;
        bad = often || stuck || (reason & FATAL_REASONS) != 0 || channel->primed == 0;
    }
    observation->measurement_channel_unit[number] = channel->measurement_channel_unit;
    observation->quality_reason_bits[number] = (uint16_t)reason;
    observation->quality[number] =
        (uint8_t)(bad ? PRESS_BAD : (reason != 0 ? PRESS_UNCERTAIN : PRESS_GOOD));
}

/* How long since anything fresh came in; io_age_s_max of it is "I/O lost". */
static void watch_freshness(const press_config_t *config, press_state_t *state,
                            const press_sensor_t *sensor, bool frame_is_new, bool digital_is_fresh)
{
    double youngest_s = state->reading_stale_s + config->tick_s;
    for (uint32_t i = 0; frame_is_new && i < PRESS_CHANNEL_COUNT; i++) {
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
