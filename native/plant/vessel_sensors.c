/* vessel_sensors.c: what the vessel's instruments and their wire make of the truth.
 *
 * Every 10 ms a first-order lag; at its own rate a sensor adds bias, noise and the drift of
 * its zero with the temperature of its body, then rounds to its wire.
 */
#include "vessel_parts.h"

#define LOOP_MA_LOW 3.8   /* NE43: a healthy transmitter stays within */
#define LOOP_MA_HIGH 20.5

static double truth_at(const vessel_config_t *config, const vessel_state_t *state, uint32_t point)
{
    const vessel_fluid_state_t *fluid = &state->fluid;
    switch (point) {
    case VESSEL_READING_FLUID_1_TEMPERATURE_C:
    case VESSEL_READING_FLUID_2_TEMPERATURE_C:
        return fluid->fluid_c;
    case VESSEL_READING_JACKET_TEMPERATURE_C:
    case VESSEL_READING_LIMITER_JACKET_TEMPERATURE_C:
        return fluid->jacket_c;
    case VESSEL_READING_OIL_TEMPERATURE_C:
        return state->intensifier.oil_c;
    case VESSEL_READING_WATER_TEMPERATURE_C:
        return state->world.water_temperature_c;
    case VESSEL_READING_VESSEL_A_PRESSURE_MPA:
        return fluid->pressure_mpa - VESSEL_ATMOSPHERE_MPA;
    case VESSEL_READING_VESSEL_B_PRESSURE_MPA: /* at the far end, behind the workpiece */
        return fluid->transmitted_mpa - VESSEL_ATMOSPHERE_MPA;
    case VESSEL_READING_VESSEL_LOW_PRESSURE_BAR:
        return 10.0 * (fluid->pressure_mpa - VESSEL_ATMOSPHERE_MPA);
    case VESSEL_READING_INTENSIFIER_OIL_PRESSURE_BAR:
        return state->intensifier.oil_bar;
    case VESSEL_READING_BAG_PRESSURE_MBAR:
        return state->workpiece.bag_mbar;
    case VESSEL_READING_H2S_PURGE_PPM:
        return vessel_h2s_purge_ppm(config, state);
    case VESSEL_READING_H2S_EXHAUST_PPM:
        return config->purge.exhaust_ratio * vessel_h2s_purge_ppm(config, state);
    case VESSEL_READING_CELL_VOLTAGE_V:
        return state->world.cell_voltage_v;
    case VESSEL_READING_INTENSIFIER_POSITION_MM:
        return state->intensifier.position_ratio * config->intensifier.stroke_mm;
    case VESSEL_READING_NEEDLE_POSITION_FRACTION:
        return state->needle_fraction;
    default:
        return state->machine.transformer_current_a;
    }
}

static double rounded(double number_unit, double counts_per_unit)
{
    double counts = plant_clamp(number_unit * counts_per_unit, -2147483648.0, 2147483647.0);
    return (double)(int64_t)(counts + (counts < 0.0 ? -0.5 : 0.5)) / counts_per_unit;
}

static double error_of(const vessel_sensor_t *sensor, const vessel_sensor_state_t *now,
                       vessel_state_t *state)
{
    double seen = now->lagged_channel_unit;
    double size = seen < 0.0 ? -seen : seen;
    double ambient_c = state->world.ambient_temperature_c;
    double body_c = ambient_c + sensor->body_wall_ratio * (state->fluid.wall_c - ambient_c);
    /* Each drifts its own way: as its bias. */
    double drift = sensor->zero_drift_channel_unit_per_k * (body_c - sensor->reference_temperature_c);
    return now->bias_fraction
               * (sensor->bias_channel_unit_max + sensor->bias_slope_ratio_max * size + drift)
           + sensor->noise_channel_unit * plant_random_normal(state->random);
}

static void convert(const vessel_config_t *config, vessel_state_t *state, uint32_t point)
{
    const vessel_sensor_t *sensor = &config->sensor[point];
    vessel_sensor_state_t *now = &state->sensor[point];
    double seen = now->lagged_channel_unit + sensor->offset_channel_unit;
    if (state->noise_on)
        seen += error_of(sensor, now, state);
    double low = sensor->range_low_channel_unit, high = sensor->range_high_channel_unit;
    if (sensor->current_loop)
        seen = plant_clamp(4.0 + 16.0 * (seen - low) / (high - low), LOOP_MA_LOW, LOOP_MA_HIGH);
    else
        seen = plant_clamp(seen, low, high);
    now->reading_channel_unit = rounded(seen, sensor->counts_per_unit);
}

void vessel_sensor_init(const vessel_config_t *config, vessel_state_t *state)
{
    for (uint32_t point = 0; point < VESSEL_READING_COUNT; point++) {
        const vessel_sensor_t *sensor = &config->sensor[point];
        vessel_sensor_state_t *now = &state->sensor[point];
        now->bias_fraction = plant_random_uniform(state->random);
        now->lag_gain_fraction =
            sensor->lag_s > 0.0 ? 1.0 - plant_exp(-PLANT_SLOW_S / sensor->lag_s) : 1.0;
        uint32_t conversion = (uint32_t)(sensor->conversion_s / PLANT_SLOW_S + 0.5);
        now->conversion_steps = conversion > 0 ? conversion : 1;
        now->conversion_countdown = now->conversion_steps;
        if (!sensor->fitted)
            continue;
        now->lagged_channel_unit = truth_at(config, state, point);
        convert(config, state, point);
    }
}

void vessel_sensor_slow(const vessel_config_t *config, vessel_state_t *state)
{
    for (uint32_t point = 0; point < VESSEL_READING_COUNT; point++) {
        vessel_sensor_state_t *now = &state->sensor[point];
        if (!config->sensor[point].fitted)
            continue;
        double seen = truth_at(config, state, point);
        now->lagged_channel_unit += now->lag_gain_fraction * (seen - now->lagged_channel_unit);
        if (--now->conversion_countdown > 0)
            continue;
        now->conversion_countdown = now->conversion_steps;
        convert(config, state, point);
    }
}
