/* channel.h: one analogue channel, whatever the machine. Private to the files that validate. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "internal.h"

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
                                   press_channel_state_t *state, press_moment_t moment,
                                   press_reading_t reading);
/* The reading was taken: nothing that it says is in doubt. */
bool press_channel_believed(press_verdict_t verdict);
/* The sixth last spike is younger than a minute. */
bool press_channel_spikes(const press_channel_state_t *state, double tick_s,
                          uint64_t observe_count);
/* It left its still band: stillness begins anew. Always in the first two ticks, when neighbours
 * are not all known yet. */
bool press_channel_moved(const press_channel_config_t *config, press_channel_state_t *state,
                         uint64_t observe_count);
/* What moves with this channel has moved by more than `move_unit` since it went still; the
 * neighbour's reference is taken in the first still tick. */
void press_channel_mate(press_channel_state_t *state, bool has_mate, double mate_unit,
                        double move_unit);
/* Still for too long while it ought to move. The time counts only then. */
bool press_channel_stuck(const press_channel_config_t *config, press_channel_state_t *state,
                         double tick_s, bool ought_to_move);
/* Live noise has stood still for too long, in a converter fine enough to show it. */
bool press_channel_flat(const press_channel_config_t *config, const press_channel_state_t *state,
                        double tick_s);

static inline uint8_t press_channel_quality(press_verdict_t verdict)
{
    if (verdict.bad) return PRESS_BAD;
    return verdict.reason_bits != 0 ? PRESS_UNCERTAIN : PRESS_GOOD;
}

#endif
