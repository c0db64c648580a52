/* wip_advise.c: what a person should know, or the recipe should wait for; as advise.c, same shape.
 *
 * An advisory takes nothing away. A row whose cause has stood for its debounce is shown, and stays
 * shown for a second after the cause has gone. Evidence is collected elsewhere (wip_validate.c,
 * wip_watch.c, wip_health.c) and only compared here.
 */
#include "channel.h"
#include "wip_scene.h"

#include <math.h>
#include <stddef.h>

#define SHOWN_S 1.0
#define H2S_S 1.0

typedef struct {
    const char *text;
    uint32_t action_bits;
    bool (*cause)(const wip_scene_t *scene);
    double (*debounce_s)(const wip_config_t *config); /* NULL: none */
} advisory_row_t;

static bool stood(const wip_scene_t *s, double timer_s, double limit_s)
{
    return timer_s > 0.0 && wip_stood(s->config, timer_s, limit_s);
}

static bool sensor_bad(const wip_scene_t *s)
{
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        if (s->config->channel[i].required != 0 && s->seen->quality[i] == PRESS_BAD) return true;
    }
    return false;
}

static bool sensor_flat(const wip_scene_t *s)
{
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        if (s->config->channel[i].fitted == 1 &&
            (s->seen->quality_reason_bits[i] & PRESS_REASON_STUCK) != 0) {
            return true;
        }
    }
    return false;
}

/* One spike is refused and said to nobody. */
static bool sensor_spikes(const wip_scene_t *s)
{
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        if (s->config->channel[i].fitted == 1 &&
            press_channel_spikes(&s->state->channel[i], s->config->tick_s, s->state->observe_count)) {
            return true;
        }
    }
    return false;
}

/* Before its tare a transducer is forgiven what the tare may take. */
static bool pressures_apart(const wip_scene_t *s, double ratio)
{
    return fabs(s->state->pressure_pair_mpa) > ratio * s->config->limit.pressure_pair_mpa_max +
                                                   wip_forgiven_mpa(s->config, s->state);
}

static bool pressure_drift(const wip_scene_t *s)
{
    return pressures_apart(s, s->config->advice.drift_ratio_warn);
}

static bool pressure_drift_far(const wip_scene_t *s)
{
    return pressures_apart(s, s->config->advice.drift_ratio_hold);
}

/* So are two thermometers, until the flush that tares them is over. */
static bool thermometers_differ(const wip_scene_t *s, double limit_k)
{
    const bool tared = s->state->temperature_tared != 0 && s->state->flush_s <= 0.0;
    const double forgiven_k = tared ? 0.0 : 2.0 * s->config->limit.tare_k_max;
    return fabs(s->state->fluid_pair_k) > limit_k + forgiven_k;
}

static bool thermometers_apart(const wip_scene_t *s)
{
    return thermometers_differ(s, s->config->advice.thermometer_k_warn);
}

static bool thermometers_far_apart(const wip_scene_t *s)
{
    return thermometers_differ(s, s->config->advice.thermometer_k_hold);
}

static bool heater_weak(const wip_scene_t *s)
{
    return stood(s, s->state->jacket_weak_s, s->config->advice.heater_s);
}

static bool heater_break(const wip_scene_t *s)
{
    return stood(s, s->state->jacket_break_s, s->config->advice.heater_s);
}

static bool no_isolation(const wip_scene_t *s)
{
    return stood(s, s->state->jacket_unisolated_s, s->config->advice.no_isolation_s);
}

static bool bag_leak(const wip_scene_t *s)
{
    return s->state->bag_rise_mbar_per_min > s->config->advice.bag_mbar_per_min;
}

static bool pressure_leak(const wip_scene_t *s)
{
    return s->state->leak_mpa_per_min > s->state->leak_margin_mpa_per_min &&
           s->state->leak_mpa_per_min > s->config->advice.leak_mpa_per_min;
}

static bool stroke_weak(const wip_scene_t *s)
{
    return s->state->stroke_efficiency_ratio < s->config->advice.stroke_ratio_min;
}

static bool not_rising(const wip_scene_t *s)
{
    return stood(s, s->state->over_run_s, s->config->advice.not_rising_s);
}

