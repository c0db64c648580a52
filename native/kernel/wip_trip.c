/* wip_trip.c: what latches, as in trip.c: one constant table, one engine, one way out.
 *
 * A trip never dumps: what 500 MPa holds back is kept and the lid stays locked; only an
 * over-pressure lets its excess off through the needle. Rows are asked in order; the first of an
 * episode is the first-out. The only way out is a reset edge, in lease, for causes that are gone.
 */
#include "wip_scene.h"

#define LEAKY_WINDOWS 2U
#define MAINS_S 0.1       /* shorter, and relays and drives hold */
#define MAINS_BACK_S 0.3
#define PUMP_PICKS_UP_S 0.4
#define UNASKED_MPA 2.0   /* above the setpoint, while it rises */
#define UNASKED_MPA_PER_S 0.5
#define NEEDLE_APART_S 0.7
#define READBACK_FRACTION_MAX 0.01

typedef struct {
    double channel_unit;
    int32_t channel;
} offence_t;

static bool blame(offence_t *offence, double found_unit, int32_t channel)
{
    offence->channel_unit = found_unit;
    offence->channel = channel;
    return true;
}

static bool t_never(const wip_scene_t *s, offence_t *o) { (void)s; (void)o; return false; }
static bool t_estop(const wip_scene_t *s, offence_t *o) { (void)o; return !wip_estop_released(s); }
/* It drops with the mains and picks up after it: then MAINS judges. */
static bool t_relay(const wip_scene_t *s, offence_t *o)
{
    (void)o;
    return !wip_relay_ok(s) && s->state->mains_well_s > MAINS_BACK_S;
}
static bool t_limiter(const wip_scene_t *s, offence_t *o)
{
    return !wip_limiter_ok(s) && blame(o, wip_number(s, WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C),
                                   WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C);
}
static bool t_mains(const wip_scene_t *s, offence_t *o) { (void)o; return !wip_mains_ok(s); }
static bool t_disc(const wip_scene_t *s, offence_t *o) { (void)o; return !wip_disc_ok(s); }
static bool t_guard(const wip_scene_t *s, offence_t *o)
{
    return !wip_guarded(s->seen) && (wip_under_pressure(s) || wip_out(s, WIP_OUTPUT_PUMP)) &&
           blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_io_lost(const wip_scene_t *s, offence_t *o)
{
    return !wip_io_fresh(s) && blame(o, s->state->digital_stale_s > s->state->reading_stale_s
                                        ? s->state->digital_stale_s
                                        : s->state->reading_stale_s, -1);
}
static bool t_lease(const wip_scene_t *s, offence_t *o)
{
    return s->sensor->readback_ok == 1 && s->state->lease_primed != 0 &&
           s->sensor->lease_lapse_count != s->state->lease_lapse_count &&
           blame(o, (double)s->sensor->lease_lapse_count, -1);
}
static bool t_readback(const wip_scene_t *s, offence_t *o)
{
    (void)o;
    if (s->sensor->readback_ok != 1 || s->state->primed == 0) return false;
    return s->sensor->digital_output_bits_readback != s->state->digital_output_bits &&
           s->sensor->digital_output_bits_readback != s->state->digital_written_bits_previous;
}
static bool t_over_pressure(const wip_scene_t *s, offence_t *o)
{
    const double hazard_mpa = wip_hazard_mpa(s->config, s->state, s->seen);
    return hazard_mpa > s->config->limit.pressure_mpa_max && blame(o, hazard_mpa, WIP_PRESSURE_A);
}
static bool t_lid_lost(const wip_scene_t *s, offence_t *o)
{
    return wip_under_pressure(s) && !wip_locked(s->seen) &&
           blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_pressure_sensor(const wip_scene_t *s, offence_t *o)
{
    for (uint32_t i = WIP_PRESSURE_A; i <= WIP_PRESSURE_B; i++) {
        if (s->config->channel[i].fitted == 1 && s->seen->quality[i] == PRESS_BAD) {
            return blame(o, wip_number(s, i), (int32_t)i);
        }
    }
    return false;
}
static bool t_disagree(const wip_scene_t *s, offence_t *o)
{
    return (s->seen->quality_reason_bits[WIP_PRESSURE_A] & PRESS_REASON_PAIR) != 0 &&
           blame(o, wip_number(s, WIP_PRESSURE_B), WIP_PRESSURE_B);
}
static bool t_over_temperature(const wip_scene_t *s, offence_t *o)
{
    const double hottest_c = wip_hottest_c(s->config, s->state, s->seen);
    if (hottest_c > s->config->limit.temperature_c_trip) {
        return blame(o, hottest_c, WIP_CHANNEL_FLUID_1_TEMPERATURE_C);
    }
    const double jacket_c = wip_number(s, WIP_CHANNEL_JACKET_TEMPERATURE_C);
    return jacket_c > s->config->limit.jacket_temperature_c_trip &&
           blame(o, jacket_c, WIP_CHANNEL_JACKET_TEMPERATURE_C);
}
static bool t_temperature_sensor(const wip_scene_t *s, offence_t *o)
{
    const uint32_t jacket = WIP_CHANNEL_JACKET_TEMPERATURE_C;
    if (!wip_trusted(s->config, s->seen, jacket)) return blame(o, wip_number(s, jacket), (int32_t)jacket);
    return s->seen->temperature_quality == PRESS_BAD &&
           blame(o, s->state->fluid_c, WIP_CHANNEL_FLUID_1_TEMPERATURE_C);
}
static bool t_welded(const wip_scene_t *s, offence_t *o)
{
    const double stood_s = s->state->jacket_welded_s;
    return stood_s > 0.0 && wip_stood(s->config, stood_s, s->config->limit.ssr_welded_s) &&
           blame(o, wip_number(s, WIP_CHANNEL_JACKET_CURRENT_A), WIP_CHANNEL_JACKET_CURRENT_A);
}
static bool t_contactor(const wip_scene_t *s, offence_t *o)
{
    (void)o;
    return wip_in(s, WIP_INPUT_CONTACTOR_JACKET_CLOSED) != wip_out(s, WIP_OUTPUT_CONTACTOR_JACKET);
}
static bool t_burst(const wip_scene_t *s, offence_t *o)
{
    return s->state->burst != 0 && blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_loss(const wip_scene_t *s, offence_t *o)
{
    return s->state->leaking_count >= LEAKY_WINDOWS && blame(o, s->state->leak_mpa_per_min, -1);
}
static bool t_no_progress(const wip_scene_t *s, offence_t *o)
{
    return s->state->no_progress != 0 && blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_over_run(const wip_scene_t *s, offence_t *o)
{
    return wip_stood(s->config, s->state->over_run_s, s->config->limit.over_run_s) &&
           blame(o, s->state->over_run_s, -1);
}
static bool t_too_fast(const wip_scene_t *s, offence_t *o)
{
    return wip_releasing_too_fast(s) && wip_out(s, WIP_OUTPUT_DECOMPRESSION_VALVE) &&
           blame(o, s->state->pressure_rate_mpa_per_s, WIP_PRESSURE_A);
}
static bool t_h2s(const wip_scene_t *s, offence_t *o)
{
    for (uint32_t i = WIP_CHANNEL_H2S_PURGE_PPM; i <= WIP_CHANNEL_H2S_EXHAUST_PPM; i++) {
        if (wip_trusted(s->config, s->seen, i) && wip_number(s, i) >= s->config->limit.h2s_trip_ppm) {
            return blame(o, wip_number(s, i), (int32_t)i);
        }
    }
    return false;
}

static bool t_unasked(const wip_scene_t *s, offence_t *o)
{
    const double over_mpa = s->state->pressure_mpa - s->state->ramp.position_unit;
    return wip_out(s, WIP_OUTPUT_PUMP) && over_mpa > UNASKED_MPA &&
           s->state->pressure_rate_mpa_per_s > UNASKED_MPA_PER_S &&
           blame(o, s->state->pressure_mpa, WIP_PRESSURE_A);
}
static bool t_pump(const wip_scene_t *s, offence_t *o)
{
    (void)o;
    return wip_in(s, WIP_INPUT_PUMP_RUNNING) != wip_out(s, WIP_OUTPUT_PUMP);
}
static bool t_needle(const wip_scene_t *s, offence_t *o)
{
    const double stood_s = s->state->needle_apart_s;
    return stood_s > 0.0 && wip_stood(s->config, stood_s, NEEDLE_APART_S) &&
           blame(o, wip_number(s, WIP_CHANNEL_NEEDLE_POSITION_FRACTION),
                 WIP_CHANNEL_NEEDLE_POSITION_FRACTION);
}

static double no_s(const wip_config_t *c) { (void)c; return 0.0; }
static double h2s_s(const wip_config_t *c) { (void)c; return 1.0; }
static double readback_s(const wip_config_t *c) { return c->limit.readback_s_max; }
static double sensor_s(const wip_config_t *c) { return c->limit.pressure_sensor_s_max; }
static double pair_s(const wip_config_t *c) { return c->limit.pressure_pair_s_max; }
static double thermometer_s(const wip_config_t *c) { return c->limit.temperature_sensor_s_max; }
static double mains_s(const wip_config_t *c) { (void)c; return MAINS_S; }
static double pump_s(const wip_config_t *c) { (void)c; return PUMP_PICKS_UP_S; }
static double contactor_s(const wip_config_t *c) { return c->limit.contactor_mismatch_s; }
static double persist_s(const wip_config_t *c) { return c->limit.release_persist_s; }

#define HEAT WIP_ACTION_HEAT_OFF
#define STOP (WIP_ACTION_HEAT_OFF | WIP_ACTION_PUMP_OFF)
#define SHUT (WIP_ACTION_HEAT_OFF | WIP_ACTION_PUMP_OFF | WIP_ACTION_ISOLATE)
#define ALL WIP_ACTION_ALL_OFF

typedef struct {
    const char *text;
    uint32_t action_bits;
    bool (*cause)(const wip_scene_t *scene, offence_t *offence);
    double (*debounce_s)(const wip_config_t *config);
} trip_row_t;

static const trip_row_t TRIP[WIP_TRIP_COUNT] = {
    [WIP_TRIP_BOOT] = {"started and not yet reset", ALL, t_never, no_s},
    [WIP_TRIP_ESTOP] = {"emergency stop pressed", ALL, t_estop, no_s},
    [WIP_TRIP_GUARD_OPEN] = {"guard open under pressure", SHUT, t_guard, no_s},
    [WIP_TRIP_SAFETY_RELAY] = {"safety relay dropped", ALL, t_relay, no_s},
    [WIP_TRIP_LIMITER] = {"independent jacket limiter opened", HEAT, t_limiter, no_s},
    [WIP_TRIP_MAINS] = {"mains failed", ALL, t_mains, mains_s},
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
    [WIP_TRIP_SSR_WELDED] = {"jacket current with its SSR off", HEAT, t_welded, no_s},
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
    [WIP_TRIP_PRESSURE_UNCOMMANDED] = {"pressure rises above its setpoint", STOP, t_unasked, no_s},
    [WIP_TRIP_PUMP_MISMATCH] = {"pump is not as commanded", STOP, t_pump, pump_s},
    [WIP_TRIP_NEEDLE_MISMATCH] = {"needle is not where it was sent", SHUT, t_needle, no_s},
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
    const wip_scene_t scene = {config, state, sensor, observation};
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

const char *wip_trip_text(int32_t row)
{
    return row >= 0 && row < WIP_TRIP_COUNT ? TRIP[row].text : "unknown trip";
}

uint32_t wip_trip_action_bits(int32_t row)
{
    return row >= 0 && row < WIP_TRIP_COUNT ? TRIP[row].action_bits : (uint32_t)WIP_ACTION_ALL_OFF;
}
