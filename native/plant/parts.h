/* parts.h: what the plant's files call in one another. Private: no host sees it.
 *
 * Order of one millisecond (plant.c): electrical -> hydraulic and stack -> thermal; every
 * PLANT_SLOW_STEPS also the slow laws and the sensors. Argument order: config, state, inputs.
 */
#ifndef PLANT_PARTS_H
#define PLANT_PARTS_H

#include "plant.h"

#define PLANT_STEP_S (1.0 / PLANT_STEPS_PER_S)
#define PLANT_SLOW_S (PLANT_SLOW_STEPS * PLANT_STEP_S)
#define PLANT_PA_PER_BAR 1e5
#define PLANT_ATMOSPHERE_PA 101325.0
/* mL/min at 200 bar -> m3/s per Pa */
#define PLANT_LEAK_M3_PER_S_PA (1e-6 / 60.0 / 2e7)

void plant_electrical_init(const plant_config_t *config, plant_state_t *state);
void plant_electrical_step(const plant_config_t *config, plant_state_t *state);
void plant_limiter_step(const plant_config_t *config, plant_state_t *state);
/* By its mirror contacts: any of those in series is closed. */
bool plant_contactor_told_closed(const plant_config_t *config,
                                 const plant_contactor_state_t *contactor);

void plant_thermal_init(const plant_config_t *config, plant_state_t *state, double start_c);
void plant_thermal_step(const plant_config_t *config, plant_state_t *state);
void plant_thermal_slow(const plant_config_t *config, plant_state_t *state);
double plant_energy_stored_j(const plant_config_t *config, const plant_state_t *state);

/* actuator.c: the analogue output becomes oil. */
void plant_actuator_step(const plant_config_t *config, plant_state_t *state);
/* Into the cylinder while the load-holding valve is open; negative: out of it. */
double plant_actuator_flow(const plant_config_t *config, const plant_state_t *state);
/* Turbulent flow through an edge or orifice of `gain` (m3/s at 1 Pa), laminar near zero. */
double plant_orifice_flow(double gain_m3_per_s, double drop_pa);

void plant_hydraulic_init(const plant_config_t *config, plant_state_t *state);
void plant_hydraulic_step(const plant_config_t *config, plant_state_t *state);
/* What the pressing pump delivers while it runs, before any valve. */
double plant_pump_m3_per_s(const plant_config_t *config, const plant_state_t *state);
double plant_stretch_m(const plant_config_t *config, const plant_state_t *state);
double plant_gap_m(const plant_state_t *state);

void plant_stack_init(const plant_config_t *config, plant_state_t *state);
/* Densify under the present force; refreshes thickness and compliance. */
void plant_stack_step(const plant_config_t *config, plant_state_t *state);
void plant_stack_slow(const plant_config_t *config, plant_state_t *state);
double plant_stack_pressure_mpa(const plant_config_t *config, const plant_state_t *state);

void plant_chamber_init(const plant_config_t *config, plant_state_t *state);
void plant_chamber_slow(const plant_config_t *config, plant_state_t *state);
double plant_chamber_pa(const plant_state_t *state);

void plant_sensor_init(const plant_config_t *config, plant_state_t *state);
void plant_sensor_slow(const plant_config_t *config, plant_state_t *state);

void plant_random_seed(uint64_t *random, uint64_t seed);
double plant_random_uniform(uint64_t *random); /* -1..1 */
double plant_random_normal(uint64_t *random);  /* sigma 1, never beyond +-4.9 */

/* wire.c: `canonical` is the machine's own number of each point of the frame, or -1. */
uint32_t plant_gather(uint32_t bits, const int32_t *canonical, uint32_t count);
uint32_t plant_scatter(uint32_t bits, const int32_t *canonical, uint32_t count);
void plant_scatter_openings(const plant_wiring_t *wiring, const double *given_fraction,
                            double *opening_fraction);
/* An analogue output as its module puts it out: 0..1 in steps. */
double plant_opening(double asked_fraction, double resolution_fraction);
/* A contact that follows its coil after a delay. Returns its position. */
uint32_t plant_follow(uint32_t closed, bool coil, double delay_s, double *waited_s);

static inline uint32_t plant_flag(uint32_t on, uint32_t number) { return on ? 1u << number : 0u; }

static inline double plant_clamp(double number_unit, double low_unit, double high_unit)
{
    return number_unit < low_unit ? low_unit : (number_unit > high_unit ? high_unit : number_unit);
}

static inline bool plant_bit(uint32_t bits, uint32_t number) { return (bits >> number & 1u) != 0u; }

#endif
