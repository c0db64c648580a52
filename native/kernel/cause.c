/* cause.c: the predicates of the trip table, in its order.
 *
 * Written as "not proven to be in order": a NaN is a cause. What needs time to show is timed by
 * watch.c and only compared here. Over-pressure and over-temperature look at accepted readings
 * before the filter; validation has already refused every sample the machine's fastest change
 * could not have produced, so one sample may decide.
 */
#include "cause.h"

#include <math.h>

#define READBACK_FRACTION_MAX 0.01
#define MPA_PER_KN_MM2 1000.0

static bool offend(offence_t *offence, double channel_unit, int32_t channel)
{
    offence->channel_unit = channel_unit;
    offence->channel = channel;
    return true;
}

static bool input(const scene_t *scene, uint32_t number)
{
    return press_has(scene->observation->digital_input_bits, number);
}

bool press_cause_never(const scene_t *scene, offence_t *offence)
{
    (void)scene;
    (void)offence;
    return false; /* BOOT and COMMAND_LEASE are latched where they arise */
}

bool press_cause_estop(const scene_t *scene, offence_t *offence)
{
    (void)offence;
    return !input(scene, PRESS_INPUT_ESTOP_A_OK) || !input(scene, PRESS_INPUT_ESTOP_B_OK);
}

/* An open guard at rest is how a press is loaded. It is a fault under pressure, and when a command
 * asks for motion: closing the guard must not start anything, so that takes a reset as well. */
bool press_cause_guard_open(const scene_t *scene, offence_t *offence)
{
    const double pressure_bar = scene->observation->cylinder_pressure_bar;
    if (input(scene, PRESS_INPUT_GUARD_A_CLOSED) && input(scene, PRESS_INPUT_GUARD_B_CLOSED)) {
        return false;
    }
    if (scene->state->command.hydraulics == PRESS_HYDRAULICS_OFF &&
        pressure_bar <= scene->config->limit.released_bar_max) {
        return false;
    }
    return offend(offence, pressure_bar, PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR);
}

bool press_cause_safety_relay(const scene_t *scene, offence_t *offence)
{
    (void)offence;
    if (scene->state->mains_lost_s > 0.0) return false; /* it drops with the mains: MAINS judges */
    return !input(scene, PRESS_INPUT_SAFETY_RELAY_OK);
}

bool press_cause_limiter(const scene_t *scene, offence_t *offence)
{
    (void)offence;
    return !input(scene, PRESS_INPUT_LIMITER_OK);
}

bool press_cause_mains(const scene_t *scene, offence_t *offence)
{
    (void)offence;
    return !input(scene, PRESS_INPUT_MAINS_OK);
}

bool press_cause_io_lost(const scene_t *scene, offence_t *offence)
{
    const double limit_s = scene->config->limit.io_age_s_max;
    const double digital_s = scene->state->digital_stale_s;
    const double reading_s = scene->state->reading_stale_s;
    const double stale_s = digital_s > reading_s ? digital_s : reading_s;
    return !(stale_s <= limit_s) && offend(offence, stale_s, -1);
}

bool press_cause_lease_lapsed(const scene_t *scene, offence_t *offence)
{
    const uint32_t counted = scene->sensor->lease_lapse_count;
    return scene->sensor->readback_ok == 1 && scene->state->lease_primed != 0 &&
           counted != scene->state->lease_lapse_count && offend(offence, (double)counted, -1);
}

/* The read-back may show the last image or the one before: a wire takes its time. */
bool press_cause_readback(const scene_t *scene, offence_t *offence)
{
    const press_state_t *state = scene->state;
    const uint32_t known = press_bit(PRESS_OUTPUT_COUNT) - 1U;
    const uint32_t seen = scene->sensor->digital_output_bits_readback;
    const double valve_fraction = scene->sensor->valve_open_fraction_readback;
    if (scene->sensor->readback_ok != 1) return false; /* io_lost judges that */
    if (((seen ^ state->digital_output_bits) & known) != 0 &&
        ((seen ^ state->digital_output_bits_previous) & known) != 0) {
        return offend(offence, (double)(seen & known), -1);
    }
    return !(fabs(valve_fraction - state->valve_open_fraction) <= READBACK_FRACTION_MAX) &&
           !(fabs(valve_fraction - state->valve_open_fraction_previous) <= READBACK_FRACTION_MAX) &&
           offend(offence, press_finite(valve_fraction) ? valve_fraction : 0.0, -1);
}

