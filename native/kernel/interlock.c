/* interlock.c: what is needed to start, and what holds an output while it is true.
 *
 * Theory of operation. Three words, three tables, each walked by one small engine:
 *
 *     permissive  needed to start. Its bit says that it is missing; the recipe's gate waits for
 *                 all of them, the kernel does not act on them afterwards.
 *     interlock   holds an output while its cause stands (and has stood for its debounce) and
 *                 clears itself. Zone interlocks also mark the zone in zone_interlock_bits.
 *     trip        latches, needs a reset edge: trip.c.
 *
 * The ramps are held by the laws (thermal.c, pressure.c), because only they know the command;
 * what they held in the last tick is reported here, and so are the exclusions that the last gate
 * applied (actuate.c checks them itself, in its own tick). Heat and oil are decided here: the gate
 * and the laws read zone_interlock_bits and interlock_bits.
 *
 * press_interlock is the end of press_observe. change_count grows when any quality, permissive,
 * interlock or trip differs from the tick before, so that a host need not compare.
 */
#include "internal.h"

#include <string.h>

#define OIL_DEBOUNCE_S 1.0
#define FLOW_DEBOUNCE_S 2.0

typedef struct {
    const press_config_t *config;
    const press_state_t *state;
    const press_observation_t *observation;
} scene_t;

typedef struct {
    const char *text;
    bool (*given)(const scene_t *scene);
    bool of_inputs; /* and of nothing else: asked only when they change */
} permissive_row_t;

typedef struct {
    const char *text;
    bool (*cause)(const scene_t *scene);
    double debounce_s;
} interlock_row_t;

static bool input(const scene_t *scene, uint32_t number)
{
    return press_has(scene->observation->digital_input_bits, number);
}

/* ---- permissives ------------------------------------------------------------------------ */

static bool no_trip(const scene_t *scene) { return scene->state->trip_bits == 0; }

static bool guard_closed(const scene_t *scene)
{
    return input(scene, PRESS_INPUT_GUARD_A_CLOSED) && input(scene, PRESS_INPUT_GUARD_B_CLOSED);
}

static bool estop_released(const scene_t *scene)
{
    return input(scene, PRESS_INPUT_ESTOP_A_OK) && input(scene, PRESS_INPUT_ESTOP_B_OK);
}

static bool safety_relay(const scene_t *scene) { return input(scene, PRESS_INPUT_SAFETY_RELAY_OK); }

static bool limiter(const scene_t *scene) { return input(scene, PRESS_INPUT_LIMITER_OK); }

static bool contactors_open(const scene_t *scene)
{
    return !input(scene, PRESS_INPUT_CONTACTOR_TOP_CLOSED) &&
           !input(scene, PRESS_INPUT_CONTACTOR_BOTTOM_CLOSED);
}

static bool oil(const scene_t *scene)
{
    return input(scene, PRESS_INPUT_OIL_LEVEL_OK) && input(scene, PRESS_INPUT_OIL_FILTER_OK) &&
           input(scene, PRESS_INPUT_OIL_TEMPERATURE_OK);
}

static bool mains(const scene_t *scene) { return input(scene, PRESS_INPUT_MAINS_OK); }

static bool all_good(const press_observation_t *observation)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) any |= observation->quality[i];
    return any == PRESS_GOOD;
}

static bool sensors_good(const scene_t *scene)
{
    if (all_good(scene->observation)) return true;
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        if (scene->config->channel[i].required != 0 && scene->observation->quality[i] != PRESS_GOOD) {
            return false;
        }
    }
    return true;
}

static bool pressure_released(const scene_t *scene)
{
    return scene->observation->pressure_quality != PRESS_BAD &&
           scene->observation->cylinder_pressure_bar <= scene->config->limit.released_bar_max;
}

static bool zones_below(const scene_t *scene, double limit_c)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (!press_trusted(scene->config, scene->observation, i)) return false;
        if (!(scene->observation->measurement_channel_unit[i] <= limit_c)) return false;
    }
    return true;
}

static bool cool_enough(const scene_t *scene)
{
    return zones_below(scene, scene->config->limit.start_temperature_c_max);
}

static bool io_fresh(const scene_t *scene)
{
    return scene->state->digital_stale_s <= scene->config->limit.io_age_s_max &&
           scene->state->reading_stale_s <= scene->config->limit.io_age_s_max;
}

