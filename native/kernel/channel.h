/* channel.h: one analogue channel, whatever the machine. Private to the files that validate.
 *
 * Every channel is looked at in every tick: what is small is here, for the compiler to inline.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "internal.h"

#include <math.h>

#define PRESS_SPIKE_WINDOW_S 60.0

#define PRESS_FATAL_REASONS                                                                   \
    (PRESS_REASON_NOT_FITTED | PRESS_REASON_DEVICE | PRESS_REASON_NON_FINITE |                \
     PRESS_REASON_UNDER_RANGE | PRESS_REASON_OVER_RANGE | PRESS_REASON_AGE)

/* The tick that a channel is looked at in. */
typedef struct {
    double tick_s;
    uint64_t observe_count;
    bool frame_is_new;
} press_moment_t;

typedef struct {
    double reading_unit; /* as the device gave it */
    double age_s;
    bool ok;             /* the device vouches for it */
} press_reading_t;

typedef struct {
    uint32_t reason_bits;
    bool bad;
} press_verdict_t;

/* Everything that can be said of a reading and of those before it; takes it when it is in order. */
press_verdict_t press_channel_take(const press_channel_config_t *config,
                                   press_channel_state_t *state, const press_moment_t *moment,
                                   const press_reading_t *reading);

/* The reading was taken: nothing that it says is in doubt. */
static inline bool press_channel_believed(press_verdict_t verdict)
{
    return (verdict.reason_bits & (PRESS_FATAL_REASONS | PRESS_REASON_RATE)) == 0;
}

static inline uint8_t press_channel_quality(press_verdict_t verdict)
{
    if (verdict.bad) return PRESS_BAD;
    return verdict.reason_bits != 0 ? PRESS_UNCERTAIN : PRESS_GOOD;
}

/* Of `most` kept steps the oldest is younger than the window. */
static inline bool press_often(const uint64_t *step, uint32_t count, uint32_t most, double window_s,
                               double tick_s, uint64_t observe_count)
{
    if (count < most) return false;
    return (double)(observe_count - step[count % most]) * tick_s <= window_s;
}

/* The sixth last spike is younger than a minute. */
static inline bool press_channel_spikes(const press_channel_state_t *state, double tick_s,
                                        uint64_t observe_count)
{
    return press_often(state->spike_step, state->spike_count, PRESS_SPIKE_MAX, PRESS_SPIKE_WINDOW_S,
                       tick_s, observe_count);
}

/* It left its still band: stillness begins anew. Always in the first two ticks, when neighbours
 * are not all known yet. */
static inline bool press_channel_moved(const press_channel_config_t *config,
                                       press_channel_state_t *state, uint64_t observe_count)
{
    const double moved_unit =
        fabs(state->reading_channel_unit - state->still_reference_channel_unit);
    if (moved_unit <= config->stuck_band_channel_unit && observe_count > 2) return false;
    state->still_reference_channel_unit = state->reading_channel_unit;
    state->step_channel_unit = moved_unit;
    state->mate_due = 1;
    state->mate_moved = 0;
    state->still_s = 0.0;
    state->flat_s = 0.0;
    return true;
}

/* What moves with this channel has moved by more than `move_unit` since it went still; the
 * neighbour's reference is taken in the first still tick. */
static inline void press_channel_mate(press_channel_state_t *state, bool has_mate, double mate_unit,
                                      double move_unit)
{
    if (state->mate_due != 0) state->mate_reference_channel_unit = mate_unit;
    state->mate_due = 0;
    state->mate_moved =
        has_mate && fabs(mate_unit - state->mate_reference_channel_unit) > move_unit;
}

/* Still for too long while it ought to move. The time counts only then. */
static inline bool press_channel_stuck(const press_channel_config_t *config,
                                       press_channel_state_t *state, double tick_s,
                                       bool ought_to_move)
{
    if (ought_to_move) state->still_s += tick_s;
    return state->still_s >= config->stuck_s_max - 0.5 * tick_s;
}

/* Live noise has stood still for too long, in a converter fine enough to show it. */
static inline bool press_channel_flat(const press_channel_config_t *config,
                                      const press_channel_state_t *state, double tick_s)
{
    return state->flat_s >= config->flat_s_max - 0.5 * tick_s &&
           state->step_channel_unit <= config->noise_channel_unit_max;
}

#endif
