/* wip_validate.c: readings to measurements that say how far they may be trusted.
 *
 * The vessel's channels under the press's rules (validate.c): fitted, vouched for, finite, young,
 * inside NE43 or the channel's bounds, and reachable at the channel's fastest rate. What fails
 * is named by a reason bit. A reading that is not accepted never touches the measurement. The two
 * vessel transducers are judged against one another after their tare; when both are trusted and
 * disagree, neither is sure.
 */
#include "wip_internal.h"

#include <math.h>

#define FAULT_LOW_MA 3.6
#define VALID_LOW_MA 3.8
#define VALID_HIGH_MA 20.5
#define FAULT_HIGH_MA 21.0
#define RATE_WINDOW_S 10.0
#define FATAL_REASONS                                                                         \
    (PRESS_REASON_NOT_FITTED | PRESS_REASON_DEVICE | PRESS_REASON_NON_FINITE |                \
     PRESS_REASON_UNDER_RANGE | PRESS_REASON_OVER_RANGE | PRESS_REASON_AGE)

static uint32_t range_reason(const press_channel_config_t *channel, double reading_unit)
{
    if (channel->kind == PRESS_KIND_CURRENT_LOOP_4_20_MA) {
        if (reading_unit < FAULT_LOW_MA) return PRESS_REASON_UNDER_RANGE;
        if (reading_unit > FAULT_HIGH_MA) return PRESS_REASON_OVER_RANGE;
        return reading_unit < VALID_LOW_MA || reading_unit > VALID_HIGH_MA ? PRESS_REASON_SATURATED
                                                                           : 0U;
    }
    if (channel->kind != PRESS_KIND_DIRECT) return PRESS_REASON_DEVICE;
    if (reading_unit < channel->range_low_channel_unit) return PRESS_REASON_UNDER_RANGE;
    return reading_unit > channel->range_high_channel_unit ? PRESS_REASON_OVER_RANGE : 0U;
}

static uint32_t reading_reason(const press_channel_config_t *channel, const wip_sensor_t *sensor,
                               uint32_t number, bool fresh)
{
    const double age_s = sensor->reading_age_s[number];
    uint32_t reason = sensor->reading_ok[number] != 1 ? PRESS_REASON_DEVICE : 0U;
    if (!fresh || !(age_s >= 0.0 && age_s <= channel->age_s_max)) reason |= PRESS_REASON_AGE;
    if (!press_finite(sensor->reading_channel_unit[number])) return reason | PRESS_REASON_NON_FINITE;
    return reason | range_reason(channel, sensor->reading_channel_unit[number]);
}

static double scaled(const press_channel_config_t *channel, double reading_unit)
{
    const double span_unit = channel->range_high_channel_unit - channel->range_low_channel_unit;
    if (channel->kind != PRESS_KIND_CURRENT_LOOP_4_20_MA) {
        return reading_unit + channel->offset_channel_unit;
    }
    return channel->range_low_channel_unit + (reading_unit - 4.0) / 16.0 * span_unit +
           channel->offset_channel_unit;
}

static void accept(const press_channel_config_t *config, press_channel_state_t *channel,
                   double reading_unit, double elapsed_s, double age_s)
{
    const double reach_unit = config->rate_channel_unit_per_s_max * elapsed_s;
    const double move_unit = reading_unit - channel->plausible_channel_unit;
    if (channel->primed == 0) {
        channel->plausible_channel_unit = channel->measurement_channel_unit = reading_unit;
    } else {
        channel->plausible_channel_unit += press_clamp(move_unit, -reach_unit, reach_unit);
        channel->measurement_channel_unit +=
            elapsed_s <= config->filter_s
                ? elapsed_s / (config->filter_s + elapsed_s) *
                      (reading_unit - channel->measurement_channel_unit)
                : reading_unit - channel->measurement_channel_unit;
    }
    channel->reading_channel_unit = reading_unit;
    channel->since_good_s = age_s;
    channel->primed = 1;
}

static bool rejects_too_often(const wip_config_t *config, const wip_state_t *state,
                              const press_channel_state_t *channel)
{
    if (channel->rate_reject_count < PRESS_RATE_REJECT_MAX) return false;
    const uint32_t oldest = channel->rate_reject_count % PRESS_RATE_REJECT_MAX;
    const uint64_t steps = state->observe_count - channel->rate_reject_step[oldest];
    return (double)steps * config->tick_s <= RATE_WINDOW_S;
}

static uint32_t take(const wip_config_t *config, const wip_state_t *state,
                     press_channel_state_t *channel, const wip_sensor_t *sensor, uint32_t number)
{
    const press_channel_config_t *bounds = &config->channel[number];
    const double reading_unit = scaled(bounds, sensor->reading_channel_unit[number]);
    const double age_s = sensor->reading_age_s[number];
    double elapsed_s = channel->since_good_s - age_s;
    if (elapsed_s < config->tick_s) elapsed_s = config->tick_s;
    const double allowed_unit =
        bounds->rate_channel_unit_per_s_max * elapsed_s + bounds->noise_channel_unit_max;
    if (channel->primed == 0 ||
        fabs(reading_unit - channel->plausible_channel_unit) <= allowed_unit) {
        accept(bounds, channel, reading_unit, elapsed_s, age_s);
        return 0;
    }
    channel->rate_reject_step[channel->rate_reject_count % PRESS_RATE_REJECT_MAX] =
        state->observe_count;
    channel->rate_reject_count += 1;
    if (channel->rate_reject_count == 2U * PRESS_RATE_REJECT_MAX) {
        channel->rate_reject_count = PRESS_RATE_REJECT_MAX; /* same slot, never wraps */
    }
    return PRESS_REASON_RATE;
}