static const permissive_row_t PERMISSIVE[PRESS_PERMISSIVE_COUNT] = {
    [PRESS_PERMISSIVE_NO_TRIP] = {"no trip is latched", no_trip, false},
    [PRESS_PERMISSIVE_GUARD_CLOSED] = {"both guard contacts closed", guard_closed, true},
    [PRESS_PERMISSIVE_ESTOP_RELEASED] = {"both emergency-stop contacts released", estop_released,
                                          true},
    [PRESS_PERMISSIVE_SAFETY_RELAY_OK] = {"safety relay closed", safety_relay, true},
    [PRESS_PERMISSIVE_LIMITER_OK] = {"temperature limiter closed", limiter, true},
    [PRESS_PERMISSIVE_CONTACTORS_OPEN] = {"both heater contactors proven open", contactors_open,
                                          true},
    [PRESS_PERMISSIVE_OIL_OK] = {"oil level, filter and temperature in order", oil, true},
    [PRESS_PERMISSIVE_MAINS_OK] = {"mains present", mains, true},
    [PRESS_PERMISSIVE_SENSORS_GOOD] = {"every required sensor good", sensors_good, false},
    [PRESS_PERMISSIVE_PRESSURE_RELEASED] = {"cylinder pressure released", pressure_released,
                                            false},
    [PRESS_PERMISSIVE_COOL_ENOUGH] = {"every zone cool enough to start", cool_enough, false},
    [PRESS_PERMISSIVE_IO_FRESH] = {"inputs fresh", io_fresh, false},
};

/* ---- interlocks ------------------------------------------------------------------------- */

static bool zone_is_over(const scene_t *scene, uint32_t zone)
{
    const double stood_s = scene->state->zone[zone].over_warn_s;
    return stood_s > 0.0 &&
           press_stood(scene->config, stood_s, scene->config->limit.over_temperature_warn_s);
}

static bool any_zone_over(const scene_t *scene)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (zone_is_over(scene, i)) return true;
    }
    return false;
}

/* BAD, standing still, or not showing its heat: nobody knows how hot the zone is. */
static bool zone_is_blind(const scene_t *scene, uint32_t zone)
{
    return !press_trusted(scene->config, scene->observation, zone) ||
           (scene->observation->quality_reason_bits[zone] & PRESS_REASON_STUCK) != 0 ||
           scene->state->zone[zone].no_gain != 0;
}

static bool any_zone_blind(const scene_t *scene)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (zone_is_blind(scene, i)) return true;
    }
    return false;
}

static bool temperature_held(const scene_t *scene)
{
    return scene->state->temperature_ramp_held != 0;
}

static bool cold_stack(const scene_t *scene)
{
    return press_has(scene->state->pressure_ramp_held, PRESS_INTERLOCK_COLD_STACK);
}

static bool pressure_uncertain(const scene_t *scene)
{
    return press_has(scene->state->pressure_ramp_held, PRESS_INTERLOCK_PRESSURE_UNCERTAIN);
}

static bool pressure_held(const scene_t *scene)
{
    return press_has(scene->state->pressure_ramp_held, PRESS_INTERLOCK_PRESSURE_HOLDBACK);
}

static bool water_above_steam(const scene_t *scene)
{
    return scene->state->command.cooling == PRESS_COOLING_WATER &&
           !zones_below(scene, scene->config->limit.steam_limit_c);
}

/* Without water no flow proves nothing, so it stands until water is no longer asked for. */
static bool water_no_flow(const scene_t *scene)
{
    const uint32_t water =
        press_bit(PRESS_OUTPUT_COOLING_WATER_TOP) | press_bit(PRESS_OUTPUT_COOLING_WATER_BOTTOM);
    if (press_has(scene->state->interlock_bits, PRESS_INTERLOCK_WATER_NO_FLOW)) {
        return scene->state->command.cooling == PRESS_COOLING_WATER;
    }
    return (scene->state->digital_output_bits & water) != 0 &&
           !input(scene, PRESS_INPUT_WATER_FLOW_OK);
}

static bool heat_and_cool(const scene_t *scene)
{
    return press_has(scene->state->exclusion_bits, PRESS_INTERLOCK_HEAT_AND_COOL);
}

