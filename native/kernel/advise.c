/* advise.c: what a person should know, or the recipe should wait for. The fourth table.
 *
 * Theory of operation. An advisory takes nothing away: permissive, interlock and trip do. It says
 * that the press is safe and the batch may not be: WARN is announced, HOLD asks the recipe to
 * freeze its setpoints with this row as the cause. Rows are asked at the rate of the thermal laws;
 * one whose cause has stood for its debounce is shown, and stays shown for a second after the
 * cause has gone, so that a recipe at a tenth of the tick's rate sees it and nobody is deafened.
 *
 * Evidence is collected elsewhere (validate.c, watch.c, family.c, oil.c) and only compared here.
 */
#include "channel.h"

#include <math.h>
#include <string.h>

#define SHOWN_S 1.0
#define KN_PER_BAR_MM2 1e-4
#define FORCE_FLOOR_FRACTION 0.2 /* of the load cell's range: below, friction explains more */
#define MPA_FLOOR 1.0
#define REFUSED_S 5.0

typedef struct {
    const press_config_t *config;
    const press_state_t *state;
    const press_sensor_t *sensor;
    const press_observation_t *observation;
} view_t;

typedef struct {
    const char *text;
    uint32_t action_bits;
    bool (*cause)(const view_t *view);
    double (*debounce_s)(const press_config_t *config); /* NULL: none */
} advisory_row_t;

static bool input(const view_t *view, uint32_t number)
{
    return press_has(view->observation->digital_input_bits, number);
}

/* ---- sensors ---------------------------------------------------------------------------- */

/* A burst of noise makes a channel bad for a while as well. That is no reason to hold, unless
 * nothing has been believed for seconds. */
static bool sensor_bad(const view_t *view)
{
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        const bool noise = view->observation->quality_reason_bits[i] == PRESS_REASON_RATE &&
                           view->state->channel[i].since_good_s < REFUSED_S;
        if (view->config->channel[i].required != 0 &&
            view->observation->quality[i] == PRESS_BAD && !noise) {
            return true;
        }
    }
    return false;
}

/* Live noise is gone, whatever the value: stuck.c would need a move to accuse. */
static bool sensor_flat(const view_t *view)
{
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        const press_channel_config_t *channel = &view->config->channel[i];
        const press_channel_state_t *own = &view->state->channel[i];
        if (channel->fitted == 1 && press_channel_flat(channel, own, view->config->tick_s)) return true;
    }
    return false;
}

static bool sensor_noisy(const view_t *view)
{
    for (uint32_t i = 0; i < PRESS_SCATTER_COUNT; i++) {
        const uint32_t number = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR + i;
        const press_channel_config_t *channel = &view->config->channel[number];
        if (channel->fitted == 1 && channel->noise_channel_unit_max > 0.0 &&
            view->state->scatter[i].scatter_channel_unit >
                view->config->advice.noise_ratio_max * channel->noise_channel_unit_max) {
            return true;
        }
    }
    return false;
}

static bool sensor_spikes(const view_t *view)
{
    for (uint32_t i = 0; i < PRESS_CHANNEL_COUNT; i++) {
        if (view->config->channel[i].fitted == 1 &&
            press_channel_spikes(&view->state->channel[i], view->config->tick_s,
                                 view->state->observe_count)) {
            return true;
        }
    }
    return false;
}

static bool pair_apart(const view_t *view, double ratio)
{
    const uint32_t a = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
    const uint32_t b = PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR;
    const double apart_bar = fabs(view->observation->measurement_channel_unit[a] -
                                  view->observation->measurement_channel_unit[b]);
    return press_trusted(view->config, view->observation, a) &&
           press_trusted(view->config, view->observation, b) &&
           !press_saturated(view->observation, a) && !press_saturated(view->observation, b) &&
           apart_bar > ratio * view->config->limit.pressure_pair_bar_max;
}

/* As pair.c compares them, but tighter and farther from friction; nearer to it only what has
 * changed at rest is known. */
