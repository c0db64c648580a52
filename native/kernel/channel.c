/* channel.c: one reading to one measurement that says how far it may be trusted.
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
 * Stuck: a reading that stays inside its still band is suspect only while it ought to move; what
 * makes it move is the machine's business (validate.c, wip_validate.c). The time counts only then,
 * so a machine at rest is not accused. Flat: live noise that has stopped needs no move to accuse.
 */
#include "channel.h"

#define NE43_FAULT_LOW_MA 3.6
#define NE43_VALID_LOW_MA 3.8
#define NE43_VALID_HIGH_MA 20.5
#define NE43_FAULT_HIGH_MA 21.0
#define LOOP_ZERO_MA 4.0
#define LOOP_SPAN_MA 16.0
#define RATE_WINDOW_S 10.0

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
static uint32_t reading_reason(const press_channel_config_t *config, const press_reading_t *reading,
                               bool frame_is_new)
{
    const double age_s = reading->age_s;
    uint32_t reason = 0;
    if (!reading->ok) reason |= PRESS_REASON_DEVICE;
    if (!frame_is_new || !(age_s >= 0.0 && age_s <= config->age_s_max)) reason |= PRESS_REASON_AGE;
    if (!press_finite(reading->reading_unit)) return reason | PRESS_REASON_NON_FINITE;
    return reason | range_reason(config, reading->reading_unit);
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

/* Counts on in the same slots and never wraps. */
static uint32_t noted(uint64_t *step, uint32_t count, uint32_t most, uint64_t observe_count)
{
    step[count % most] = observe_count;
    return count + 1 == 2U * most ? most : count + 1;
}

/* A spike is one departure, however many ticks a slow converter shows it. */
static void note_spike(press_channel_state_t *state, uint64_t observe_count)
{
    if (state->rejecting != 0) return;
    state->rejecting = 1;
    state->spike_count = noted(state->spike_step, state->spike_count, PRESS_SPIKE_MAX, observe_count);
}

/* Accepts the reading or says RATE. */
static uint32_t take(const press_channel_config_t *config, press_channel_state_t *state,
                     const press_moment_t *moment, const press_reading_t *reading)
{
    const double reading_unit = scaled(config, reading->reading_unit);
    double elapsed_s = state->since_good_s - reading->age_s;
    if (elapsed_s < moment->tick_s) elapsed_s = moment->tick_s;
    const double allowed_unit =
        config->rate_channel_unit_per_s_max * elapsed_s + config->noise_channel_unit_max;
    if (state->primed != 0 && fabs(reading_unit - state->plausible_channel_unit) > allowed_unit) {
        state->rate_reject_count = noted(state->rate_reject_step, state->rate_reject_count,
                                         PRESS_RATE_REJECT_MAX, moment->observe_count);
        return PRESS_REASON_RATE;
    }
    accept(config, state, reading_unit, elapsed_s, reading->age_s);
    return 0;
}

press_verdict_t press_channel_take(const press_channel_config_t *config,
                                   press_channel_state_t *state, const press_moment_t *moment,
                                   const press_reading_t *reading)
{
    state->since_good_s += moment->tick_s;
    uint32_t reason = reading_reason(config, reading, moment->frame_is_new);
    if ((reason & PRESS_FATAL_REASONS) == 0) reason |= take(config, state, moment, reading);
    if ((reason & SPIKE_REASONS) != 0) note_spike(state, moment->observe_count);
    const bool rejects = press_often(state->rate_reject_step, state->rate_reject_count,
                               PRESS_RATE_REJECT_MAX, RATE_WINDOW_S, moment->tick_s,
                               moment->observe_count);
    if (rejects) reason |= PRESS_REASON_RATE;
    const press_verdict_t verdict = {
        reason, rejects || (reason & PRESS_FATAL_REASONS) != 0 || state->primed == 0};
    return verdict;
}
