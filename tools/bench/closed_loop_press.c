/* A batch of the hot press entirely in C; see closed_loop.h. */
#include "plant.h"
#include "press.h"

#define UNIT press
#define MACHINE plant
#define CHANNEL_COUNT PRESS_CHANNEL_COUNT
#define OPENING_COUNT PLANT_OPENING_COUNT
#define ENDED(plant) (plant).stack.density_ratio, (plant).thermal.stack_c

static void take_openings(const press_output_t *output, double *opening_fraction)
{
    opening_fraction[0] = output->valve_open_fraction;
}

static void read_back(const double *opening_fraction, press_sensor_t *sensor)
{
    sensor->valve_open_fraction_readback = opening_fraction[0];
}

#include "closed_loop.h"
