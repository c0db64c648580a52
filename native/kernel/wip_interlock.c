/* wip_interlock.c: what the WIP needs to start, and what holds an output while it is true.
 *
 * Permissive, interlock and trip mean what they mean in interlock.c; trips are in wip_trip.c.
 * wip_interlock is the end of wip_observe. change_count grows when any quality, permissive,
 * interlock, trip or advisory differs from the tick before.
 */
#include "wip_scene.h"

#include <string.h>

#define OIL_DEBOUNCE_S 1.0

/* ---- permissives ------------------------------------------------------------------------ */

static bool no_trip(const wip_scene_t *s) { return s->state->trip_bits == 0; }
static bool guard_closed(const wip_scene_t *s) { return wip_guarded(s->seen); }
static bool contactor_open(const wip_scene_t *s) { return !wip_in(s, WIP_INPUT_CONTACTOR_JACKET_CLOSED); }
static bool oil_ok(const wip_scene_t *s)
{
    return wip_in(s, WIP_INPUT_OIL_LEVEL_OK) && wip_in(s, WIP_INPUT_OIL_FILTER_OK) &&
           wip_in(s, WIP_INPUT_OIL_TEMPERATURE_OK);
}
static bool bag_loaded(const wip_scene_t *s) { return wip_in(s, WIP_INPUT_BAG_LOADED); }
static bool released(const wip_scene_t *s) { return wip_released(s->config, s->seen); }

static bool sensors_good(const wip_scene_t *s)
{
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        if (s->config->channel[i].required != 0 && s->seen->quality[i] != PRESS_GOOD) return false;
    }
    return true;
}

/* Both sensors: a lost one has not said that the air is clean. */
static bool h2s_below(const wip_scene_t *s, double limit_ppm)
{
    for (uint32_t i = WIP_CHANNEL_H2S_PURGE_PPM; i <= WIP_CHANNEL_H2S_EXHAUST_PPM; i++) {
        if (s->config->channel[i].fitted != 1) continue;
        if (s->seen->quality[i] == PRESS_BAD || !(wip_number(s, i) < limit_ppm)) return false;
    }
    return true;
}

static bool h2s_clear(const wip_scene_t *s) { return h2s_below(s, s->config->limit.h2s_start_ppm_max); }

typedef struct {
    const char *text;
    bool (*given)(const wip_scene_t *scene);
} permissive_row_t;

static const permissive_row_t PERMISSIVE[WIP_PERMISSIVE_COUNT] = {
    [WIP_PERMISSIVE_NO_TRIP] = {"no trip is latched", no_trip},
    [WIP_PERMISSIVE_GUARD_CLOSED] = {"both guard contacts closed", guard_closed},
    [WIP_PERMISSIVE_ESTOP_RELEASED] = {"both emergency-stop contacts released", wip_estop_released},
    [WIP_PERMISSIVE_SAFETY_RELAY_OK] = {"safety relay closed", wip_relay_ok},
    [WIP_PERMISSIVE_LIMITER_OK] = {"jacket limiter closed", wip_limiter_ok},
    [WIP_PERMISSIVE_CONTACTOR_OPEN] = {"jacket contactor proven open", contactor_open},
    [WIP_PERMISSIVE_OIL_OK] = {"oil level, filter and temperature in order", oil_ok},
    [WIP_PERMISSIVE_MAINS_OK] = {"mains present", wip_mains_ok},
    [WIP_PERMISSIVE_SENSORS_GOOD] = {"every required sensor good", sensors_good},
    [WIP_PERMISSIVE_PRESSURE_RELEASED] = {"vessel without pressure", released},
    [WIP_PERMISSIVE_BAG_LOADED] = {"bag loaded", bag_loaded},
    [WIP_PERMISSIVE_H2S_CLEAR] = {"no hydrogen sulfide at either sensor", h2s_clear},
    [WIP_PERMISSIVE_RUPTURE_DISC_OK] = {"rupture disc whole", wip_disc_ok},
    [WIP_PERMISSIVE_IO_FRESH] = {"inputs fresh", wip_io_fresh},
};