static bool not_falling(const wip_scene_t *s)
{
    return stood(s, s->state->not_falling_s, s->config->advice.not_falling_s);
}

static bool needle_worn(const wip_scene_t *s)
{
    const double worn_ratio = s->config->advice.needle_ratio_worn;
    return s->state->needle_gain_ratio > worn_ratio || s->state->needle_gain_ratio < 1.0 / worn_ratio;
}

static bool near_limit(const wip_scene_t *s)
{
    return s->seen->pressure_quality != PRESS_BAD &&
           wip_hazard_mpa(s->config, s->state, s->seen) >
               s->config->advice.near_limit_fraction * s->config->limit.pressure_mpa_max;
}

static bool h2s_trace(const wip_scene_t *s)
{
    for (uint32_t i = WIP_CHANNEL_H2S_PURGE_PPM; i <= WIP_CHANNEL_H2S_EXHAUST_PPM; i++) {
        if (wip_trusted(s->config, s->seen, i) &&
            wip_number(s, i) >= s->config->limit.h2s_start_ppm_max) {
            return true;
        }
    }
    return false;
}

static bool water_lost(const wip_scene_t *s)
{
    return stood(s, s->state->flow_missing_s, s->config->advice.flow_s);
}

static bool oil_not_ok(const wip_scene_t *s)
{
    return press_has(s->state->interlock_bits, WIP_INTERLOCK_OIL_NOT_OK);
}

static bool contacts_differ(const wip_scene_t *s)
{
    return wip_in(s, WIP_INPUT_GUARD_A_CLOSED) != wip_in(s, WIP_INPUT_GUARD_B_CLOSED) ||
           wip_in(s, WIP_INPUT_ESTOP_A_OK) != wip_in(s, WIP_INPUT_ESTOP_B_OK) ||
           wip_in(s, WIP_INPUT_LID_LOCKED_A) != wip_in(s, WIP_INPUT_LID_LOCKED_B);
}

/* On the wire, and in neither of the last images this kernel wrote. */
static bool foreign_output(const wip_scene_t *s)
{
    const uint32_t known = press_bit(WIP_OUTPUT_WATCHDOG) - 1U; /* the lamp may lag */
    const uint32_t ours = s->state->digital_output_bits | s->state->digital_written_bits_previous;
    return s->sensor->readback_ok == 1 && s->state->primed != 0 &&
           (s->sensor->digital_output_bits_readback & known & ~ours) != 0;
}

static double bad_s(const wip_config_t *config) { return config->advice.sensor_bad_s; }
static double drift_s(const wip_config_t *config) { return config->advice.drift_s; }
static double thermometer_s(const wip_config_t *config) { return config->advice.thermometer_s; }
static double h2s_s(const wip_config_t *config) { (void)config; return H2S_S; }
static double discrepancy_s(const wip_config_t *config) { return config->advice.discrepancy_s; }

#define WARN PRESS_ADVICE_WARN
#define HOLD PRESS_ADVICE_HOLD
#define HOLD_COLD (PRESS_ADVICE_HOLD | PRESS_ADVICE_HEATERS_OFF)
#define HOLD_QUIET (PRESS_ADVICE_HOLD | PRESS_ADVICE_PUMP_OFF)
#define HOLD_ALL (PRESS_ADVICE_HOLD | PRESS_ADVICE_HEATERS_OFF | PRESS_ADVICE_PUMP_OFF)

