/* pair.c: sensors of one quantity against one another.
 *
 * Two cylinder transducers and a load cell see the same force. Where they contradict one
 * another nobody knows which one lies, so both become UNCERTAIN, the higher pressure is taken
 * (too high is the dangerous side) and the pressure ramp stands still; standing contradiction is
 * a trip (trip.c). A BAD sensor contradicts nobody: it is not asked.
 */
#include "internal.h"

#include <math.h>

#define KN_PER_BAR_MM2 1e-4
#define MISMATCH_FLOOR_FRACTION 0.1
#define MISMATCH_LEAST_FRACTION 0.2

static void doubt(press_observation_t *observation, uint32_t channel)
{
    observation->quality_reason_bits[channel] |= (uint16_t)PRESS_REASON_PAIR;
    if (observation->quality[channel] == PRESS_GOOD) observation->quality[channel] = PRESS_UNCERTAIN;
}

/* The higher of the pair, because too high is the dangerous side; of the trusted ones, or of the
 * fitted ones' last measurements when none is trusted. */
static void choose_cylinder(const press_config_t *config, press_observation_t *observation)
{
    const uint32_t a = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR;
    const uint32_t b = PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR;
    const double a_bar = observation->measurement_channel_unit[a];
    const double b_bar = observation->measurement_channel_unit[b];
    const bool a_trusted = press_trusted(config, observation, a);
    const bool b_trusted = press_trusted(config, observation, b);
    if (a_trusted != b_trusted) {
        observation->cylinder_pressure_bar = a_trusted ? a_bar : b_bar;
    } else if (config->channel[a].fitted != config->channel[b].fitted) {
        observation->cylinder_pressure_bar = config->channel[a].fitted == 1 ? a_bar : b_bar;
    } else {
        observation->cylinder_pressure_bar = a_bar > b_bar ? a_bar : b_bar;
    }
    if (a_trusted && b_trusted && !press_saturated(observation, a) && !press_saturated(observation, b) &&
        !(fabs(a_bar - b_bar) <= config->limit.pressure_pair_bar_max)) {
        doubt(observation, a);
        doubt(observation, b);
    }
}

/* Load cell against p·A - W. Judged only above a tenth of the load cell's range over what the
 * approach may push: below that, a ram under way explains any difference. What good sensors may
 * differ by is seal friction and the transducers' class, and neither shrinks with the force: the
 * fraction is of the force, but of no less than a fifth of the load cell's range. */
static void compare_force(const press_config_t *config, press_observation_t *observation)
{
    const press_hydraulic_config_t *hydraulic = &config->hydraulic;
    const uint32_t cell = PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
    const double kn_per_bar = hydraulic->cylinder_area_mm2 * KN_PER_BAR_MM2;
    if (!press_trusted(config, observation, cell) || press_saturated(observation, cell)) return;
    if (!press_trusted(config, observation, PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR) &&
        !press_trusted(config, observation, PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR)) {
        return;
    }
    const double measured_kn = observation->measurement_channel_unit[cell];
    const double expected_kn =
        observation->cylinder_pressure_bar * kn_per_bar - hydraulic->ram_weight_kn;
    const double range_kn = config->channel[cell].range_high_channel_unit;
    const double floor_kn = MISMATCH_FLOOR_FRACTION * range_kn + hydraulic->close_bar * kn_per_bar;
    const double larger_kn = measured_kn > expected_kn ? measured_kn : expected_kn;
    const double least_kn = MISMATCH_LEAST_FRACTION * range_kn;
    const double allowed_kn = config->limit.force_mismatch_fraction_max *
                              (larger_kn > least_kn ? larger_kn : least_kn);
    if (larger_kn <= floor_kn) return;
    if (!(fabs(measured_kn - expected_kn) <= allowed_kn)) doubt(observation, cell);
}

void press_pair(const press_config_t *config, press_observation_t *observation)
{
    uint8_t worst = PRESS_GOOD;
    choose_cylinder(config, observation);
    compare_force(config, observation);
    for (uint32_t i = PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR; i <= PRESS_CHANNEL_LOAD_CELL_FORCE_KN;
         i++) {
        if (config->channel[i].fitted == 1 && observation->quality[i] > worst) {
            worst = observation->quality[i];
        }
    }
    observation->pressure_quality = worst;
}
