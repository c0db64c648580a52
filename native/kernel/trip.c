/* trip.c: what latches. One constant table, one engine, one way out.
 *
 * Theory of operation. Each tick every row's cause is asked. A cause that has stood for the row's
 * debounce latches its bit in state->trip_bits; zero debounce latches in the tick that saw it. The
 * last gate (actuate.c) applies the actions of every latched row before anything leaves, so a trip
 * reaches the outputs in its own tick, whatever the recipe says. Rows are asked in order: of two
 * causes in one tick the upper is the first-out. The first-out keeps its channel and the value that
 * offended until its own trip is cleared; then the next one still standing takes its place.
 *
 * The only way out is press_reset: an edge of the command's reset, in lease, clears exactly the
 * rows whose cause is gone. A kernel is born with TRIP_BOOT latched.
 */
#include "cause.h"

#include <string.h>

#define PRESSURE_SENSOR_BAD_S 0.2

typedef struct {
    const char *text;
    uint32_t action_bits;
    bool (*cause)(const scene_t *scene, offence_t *offence);
    double debounce_s;                                    /* fixed part */
    double (*debounce_config_s)(const press_config_t *config); /* or NULL: the configured part */
} trip_row_t;

static double readback_s(const press_config_t *config) { return config->limit.readback_s_max; }
static double contactor_s(const press_config_t *config) { return config->limit.contactor_mismatch_s; }
static double pair_s(const press_config_t *config) { return config->limit.pressure_pair_s_max; }
static double mains_s(const press_config_t *config) { return config->limit.mains_s_max; }
static double pump_s(const press_config_t *config) { return config->limit.pump_mismatch_s; }

#define HEAT PRESS_ACTION_HEATERS_OFF
#define POWER (PRESS_ACTION_HEATERS_OFF | PRESS_ACTION_CONTACTORS_OPEN)
#define PUMP PRESS_ACTION_PUMP_OFF
#define VENT (PRESS_ACTION_PUMP_OFF | PRESS_ACTION_VALVE_ZERO)
#define EMPTY (PRESS_ACTION_PUMP_OFF | PRESS_ACTION_DUMP)
#define ALL PRESS_ACTION_ALL_OFF

static const trip_row_t TRIP[PRESS_TRIP_COUNT] = {
    [PRESS_TRIP_BOOT] =
        {"started and not yet reset", ALL, press_cause_never, 0.0, NULL},
    [PRESS_TRIP_ESTOP] =
        {"emergency stop pressed", ALL, press_cause_estop, 0.0, NULL},
    [PRESS_TRIP_GUARD_OPEN] =
        {"guard open under pressure or motion", PUMP, press_cause_guard_open, 0.0, NULL},
    [PRESS_TRIP_SAFETY_RELAY] =
        {"safety relay dropped", ALL, press_cause_safety_relay, 0.0, NULL},
    [PRESS_TRIP_LIMITER] =
        {"independent temperature limiter opened", POWER, press_cause_limiter, 0.0, NULL},
    [PRESS_TRIP_MAINS] =
        {"mains failed", ALL, press_cause_mains, 0.0, mains_s},
    [PRESS_TRIP_IO_LOST] =
        {"inputs too old", ALL, press_cause_io_lost, 0.0, NULL},
    [PRESS_TRIP_IO_LEASE_LAPSED] =
        {"an I/O device let its lease lapse", ALL, press_cause_lease_lapsed, 0.0, NULL},
    [PRESS_TRIP_OUTPUT_READBACK] =
        {"outputs are not as written", ALL, press_cause_readback, 0.0, readback_s},
    [PRESS_TRIP_OVER_TEMPERATURE] =
        {"temperature over its limit", POWER, press_cause_over_temperature, 0.0, NULL},
    [PRESS_TRIP_ZONE_SENSOR] =
        {"hot zone without a sensor", HEAT, press_cause_zone_sensor, 0.0, NULL},
    [PRESS_TRIP_ZONE_OUT_OF_FAMILY] =
        {"zone far from the others", HEAT, press_cause_out_of_family, 0.0, NULL},
    [PRESS_TRIP_SSR_WELDED] =
        {"heater current with its SSR off", POWER, press_cause_ssr_welded, 0.0, NULL},
    [PRESS_TRIP_UNCOMMANDED_HEAT] =
        {"heating without demand", POWER, press_cause_uncommanded_heat, 0.0, NULL},
    [PRESS_TRIP_HEATER_BREAK] =
        {"too little heater current with its SSR on", HEAT, press_cause_heater_break, 0.0, NULL},
    [PRESS_TRIP_LOOP_BREAK] =
        {"full demand does not heat", HEAT, press_cause_loop_break, 0.0, NULL},
    [PRESS_TRIP_CONTACTOR_MISMATCH] =
        {"contactor is not as commanded", POWER, press_cause_contactor_mismatch, 0.0, contactor_s},
    [PRESS_TRIP_OVER_PRESSURE] =
        {"pressure over its limit", VENT, press_cause_over_pressure, 0.0, NULL},
    [PRESS_TRIP_PRESSURE_SENSOR] =
        {"pressure or force sensor bad", PUMP, press_cause_pressure_sensor,
         PRESSURE_SENSOR_BAD_S, NULL},
    [PRESS_TRIP_PRESSURE_DISAGREEMENT] =
        {"pressure and force sensors disagree", PUMP, press_cause_pressure_disagreement,
         0.0, pair_s},
    [PRESS_TRIP_PRESSURE_LOSS] =
        {"retained pressure leaks", PUMP, press_cause_pressure_loss, 0.0, NULL},
    [PRESS_TRIP_PUMP_NO_RISE] =
        {"pump runs without pressure rise", PUMP, press_cause_pump_no_rise, 0.0, NULL},
    [PRESS_TRIP_PUMP_MISMATCH] =
        {"pump is not as commanded", PUMP, press_cause_pump_mismatch, 0.0, pump_s},
    [PRESS_TRIP_COMMAND_LEASE] =
        {"command was not renewed", ALL, press_cause_never, 0.0, NULL},
    [PRESS_TRIP_ZONE_FALLS] =
        {"zone falls while heated", HEAT, press_cause_zone_falls, 0.0, NULL},
    [PRESS_TRIP_THERMAL_RUNAWAY] =
        {"heats faster than its heater could", POWER, press_cause_thermal_runaway, 0.0, NULL},
    [PRESS_TRIP_PRESSURE_BURST] =
        {"pressure lost at once", PUMP, press_cause_pressure_burst, 0.0, NULL},
    [PRESS_TRIP_PRESSURE_UNCOMMANDED] =
        {"pressure rises unasked", PUMP, press_cause_pressure_uncommanded, 0.0, NULL},
    [PRESS_TRIP_RELEASE_STUCK] =
        {"pressure does not fall: dumped", EMPTY, press_cause_release_stuck, 0.0, NULL},
};

