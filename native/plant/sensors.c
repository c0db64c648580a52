/* sensors.c: what instruments and their wire make of the truth.
 *
 * Every 10 ms: dead time, first-order lag; at its own conversion rate a sensor then adds
 * bias and noise and rounds to its wire. Readings are latched, so how often they are
 * looked at changes nothing.
 */
#include "parts.h"

#define LOOP_MA_LOW 3.8   /* NE43: a healthy transmitter stays within */
#define LOOP_MA_HIGH 20.5

static double displacement_mm(const plant_config_t *config, const plant_state_t *state, uint32_t n)
{
    const plant_displacement_t *how = &config->displacement;
    double mean_c = 0.0;
    for (uint32_t z = 0; z < config->zone_count; z++)
        mean_c += state->thermal.core_c[z] / config->zone_count;
    double between_m = state->stack.thickness_m + plant_gap_m(state);
    /* Corners are numbered round the platen. */
    double tilt_mm = (n == 1 || n == 2 ? 1.0 : -1.0) * state->tilt_mm[0]
                     + (n >= 2 ? 1.0 : -1.0) * state->tilt_mm[1];
    return how->zero_mm + 1e3 * between_m
           + how->stretch_ratio * 1e3 * plant_stretch_m(config, state)
           + how->expansion_mm_per_k * (mean_c - how->reference_temperature_c) + tilt_mm;
}

static double cylinder_bar(const plant_config_t *config, const plant_state_t *state)
{
    double ripple_bar = 0.0;
    if (state->electrical.pump_running)
        ripple_bar = config->hydraulic.ripple_bar
                     * plant_sine_of_cycle(state->hydraulic.ripple_cycle_ratio);
    return state->hydraulic.pressure_pa / PLANT_PA_PER_BAR + ripple_bar;
}

static double truth_of_chamber(const plant_config_t *config, const plant_state_t *state,
                               uint32_t point)
{
    switch (point) {
    case PLANT_READING_CELL_VOLTAGE_V:
        return state->stack.shorted ? 0.0 : config->stack.open_circuit_voltage_v;
    case PLANT_READING_CHAMBER_DEW_POINT_C:
        return state->chamber.dew_point_c;
    case PLANT_READING_CHAMBER_OXYGEN_PPM:
        return state->chamber.oxygen_pa * (1e6 / PLANT_ATMOSPHERE_PA);
    case PLANT_READING_H2S_A_PPM:
    case PLANT_READING_H2S_B_PPM:
        return state->chamber.h2s_pa * (1e6 / PLANT_ATMOSPHERE_PA)
               + config->sensor[point].cross_ratio * state->world.interfering_gas_ppm;
    default:
        return plant_chamber_pa(state) * 0.01;
    }
}

/* The measurand at a point, before any instrument. */
static double truth_at(const plant_config_t *config, const plant_state_t *state, uint32_t point)
{
    if (point <= PLANT_READING_ZONE_6_TEMPERATURE_C)
        return state->thermal.core_c[point];
    if (point <= PLANT_READING_LIMITER_BOTTOM_TEMPERATURE_C) {
        uint32_t platen = point - PLANT_READING_LIMITER_TOP_TEMPERATURE_C;
        return state->thermal.core_c[config->electrical.limiter_zone[platen]];
    }
    if (point >= PLANT_PRESS_READING_COUNT)
        return truth_of_chamber(config, state, point);
    if (point >= PLANT_READING_HEATER_1_CURRENT_A)
        return state->electrical.transformer_current_a[point - PLANT_READING_HEATER_1_CURRENT_A];
    if (point >= PLANT_READING_LVDT_1_POSITION_MM)
        return displacement_mm(config, state, point - PLANT_READING_LVDT_1_POSITION_MM);
    switch (point) {
    case PLANT_READING_STACK_TEMPERATURE_C:
        return state->thermal.stack_c;
    case PLANT_READING_OIL_TEMPERATURE_C:
        return state->thermal.oil_c;
    case PLANT_READING_WATER_TEMPERATURE_C:
        return state->world.water_temperature_c;
    case PLANT_READING_LOAD_CELL_FORCE_KN:
        return state->hydraulic.force_n * 1e-3;
    default:
        return cylinder_bar(config, state);
    }
}

static double rounded(double number_unit, double counts_per_unit)
{
    double counts = plant_clamp(number_unit * counts_per_unit, -2147483648.0, 2147483647.0);
    /* Towards the nearest count; the cast truncates. */
    return (double)(int64_t)(counts + (counts < 0.0 ? -0.5 : 0.5)) / counts_per_unit;
}

/* An electrochemical cell beyond its range is saturated: it stays at full scale until it has
 * breathed clean gas for its recovery time. */
