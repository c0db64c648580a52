/* wip_interlock.c: the WIP's three tables: permissive, interlock, trip.
 *
 * The three words mean what they mean in interlock.c and trip.c. A trip never dumps: what 500 MPa
 * holds back is kept, the lid stays locked, and only an over-pressure lets its excess off through
 * the needle. Rows are asked in order; the first of an episode is the first-out.
 */
#include "wip_internal.h"

#include <math.h>
#include <string.h>

#define OIL_DEBOUNCE_S 1.0
#define LEAKY_WINDOWS 2U
#define UNDER_PRESSURE_MPA 0.5

typedef struct {
    const wip_config_t *config;
    const wip_state_t *state;
    const wip_sensor_t *sensor;
    const wip_observation_t *seen;
} scene_t;

typedef struct {
    double channel_unit;
    int32_t channel;
} offence_t;

static bool in(const scene_t *scene, uint32_t number) { return wip_input(scene->seen, number); }

static bool out(const scene_t *scene, uint32_t number)
{
    return press_has(scene->state->digital_output_bits, number);
}

static double number_of(const scene_t *scene, uint32_t channel)
{
    return scene->seen->measurement_channel_unit[channel];
}

static bool under_pressure(const scene_t *scene)
{
    return scene->state->pressure_mpa > UNDER_PRESSURE_MPA;
}

/* ---- permissives ------------------------------------------------------------------------ */

static bool no_trip(const scene_t *s) { return s->state->trip_bits == 0; }
static bool guard_closed(const scene_t *s) { return wip_guarded(s->seen); }
static bool estop_released(const scene_t *s)
{
    return in(s, WIP_INPUT_ESTOP_A_OK) && in(s, WIP_INPUT_ESTOP_B_OK);
}
static bool relay_ok(const scene_t *s) { return in(s, WIP_INPUT_SAFETY_RELAY_OK); }
static bool limiter_ok(const scene_t *s) { return in(s, WIP_INPUT_LIMITER_OK); }
static bool contactor_open(const scene_t *s) { return !in(s, WIP_INPUT_CONTACTOR_JACKET_CLOSED); }
static bool oil_ok(const scene_t *s)
{
    return in(s, WIP_INPUT_OIL_LEVEL_OK) && in(s, WIP_INPUT_OIL_FILTER_OK) &&
           in(s, WIP_INPUT_OIL_TEMPERATURE_OK);
}
static bool mains_ok(const scene_t *s) { return in(s, WIP_INPUT_MAINS_OK); }
static bool disc_ok(const scene_t *s) { return in(s, WIP_INPUT_RUPTURE_DISC_OK); }
static bool bag_loaded(const scene_t *s) { return in(s, WIP_INPUT_BAG_LOADED); }
static bool released(const scene_t *s) { return wip_released(s->config, s->seen); }

static bool sensors_good(const scene_t *s)
{
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        if (s->config->channel[i].required != 0 && s->seen->quality[i] != PRESS_GOOD) return false;
    }
    return true;
}

/* Both sensors: a lost one has not said that the air is clean. */
static bool h2s_below(const scene_t *s, double limit_ppm)
{
    for (uint32_t i = WIP_CHANNEL_H2S_PURGE_PPM; i <= WIP_CHANNEL_H2S_EXHAUST_PPM; i++) {
        if (s->config->channel[i].fitted != 1) continue;
        if (s->seen->quality[i] == PRESS_BAD || !(number_of(s, i) < limit_ppm)) return false;
    }
    return true;
}

static bool h2s_clear(const scene_t *s) { return h2s_below(s, s->config->limit.h2s_start_ppm_max); }

static bool io_fresh(const scene_t *s)
{
    return s->state->digital_stale_s <= s->config->limit.io_age_s_max &&
           s->state->reading_stale_s <= s->config->limit.io_age_s_max;
}

typedef struct {
    const char *text;
    bool (*given)(const scene_t *scene);
} permissive_row_t;