static const advisory_row_t ADVISORY[WIP_ADVISORY_COUNT] = {
    [WIP_ADVISORY_SENSOR_BAD] = {"a required sensor is bad", HOLD, sensor_bad, bad_s},
    [WIP_ADVISORY_SENSOR_FLAT] = {"a sensor stands still", HOLD_ALL, sensor_flat, NULL},
    [WIP_ADVISORY_SENSOR_SPIKES] = {"a sensor spikes", WARN, sensor_spikes, NULL},
    [WIP_ADVISORY_PRESSURE_DRIFT] =
        {"vessel transducers drift apart", WARN, pressure_drift, drift_s},
    [WIP_ADVISORY_PRESSURE_DRIFT_FAR] =
        {"vessel transducers are far apart", HOLD, pressure_drift_far, drift_s},
    [WIP_ADVISORY_THERMOMETERS_APART] =
        {"the fluid's thermometers differ", WARN, thermometers_apart, thermometer_s},
    [WIP_ADVISORY_THERMOMETERS_FAR_APART] =
        {"the fluid's thermometers are far apart", HOLD, thermometers_far_apart, thermometer_s},
    [WIP_ADVISORY_HEATER_WEAK] = {"the jacket gives part of its current", WARN, heater_weak, NULL},
    [WIP_ADVISORY_HEATER_BREAK] = {"the jacket gives no heat", HOLD_COLD, heater_break, NULL},
    [WIP_ADVISORY_NO_ISOLATION] = {"current through an open contactor", WARN, no_isolation, NULL},
    [WIP_ADVISORY_BAG_LEAK] = {"the evacuated bag leaks", HOLD, bag_leak, NULL},
    [WIP_ADVISORY_PRESSURE_LEAK] = {"pressure leaks slowly, beyond cooling", WARN, pressure_leak, NULL},
    [WIP_ADVISORY_STROKE_WEAK] =
        {"strokes give less pressure than they should", WARN, stroke_weak, NULL},
    [WIP_ADVISORY_PRESSURE_NOT_RISING] =
        {"pressure does not follow its setpoint up", HOLD_QUIET, not_rising, NULL},
    [WIP_ADVISORY_PRESSURE_NOT_FALLING] =
        {"pressure does not follow its setpoint down", HOLD, not_falling, NULL},
    [WIP_ADVISORY_NEEDLE_WORN] = {"the needle lets other flow through than commissioned", WARN,
                                  needle_worn, NULL},
    [WIP_ADVISORY_PRESSURE_NEAR_LIMIT] = {"pressure near its limit", HOLD_COLD, near_limit, NULL},
    [WIP_ADVISORY_H2S_TRACE] = {"a trace of hydrogen sulfide", WARN, h2s_trace, h2s_s},
    [WIP_ADVISORY_WATER_LOST] = {"water does not flow", HOLD_COLD, water_lost, NULL},
    [WIP_ADVISORY_OIL_NOT_OK] = {"oil not in order", HOLD, oil_not_ok, NULL},
    [WIP_ADVISORY_GUARD_DISCREPANCY] =
        {"two contacts of one switch disagree", WARN, contacts_differ, discrepancy_s},
    [WIP_ADVISORY_FOREIGN_OUTPUT] =
        {"an output is on that was not switched on here", WARN, foreign_output, NULL},
};

static void advise(const wip_scene_t *scene, wip_state_t *state, uint32_t row)
{
    const advisory_row_t *advisory = &ADVISORY[row];
    const double tick_s = scene->config->tick_s;
    const double debounce_s =
        advisory->debounce_s == NULL ? 0.0 : advisory->debounce_s(scene->config);
    if (advisory->cause(scene)) {
        state->advisory_s[row] += tick_s;
        if (wip_stood(scene->config, state->advisory_s[row], debounce_s)) {
            state->advisory_rest_s[row] = SHOWN_S;
        }
    } else {
        state->advisory_s[row] = 0.0;
        state->advisory_rest_s[row] -= tick_s;
    }
    if (state->advisory_rest_s[row] > 0.0) {
        state->advisory_bits |= press_bit(row);
    } else {
        state->advisory_bits &= ~press_bit(row);
        state->advisory_rest_s[row] = 0.0;
    }
}

void wip_advise(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                const wip_observation_t *observation)
{
    const wip_scene_t scene = {config, state, sensor, observation};
    for (uint32_t row = 0; row < WIP_ADVISORY_COUNT; row++) advise(&scene, state, row);
}

const char *wip_advisory_text(int32_t advisory)
{
    return advisory >= 0 && advisory < WIP_ADVISORY_COUNT ? ADVISORY[advisory].text
                                                          : "unknown advisory";
}

uint32_t wip_advisory_action_bits(int32_t advisory)
{
    return advisory >= 0 && advisory < WIP_ADVISORY_COUNT ? ADVISORY[advisory].action_bits
                                                          : (uint32_t)HOLD;
}