bool press_cause_over_temperature(const scene_t *scene, offence_t *offence)
{
    const press_limit_config_t *limit = &scene->config->limit;
    for (uint32_t i = 0; i <= PRESS_CHANNEL_STACK_TEMPERATURE_C; i++) {
        const double reading_c = scene->state->channel[i].reading_channel_unit;
        double limit_c = limit->temperature_c_trip;
        if (!press_trusted(scene->config, scene->observation, i)) continue;
        if (i < scene->config->zone_count) {
            const double own_c =
                scene->state->zone[i].over_reference_c + limit->over_temperature_trip_k;
            if (!(own_c >= limit_c)) limit_c = own_c;
        }
        if (!(reading_c <= limit_c)) return offend(offence, reading_c, (int32_t)i);
    }
    return false;
}

/* Only while the zone is, or may get, hot: cold and unasked it is a missing permissive. */
bool press_cause_zone_sensor(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        const double last_c = scene->observation->measurement_channel_unit[i];
        const double bad_s = scene->state->zone[i].sensor_bad_s;
        const bool hot = scene->state->command.heat_enable == 1 ||
                         last_c > scene->config->limit.start_temperature_c_max;
        if (bad_s > 0.0 && hot &&
            press_stood(scene->config, bad_s, scene->config->limit.zone_sensor_bad_s_max)) {
            return offend(offence, last_c, (int32_t)i);
        }
    }
    return false;
}

bool press_cause_out_of_family(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        const double stood_s = scene->state->zone[i].family_s;
        if (stood_s > 0.0 &&
            press_stood(scene->config, stood_s, scene->config->limit.out_of_family_s)) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

static bool current_fault(const scene_t *scene, uint32_t zone, double stood_s, double limit_s,
                          offence_t *offence)
{
    const uint32_t channel = PRESS_CHANNEL_HEATER_1_CURRENT_A + zone;
    return stood_s > 0.0 && press_stood(scene->config, stood_s, limit_s) &&
           offend(offence, scene->state->channel[channel].reading_channel_unit, (int32_t)channel);
}

bool press_cause_ssr_welded(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (current_fault(scene, i, scene->state->zone[i].welded_s,
                          scene->config->limit.ssr_welded_s, offence)) {
            return true;
        }
    }
    return false;
}

bool press_cause_uncommanded_heat(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (scene->state->zone[i].uncommanded != 0) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

bool press_cause_heater_break(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (current_fault(scene, i, scene->state->zone[i].heater_break_s,
                          scene->config->limit.heater_break_s, offence)) {
            return true;
        }
    }
    return false;
}