static bool oil_not_ok(const scene_t *scene) { return !oil(scene); }

static bool approach_under_load(const scene_t *scene)
{
    return press_has(scene->state->exclusion_bits, PRESS_INTERLOCK_APPROACH_UNDER_LOAD);
}

static bool dump_excludes_pump(const scene_t *scene)
{
    return press_has(scene->state->exclusion_bits, PRESS_INTERLOCK_DUMP_EXCLUDES_PUMP);
}

static const interlock_row_t INTERLOCK[PRESS_INTERLOCK_COUNT] = {
    [PRESS_INTERLOCK_ZONE_OVER_TEMPERATURE] = {"zone too hot: its heater off", any_zone_over, 0.0},
    [PRESS_INTERLOCK_ZONE_SENSOR_BAD] = {"zone sensor bad: its heater off", any_zone_blind, 0.0},
    [PRESS_INTERLOCK_TEMPERATURE_HOLDBACK] = {"a zone lags: temperature ramp held",
                                              temperature_held, 0.0},
    [PRESS_INTERLOCK_COLD_STACK] = {"stack too cold: pressure ramp held", cold_stack, 0.0},
    [PRESS_INTERLOCK_PRESSURE_UNCERTAIN] = {"pressure not certain: pressure ramp held",
                                            pressure_uncertain, 0.0},
    [PRESS_INTERLOCK_PRESSURE_HOLDBACK] = {"pressure lags: pressure ramp held", pressure_held, 0.0},
    [PRESS_INTERLOCK_WATER_ABOVE_STEAM_LIMIT] = {"platen above the steam limit: air before water",
                                                 water_above_steam, 0.0},
    [PRESS_INTERLOCK_WATER_NO_FLOW] = {"no cooling flow: water off", water_no_flow,
                                       FLOW_DEBOUNCE_S},
    [PRESS_INTERLOCK_HEAT_AND_COOL] = {"water on: heaters of that platen off", heat_and_cool, 0.0},
    [PRESS_INTERLOCK_OIL_NOT_OK] = {"oil not in order: no further pressure rise", oil_not_ok,
                                    OIL_DEBOUNCE_S},
    [PRESS_INTERLOCK_APPROACH_UNDER_LOAD] = {"under load: approach valve shut",
                                             approach_under_load, 0.0},
    [PRESS_INTERLOCK_DUMP_EXCLUDES_PUMP] = {"dumping: pump off", dump_excludes_pump, 0.0},
};

/* ---- engines ---------------------------------------------------------------------------- */

static uint32_t missing_permissives(const scene_t *scene)
{
    const press_observation_t *before = &scene->state->observation;
    const bool same_inputs =
        scene->state->initialised != 0 &&
        before->digital_input_bits == scene->observation->digital_input_bits;
    uint32_t missing_bits = 0;
    for (uint32_t i = 0; i < PRESS_PERMISSIVE_COUNT; i++) {
        if (same_inputs && PERMISSIVE[i].of_inputs) {
            missing_bits |= before->permissive_missing_bits & press_bit(i);
        } else if (!PERMISSIVE[i].given(scene)) {
            missing_bits |= press_bit(i);
        }
    }
    return missing_bits;
}

/* No row outside these can have a cause. */
static uint32_t interlocks_possible(const scene_t *scene)
{
    const press_state_t *state = scene->state;
    const uint32_t water =
        press_bit(PRESS_OUTPUT_COOLING_WATER_TOP) | press_bit(PRESS_OUTPUT_COOLING_WATER_BOTTOM);
    uint32_t rows = press_bit(PRESS_INTERLOCK_OIL_NOT_OK) | state->exclusion_bits;
    if (state->zones_suspect != 0) {
        rows |= press_bit(PRESS_INTERLOCK_ZONE_OVER_TEMPERATURE) |
                press_bit(PRESS_INTERLOCK_ZONE_SENSOR_BAD);
    }
    if (state->temperature_ramp_held != 0) rows |= press_bit(PRESS_INTERLOCK_TEMPERATURE_HOLDBACK);
    if (state->pressure_ramp_held != 0) {
        rows |= press_bit(PRESS_INTERLOCK_COLD_STACK) |
                press_bit(PRESS_INTERLOCK_PRESSURE_UNCERTAIN) |
                press_bit(PRESS_INTERLOCK_PRESSURE_HOLDBACK);
    }
    if (state->command.cooling == PRESS_COOLING_WATER || (state->digital_output_bits & water) != 0) {
        rows |= press_bit(PRESS_INTERLOCK_WATER_ABOVE_STEAM_LIMIT) |
                press_bit(PRESS_INTERLOCK_WATER_NO_FLOW);
    }
    return rows & (press_bit(PRESS_INTERLOCK_COUNT) - 1U);
}