static void validate_channel(const wip_config_t *config, wip_state_t *state,
                             const wip_sensor_t *sensor, uint32_t number, bool fresh,
                             wip_observation_t *observation)
{
    press_channel_state_t *channel = &state->channel[number];
    uint32_t reason = PRESS_REASON_NOT_FITTED;
    bool bad = true;
    if (config->channel[number].fitted == 1) {
        channel->since_good_s += config->tick_s;
        reason = reading_reason(&config->channel[number], sensor, number, fresh);
        if ((reason & FATAL_REASONS) == 0) reason |= take(config, state, channel, sensor, number);
        const bool often = rejects_too_often(config, state, channel);
        if (often) reason |= PRESS_REASON_RATE;
        bad = often || (reason & FATAL_REASONS) != 0 || channel->primed == 0;
    }
    observation->measurement_channel_unit[number] = channel->measurement_channel_unit;
    observation->quality_reason_bits[number] = (uint16_t)reason;
    observation->quality[number] =
        (uint8_t)(bad ? PRESS_BAD : (reason != 0 ? PRESS_UNCERTAIN : PRESS_GOOD));
}

static void watch_freshness(const wip_config_t *config, wip_state_t *state,
                            const wip_sensor_t *sensor, bool fresh, bool digital_fresh)
{
    double youngest_s = state->reading_stale_s + config->tick_s;
    for (uint32_t i = 0; fresh && i < WIP_CHANNEL_COUNT; i++) {
        const double age_s = sensor->reading_age_s[i];
        if (config->channel[i].fitted == 1 && sensor->reading_ok[i] == 1 && age_s >= 0.0 &&
            age_s < youngest_s) {
            youngest_s = age_s;
        }
    }
    state->reading_stale_s = youngest_s;
    if (digital_fresh && sensor->readback_ok == 1) {
        state->digital_stale_s = sensor->digital_age_s;
    } else {
        state->digital_stale_s += config->tick_s;
    }
}

double wip_hazard_mpa(const wip_config_t *config, const wip_state_t *state,
                      const wip_observation_t *observation)
{
    double higher_mpa = 0.0;
    bool any = false;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_PRESSURE_A + i)) continue;
        const double mpa =
            observation->measurement_channel_unit[WIP_PRESSURE_A + i] - state->pressure_tare_mpa[i];
        if (!any || mpa > higher_mpa) higher_mpa = mpa;
        any = true;
    }
    return any ? higher_mpa : state->pressure_mpa;
}

static void judge_pair(const wip_config_t *config, const wip_state_t *state,
                       wip_observation_t *observation)
{
    const uint32_t a = WIP_PRESSURE_A, b = WIP_PRESSURE_B;
    const double apart_mpa =
        (observation->measurement_channel_unit[a] - state->pressure_tare_mpa[0]) -
        (observation->measurement_channel_unit[b] - state->pressure_tare_mpa[1]);
    uint8_t worst = PRESS_GOOD;
    if (wip_trusted(config, observation, a) && wip_trusted(config, observation, b) &&
        fabs(apart_mpa) > config->limit.pressure_pair_mpa_max) {
        for (uint32_t i = a; i <= b; i++) {
            observation->quality_reason_bits[i] |= PRESS_REASON_PAIR;
            if (observation->quality[i] == PRESS_GOOD) observation->quality[i] = PRESS_UNCERTAIN;
        }
    }
    for (uint32_t i = a; i <= b; i++) {
        if (observation->quality[i] > worst) worst = observation->quality[i];
    }
    observation->pressure_quality = worst;
}

void wip_validate(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                  wip_observation_t *observation)
{
    const bool fresh = state->observe_count == 0 || sensor->tick > state->tick;
    const bool digital_fresh = fresh && sensor->digital_ok == 1 && sensor->digital_age_s >= 0.0 &&
                               press_finite(sensor->digital_age_s);
    const uint32_t known = press_bit(WIP_INPUT_COUNT) - 1U;
    state->observe_count += 1;
    if (fresh) state->tick = sensor->tick;
    observation->tick = state->tick;
    observation->digital_input_bits = digital_fresh ? (sensor->digital_input_bits & known)
                                                    : state->observation.digital_input_bits;
    watch_freshness(config, state, sensor, fresh, digital_fresh);
    for (uint32_t i = 0; i < WIP_CHANNEL_COUNT; i++) {
        validate_channel(config, state, sensor, i, fresh, observation);
    }
    judge_pair(config, state, observation);
    observation->temperature_quality =
        observation->quality[WIP_CHANNEL_FLUID_1_TEMPERATURE_C] <
                observation->quality[WIP_CHANNEL_FLUID_2_TEMPERATURE_C]
            ? observation->quality[WIP_CHANNEL_FLUID_1_TEMPERATURE_C]
            : observation->quality[WIP_CHANNEL_FLUID_2_TEMPERATURE_C];
}
