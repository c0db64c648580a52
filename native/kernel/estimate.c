/* estimate.c: what no sensor says directly.
 *
 * Stack temperature: one node between the platens,
 *     C dT/dt = sum over platens G(p) (T_platen - T) - loss (T - ambient),
 *     G(p) = base + slope min(1, p/p_ref)                      contact conductance, press model
 * in contact; without contact only the loss acts, and whatever lies there may have been exchanged,
 * so the estimate is as uncertain as its distance to the platens is large. A fitted, good stack
 * sensor pulls the estimate to itself, the more the less certain it is: in equilibrium the model
 * between two Pt100 platens knows better than a thermocouple.
 * Density: of the relaxed stack, rho = m'' / h0 with h = h0 (1 - p/M)         press model
 */
#include "internal.h"

#include <math.h>

#define ZONE_BIAS_C 0.35         /* class A Pt100 at 100 degC, IEC 60751 */
#define CONTACT_DOUBT_RATIO 0.25 /* of the lag: how well G is known */
#define SENSOR_SIGMA_C 1.5       /* class 1 thermocouple, IEC 60584 */
#define SENSOR_PULL_S 5.0
#define THICKNESS_MM_MIN 0.01

static bool usable(const press_observation_t *observation, uint32_t channel)
{
    return observation->quality[channel] != PRESS_BAD;
}

double press_median(double *list_unit, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const double moving = list_unit[i];
        uint32_t j = i;
        for (; j > 0 && list_unit[j - 1] > moving; j--) list_unit[j] = list_unit[j - 1];
        list_unit[j] = moving;
    }
    return 0.5 * (list_unit[(count - 1) / 2] + list_unit[count / 2]);
}

/* Of the usable zones; of the last measurements when none is usable. */
static double zone_median(const press_config_t *config, const press_observation_t *observation)
{
    double list_c[PRESS_ZONE_COUNT];
    uint32_t count = 0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (!usable(observation, zone)) continue;
        list_c[count++] = observation->measurement_channel_unit[zone];
    }
    for (uint32_t zone = 0; count == 0 && zone < config->zone_count; zone++) {
        list_c[zone] = observation->measurement_channel_unit[zone];
        if (zone + 1 == config->zone_count) count = config->zone_count;
    }
    return press_median(list_c, count);
}

/* The larger of the pair; of the usable one when one is bad; the last known when both are. */
static double cylinder_pressure(const press_observation_t *observation, uint8_t *quality)
{
    const uint32_t a = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
    const uint32_t b = PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR;
    const double a_bar = observation->measurement_channel_unit[a];
    const double b_bar = observation->measurement_channel_unit[b];
    const bool a_usable = usable(observation, a), b_usable = usable(observation, b);
    *quality = PRESS_UNCERTAIN;
    if (a_usable && !b_usable) return a_bar;
    if (b_usable && !a_usable) return b_bar;
    if (!a_usable) *quality = PRESS_BAD;
    return a_bar > b_bar ? a_bar : b_bar;
}

/* The load cell; without it the cylinder, less the ram, and flagged. */
static void force(const press_config_t *config, press_state_t *state,
                  press_observation_t *observation)
{
    const uint32_t cell = PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
    const double released_kn = 0.5 * config->hydraulic.contact_force_kn;
    const bool contact_before = state->observation.contact != 0;
    uint8_t cylinder_quality;
    observation->cylinder_pressure_bar = cylinder_pressure(observation, &cylinder_quality);
    if (usable(observation, cell)) {
        observation->force_kn = observation->measurement_channel_unit[cell];
        observation->pressure_quality = observation->quality[cell];
    } else {
        observation->force_kn = observation->cylinder_pressure_bar * 1e-4 *
                                    config->hydraulic.cylinder_area_mm2 -
                                config->hydraulic.ram_weight_kn;
        observation->pressure_quality = cylinder_quality;
    }
    observation->stack_pressure_mpa = observation->force_kn * 1000.0 / config->stack.area_mm2;
    observation->contact = observation->force_kn > (contact_before ? released_kn
                                                        : config->hydraulic.contact_force_kn);
}

