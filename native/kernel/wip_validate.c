/* wip_validate.c: readings to measurements that say how far they may be trusted.
 *
 * What holds for any channel is in channel.c; a reading that is not accepted never touches the
 * measurement. The two vessel transducers are judged against one another after their tare; when
 * both are trusted and disagree, neither is sure.
 *
 * Stuck: a reading that stands still ought to move
 *
 *     a vessel transducer    once the other one has moved, while the pump gives no pressure, or
 *                            while nothing falls that is let off
 *     the low one            once the others have moved, unless it is shut off above its span
 *     a fluid's thermometer  once the other one has moved
 *     the jacket's, limiter's  once the other one has moved, or while the jacket is heated
 *
 * The middle causes find two that froze together: they agree, and the vessel does not obey.
 */
#include "channel.h"
#include "wip_internal.h"

#include <math.h>

#define MATE_MOVE_MPA 2.0
#define MATE_MOVE_K 1.0
#define STUCK_DUTY_FRACTION 0.2
#define LOW_BAR_SHUT 8.0 /* its span ends at nine or ten */

static bool is_transducer(uint32_t number)
{
    return number == WIP_PRESSURE_A || number == WIP_PRESSURE_B;
}

/* What moves when this channel's quantity moves, and by how much it must move to accuse. */
static bool mate_of(const wip_config_t *config, const wip_state_t *state, uint32_t number,
                    double *mate_unit, double *move_unit)
{
    uint32_t mate = WIP_CHANNEL_COUNT;
    *move_unit = MATE_MOVE_K;
    switch (number) {
    case WIP_CHANNEL_FLUID_1_TEMPERATURE_C: mate = WIP_CHANNEL_FLUID_2_TEMPERATURE_C; break;
    case WIP_CHANNEL_FLUID_2_TEMPERATURE_C: mate = WIP_CHANNEL_FLUID_1_TEMPERATURE_C; break;
    case WIP_CHANNEL_JACKET_TEMPERATURE_C: mate = WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C; break;
    case WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C: mate = WIP_CHANNEL_JACKET_TEMPERATURE_C; break;
    case WIP_CHANNEL_VESSEL_A_PRESSURE_MPA: mate = WIP_PRESSURE_B; break;
    case WIP_CHANNEL_VESSEL_B_PRESSURE_MPA:
    case WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR: mate = WIP_PRESSURE_A; break;
    default: break; /* nothing tells that the others ought to move */
    }
    if (mate == WIP_PRESSURE_A || mate == WIP_PRESSURE_B) *move_unit = MATE_MOVE_MPA;
    if (mate == WIP_CHANNEL_COUNT || config->channel[mate].fitted != 1) return false;
    *mate_unit = state->channel[mate].reading_channel_unit; /* its filter would lag behind a step */
    return true;
}

/* The machine's own account: evidence of the tick before. */
static bool ought_to_move(const wip_state_t *state, uint32_t number)
{
    if (is_transducer(number)) return state->over_run_s > 0.0 || state->not_falling_s > 0.0;
    return (number == WIP_CHANNEL_JACKET_TEMPERATURE_C ||
            number == WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C) &&
           wip_written(state, WIP_OUTPUT_CONTACTOR_JACKET) &&
           state->jacket_duty_fraction > STUCK_DUTY_FRACTION;
}

/* Noise that never stops proves that a sensor lives; not in what stands still by its nature. */
static bool lives(uint32_t number)
{
    return number <= WIP_CHANNEL_WATER_TEMPERATURE_C || is_transducer(number) ||
           number == WIP_CHANNEL_H2S_PURGE_PPM || number == WIP_CHANNEL_H2S_EXHAUST_PPM;
}

static bool is_stuck(const wip_config_t *config, wip_state_t *state, uint32_t number, bool believed)
{
    const press_channel_config_t *bounds = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    double mate_unit = 0.0, move_unit = 0.0;
    if (press_channel_moved(bounds, channel, state->observe_count)) return false;
    if (believed && lives(number)) channel->flat_s += config->tick_s;
    const bool has_mate = mate_of(config, state, number, &mate_unit, &move_unit);
    press_channel_mate(channel, has_mate, mate_unit, move_unit);
    const bool shut_off = number == WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR &&
                          channel->reading_channel_unit > LOW_BAR_SHUT;
    const bool ought = channel->mate_moved != 0 || ought_to_move(state, number);
    return press_channel_stuck(bounds, channel, config->tick_s, ought && !shut_off);
}

static void validate_channel(const wip_config_t *config, wip_state_t *state,
                             const wip_sensor_t *sensor, uint32_t number, bool frame_is_new,
                             wip_observation_t *observation)
{
    const press_channel_config_t *bounds = &config->channel[number];
    press_channel_state_t *channel = &state->channel[number];
    press_verdict_t verdict = {PRESS_REASON_NOT_FITTED, true};
    if (bounds->fitted == 1) {
        const press_moment_t moment = {config->tick_s, state->observe_count, frame_is_new};
        const press_reading_t reading = {sensor->reading_channel_unit[number],
                                         sensor->reading_age_s[number],
                                         sensor->reading_ok[number] == 1};
        verdict = press_channel_take(bounds, channel, &moment, &reading);
        const bool stuck = is_stuck(config, state, number, press_channel_believed(verdict));
        if (stuck || press_channel_flat(bounds, channel, config->tick_s)) {
            verdict.reason_bits |= PRESS_REASON_STUCK;
        }
        if (press_channel_spikes(channel, config->tick_s, state->observe_count)) {
            verdict.reason_bits |= PRESS_REASON_RATE;
        }
        verdict.bad = verdict.bad || stuck;
    }
    observation->measurement_channel_unit[number] = channel->measurement_channel_unit;
    observation->quality_reason_bits[number] = (uint16_t)verdict.reason_bits;
    observation->quality[number] = press_channel_quality(verdict);
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