bool press_cause_loop_break(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        const double stood_s = scene->state->zone[i].loop_break_s;
        if (stood_s > 0.0 && press_stood(scene->config, stood_s, scene->config->limit.loop_break_s)) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

bool press_cause_contactor_mismatch(const scene_t *scene, offence_t *offence)
{
    const uint32_t written = scene->state->digital_output_bits;
    (void)offence;
    return input(scene, PRESS_INPUT_CONTACTOR_TOP_CLOSED) !=
               press_has(written, PRESS_OUTPUT_CONTACTOR_TOP) ||
           input(scene, PRESS_INPUT_CONTACTOR_BOTTOM_CLOSED) !=
               press_has(written, PRESS_OUTPUT_CONTACTOR_BOTTOM);
}

/* Any one sensor suffices: too high is the dangerous side. */
bool press_cause_over_pressure(const scene_t *scene, offence_t *offence)
{
    const uint32_t cell = PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
    const double area_mm2 = scene->config->stack.area_mm2;
    const double force_kn = scene->state->channel[cell].reading_channel_unit;
    const double limit_mpa = scene->config->limit.stack_pressure_mpa_max;
    for (uint32_t i = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
         i <= PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR; i++) {
        const double reading_bar = scene->state->channel[i].reading_channel_unit;
        if (press_trusted(scene->config, scene->observation, i) &&
            !(reading_bar <= scene->config->limit.cylinder_bar_trip)) {
            return offend(offence, reading_bar, (int32_t)i);
        }
    }
    if (press_trusted(scene->config, scene->observation, cell) &&
        !(force_kn * MPA_PER_KN_MM2 / area_mm2 <= limit_mpa)) {
        return offend(offence, force_kn, (int32_t)cell);
    }
    return !(scene->observation->stack_pressure_mpa <= limit_mpa) &&
           offend(offence, scene->observation->cylinder_pressure_bar,
                  PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR);
}

bool press_cause_pressure_sensor(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR; i <= PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
         i++) {
        if (scene->config->channel[i].fitted == 1 && scene->observation->quality[i] == PRESS_BAD) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

bool press_cause_pressure_disagreement(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR; i <= PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
         i++) {
        if ((scene->observation->quality_reason_bits[i] & PRESS_REASON_PAIR) != 0) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

bool press_cause_pressure_loss(const scene_t *scene, offence_t *offence)
{
    return scene->state->pressure_lost != 0 &&
           offend(offence, scene->observation->cylinder_pressure_bar,
                  PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR);
}

bool press_cause_pump_no_rise(const scene_t *scene, offence_t *offence)
{
    const double stood_s = scene->state->pump_rise_s;
    return stood_s > 0.0 &&
           press_stood(scene->config, stood_s, scene->config->limit.pump_no_rise_s) &&
           offend(offence, scene->observation->cylinder_pressure_bar,
                  PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR);
}

bool press_cause_pump_mismatch(const scene_t *scene, offence_t *offence)
{
    (void)offence;
    return input(scene, PRESS_INPUT_PUMP_RUNNING) !=
           press_has(scene->state->digital_output_bits, PRESS_OUTPUT_PUMP);
}

bool press_cause_zone_falls(const scene_t *scene, offence_t *offence)
{
    for (uint32_t i = 0; i < scene->config->zone_count; i++) {
        if (scene->state->zone[i].falls != 0) {
            return offend(offence, scene->observation->measurement_channel_unit[i], (int32_t)i);
        }
    }
    return false;
}

bool press_cause_thermal_runaway(const scene_t *scene, offence_t *offence)
{
    const int32_t channel = scene->state->family.runaway_channel;
    return channel >= 0 &&
           offend(offence, scene->observation->measurement_channel_unit[channel], channel);
}

static bool offend_pressure(const scene_t *scene, offence_t *offence)
{
    return offend(offence, scene->observation->cylinder_pressure_bar,
                  PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR);
}

bool press_cause_pressure_burst(const scene_t *scene, offence_t *offence)
{
    return scene->state->oil.burst != 0 && offend_pressure(scene, offence);
}

bool press_cause_pressure_uncommanded(const scene_t *scene, offence_t *offence)
{
    return scene->state->oil.rises != 0 && offend_pressure(scene, offence);
}

bool press_cause_release_stuck(const scene_t *scene, offence_t *offence)
{
    return (scene->state->oil.follows_down_not != 0 || scene->state->oil.dump_stuck != 0) &&
           offend_pressure(scene, offence);
}

#define ZONE_ROWS                                                                             \
    (press_bit(PRESS_TRIP_ZONE_SENSOR) | press_bit(PRESS_TRIP_ZONE_OUT_OF_FAMILY) |           \
     press_bit(PRESS_TRIP_SSR_WELDED) | press_bit(PRESS_TRIP_UNCOMMANDED_HEAT) |              \
     press_bit(PRESS_TRIP_HEATER_BREAK) | press_bit(PRESS_TRIP_LOOP_BREAK) |                  \
     press_bit(PRESS_TRIP_ZONE_FALLS))
#define SAFETY_ROWS                                                                           \
    (press_bit(PRESS_TRIP_ESTOP) | press_bit(PRESS_TRIP_GUARD_OPEN) |                         \
     press_bit(PRESS_TRIP_SAFETY_RELAY) | press_bit(PRESS_TRIP_LIMITER) |                     \
     press_bit(PRESS_TRIP_MAINS))
#define SAFETY_INPUTS                                                                         \
    (press_bit(PRESS_INPUT_ESTOP_A_OK) | press_bit(PRESS_INPUT_ESTOP_B_OK) |                  \
     press_bit(PRESS_INPUT_GUARD_A_CLOSED) | press_bit(PRESS_INPUT_GUARD_B_CLOSED) |          \
     press_bit(PRESS_INPUT_SAFETY_RELAY_OK) | press_bit(PRESS_INPUT_LIMITER_OK) |             \
     press_bit(PRESS_INPUT_MAINS_OK))
#define WIRE_ROWS                                                                             \
    (press_bit(PRESS_TRIP_IO_LOST) | press_bit(PRESS_TRIP_IO_LEASE_LAPSED) |                  \
     press_bit(PRESS_TRIP_OUTPUT_READBACK) | press_bit(PRESS_TRIP_CONTACTOR_MISMATCH) |       \
     press_bit(PRESS_TRIP_PUMP_MISMATCH))
#define SENSOR_ROWS                                                                           \
    (press_bit(PRESS_TRIP_PRESSURE_SENSOR) | press_bit(PRESS_TRIP_PRESSURE_DISAGREEMENT))
#define PRESSURE_ROWS                                                                         \
    (press_bit(PRESS_TRIP_PRESSURE_LOSS) | press_bit(PRESS_TRIP_PUMP_NO_RISE) |               \
     press_bit(PRESS_TRIP_PRESSURE_BURST) | press_bit(PRESS_TRIP_PRESSURE_UNCOMMANDED) |      \
     press_bit(PRESS_TRIP_RELEASE_STUCK))

/* Everything on the wire is fresh, as written, and answered by its contacts. */
static bool wire_in_order(const scene_t *scene)
{
    const press_state_t *state = scene->state;
    const press_sensor_t *sensor = scene->sensor;
    const uint32_t written = state->digital_output_bits;
    const double limit_s = scene->config->limit.io_age_s_max;
    return state->digital_stale_s <= limit_s && state->reading_stale_s <= limit_s &&
           sensor->lease_lapse_count == state->lease_lapse_count &&
           sensor->digital_output_bits_readback == written &&
           sensor->valve_open_fraction_readback == state->valve_open_fraction &&
           input(scene, PRESS_INPUT_CONTACTOR_TOP_CLOSED) ==
               press_has(written, PRESS_OUTPUT_CONTACTOR_TOP) &&
           input(scene, PRESS_INPUT_CONTACTOR_BOTTOM_CLOSED) ==
               press_has(written, PRESS_OUTPUT_CONTACTOR_BOTTOM) &&
           input(scene, PRESS_INPUT_PUMP_RUNNING) == press_has(written, PRESS_OUTPUT_PUMP);
}

uint32_t press_causes_possible(const scene_t *scene)
{
    const press_state_t *state = scene->state;
    const press_oil_state_t *oil = &state->oil;
    const uint8_t *quality = scene->observation->quality;
    uint32_t rows = press_bit(PRESS_TRIP_OVER_TEMPERATURE) | press_bit(PRESS_TRIP_OVER_PRESSURE);
    if ((scene->observation->digital_input_bits & SAFETY_INPUTS) != SAFETY_INPUTS) rows |= SAFETY_ROWS;
    if (!wire_in_order(scene)) rows |= WIRE_ROWS;
    if (state->zones_suspect != 0) rows |= ZONE_ROWS;
    if (state->family.runaway_channel >= 0) rows |= press_bit(PRESS_TRIP_THERMAL_RUNAWAY);
    if ((quality[PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR] |
         quality[PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR] |
         quality[PRESS_CHANNEL_LOAD_CELL_FORCE_KN]) != PRESS_GOOD) {
        rows |= SENSOR_ROWS;
    }
    if ((state->pressure_lost | oil->burst | oil->rises | oil->follows_down_not | oil->dump_stuck) != 0 ||
        state->pump_rise_s > 0.0) {
        rows |= PRESSURE_ROWS;
    }
    return rows;
}
