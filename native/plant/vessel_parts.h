/* vessel_parts.h: what the vessel's files call in one another. Private: no host sees it.
 *
 * Order of one millisecond (vessel.c): machine -> needle -> intensifier -> fluid; every
 * PLANT_SLOW_STEPS also the workpiece, the head space and the sensors.
 */
#ifndef VESSEL_PARTS_H
#define VESSEL_PARTS_H

#include "parts.h"
#include "vessel.h"

#define VESSEL_ATMOSPHERE_MPA 0.1
#define VESSEL_FULL_MPA 500.0      /* where leaks are rated */

/* Everything the equations of a moment need of the fluid. */
typedef struct {
    double modulus_mpa;
    double heating_k_per_mpa;
    double expansion_per_k;
    double heat_capacity_j_per_m3_k;
    double density_kg_per_m3;
} vessel_property_t;

void vessel_property(const vessel_fluid_t *fluid, double pressure_mpa, double temperature_c,
                     vessel_property_t *property);
double vessel_isentropic_modulus_mpa(const vessel_property_t *property);

void vessel_machine_init(const vessel_config_t *config, vessel_state_t *state);
void vessel_machine_step(const vessel_config_t *config, vessel_state_t *state);
void vessel_limiter_step(const vessel_config_t *config, vessel_state_t *state);
bool vessel_sealed(const vessel_state_t *state);

void vessel_needle_step(const vessel_config_t *config, vessel_state_t *state);
double vessel_needle_area_m2(const vessel_config_t *config, const vessel_state_t *state);
double vessel_jet_m_per_s(double pressure_mpa, double density_kg_per_m3);

void vessel_intensifier_init(const vessel_config_t *config, vessel_state_t *state);
void vessel_intensifier_step(const vessel_config_t *config, vessel_state_t *state);
void vessel_oil_slow(const vessel_config_t *config, vessel_state_t *state);

void vessel_fluid_init(const vessel_config_t *config, vessel_state_t *state, double start_c);
void vessel_fluid_step(const vessel_config_t *config, vessel_state_t *state);
double vessel_volume_m3(const vessel_config_t *config, double pressure_mpa);
double vessel_air_volume_m3(const vessel_config_t *config, const vessel_state_t *state);

void vessel_workpiece_init(const vessel_config_t *config, vessel_state_t *state, double start_c);
void vessel_workpiece_slow(const vessel_config_t *config, vessel_state_t *state);
void vessel_workpiece_truth(const vessel_config_t *config, const vessel_state_t *state,
                            vessel_truth_t *truth);
void vessel_purge_slow(const vessel_config_t *config, vessel_state_t *state);
double vessel_h2s_purge_ppm(const vessel_config_t *config, const vessel_state_t *state);

void vessel_sensor_init(const vessel_config_t *config, vessel_state_t *state);
void vessel_sensor_slow(const vessel_config_t *config, vessel_state_t *state);

#endif
