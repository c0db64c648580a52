/* needle.c: the motorised decompression needle, its stiction, travel and wear.
 *
 * A(u) = A_max u^2; a worn needle has more area and no longer closes tightly. The line to it
 * opens only while its own valve is energised. [press model: WIP vessel]
 */
#include "vessel_parts.h"

#include <math.h>

#define SEAT_LEAK_RATIO 1e-3 /* of the full area, through the seat of a needle worn by 100 % */

void vessel_needle_step(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_needle_t *needle = &config->needle;
    if (state->world.needle_stuck || !state->machine.mains_ok)
        return;
    double gap = state->opening_fraction[VESSEL_OPENING_NEEDLE_OPEN_FRACTION]
                 - state->needle_fraction;
    double distance = fabs(gap);
    /* Stiction: a resting needle does not answer a small change, a moving one arrives. */
    if (!state->needle_moving && distance <= needle->stiction_fraction)
        return;
    double travel = PLANT_STEP_S / needle->stroke_s;
    state->needle_moving = distance > travel ? 1u : 0u;
    state->needle_fraction += plant_clamp(gap, -travel, travel);
}

double vessel_needle_area_m2(const vessel_config_t *config, const vessel_state_t *state)
{
    double diameter_m = config->needle.orifice_mm * 1e-3;
    double full_m2 = 0.25 * 3.141592653589793 * diameter_m * diameter_m;
    double u = state->needle_fraction, worn = state->world.needle_erosion_fraction;
    return full_m2 * (u * u * (1.0 + worn) + SEAT_LEAK_RATIO * worn);
}

double vessel_jet_m_per_s(double pressure_mpa, double density_kg_per_m3)
{
    return pressure_mpa > 0.0 ? sqrt(2e6 * pressure_mpa / density_kg_per_m3) : 0.0;
}