static double platen_mean(const press_config_t *config, const press_observation_t *observation,
                          uint32_t platen)
{
    double sum_c = 0.0;
    uint32_t count = 0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (config->zone[zone].platen != platen || !usable(observation, zone)) continue;
        sum_c += observation->measurement_channel_unit[zone];
        count += 1;
    }
    return count > 0 ? sum_c / count : observation->zone_temperature_c_median;
}

/* One Euler step; `share` is how much of an error of the estimate is gone after it. */
static double stack_model(const press_config_t *config, const press_observation_t *observation,
                          double stack_c, double *share)
{
    const press_stack_config_t *stack = &config->stack;
    const double step = config->tick_s / stack->heat_capacity_j_per_k;
    const double ratio =
        press_clamp(observation->stack_pressure_mpa / stack->contact_pressure_mpa_ref, 0.0, 1.0);
    const double g = observation->contact
                         ? stack->contact_w_per_k_base + stack->contact_w_per_k_slope * ratio
                         : 0.0;
    double heat_w = -stack->loss_w_per_k * (stack_c - config->ambient_temperature_c);
    for (uint32_t platen = 0; platen < PRESS_PLATEN_COUNT; platen++) {
        heat_w += g * (platen_mean(config, observation, platen) - stack_c);
    }
    *share = press_clamp(step * (PRESS_PLATEN_COUNT * g + stack->loss_w_per_k), 0.0, 1.0);
    return stack_c + step * heat_w;
}

static void heed_stack_sensor(const press_config_t *config, press_state_t *state,
                              const press_observation_t *observation)
{
    const uint32_t sensor = PRESS_CHANNEL_STACK_TEMPERATURE_C;
    const double sigma_c = state->stack_temperature_c_sigma;
    const double pull = press_clamp(config->tick_s / SENSOR_PULL_S, 0.0, 1.0) * sigma_c * sigma_c /
                        (sigma_c * sigma_c + SENSOR_SIGMA_C * SENSOR_SIGMA_C);
    if (!config->channel[sensor].fitted || !usable(observation, sensor)) return;
    state->stack_temperature_c +=
        pull * (observation->measurement_channel_unit[sensor] - state->stack_temperature_c);
    if (sigma_c > SENSOR_SIGMA_C) {
        state->stack_temperature_c_sigma += pull * (SENSOR_SIGMA_C - sigma_c);
    }
}

static void stack_temperature(const press_config_t *config, press_state_t *state,
                              press_observation_t *observation)
{
    double share = 0.0;
    if (state->stack_temperature_c_sigma <= 0.0) {
        /* First tick: what was not heated here is as cold as the room, until time tells. */
        state->stack_temperature_c = config->ambient_temperature_c;
        state->stack_temperature_c_sigma =
            fabs(observation->zone_temperature_c_median - config->ambient_temperature_c) +
            ZONE_BIAS_C;
    } else {
        state->stack_temperature_c =
            stack_model(config, observation, state->stack_temperature_c, &share);
    }
    const double lag_c = observation->zone_temperature_c_median - state->stack_temperature_c;
    if (observation->contact) {
        state->stack_temperature_c_sigma +=
            share * (ZONE_BIAS_C - state->stack_temperature_c_sigma);
    } else if (fabs(lag_c) > state->stack_temperature_c_sigma) {
        state->stack_temperature_c_sigma = fabs(lag_c);
    }
    heed_stack_sensor(config, state, observation);
    observation->stack_temperature_c_estimate = state->stack_temperature_c;
    observation->stack_temperature_c_sigma =
        sqrt(state->stack_temperature_c_sigma * state->stack_temperature_c_sigma +
             CONTACT_DOUBT_RATIO * CONTACT_DOUBT_RATIO * lag_c * lag_c);
}

/* Positions of the corners, numbered round the platen. One missing corner is set so that the four
 * lie in a plane; of two opposite ones the mean is the middle, and the tilt across them is not
 * seen. Returns the variance of the mean, in variances of one sensor; negative: no mean. */