static bool force_apart(const view_t *view, double ratio)
{
    const press_config_t *config = view->config;
    const uint32_t cell = PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
    const double expected_kn = view->observation->cylinder_pressure_bar *
                                   config->hydraulic.cylinder_area_mm2 * KN_PER_BAR_MM2 -
                               config->hydraulic.ram_weight_kn;
    const double measured_kn = view->observation->measurement_channel_unit[cell];
    const double larger_kn = measured_kn > expected_kn ? measured_kn : expected_kn;
    if (!press_trusted(config, view->observation, cell) ||
        press_saturated(view->observation, cell)) {
        return false;
    }
    const double floor_kn = FORCE_FLOOR_FRACTION * config->channel[cell].range_high_channel_unit;
    const double allowed_ratio = ratio * config->limit.force_mismatch_fraction_max;
    const double least_kn = larger_kn > floor_kn ? larger_kn : floor_kn;
    if (fabs(view->state->oil.force_moved_kn) > allowed_ratio * least_kn) return true;
    return larger_kn > floor_kn && fabs(measured_kn - expected_kn) > allowed_ratio * larger_kn;
}

static bool pressure_drift(const view_t *view)
{
    return pair_apart(view, view->config->advice.drift_ratio_warn) ||
           force_apart(view, view->config->advice.drift_force_ratio_warn);
}

static bool pressure_drift_far(const view_t *view)
{
    return pair_apart(view, view->config->advice.drift_ratio_hold) ||
           force_apart(view, view->config->advice.drift_force_ratio_hold);
}

static bool zone_apart(const view_t *view, double power_fraction, double gap_k)
{
    for (uint32_t i = 0; i < view->config->zone_count; i++) {
        if (fabs(view->state->zone[i].family_w) > power_fraction * view->config->zone[i].power_w) {
            return true;
        }
    }
    for (uint32_t i = 0; i < PRESS_PLATEN_COUNT; i++) {
        if (fabs(view->state->family.limiter_gap_k[i]) > gap_k) return true;
    }
    return false;
}

static bool zone_drift(const view_t *view)
{
    return zone_apart(view, view->config->advice.family_power_fraction_warn,
                      view->config->advice.limiter_gap_k_warn);
}

static bool zone_drift_far(const view_t *view)
{
    return zone_apart(view, view->config->advice.family_power_fraction_hold,
                      view->config->advice.limiter_gap_k_hold);
}

/* ---- heat ------------------------------------------------------------------------------- */

static bool zone_no_gain(const view_t *view)
{
    for (uint32_t i = 0; i < view->config->zone_count; i++) {
        if (view->state->zone[i].no_gain != 0) return true;
    }
    return false;
}

static bool zones_swapped(const view_t *view) { return view->state->family.swapped_zone >= 0; }

static bool platen_mass(const view_t *view) { return view->state->family.mass_wrong != 0; }

static bool heater_weak(const view_t *view)
{
    for (uint32_t i = 0; i < view->config->zone_count; i++) {
        const double stood_s = view->state->zone[i].weak_s;
        if (stood_s > 0.0 &&
            press_stood(view->config, stood_s, view->config->advice.heater_weak_s)) {
            return true;
        }
    }
    return false;
}

static bool heater_weak_ramp(const view_t *view)
{
    return heater_weak(view) && view->state->temperature_ramp_held != 0;
}

static bool no_isolation(const view_t *view)
{
    for (uint32_t i = 0; i < view->config->zone_count; i++) {
        const double stood_s = view->state->zone[i].unisolated_s;
        if (stood_s > 0.0 &&
            press_stood(view->config, stood_s, view->config->advice.no_isolation_s)) {
            return true;
        }
    }
    return false;
}

/* ---- pressure --------------------------------------------------------------------------- */

static bool not_rising(const view_t *view)
{
    const double short_s = view->state->oil.short_s;
    return view->state->oil.follows_up_not != 0 ||
           (short_s > 0.0 &&
            press_stood(view->config, short_s, view->config->advice.not_rising_s));
}

static bool valve_slow(const view_t *view)
{
    return view->state->oil.follow_ratio < view->config->advice.follow_ratio_slow;
}

static bool hunting(const view_t *view) { return view->state->oil.hunts != 0; }

