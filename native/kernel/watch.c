/* watch.c: evidence that builds up over time, for the trips and interlocks to judge.
 *
 * Theory of operation. Many faults show only under a condition: a heater that drew no current
 * proves something only while its SSR was on. Each timer here counts the time its accusation has
 * stood *while it could be seen*; it keeps its count while it cannot, and falls to zero as soon as
 * the opposite is seen. The limits live in trip.c and interlock.c, which only compare.
 *
 * What the outputs were is taken from what the last gate wrote, not from what a law asked, and an
 * SSR is believed 100 ms after it was switched: current transformers and zero-crossing need that.
 */
#include "internal.h"

#include <math.h>

#define SSR_SETTLE_S 0.1
#define HEAT_SETTLE_S 30.0 /* heater, platen and sensor lag after the last heat */
#define NEVER_S 1e300
#define LOOP_DEMAND_FRACTION 0.9
#define RETAINED_SETTLE_S 2.0
#define PUMP_RISE_BAR 2.0
#define MAINS_BACK_S 0.3 /* relays and contactors pick up again */
#define SECOND_PER_MINUTE 60.0

static void watch_ssr(const press_config_t *config, press_state_t *state, uint32_t zone)
{
    const uint32_t changed = state->digital_output_bits ^ state->digital_output_bits_previous;
    if (press_has(changed, PRESS_OUTPUT_HEATER_1_SSR + zone)) state->zone[zone].ssr_s = 0.0;
    state->zone[zone].ssr_s += config->tick_s;
}

static void count(double *timer_s, bool accused, double step_s)
{
    *timer_s = accused ? *timer_s + step_s : 0.0;
}

static void watch_current(const press_config_t *config, press_state_t *state,
                          const press_observation_t *observation, uint32_t zone)
{
    press_zone_state_t *own = &state->zone[zone];
    const uint32_t channel = PRESS_CHANNEL_HEATER_1_CURRENT_A + zone;
    const double current_a = state->channel[channel].reading_channel_unit;
    const press_zone_config_t *heater = &config->zone[zone];
    const uint32_t mirror = heater->platen == 0 ? PRESS_INPUT_CONTACTOR_TOP_CLOSED
                                                : PRESS_INPUT_CONTACTOR_BOTTOM_CLOSED;
    if (!press_trusted(config, observation, channel)) return;
    if (!press_stood(config, own->ssr_s, SSR_SETTLE_S)) return;
    const uint32_t contactor =
        heater->platen == 0 ? PRESS_OUTPUT_CONTACTOR_TOP : PRESS_OUTPUT_CONTACTOR_BOTTOM;
    count(&own->unisolated_s,
          !press_has(state->digital_output_bits, contactor) &&
              current_a > config->limit.ssr_welded_current_a,
          config->tick_s);
    if (!press_has(state->digital_output_bits, PRESS_OUTPUT_HEATER_1_SSR + zone)) {
        count(&own->welded_s, current_a > config->limit.ssr_welded_current_a, config->tick_s);
    } else if (press_has(observation->digital_input_bits, mirror)) {
        count(&own->heater_break_s,
              current_a < config->limit.heater_break_fraction * heater->rated_current_a,
              config->tick_s);
        count(&own->weak_s, current_a < config->advice.heater_weak_fraction * heater->rated_current_a,
              config->tick_s);
        own->on_current_a = current_a;
    }
}

/* Over-temperature is counted from the setpoint, but a falling setpoint does not accuse a platen
 * that cools as fast as it can: the reference falls no faster than the zone does. Below what is
 * cool enough to start, nothing is over temperature. */
static void watch_over_temperature(const press_config_t *config, press_state_t *state,
                                   const press_observation_t *observation, uint32_t zone)
{
    press_zone_state_t *own = &state->zone[zone];
    const double reading_c = state->channel[zone].reading_channel_unit;
    if (own->over_primed == 0 || reading_c < own->over_reference_c) own->over_reference_c = reading_c;
    own->over_primed = 1;
    if (own->over_reference_c < config->limit.start_temperature_c_max) {
        own->over_reference_c = config->limit.start_temperature_c_max;
    }
    if (own->over_reference_c < observation->zone_temperature_setpoint_c) {
        own->over_reference_c = observation->zone_temperature_setpoint_c;
    }
    count(&own->over_warn_s,
          reading_c > own->over_reference_c + config->limit.over_temperature_warn_k, config->tick_s);
}

