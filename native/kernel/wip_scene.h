/* wip_scene.h: what the rows of the three tables look at. Private to wip_interlock.c and wip_trip.c. */
#ifndef WIP_SCENE_H
#define WIP_SCENE_H

#include "wip_internal.h"

typedef struct {
    const wip_config_t *config;
    const wip_state_t *state;
    const wip_sensor_t *sensor;
    const wip_observation_t *seen;
} wip_scene_t;

static inline bool wip_in(const wip_scene_t *scene, uint32_t number)
{
    return wip_input(scene->seen, number);
}

static inline bool wip_out(const wip_scene_t *scene, uint32_t number)
{
    return press_has(scene->state->digital_output_bits, number);
}

static inline double wip_number(const wip_scene_t *scene, uint32_t channel)
{
    return scene->seen->measurement_channel_unit[channel];
}

static inline bool wip_under_pressure(const wip_scene_t *scene)
{
    return scene->state->pressure_mpa > 0.5;
}

static inline bool wip_estop_released(const wip_scene_t *s)
{
    return wip_in(s, WIP_INPUT_ESTOP_A_OK) && wip_in(s, WIP_INPUT_ESTOP_B_OK);
}
static inline bool wip_relay_ok(const wip_scene_t *s) { return wip_in(s, WIP_INPUT_SAFETY_RELAY_OK); }
static inline bool wip_limiter_ok(const wip_scene_t *s) { return wip_in(s, WIP_INPUT_LIMITER_OK); }
static inline bool wip_mains_ok(const wip_scene_t *s) { return wip_in(s, WIP_INPUT_MAINS_OK); }
static inline bool wip_disc_ok(const wip_scene_t *s) { return wip_in(s, WIP_INPUT_RUPTURE_DISC_OK); }
static inline bool wip_io_fresh(const wip_scene_t *s)
{
    return s->state->digital_stale_s <= s->config->limit.io_age_s_max &&
           s->state->reading_stale_s <= s->config->limit.io_age_s_max;
}

static inline bool wip_releasing_too_fast(const wip_scene_t *s)
{
    const double limit = wip_release_limit_mpa_per_s(s->config, s->state->pressure_mpa);
    return wip_under_pressure(s) && -s->state->pressure_rate_mpa_per_s > 1.5 * limit;
}

#endif