static bool leak(const view_t *view)
{
    return view->state->oil.leak_bar_per_min > view->config->advice.leak_bar_per_min;
}

static bool near_limit(const view_t *view)
{
    const double limit_mpa = view->config->limit.stack_pressure_mpa_max;
    return view->observation->pressure_quality != PRESS_BAD && limit_mpa > MPA_FLOOR &&
           view->observation->stack_pressure_mpa >
               view->config->advice.near_limit_fraction * limit_mpa;
}

/* ---- services and wires ----------------------------------------------------------------- */

static bool coolant_lost(const view_t *view)
{
    return press_has(view->state->interlock_bits, PRESS_INTERLOCK_WATER_NO_FLOW) ||
           (view->state->flow_missing_s > 0.0 &&
            press_stood(view->config, view->state->flow_missing_s, view->config->advice.flow_s));
}

static bool oil_not_ok(const view_t *view)
{
    return press_has(view->state->interlock_bits, PRESS_INTERLOCK_OIL_NOT_OK);
}

static bool mains_lost(const view_t *view)
{
    return view->state->mains_lost_s > 0.0 &&
           press_stood(view->config, view->state->mains_lost_s, view->config->advice.mains_dip_s);
}

static bool guard_differs(const view_t *view)
{
    return input(view, PRESS_INPUT_GUARD_A_CLOSED) != input(view, PRESS_INPUT_GUARD_B_CLOSED) ||
           input(view, PRESS_INPUT_ESTOP_A_OK) != input(view, PRESS_INPUT_ESTOP_B_OK);
}

/* On the wire, and in neither of the last images this kernel wrote. */
static bool foreign_output(const view_t *view)
{
    const press_state_t *state = view->state;
    const uint32_t known = press_bit(PRESS_OUTPUT_WATCHDOG) - 1U; /* the lamp may lag */
    const uint32_t ours = state->digital_output_bits | state->digital_output_bits_previous;
    return view->sensor->readback_ok == 1 &&
           (view->sensor->digital_output_bits_readback & known & ~ours) != 0;
}

static double bad_s(const press_config_t *config) { return config->advice.sensor_bad_s; }
static double drift_s(const press_config_t *config) { return config->advice.drift_s; }
static double unmet_s(const press_config_t *config) { return config->advice.ramp_unmet_s; }
static double discrepancy_s(const press_config_t *config) { return config->advice.discrepancy_s; }

#define WARN PRESS_ADVICE_WARN
#define HOLD PRESS_ADVICE_HOLD
#define HOLD_COLD (PRESS_ADVICE_HOLD | PRESS_ADVICE_HEATERS_OFF)
#define HOLD_ALL (PRESS_ADVICE_HOLD | PRESS_ADVICE_HEATERS_OFF | PRESS_ADVICE_PUMP_OFF)
#define HOLD_QUIET (PRESS_ADVICE_HOLD | PRESS_ADVICE_PUMP_OFF)