/* Full demand for so long must have raised the temperature. */
static void watch_loop(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation, uint32_t zone)
{
    press_zone_state_t *own = &state->zone[zone];
    const double measurement_c = observation->measurement_channel_unit[zone];
    const bool heats = state->command.heat_enable == 1 &&
                       (state->observation.trip_action_bits &
                        (PRESS_ACTION_HEATERS_OFF | PRESS_ACTION_ALL_OFF)) == 0 &&
                       own->demand_fraction > LOOP_DEMAND_FRACTION;
    const double rise_k = measurement_c - own->loop_break_reference_c;
    if (!heats || own->loop_break_s == 0.0 || rise_k >= config->limit.loop_break_rise_k) {
        own->loop_break_reference_c = measurement_c;
        own->loop_break_s = 0.0;
    }
    if (heats) own->loop_break_s += config->tick_s;
}

/* Shortest time since any heater of each platen was on. */
static void platens_off(const press_config_t *config, const press_state_t *state,
                        double off_s[PRESS_PLATEN_COUNT])
{
    for (uint32_t platen = 0; platen < PRESS_PLATEN_COUNT; platen++) off_s[platen] = NEVER_S;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        const bool on = press_has(state->digital_output_bits, PRESS_OUTPUT_HEATER_1_SSR + i);
        const double own_s = on ? 0.0 : state->zone[i].ssr_s;
        double *platen_s = &off_s[config->zone[i].platen % PRESS_PLATEN_COUNT];
        if (own_s < *platen_s) *platen_s = own_s;
    }
}

/* Windows of uncommanded_rise_s; the verdict of one stands until the next is full. */
static void watch_uncommanded(const press_config_t *config, press_state_t *state,
                              const press_observation_t *observation, uint32_t zone,
                              double platen_off_s)
{
    press_zone_state_t *own = &state->zone[zone];
    const double measurement_c = observation->measurement_channel_unit[zone];
    if (!press_stood(config, platen_off_s, HEAT_SETTLE_S)) {
        own->rise_reference_c = measurement_c;
        own->rise_s = 0.0;
        own->uncommanded = 0;
        return;
    }
    own->rise_s += config->tick_s;
    if (!press_stood(config, own->rise_s, config->limit.uncommanded_rise_s)) return;
    own->uncommanded = measurement_c - own->rise_reference_c >
                       config->limit.uncommanded_rise_k_per_s * config->limit.uncommanded_rise_s;
    own->rise_reference_c = measurement_c;
    own->rise_s = 0.0;
}

static void watch_zone(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation, uint32_t zone, double platen_off_s)
{
    press_zone_state_t *own = &state->zone[zone];
    watch_current(config, state, observation, zone);
    if (!press_trusted(config, observation, zone)) {
        own->sensor_bad_s += config->tick_s;
        own->over_warn_s = 0.0;
        own->family_s = 0.0;
        own->loop_break_s = 0.0;
        own->rise_reference_c = observation->measurement_channel_unit[zone];
        own->rise_s = 0.0;
        own->uncommanded = 0;
        return;
    }
    own->sensor_bad_s = 0.0;
    const double away_k =
        observation->measurement_channel_unit[zone] - observation->zone_temperature_c_median;
    count(&own->family_s, !(fabs(away_k) <= config->limit.out_of_family_k), config->tick_s);
    watch_over_temperature(config, state, observation, zone);
    watch_loop(config, state, observation, zone);
    watch_uncommanded(config, state, observation, zone, platen_off_s);
}

/* Pump off and every way out shut: pressure may leak no faster than the limit. Windows as above. */
static void watch_retained(const press_config_t *config, press_state_t *state,
                           const press_observation_t *observation)
{
    const uint32_t ways = press_bit(PRESS_OUTPUT_PUMP) | press_bit(PRESS_OUTPUT_DUMP_VALVE) |
                          press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    const double window_s = config->limit.pressure_loss_s;
    const double pressure_bar = observation->cylinder_pressure_bar;
    if ((state->digital_output_bits & ways) != 0 || observation->pressure_quality == PRESS_BAD) {
        state->pressure_retained_s = 0.0;
        state->pressure_lost = 0;
        state->oil.leak_bar_per_min = 0.0;
    } else {
        state->pressure_retained_s += config->tick_s;
    }
    if (!press_stood(config, state->pressure_retained_s, RETAINED_SETTLE_S)) {
        state->pressure_reference_bar = pressure_bar;
        state->pressure_reference_s = 0.0;
        return;
    }
    state->pressure_reference_s += config->tick_s;
    if (!press_stood(config, state->pressure_reference_s, window_s)) return;
    state->oil.leak_bar_per_min =
        state->pressure_reference_bar > config->limit.released_bar_max
            ? (state->pressure_reference_bar - pressure_bar) * (SECOND_PER_MINUTE / window_s)
            : 0.0;
    state->pressure_lost =
        state->pressure_reference_bar > config->limit.released_bar_max &&
        state->pressure_reference_bar - pressure_bar >
            config->limit.pressure_loss_bar_per_min * (window_s / SECOND_PER_MINUTE);
    state->pressure_reference_bar = pressure_bar;
    state->pressure_reference_s = 0.0;
}