void press_latch(press_state_t *state, uint32_t trip, double offence_channel_unit, int32_t channel)
{
    state->trip_bits |= press_bit(trip);
    if (state->first_out_trip >= 0) return;
    state->first_out_trip = (int32_t)trip;
    state->first_out_channel = channel;
    state->first_out_channel_unit = offence_channel_unit;
}

void press_trips(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                 const press_observation_t *observation)
{
    const scene_t scene = {config, state, sensor, observation};
    uint32_t asked = press_causes_possible(&scene) | state->trip_standing_bits;
    for (uint32_t i = 0; asked != 0; i++, asked >>= 1) {
        const trip_row_t *row = &TRIP[i];
        offence_t offence = {0.0, -1};
        if ((asked & 1U) == 0) continue;
        if (!row->cause(&scene, &offence)) {
            state->trip_s[i] = 0.0;
            state->trip_standing_bits &= ~press_bit(i);
            continue;
        }
        state->trip_standing_bits |= press_bit(i);
        double debounce_s = row->debounce_s;
        if (row->debounce_config_s != NULL) debounce_s += row->debounce_config_s(config);
        state->trip_s[i] += config->tick_s;
        if (press_has(state->trip_bits, i) || press_stood(config, state->trip_s[i], debounce_s)) {
            press_latch(state, i, offence.channel_unit, offence.channel);
        }
    }
    for (uint32_t i = 0;
         state->trip_bits != 0 && i < PRESS_TRIP_COUNT && state->first_out_trip < 0; i++) {
        if (press_has(state->trip_bits, i)) press_latch(state, i, 0.0, -1); /* its cause just left */
    }
    if (sensor->readback_ok == 1) { /* from here on, another lapse is news */
        state->lease_lapse_count = sensor->lease_lapse_count;
        state->lease_primed = 1;
    }
}

void press_reset(const press_config_t *config, press_state_t *state, const press_command_t *command)
{
    const bool edge = command->reset == 1 && state->reset_previous == 0;
    (void)config;
    state->reset_previous = command->reset != 0;
    if (!edge || !press_in_lease(state, command)) return;
    for (uint32_t i = 0; i < PRESS_TRIP_COUNT; i++) {
        if (state->trip_s[i] == 0.0) state->trip_bits &= ~press_bit(i);
    }
    if (state->first_out_trip >= 0 &&
        !press_has(state->trip_bits, (uint32_t)state->first_out_trip)) {
        state->first_out_trip = -1; /* one still standing becomes first-out in the next tick */
        state->first_out_channel = -1;
        state->first_out_channel_unit = 0.0;
    }
}

const char *press_trip_text(int32_t trip)
{
    return trip >= 0 && trip < PRESS_TRIP_COUNT ? TRIP[trip].text : "unknown trip";
}

uint32_t press_trip_action_bits(int32_t trip)
{
    return trip >= 0 && trip < PRESS_TRIP_COUNT ? TRIP[trip].action_bits
                                                : (uint32_t)PRESS_ACTION_ALL_OFF;
}