static const permissive_row_t PERMISSIVE[WIP_PERMISSIVE_COUNT] = {
    [WIP_PERMISSIVE_NO_TRIP] = {"no trip is latched", no_trip},
    [WIP_PERMISSIVE_GUARD_CLOSED] = {"both guard contacts closed", guard_closed},
    [WIP_PERMISSIVE_ESTOP_RELEASED] = {"both emergency-stop contacts released", estop_released},
    [WIP_PERMISSIVE_SAFETY_RELAY_OK] = {"safety relay closed", relay_ok},
    [WIP_PERMISSIVE_LIMITER_OK] = {"jacket limiter closed", limiter_ok},
    [WIP_PERMISSIVE_CONTACTOR_OPEN] = {"jacket contactor proven open", contactor_open},
    [WIP_PERMISSIVE_OIL_OK] = {"oil level, filter and temperature in order", oil_ok},
    [WIP_PERMISSIVE_MAINS_OK] = {"mains present", mains_ok},
    [WIP_PERMISSIVE_SENSORS_GOOD] = {"every required sensor good", sensors_good},
    [WIP_PERMISSIVE_PRESSURE_RELEASED] = {"vessel without pressure", released},
    [WIP_PERMISSIVE_BAG_LOADED] = {"bag loaded", bag_loaded},
    [WIP_PERMISSIVE_H2S_CLEAR] = {"no hydrogen sulfide at either sensor", h2s_clear},
    [WIP_PERMISSIVE_RUPTURE_DISC_OK] = {"rupture disc whole", disc_ok},
    [WIP_PERMISSIVE_IO_FRESH] = {"inputs fresh", io_fresh},
};

/* ---- interlocks ------------------------------------------------------------------------- */

static bool lid_not_locked(const scene_t *s) { return !wip_locked(s->seen) || !wip_guarded(s->seen); }

static bool leak_test_missing(const scene_t *s)
{
    return s->state->leak_tested == 0 &&
           s->state->pressure_mpa >= 1.1 * s->config->limit.leak_test_mpa;
}

static bool unlock_forbidden(const scene_t *s)
{
    return !wip_stood(s->config, s->state->unlock_rest_s, s->config->limit.unlock_s);
}

static bool over_temperature(const scene_t *s)
{
    return wip_hottest_c(s->config, s->state, s->seen) > s->config->limit.temperature_c_max ||
           s->seen->temperature_quality == PRESS_BAD;
}

/* With a kelvin of hysteresis: it has to cool before pumping goes on. */
static bool predicted_temperature(const scene_t *s)
{
    const wip_command_t *asked = &s->state->command;
    const bool stands = press_has(s->state->interlock_bits, WIP_INTERLOCK_PREDICTED_TEMPERATURE);
    const double back_k = stands ? 0.25 * asked->fluid_temperature_band_k : 0.0;
    return asked->mode == WIP_MODE_PRESSURE && asked->fluid_temperature_band_k > 0.0 &&
           s->state->peak_c >
               asked->fluid_temperature_target_c + asked->fluid_temperature_band_k - back_k;
}

static bool releasing_too_fast(const scene_t *s)
{
    const double limit = wip_release_limit_mpa_per_s(s->config, s->state->pressure_mpa);
    return under_pressure(s) && -s->state->pressure_rate_mpa_per_s > 1.5 * limit;
}

static bool blocked_in(const scene_t *s) { return s->state->blocked_in != 0; }

static bool mouth_under_pressure(const scene_t *s)
{
    return wip_mouth_forbidden(s->config, s->state, s->seen);
}

static bool pressure_uncertain(const scene_t *s) { return s->seen->pressure_quality != PRESS_GOOD; }
static bool oil_not_ok(const scene_t *s) { return !oil_ok(s); }

static bool pump_excluded(const scene_t *s)
{
    return press_has(s->state->exclusion_bits, WIP_INTERLOCK_PUMP_EXCLUDES_OPENING);
}