/* A running pump that ought to raise the pressure, or to find the stack, must do so. */
static void watch_pump(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation)
{
    const double missing_mpa =
        observation->stack_pressure_setpoint_mpa - observation->stack_pressure_mpa;
    const uint32_t asked = state->command.hydraulics;
    const double pressure_bar = observation->cylinder_pressure_bar;
    const bool ought =
        press_has(state->digital_output_bits, PRESS_OUTPUT_PUMP) &&
        ((asked == PRESS_HYDRAULICS_CLOSE && observation->contact == 0) ||
         (asked == PRESS_HYDRAULICS_PRESSURE && missing_mpa > config->limit.pressure_holdback_mpa));
    if (!ought || state->pump_rise_s == 0.0 ||
        pressure_bar - state->pump_rise_reference_bar >= PUMP_RISE_BAR) {
        state->pump_rise_reference_bar = pressure_bar;
        state->pump_rise_s = 0.0;
    }
    if (ought) state->pump_rise_s += config->tick_s;
}

/* Pulsed valves: what is missed while they are open adds up until flow is seen. */
/* Some zone has evidence that counts, or no sensor in good order. Otherwise no row of the zones
 * can have a cause. What family.c finds is asked here as well. */
static uint32_t zones_suspect(const press_config_t *config, const press_state_t *state,
                              const press_observation_t *observation)
{
    uint32_t suspect = 0;
    for (uint32_t i = 0; i < config->zone_count; i++) {
        const press_zone_state_t *own = &state->zone[i];
        const double counted_s = own->welded_s + own->heater_break_s + own->loop_break_s +
                                 own->over_warn_s + own->family_s + own->sensor_bad_s;
        suspect |= own->uncommanded | own->falls | own->no_gain | observation->quality[i] |
                   observation->quality_reason_bits[i] | (counted_s > 0.0 ? 1U : 0U);
    }
    return suspect;
}

static void watch_mains(const press_config_t *config, press_state_t *state,
                        const press_observation_t *observation)
{
    const bool lost = !press_has(observation->digital_input_bits, PRESS_INPUT_MAINS_OK);
    if (lost) {
        if (state->mains_back_s > 0.0) state->mains_lost_s = 0.0; /* another dip */
        state->mains_lost_s += config->tick_s;
        state->mains_back_s = 0.0;
    } else if (state->mains_lost_s > 0.0) {
        state->mains_back_s += config->tick_s;
        if (press_stood(config, state->mains_back_s, MAINS_BACK_S)) state->mains_lost_s = 0.0;
    }
}

static void watch_flow(const press_config_t *config, press_state_t *state,
                       const press_observation_t *observation)
{
    const uint32_t water =
        press_bit(PRESS_OUTPUT_COOLING_WATER_TOP) | press_bit(PRESS_OUTPUT_COOLING_WATER_BOTTOM);
    if ((state->digital_output_bits & water) == 0) return;
    count(&state->flow_missing_s,
          !press_has(observation->digital_input_bits, PRESS_INPUT_WATER_FLOW_OK), config->tick_s);
}

void press_watch(const press_config_t *config, press_state_t *state,
                 const press_observation_t *observation)
{
    for (uint32_t zone = 0; zone < config->zone_count; zone++) watch_ssr(config, state, zone);
    double off_s[PRESS_PLATEN_COUNT];
    platens_off(config, state, off_s);
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        watch_zone(config, state, observation, zone,
                   off_s[config->zone[zone].platen % PRESS_PLATEN_COUNT]);
    }
    watch_retained(config, state, observation);
    watch_pump(config, state, observation);
    watch_flow(config, state, observation);
    watch_mains(config, state, observation);
    press_oil(config, state, observation);
    if (state->advise_countdown_ticks == 0) {
        press_family(config, state, observation);
        press_oil_slow(config, state, observation);
    }
    state->zones_suspect = zones_suspect(config, state, observation);
}