static bool over_range(const plant_sensor_t *sensor, plant_sensor_state_t *now)
{
    if (now->lagged_channel_unit > sensor->range_high_channel_unit)
        now->over_range_s = sensor->recovery_s;
    else if (now->over_range_s > 0.0)
        now->over_range_s -= sensor->conversion_s;
    return now->over_range_s > 0.0;
}

static void convert(const plant_config_t *config, plant_state_t *state, uint32_t point)
{
    const plant_sensor_t *sensor = &config->sensor[point];
    plant_sensor_state_t *now = &state->sensor[point];
    double seen = now->lagged_channel_unit + sensor->offset_channel_unit;
    if (state->noise_on) {
        double days = (double)state->step / (86400.0 * PLANT_STEPS_PER_S);
        seen += now->bias_fraction * sensor->drift_channel_unit_per_day * days;
        double size = seen < 0.0 ? -seen : seen;
        seen += now->bias_fraction
                * (sensor->bias_channel_unit_max + sensor->bias_slope_ratio_max * size);
        seen += sensor->noise_channel_unit * plant_random_normal(state->random);
    }
    double low = sensor->range_low_channel_unit, high = sensor->range_high_channel_unit;
    if (over_range(sensor, now))
        seen = high;
    if (sensor->current_loop)
        seen = plant_clamp(4.0 + 16.0 * (seen - low) / (high - low), LOOP_MA_LOW, LOOP_MA_HIGH);
    else
        seen = plant_clamp(seen, low, high);
    now->reading_channel_unit = rounded(seen, sensor->counts_per_unit);
}

static uint32_t slow_steps(double duration_s)
{
    return (uint32_t)(duration_s / PLANT_SLOW_S + 0.5);
}

void plant_sensor_init(const plant_config_t *config, plant_state_t *state)
{
    for (uint32_t n = 0; n < 2; n++)
        state->tilt_mm[n] = plant_random_uniform(state->random) * 0.5e-3
                            * config->displacement.tilt_um_max * (state->noise_on ? 1.0 : 0.0);
    for (uint32_t point = 0; point < PLANT_READING_COUNT; point++) {
        const plant_sensor_t *sensor = &config->sensor[point];
        plant_sensor_state_t *now = &state->sensor[point];
        /* A press without a chamber draws the same numbers as one that was never offered one. */
        if (point >= PLANT_PRESS_READING_COUNT && !sensor->fitted)
            continue;
        now->bias_fraction = plant_random_uniform(state->random);
        now->lag_gain_fraction =
            sensor->lag_s > 0.0 ? 1.0 - plant_exp(-PLANT_SLOW_S / sensor->lag_s) : 1.0;
        uint32_t dead = slow_steps(sensor->dead_time_s);
        now->dead_time_steps = dead < PLANT_DELAY_MAX ? dead : PLANT_DELAY_MAX - 1;
        uint32_t conversion = slow_steps(sensor->conversion_s);
        now->conversion_steps = conversion > 0 ? conversion : 1;
        now->conversion_countdown = now->conversion_steps;
        if (!sensor->fitted)
            continue;
        now->lagged_channel_unit = truth_at(config, state, point);
        for (uint32_t n = 0; point < PLANT_DELAYED_COUNT && n < PLANT_DELAY_MAX; n++)
            state->delay_c[n][point] = now->lagged_channel_unit;
        convert(config, state, point);
    }
}

static double delayed_truth(const plant_config_t *config, plant_state_t *state, uint32_t point)
{
    double truth = truth_at(config, state, point);
    if (point >= PLANT_DELAYED_COUNT)
        return truth;
    state->delay_c[state->delay_index][point] = truth;
    uint32_t then = state->delay_index + PLANT_DELAY_MAX - state->sensor[point].dead_time_steps;
    return state->delay_c[then % PLANT_DELAY_MAX][point];
}

void plant_sensor_slow(const plant_config_t *config, plant_state_t *state)
{
    double cycle = state->hydraulic.ripple_cycle_ratio + config->hydraulic.ripple_hz * PLANT_SLOW_S;
    state->hydraulic.ripple_cycle_ratio = cycle > 0.5 ? cycle - 1.0 : cycle;
    state->delay_index = (state->delay_index + 1) % PLANT_DELAY_MAX;
    for (uint32_t point = 0; point < PLANT_READING_COUNT; point++) {
        plant_sensor_state_t *now = &state->sensor[point];
        if (!config->sensor[point].fitted)
            continue;
        double seen = delayed_truth(config, state, point);
        now->lagged_channel_unit += now->lag_gain_fraction * (seen - now->lagged_channel_unit);
        if (--now->conversion_countdown > 0)
            continue;
        now->conversion_countdown = now->conversion_steps;
        convert(config, state, point);
    }
}