static uint32_t standing_interlocks(const scene_t *scene, double stood_s[PRESS_INTERLOCK_COUNT],
                                    uint32_t *cause_bits)
{
    uint32_t standing_bits = 0;
    uint32_t asked = interlocks_possible(scene) | *cause_bits;
    *cause_bits = 0;
    for (uint32_t i = 0; asked != 0; i++, asked >>= 1) {
        if ((asked & 1U) == 0) continue;
        if (!INTERLOCK[i].cause(scene)) {
            stood_s[i] = 0.0;
            continue;
        }
        *cause_bits |= press_bit(i);
        stood_s[i] += scene->config->tick_s;
        if (press_stood(scene->config, stood_s[i], INTERLOCK[i].debounce_s)) {
            standing_bits |= press_bit(i);
        }
    }
    return standing_bits;
}

static uint32_t zones_held(const scene_t *scene)
{
    uint32_t held_bits = 0;
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (zone_is_over(scene, i) || zone_is_blind(scene, i)) {
            held_bits |= press_bit(i);
        }
    }
    return held_bits;
}

bool press_water_forbidden(const press_config_t *config, const press_observation_t *observation)
{
    const scene_t scene = {config, NULL, observation};
    return !zones_below(&scene, config->limit.steam_limit_c);
}

static void publish_trips(const press_state_t *state, press_observation_t *observation)
{
    observation->trip_bits = state->trip_bits;
    observation->trip_action_bits = 0;
    for (int32_t i = 0; state->trip_bits != 0 && i < PRESS_TRIP_COUNT; i++) {
        if (press_has(state->trip_bits, (uint32_t)i)) {
            observation->trip_action_bits |= press_trip_action_bits(i);
        }
    }
    observation->first_out_trip = state->first_out_trip;
    observation->first_out_channel = state->first_out_channel;
    observation->first_out_channel_unit = state->first_out_channel_unit;
}

static bool differs(const press_observation_t *before, const press_observation_t *now)
{
    return before->permissive_missing_bits != now->permissive_missing_bits ||
           before->interlock_bits != now->interlock_bits || before->trip_bits != now->trip_bits ||
           before->advisory_bits != now->advisory_bits ||
           memcmp(before->quality, now->quality, sizeof now->quality) != 0;
}

void press_interlock(const press_config_t *config, press_state_t *state,
                     const press_sensor_t *sensor, press_observation_t *observation)
{
    const scene_t scene = {config, state, observation};
    press_watch(config, state, observation);
    press_trips(config, state, sensor, observation);
    state->interlock_bits = standing_interlocks(&scene, state->interlock_s, &state->interlock_standing_bits);
    state->zone_interlock_bits = state->zones_suspect != 0 ? zones_held(&scene) : 0;
    observation->interlock_bits = state->interlock_bits;
    observation->permissive_missing_bits = missing_permissives(&scene);
    if (state->advise_countdown_ticks == 0) {
        press_advise(config, state, sensor, observation);
        state->advise_countdown_ticks = config->thermal_ticks;
    }
    state->advise_countdown_ticks -= 1;
    observation->advisory_bits = state->advisory_bits;
    publish_trips(state, observation);
    if (differs(&state->observation, observation)) state->change_count += 1;
    observation->change_count = state->change_count;
    state->initialised = 1;
    state->observation = *observation;
}

const char *press_permissive_text(int32_t permissive)
{
    return permissive >= 0 && permissive < PRESS_PERMISSIVE_COUNT ? PERMISSIVE[permissive].text
                                                                  : "unknown permissive";
}

const char *press_interlock_text(int32_t interlock)
{
    return interlock >= 0 && interlock < PRESS_INTERLOCK_COUNT ? INTERLOCK[interlock].text
                                                               : "unknown interlock";
}