/* ---- interlocks ------------------------------------------------------------------------- */

static bool lid_not_locked(const wip_scene_t *s) { return !wip_locked(s->seen) || !wip_guarded(s->seen); }

static bool leak_test_missing(const wip_scene_t *s)
{
    return s->state->leak_tested == 0 &&
           s->state->pressure_mpa >= 1.1 * s->config->limit.leak_test_mpa;
}

static bool unlock_forbidden(const wip_scene_t *s)
{
    return !wip_stood(s->config, s->state->unlock_rest_s, s->config->limit.unlock_s);
}

static bool over_temperature(const wip_scene_t *s)
{
    return wip_hottest_c(s->config, s->state, s->seen) > s->config->limit.temperature_c_max ||
           s->seen->temperature_quality == PRESS_BAD;
}

/* With a kelvin of hysteresis: it has to cool before pumping goes on. */
static bool predicted_temperature(const wip_scene_t *s)
{
    const wip_command_t *asked = &s->state->command;
    const bool stands = press_has(s->state->interlock_bits, WIP_INTERLOCK_PREDICTED_TEMPERATURE);
    const double back_k = stands ? 0.25 * asked->fluid_temperature_band_k : 0.0;
    return asked->mode == WIP_MODE_PRESSURE && asked->fluid_temperature_band_k > 0.0 &&
           s->state->peak_c >
               asked->fluid_temperature_target_c + asked->fluid_temperature_band_k - back_k;
}

static bool blocked_in(const wip_scene_t *s) { return s->state->blocked_in != 0; }

static bool mouth_under_pressure(const wip_scene_t *s)
{
    return wip_mouth_forbidden(s->config, s->state, s->seen);
}

static bool pressure_uncertain(const wip_scene_t *s) { return s->seen->pressure_quality != PRESS_GOOD; }
static bool oil_not_ok(const wip_scene_t *s) { return !oil_ok(s); }

static bool pump_excluded(const wip_scene_t *s)
{
    return press_has(s->state->exclusion_bits, WIP_INTERLOCK_PUMP_EXCLUDES_OPENING);
}

static bool h2s_alarm(const wip_scene_t *s) { return !h2s_below(s, s->config->limit.h2s_alarm_ppm); }

typedef struct {
    const char *text;
    bool (*cause)(const wip_scene_t *scene);
    double debounce_s;
} interlock_row_t;

static const interlock_row_t INTERLOCK[WIP_INTERLOCK_COUNT] = {
    [WIP_INTERLOCK_LID_NOT_LOCKED] = {"yoke, lock or guard not proven: pump off", lid_not_locked, 0.0},
    [WIP_INTERLOCK_LEAK_TEST_MISSING] = {"leak test not passed: no pumping above it",
                                         leak_test_missing, 0.0},
    [WIP_INTERLOCK_UNLOCK_FORBIDDEN] = {"not proven safe to open: lid stays locked",
                                        unlock_forbidden, 0.0},
    [WIP_INTERLOCK_OVER_TEMPERATURE] = {"fluid too hot: pump paused, jacket off", over_temperature,
                                        0.0},
    [WIP_INTERLOCK_PREDICTED_TEMPERATURE] = {"predicted peak out of its band: pump paused",
                                             predicted_temperature, 0.0},
    [WIP_INTERLOCK_RELEASE_TOO_FAST] = {"pressure falls too fast: needle throttled",
                                        wip_releasing_too_fast, 0.0},
    [WIP_INTERLOCK_BLOCKED_IN_HEATING] = {"blocked-in fluid is heated: jacket off, relief path open",
                                          blocked_in, 0.0},
    [WIP_INTERLOCK_MOUTH_UNDER_PRESSURE] = {"under pressure: fill, de-air, vent and drain shut",
                                            mouth_under_pressure, 0.0},
    [WIP_INTERLOCK_PRESSURE_UNCERTAIN] = {"pressure not certain: pressure ramp held",
                                          pressure_uncertain, 0.0},
    [WIP_INTERLOCK_OIL_NOT_OK] = {"oil not in order: pump off", oil_not_ok, OIL_DEBOUNCE_S},
    [WIP_INTERLOCK_PUMP_EXCLUDES_OPENING] = {"a way out is open: pump off", pump_excluded, 0.0},
    [WIP_INTERLOCK_H2S_ALARM] = {"hydrogen sulfide: extraction on, lid stays locked", h2s_alarm, 1.0},
};

