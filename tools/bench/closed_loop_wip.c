/* A batch of the warm isostatic press entirely in C; see closed_loop.h. */
#include "isostatic.h"
#include "vessel.h"

#define UNIT wip
#define MACHINE vessel
#define CHANNEL_COUNT WIP_CHANNEL_COUNT
#define OPENING_COUNT VESSEL_OPENING_COUNT
#define ENDED(plant) (plant).workpiece.density_ratio[0], (plant).fluid.fluid_c

static void take_openings(const wip_output_t *output, double *opening_fraction)
{
    opening_fraction[0] = output->needle_open_fraction;
    opening_fraction[1] = output->pump_speed_fraction;
}

static void read_back(const double *opening_fraction, wip_sensor_t *sensor)
{
    sensor->needle_open_fraction_readback = opening_fraction[0];
    sensor->pump_speed_fraction_readback = opening_fraction[1];
}

#include "closed_loop.h"
