/* wire.c: between the order of a controller's frames and the machine's own.
 *
 * A point without a partner is dropped on its way in and reads 0 on its way out.
 */
#include "parts.h"

uint32_t plant_gather(uint32_t bits, const int32_t *canonical, uint32_t count)
{
    uint32_t gathered = 0;
    for (uint32_t n = 0; n < count && n < PLANT_WIRE_MAX; n++)
        if (canonical[n] >= 0)
            gathered |= (bits >> (uint32_t)canonical[n] & 1u) << n;
    return gathered;
}

uint32_t plant_scatter(uint32_t bits, const int32_t *canonical, uint32_t count)
{
    uint32_t scattered = 0;
    for (uint32_t n = 0; n < count && n < PLANT_WIRE_MAX; n++)
        if (canonical[n] >= 0)
            scattered |= (bits >> n & 1u) << (uint32_t)canonical[n];
    return scattered;
}

void plant_scatter_openings(const plant_wiring_t *wiring, const double *given_fraction,
                            double *opening_fraction)
{
    for (uint32_t n = 0; n < wiring->opening_count && n < PLANT_WIRE_MAX; n++)
        if (wiring->opening[n] >= 0)
            opening_fraction[wiring->opening[n]] = given_fraction[n];
}

double plant_opening(double asked_fraction, double resolution_fraction)
{
    /* A NaN fails both comparisons and stays 0. */
    double opening = 0.0;
    if (asked_fraction > 0.0)
        opening = asked_fraction < 1.0 ? asked_fraction : 1.0;
    return (double)(int64_t)(opening / resolution_fraction + 0.5) * resolution_fraction;
}