/* ---- engines ---------------------------------------------------------------------------- */

static bool may_open(const wip_scene_t *scene)
{
    return wip_released(scene->config, scene->seen) && wip_in(scene, WIP_INPUT_VENT_OPEN) &&
           h2s_below(scene, scene->config->limit.h2s_alarm_ppm) &&
           wip_hottest_c(scene->config, scene->state, scene->seen) <
               scene->config->limit.unlock_temperature_c_max;
}

static uint32_t standing(const wip_scene_t *scene, double stood_s[WIP_INTERLOCK_COUNT])
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < WIP_INTERLOCK_COUNT; i++) {
        stood_s[i] = INTERLOCK[i].cause(scene) ? stood_s[i] + scene->config->tick_s : 0.0;
        if (stood_s[i] > 0.0 && wip_stood(scene->config, stood_s[i], INTERLOCK[i].debounce_s)) {
            bits |= press_bit(i);
        }
    }
    return bits;
}

static void publish(const wip_scene_t *scene, wip_observation_t *observation)
{
    const wip_state_t *state = scene->state;
    observation->interlock_bits = state->interlock_bits;
    observation->permissive_missing_bits = 0;
    for (uint32_t i = 0; i < WIP_PERMISSIVE_COUNT; i++) {
        if (!PERMISSIVE[i].given(scene)) observation->permissive_missing_bits |= press_bit(i);
    }
    observation->trip_bits = state->trip_bits;
    observation->advisory_bits = state->advisory_bits;
    for (int32_t i = 0; i < WIP_TRIP_COUNT; i++) {
        if (press_has(state->trip_bits, (uint32_t)i)) {
            observation->trip_action_bits |= wip_trip_action_bits(i);
        }
    }
    observation->first_out_trip = state->first_out_trip;
    observation->first_out_channel = state->first_out_channel;
    observation->first_out_channel_unit = state->first_out_channel_unit;
}

void wip_interlock(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                   wip_observation_t *observation)
{
    const wip_scene_t scene = {config, state, sensor, observation};
    const wip_observation_t *before = &state->observation;
    state->unlock_rest_s = may_open(&scene) ? state->unlock_rest_s + config->tick_s : 0.0;
    wip_trips(config, state, sensor, observation);
    state->interlock_bits = standing(&scene, state->interlock_s);
    wip_advise(config, state, sensor, observation);
    publish(&scene, observation);
    if (before->permissive_missing_bits != observation->permissive_missing_bits ||
        before->interlock_bits != observation->interlock_bits ||
        before->trip_bits != observation->trip_bits ||
        before->advisory_bits != observation->advisory_bits ||
        memcmp(before->quality, observation->quality, sizeof observation->quality) != 0) {
        state->change_count += 1;
    }
    observation->change_count = state->change_count;
    state->observation = *observation;
}

const char *wip_permissive_text(int32_t row)
{
    return row >= 0 && row < WIP_PERMISSIVE_COUNT ? PERMISSIVE[row].text : "unknown permissive";
}

const char *wip_interlock_text(int32_t row)
{
    return row >= 0 && row < WIP_INTERLOCK_COUNT ? INTERLOCK[row].text : "unknown interlock";
}