static double corners(const press_observation_t *observation, double position_mm[PRESS_LVDT_COUNT])
{
    uint32_t count = 0, missing = 0, first = PRESS_LVDT_COUNT;
    for (uint32_t i = 0; i < PRESS_LVDT_COUNT; i++) {
        const uint32_t channel = PRESS_CHANNEL_LVDT_1_POSITION_MM + i;
        position_mm[i] = observation->measurement_channel_unit[channel];
        if (usable(observation, channel)) {
            count += 1;
        } else {
            missing = i;
            if (first == PRESS_LVDT_COUNT) first = i;
        }
    }
    if (count == PRESS_LVDT_COUNT) return 0.25;
    const uint32_t left = (missing + 1) % PRESS_LVDT_COUNT, right = (missing + 3) % PRESS_LVDT_COUNT;
    const uint32_t opposite = (missing + 2) % PRESS_LVDT_COUNT;
    if (count == PRESS_LVDT_COUNT - 1) {
        position_mm[missing] = position_mm[left] + position_mm[right] - position_mm[opposite];
        return 0.5;
    }
    if (count != PRESS_LVDT_COUNT - 2 || first != opposite) return -1.0;
    position_mm[missing] = position_mm[opposite] = 0.5 * (position_mm[left] + position_mm[right]);
    return 0.5;
}

/* Returns the standard uncertainty of the thickness in mm. */
static double thickness(const press_config_t *config, press_observation_t *observation)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    double x[PRESS_LVDT_COUNT];
    const double share = corners(observation, x);
    const double stretch_mm = observation->force_kn / hydraulic->frame_stiffness_kn_per_mm;
    const double growth_mm =
        hydraulic->platen_expansion_mm_per_k *
        (observation->zone_temperature_c_median - config->ambient_temperature_c);
    const double reference_mm = config->stack.thickness_reference_sigma_mm;
    const double unsure_mm = hydraulic->stretch_sigma_fraction * stretch_mm;
    observation->thickness_quality = share == 0.25  ? PRESS_GOOD
                                     : share > 0.0 ? PRESS_UNCERTAIN
                                                   : PRESS_BAD;
    observation->thickness_mm = 0.25 * (x[0] + x[1] + x[2] + x[3]) -
                                config->stack.thickness_reference_mm - stretch_mm - growth_mm;
    /* Largest difference of two corners of the plane that fits the four best. */
    observation->tilt_um = 1000.0 * (fabs(0.5 * (x[1] + x[2] - x[0] - x[3])) +
                                     fabs(0.5 * (x[2] + x[3] - x[0] - x[1])));
    return sqrt((share > 0.0 ? share : 0.0) * hydraulic->position_sigma_mm *
                    hydraulic->position_sigma_mm +
                reference_mm * reference_mm + unsure_mm * unsure_mm);
}

/* Relative uncertainties of a product add in squares: of the mass and of the thickness. */
static void density(const press_config_t *config, press_observation_t *observation,
                    double thickness_sigma_mm)
{
    const press_stack_config_t *stack = &config->stack;
    const double spring = stack->elastic_modulus_mpa > 0.0
                              ? observation->stack_pressure_mpa / stack->elastic_modulus_mpa
                              : 0.0;
    observation->density_g_per_cm3 = 0.0;
    observation->density_g_per_cm3_sigma = 0.0;
    if (observation->contact && observation->thickness_quality != PRESS_BAD &&
        observation->thickness_mm > THICKNESS_MM_MIN) {
        const double thin = thickness_sigma_mm / observation->thickness_mm;
        const double mass = stack->areal_mass_sigma_fraction;
        observation->density_g_per_cm3 =
            10.0 * stack->areal_mass_g_per_cm2 * (1.0 - spring) / observation->thickness_mm;
        observation->density_g_per_cm3_sigma =
            observation->density_g_per_cm3 * sqrt(mass * mass + thin * thin);
    }
}

void press_estimate(const press_config_t *config, press_state_t *state,
                    press_observation_t *observation)
{
    observation->zone_temperature_c_median = zone_median(config, observation);
    observation->zone_temperature_setpoint_c = state->temperature_ramp.position_unit;
    observation->stack_pressure_setpoint_mpa = state->pressure_ramp.position_unit;
    observation->temperature_ramp_done =
        press_ramp_arrived(&state->temperature_ramp) && !state->temperature_ramp_held;
    observation->pressure_ramp_done =
        press_ramp_arrived(&state->pressure_ramp) && !state->pressure_ramp_held;
    observation->zone_fallback_bits = 0;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        if (state->zone[zone].predictive.fallback) {
            observation->zone_fallback_bits |= (uint8_t)press_bit(zone);
        }
    }
    force(config, state, observation);
    stack_temperature(config, state, observation);
    density(config, observation, thickness(config, observation));
}