static const advisory_row_t ADVISORY[PRESS_ADVISORY_COUNT] = {
    [PRESS_ADVISORY_SENSOR_BAD] = {"a required sensor is bad", HOLD, sensor_bad, bad_s},
    [PRESS_ADVISORY_SENSOR_FLAT] = 
        {"a sensor's noise has stopped", HOLD_ALL, sensor_flat, NULL},
    [PRESS_ADVISORY_SENSOR_NOISY] = {"a sensor is noisy", WARN, sensor_noisy, NULL},
    [PRESS_ADVISORY_SENSOR_SPIKES] = {"a sensor spikes", WARN, sensor_spikes, NULL},
    [PRESS_ADVISORY_PRESSURE_DRIFT] =
        {"pressure sensors drift apart", WARN, pressure_drift, drift_s},
    [PRESS_ADVISORY_PRESSURE_DRIFT_FAR] =
        {"pressure sensors are far apart", HOLD, pressure_drift_far, drift_s},
    [PRESS_ADVISORY_ZONE_DRIFT] = {"a zone needs other heat than its family", WARN, zone_drift, NULL},
    [PRESS_ADVISORY_ZONE_DRIFT_FAR] =
        {"a zone needs far other heat than its family", HOLD, zone_drift_far, NULL},
    [PRESS_ADVISORY_ZONE_NO_GAIN] =
        {"heat does not show: that zone's heater off", HOLD_COLD, zone_no_gain, NULL},
    [PRESS_ADVISORY_ZONES_SWAPPED] =
        {"two zones show each other's heat", HOLD_COLD, zones_swapped, NULL},
    [PRESS_ADVISORY_PLATEN_MASS] = {"platens of another mass", HOLD, platen_mass, NULL},
    [PRESS_ADVISORY_HEATER_WEAK] = {"a heater gives part of its current", WARN, heater_weak, NULL},
    [PRESS_ADVISORY_HEATER_WEAK_RAMP] =
        {"a weak heater holds the ramp", HOLD, heater_weak_ramp, unmet_s},
    [PRESS_ADVISORY_NO_ISOLATION] =
        {"current through an open contactor", WARN, no_isolation, NULL},
    [PRESS_ADVISORY_PRESSURE_NOT_RISING] =
        {"pressure does not follow its setpoint up", HOLD_QUIET, not_rising, NULL},
    [PRESS_ADVISORY_VALVE_SLOW] = {"pressure follows its setpoint late", WARN, valve_slow, NULL},
    [PRESS_ADVISORY_PRESSURE_HUNTING] = {"pressure hunts", WARN, hunting, NULL},
    [PRESS_ADVISORY_PRESSURE_LEAK] = {"retained pressure leaks slowly", WARN, leak, NULL},
    [PRESS_ADVISORY_PRESSURE_NEAR_LIMIT] = {"pressure near its limit", HOLD, near_limit, NULL},
    [PRESS_ADVISORY_COOLANT_LOST] = {"cooling water does not flow", HOLD_COLD, coolant_lost, NULL},
    [PRESS_ADVISORY_OIL_NOT_OK] = {"oil not in order", HOLD, oil_not_ok, NULL},
    [PRESS_ADVISORY_MAINS_DIP] = {"mains dipped", HOLD_ALL, mains_lost, NULL},
    [PRESS_ADVISORY_GUARD_DISCREPANCY] =
        {"two contacts of one switch disagree", WARN, guard_differs, discrepancy_s},
    [PRESS_ADVISORY_FOREIGN_OUTPUT] =
        {"an output is on that was not switched on here", WARN, foreign_output, NULL},
};

static void advise(const view_t *view, press_state_t *state, uint32_t row, double step_s)
{
    const advisory_row_t *advisory = &ADVISORY[row];
    const double debounce_s =
        advisory->debounce_s == NULL ? 0.0 : advisory->debounce_s(view->config);
    if (advisory->cause(view)) {
        state->advisory_s[row] += step_s;
        if (press_stood(view->config, state->advisory_s[row], debounce_s)) {
            state->advisory_rest_s[row] = SHOWN_S;
        }
    } else {
        state->advisory_s[row] = 0.0;
        state->advisory_rest_s[row] -= step_s;
    }
    if (state->advisory_rest_s[row] > 0.0) {
        state->advisory_bits |= press_bit(row);
    } else {
        state->advisory_bits &= ~press_bit(row);
        state->advisory_rest_s[row] = 0.0;
    }
}

void press_advise(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                  const press_observation_t *observation)
{
    const view_t view = {config, state, sensor, observation};
    const double step_s = config->tick_s * config->thermal_ticks;
    for (uint32_t row = 0; row < PRESS_ADVISORY_COUNT; row++) advise(&view, state, row, step_s);
}

const char *press_advisory_text(int32_t advisory)
{
    return advisory >= 0 && advisory < PRESS_ADVISORY_COUNT ? ADVISORY[advisory].text
                                                            : "unknown advisory";
}

uint32_t press_advisory_action_bits(int32_t advisory)
{
    return advisory >= 0 && advisory < PRESS_ADVISORY_COUNT ? ADVISORY[advisory].action_bits
                                                            : (uint32_t)HOLD;
}