static bool h2s_alarm(const scene_t *s) { return !h2s_below(s, s->config->limit.h2s_alarm_ppm); }

typedef struct {
    const char *text;
    bool (*cause)(const scene_t *scene);
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
                                        releasing_too_fast, 0.0},
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

/* ---- trips ------------------------------------------------------------------------------ */

static bool blame(offence_t *offence, double found_unit, int32_t channel)
{
    offence->channel_unit = found_unit;
    offence->channel = channel;
    return true;
}

static bool t_never(const scene_t *s, offence_t *o) { (void)s; (void)o; return false; }
static bool t_estop(const scene_t *s, offence_t *o) { (void)o; return !estop_released(s); }
static bool t_relay(const scene_t *s, offence_t *o) { (void)o; return !relay_ok(s); }
static bool t_limiter(const scene_t *s, offence_t *o)
{
    return !limiter_ok(s) && blame(o, number_of(s, WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C),
                                   WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C);
}
static bool t_mains(const scene_t *s, offence_t *o) { (void)o; return !mains_ok(s); }
static bool t_disc(const scene_t *s, offence_t *o) { (void)o; return !disc_ok(s); }
static bool t_guard(const scene_t *s, offence_t *o)
{
    return !wip_guarded(s->seen) && (under_pressure(s) || out(s, WIP_OUTPUT_PUMP)) &&
           blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_io_lost(const scene_t *s, offence_t *o)
{
    return !io_fresh(s) && blame(o, s->state->digital_stale_s > s->state->reading_stale_s
                                        ? s->state->digital_stale_s
                                        : s->state->reading_stale_s, -1);
}
static bool t_lease(const scene_t *s, offence_t *o)
{
    return s->sensor->readback_ok == 1 && s->state->lease_primed != 0 &&
           s->sensor->lease_lapse_count != s->state->lease_lapse_count &&
           blame(o, (double)s->sensor->lease_lapse_count, -1);
}
static bool t_readback(const scene_t *s, offence_t *o)
{
    (void)o;
    if (s->sensor->readback_ok != 1 || s->state->primed == 0) return false;
    return s->sensor->digital_output_bits_readback != s->state->digital_output_bits &&
           s->sensor->digital_output_bits_readback != s->state->digital_written_bits_previous;
}
static bool t_over_pressure(const scene_t *s, offence_t *o)
{
    const double hazard_mpa = wip_hazard_mpa(s->config, s->state, s->seen);
    return hazard_mpa > s->config->limit.pressure_mpa_max && blame(o, hazard_mpa, WIP_PRESSURE_A);
}
static bool t_lid_lost(const scene_t *s, offence_t *o)
{
    return under_pressure(s) && !wip_locked(s->seen) &&
           blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_pressure_sensor(const scene_t *s, offence_t *o)
{
    for (uint32_t i = WIP_PRESSURE_A; i <= WIP_PRESSURE_B; i++) {
        if (s->config->channel[i].fitted == 1 && s->seen->quality[i] == PRESS_BAD) {
            return blame(o, number_of(s, i), (int32_t)i);
        }
    }
    return false;
}
static bool t_disagree(const scene_t *s, offence_t *o)
{
    return (s->seen->quality_reason_bits[WIP_PRESSURE_A] & PRESS_REASON_PAIR) != 0 &&
           blame(o, number_of(s, WIP_PRESSURE_B), WIP_PRESSURE_B);
}
static bool t_over_temperature(const scene_t *s, offence_t *o)
{
    const double hottest_c = wip_hottest_c(s->config, s->state, s->seen);
    if (hottest_c > s->config->limit.temperature_c_trip) {
        return blame(o, hottest_c, WIP_CHANNEL_FLUID_1_TEMPERATURE_C);
    }
    const double jacket_c = number_of(s, WIP_CHANNEL_JACKET_TEMPERATURE_C);
    return jacket_c > s->config->limit.jacket_temperature_c_trip &&
           blame(o, jacket_c, WIP_CHANNEL_JACKET_TEMPERATURE_C);
}
static bool t_temperature_sensor(const scene_t *s, offence_t *o)
{
    const uint32_t jacket = WIP_CHANNEL_JACKET_TEMPERATURE_C;
    if (!wip_trusted(s->config, s->seen, jacket)) return blame(o, number_of(s, jacket), (int32_t)jacket);
    return s->seen->temperature_quality == PRESS_BAD &&
           blame(o, s->state->fluid_c, WIP_CHANNEL_FLUID_1_TEMPERATURE_C);
}
static bool t_welded(const scene_t *s, offence_t *o)
{
    const double current_a = number_of(s, WIP_CHANNEL_JACKET_CURRENT_A);
    return !out(s, WIP_OUTPUT_JACKET_HEATER_SSR) &&
           wip_trusted(s->config, s->seen, WIP_CHANNEL_JACKET_CURRENT_A) &&
           current_a > s->config->limit.ssr_welded_current_a &&
           blame(o, current_a, WIP_CHANNEL_JACKET_CURRENT_A);
}
static bool t_contactor(const scene_t *s, offence_t *o)
{
    (void)o;
    return in(s, WIP_INPUT_CONTACTOR_JACKET_CLOSED) != out(s, WIP_OUTPUT_CONTACTOR_JACKET);
}
static bool t_burst(const scene_t *s, offence_t *o)
{
    return s->state->burst != 0 && blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_loss(const scene_t *s, offence_t *o)
{
    return s->state->leaking_count >= LEAKY_WINDOWS && blame(o, s->state->leak_mpa_per_min, -1);
}
static bool t_no_progress(const scene_t *s, offence_t *o)
{
    return s->state->no_progress != 0 && blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_over_run(const scene_t *s, offence_t *o)
{
    return wip_stood(s->config, s->state->over_run_s, s->config->limit.over_run_s) &&
           blame(o, s->state->over_run_s, -1);
}
static bool t_too_fast(const scene_t *s, offence_t *o)
{
    return releasing_too_fast(s) && out(s, WIP_OUTPUT_DECOMPRESSION_VALVE) &&
           blame(o, s->state->pressure_rate_mpa_per_s, WIP_PRESSURE_A);
}
static bool t_h2s(const scene_t *s, offence_t *o)
{
    for (uint32_t i = WIP_CHANNEL_H2S_PURGE_PPM; i <= WIP_CHANNEL_H2S_EXHAUST_PPM; i++) {
        if (wip_trusted(s->config, s->seen, i) && number_of(s, i) >= s->config->limit.h2s_trip_ppm) {
            return blame(o, number_of(s, i), (int32_t)i);
        }
    }
    return false;
}

static double no_s(const wip_config_t *c) { (void)c; return 0.0; }
static double h2s_s(const wip_config_t *c) { (void)c; return 1.0; }
static double readback_s(const wip_config_t *c) { return c->limit.readback_s_max; }
static double sensor_s(const wip_config_t *c) { return c->limit.pressure_sensor_s_max; }
static double pair_s(const wip_config_t *c) { return c->limit.pressure_pair_s_max; }
static double thermometer_s(const wip_config_t *c) { return c->limit.temperature_sensor_s_max; }
static double welded_s(const wip_config_t *c) { return c->limit.ssr_welded_s; }
static double contactor_s(const wip_config_t *c) { return c->limit.contactor_mismatch_s; }
static double persist_s(const wip_config_t *c) { return c->limit.release_persist_s; }

#define HEAT WIP_ACTION_HEAT_OFF
#define STOP (WIP_ACTION_HEAT_OFF | WIP_ACTION_PUMP_OFF)
#define SHUT (WIP_ACTION_HEAT_OFF | WIP_ACTION_PUMP_OFF | WIP_ACTION_ISOLATE)
#define ALL WIP_ACTION_ALL_OFF

typedef struct {
    const char *text;
    uint32_t action_bits;
    bool (*cause)(const scene_t *scene, offence_t *offence);
    double (*debounce_s)(const wip_config_t *config);
} trip_row_t;

static const trip_row_t TRIP[WIP_TRIP_COUNT] = {
    [WIP_TRIP_BOOT] = {"started and not yet reset", ALL, t_never, no_s},
    [WIP_TRIP_ESTOP] = {"emergency stop pressed", ALL, t_estop, no_s},
    [WIP_TRIP_GUARD_OPEN] = {"guard open under pressure", SHUT, t_guard, no_s},
    [WIP_TRIP_SAFETY_RELAY] = {"safety relay dropped", ALL, t_relay, no_s},
    [WIP_TRIP_LIMITER] = {"independent jacket limiter opened", HEAT, t_limiter, no_s},
    [WIP_TRIP_MAINS] = {"mains failed", ALL, t_mains, no_s},
    [WIP_TRIP_IO_LOST] = {"inputs too old", ALL, t_io_lost, no_s},
    [WIP_TRIP_IO_LEASE_LAPSED] = {"an I/O device let its lease lapse", ALL, t_lease, no_s},
    [WIP_TRIP_OUTPUT_READBACK] = {"outputs are not as written", ALL, t_readback, readback_s},
    [WIP_TRIP_RUPTURE_DISC] = {"rupture disc has burst", STOP, t_disc, no_s},
    [WIP_TRIP_OVER_PRESSURE] = {"pressure over its limit", STOP | WIP_ACTION_RELIEVE,
                                t_over_pressure, no_s},
    [WIP_TRIP_LID_LOST] = {"yoke or lock not proven under pressure", STOP, t_lid_lost, no_s},
    [WIP_TRIP_PRESSURE_SENSOR] = {"vessel transducer bad", SHUT, t_pressure_sensor, sensor_s},
    [WIP_TRIP_PRESSURE_DISAGREEMENT] = {"vessel transducers disagree", SHUT, t_disagree, pair_s},
    [WIP_TRIP_OVER_TEMPERATURE] = {"fluid or jacket over its limit", STOP, t_over_temperature, no_s},
    [WIP_TRIP_TEMPERATURE_SENSOR] = {"no thermometer of fluid or jacket", STOP,
                                     t_temperature_sensor, thermometer_s},
    [WIP_TRIP_SSR_WELDED] = {"jacket current with its SSR off", HEAT, t_welded, welded_s},
    [WIP_TRIP_CONTACTOR_MISMATCH] = {"jacket contactor is not as commanded", HEAT, t_contactor,
                                     contactor_s},
    [WIP_TRIP_BAG_BURST] = {"pressure fell at once: bag burst", STOP, t_burst, no_s},
    [WIP_TRIP_PRESSURE_LOSS] = {"pressure leaks beyond cooling", STOP, t_loss, no_s},
    [WIP_TRIP_PUMP_NO_PROGRESS] = {"strokes without their pressure: leak, air or burst bag", STOP,
                                   t_no_progress, no_s},
    [WIP_TRIP_PUMP_OVER_RUN] = {"pump runs without pressure rise", STOP, t_over_run, no_s},
    [WIP_TRIP_RELEASE_TOO_FAST] = {"pressure falls too fast with the needle throttled", SHUT,
                                   t_too_fast, persist_s},
    [WIP_TRIP_H2S] = {"hydrogen sulfide", STOP | WIP_ACTION_EXTRACT, t_h2s, h2s_s},
    [WIP_TRIP_COMMAND_LEASE] = {"command was not renewed", ALL, t_never, no_s},
};

void wip_latch(wip_state_t *state, uint32_t trip, double offence_channel_unit, int32_t channel)
{
    state->trip_bits |= press_bit(trip);
    if (state->first_out_trip >= 0) return;
    state->first_out_trip = (int32_t)trip;
    state->first_out_channel = channel;
    state->first_out_channel_unit = offence_channel_unit;
}

void wip_trips(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
               const wip_observation_t *observation)
{
    const scene_t scene = {config, state, sensor, observation};
    for (uint32_t i = 0; i < WIP_TRIP_COUNT; i++) {
        offence_t offence = {0.0, -1};
        if (!TRIP[i].cause(&scene, &offence)) {
            state->trip_s[i] = 0.0;
            continue;
        }
        state->trip_s[i] += config->tick_s;
        if (press_has(state->trip_bits, i) ||
            wip_stood(config, state->trip_s[i], TRIP[i].debounce_s(config))) {
            wip_latch(state, i, offence.channel_unit, offence.channel);
        }
    }
    for (uint32_t i = 0; i < WIP_TRIP_COUNT && state->first_out_trip < 0; i++) {
        if (press_has(state->trip_bits, i)) wip_latch(state, i, 0.0, -1);
    }
    if (sensor->readback_ok == 1) {
        state->lease_lapse_count = sensor->lease_lapse_count;
        state->lease_primed = 1;
    }
}

void wip_reset(const wip_config_t *config, wip_state_t *state, const wip_command_t *command)
{
    const bool edge = command->reset == 1 && state->reset_previous == 0;
    (void)config;
    state->reset_previous = command->reset != 0;
    if (!edge || !wip_in_lease(state, command)) return;
    for (uint32_t i = 0; i < WIP_TRIP_COUNT; i++) {
        if (state->trip_s[i] == 0.0) state->trip_bits &= ~press_bit(i);
    }
    state->leaking_count = 0;
    if (state->first_out_trip >= 0 &&
        !press_has(state->trip_bits, (uint32_t)state->first_out_trip)) {
        state->first_out_trip = -1;
        state->first_out_channel = -1;
        state->first_out_channel_unit = 0.0;
    }
}

/* ---- engines ---------------------------------------------------------------------------- */

static bool may_open(const scene_t *scene)
{
    return wip_released(scene->config, scene->seen) && in(scene, WIP_INPUT_VENT_OPEN) &&
           h2s_below(scene, scene->config->limit.h2s_alarm_ppm) &&
           wip_hottest_c(scene->config, scene->state, scene->seen) <
               scene->config->limit.unlock_temperature_c_max;
}

static uint32_t standing(const scene_t *scene, double stood_s[WIP_INTERLOCK_COUNT])
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

static void publish(const scene_t *scene, wip_observation_t *observation)
{
    const wip_state_t *state = scene->state;
    observation->interlock_bits = state->interlock_bits;
    observation->permissive_missing_bits = 0;
    for (uint32_t i = 0; i < WIP_PERMISSIVE_COUNT; i++) {
        if (!PERMISSIVE[i].given(scene)) observation->permissive_missing_bits |= press_bit(i);
    }
    observation->trip_bits = state->trip_bits;
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
    const scene_t scene = {config, state, sensor, observation};
    const wip_observation_t *before = &state->observation;
    state->unlock_rest_s = may_open(&scene) ? state->unlock_rest_s + config->tick_s : 0.0;
    wip_trips(config, state, sensor, observation);
    state->interlock_bits = standing(&scene, state->interlock_s);
    publish(&scene, observation);
    if (before->permissive_missing_bits != observation->permissive_missing_bits ||
        before->interlock_bits != observation->interlock_bits ||
        before->trip_bits != observation->trip_bits ||
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

const char *wip_trip_text(int32_t row)
{
    return row >= 0 && row < WIP_TRIP_COUNT ? TRIP[row].text : "unknown trip";
}

uint32_t wip_trip_action_bits(int32_t row)
{
    return row >= 0 && row < WIP_TRIP_COUNT ? TRIP[row].action_bits : (uint32_t)WIP_ACTION_ALL_OFF;
}
