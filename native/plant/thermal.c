/* thermal.c: heat from the cartridges to the stack, the water and the room.
 *
 * Per zone a cartridge H, the platen's core P and its face S; one stack node. Explicit
 * Euler: the fastest node has a time constant of about 10 s, ten thousand steps. Every flow
 * leaves one node and enters another (or is counted in or lost), so the energy closes.
 */
#include "parts.h"

static void platen_gains(const plant_config_t *config, plant_thermal_state_t *thermal)
{
    double step_s = PLANT_STEP_S / thermal->platen_mass_ratio;
    for (uint32_t z = 0; z < config->zone_count; z++) {
        thermal->heater_k_s_per_j[z] = PLANT_STEP_S / config->zone[z].heater_heat_capacity_j_per_k;
        thermal->core_k_s_per_j[z] = step_s / config->zone[z].core_heat_capacity_j_per_k;
        thermal->face_k_s_per_j[z] = step_s / config->zone[z].face_heat_capacity_j_per_k;
    }
}

void plant_thermal_init(const plant_config_t *config, plant_state_t *state, double start_c)
{
    plant_thermal_state_t *thermal = &state->thermal;
    thermal->start_c = thermal->stack_c = thermal->oil_c = start_c;
    thermal->platen_mass_ratio = 1.0;
    for (uint32_t z = 0; z < PLANT_ZONE_MAX; z++)
        thermal->heater_c[z] = thermal->core_c[z] = thermal->face_c[z] = start_c;
    platen_gains(config, thermal);
    thermal->stack_k_s_per_j = PLANT_STEP_S / config->stack.heat_capacity_j_per_k;
    thermal->cooling_gain_fraction = PLANT_SLOW_S / (PLANT_SLOW_S + config->thermal.cooling_valve_s);
    plant_thermal_slow(config, state);
}

/* Cooper-Mikic-Yovanovich: conductance of a contact grows as p^0.95. [press model: contact] */
double plant_contact_w_per_k(const plant_thermal_t *thermal, double stack_pressure_mpa)
{
    double ratio = plant_clamp(stack_pressure_mpa / thermal->contact_pressure_mpa_ref, 0.0, 1.0);
    return thermal->contact_w_per_k_base
           + thermal->contact_w_per_k_slope * plant_power(ratio, thermal->contact_exponent_ratio);
}

/* Net heat into each zone's three nodes from its own conductances; returns heat lost. */
static double zone_flows(const plant_config_t *config, const plant_state_t *state, uint32_t z,
                         double *heater_w, double *core_w, double *face_w)
{
    const plant_zone_t *zone = &config->zone[z];
    const plant_thermal_state_t *thermal = &state->thermal;
    double core_c = thermal->core_c[z];
    double ambient_c = state->world.ambient_temperature_c;
    double into_core_w = zone->heater_core_w_per_k * (thermal->heater_c[z] - core_c);
    double into_face_w = zone->core_face_w_per_k * (core_c - thermal->face_c[z]);
    double water_w = zone->water_w_per_k * thermal->water_fraction[zone->platen]
                     * (core_c - state->world.water_temperature_c);
    double room_w = (zone->core_loss_w_per_k + zone->air_w_per_k * thermal->air_fraction)
                    * (core_c - ambient_c);
    double face_loss_w = zone->face_loss_w_per_k * (thermal->face_c[z] - ambient_c);
    *heater_w = thermal->heater_power_w[z] - into_core_w;
    *core_w = into_core_w - into_face_w - water_w - room_w;
    *face_w = into_face_w - face_loss_w;
    return water_w + room_w + face_loss_w;
}

/* Along the platen, between neighbouring zones. */
static void lateral_flows(const plant_config_t *config, const plant_thermal_state_t *thermal,
                          double *core_w, double *face_w)
{
    for (uint32_t z = 0; z + 1 < config->zone_count; z++) {
        if (config->zone[z].platen != config->zone[z + 1].platen)
            continue;
        double core = config->thermal.core_lateral_w_per_k
                      * (thermal->core_c[z] - thermal->core_c[z + 1]);
        double face = config->thermal.face_lateral_w_per_k
                      * (thermal->face_c[z] - thermal->face_c[z + 1]);
        core_w[z] -= core;
        core_w[z + 1] += core;
        face_w[z] -= face;
        face_w[z + 1] += face;
    }
}

void plant_thermal_step(const plant_config_t *config, plant_state_t *state)
{
    plant_thermal_state_t *thermal = &state->thermal;
    double heater_w[PLANT_ZONE_MAX], core_w[PLANT_ZONE_MAX], face_w[PLANT_ZONE_MAX];
    double in_w = state->world.exotherm_w;
    double stack_w = -config->thermal.stack_loss_w_per_k
                     * (thermal->stack_c - state->world.ambient_temperature_c);
    double lost_w = -stack_w;
    stack_w += in_w;
    for (uint32_t z = 0; z < config->zone_count; z++) {
        const plant_zone_t *zone = &config->zone[z];
        lost_w += zone_flows(config, state, z, &heater_w[z], &core_w[z], &face_w[z]);
        double contact_w = thermal->contact_w_per_k[zone->platen] * zone->contact_weight_ratio
                           * (thermal->face_c[z] - thermal->stack_c);
        face_w[z] -= contact_w;
        stack_w += contact_w;
        in_w += thermal->heater_power_w[z];
    }
    lateral_flows(config, thermal, core_w, face_w);
    for (uint32_t z = 0; z < config->zone_count; z++) {
        thermal->heater_c[z] += thermal->heater_k_s_per_j[z] * heater_w[z];
        thermal->core_c[z] += thermal->core_k_s_per_j[z] * core_w[z];
        thermal->face_c[z] += thermal->face_k_s_per_j[z] * face_w[z];
    }
    thermal->stack_c += thermal->stack_k_s_per_j * stack_w;
    thermal->energy_in_j += in_w * PLANT_STEP_S;
    thermal->energy_lost_j += lost_w * PLANT_STEP_S;
}

static void cooling_step(const plant_config_t *config, plant_state_t *state, uint32_t platen)
{
    plant_thermal_state_t *thermal = &state->thermal;
    bool flows = plant_bit(state->output_bits, PLANT_OUTPUT_COOLING_WATER_TOP + platen)
                 && state->world.water_supply_ok && !state->world.water_blocked;
    thermal->water_fraction[platen] +=
        thermal->cooling_gain_fraction * ((flows ? 1.0 : 0.0) - thermal->water_fraction[platen]);
    bool hot = false;
    for (uint32_t z = 0; z < config->zone_count; z++)
        hot = hot || (config->zone[z].platen == platen
                      && thermal->core_c[z] > config->thermal.steam_limit_c);
    bool steams = flows && hot;
    if (steams && !thermal->steaming[platen])
        state->steam_flashes += 1;
    thermal->steaming[platen] = steams ? 1u : 0u;
}

/* Oil tank: throttling turns the pump's whole hydraulic power into heat. */
static void oil_step(const plant_config_t *config, plant_state_t *state)
{
    plant_thermal_state_t *thermal = &state->thermal;
    double heat_w = 0.0;
    if (state->electrical.pump_running)
        heat_w = config->thermal.oil_motor_w
                 + plant_pump_m3_per_s(config, state)
                       * plant_clamp(state->hydraulic.pressure_pa, 0.0, 1e9);
    heat_w -= config->thermal.oil_loss_w_per_k * (thermal->oil_c - state->world.ambient_temperature_c);
    thermal->oil_c += heat_w * PLANT_SLOW_S / config->thermal.oil_heat_capacity_j_per_k;
}

/* Cooling channels, oil, and the contact conductances, which change slowly. */
void plant_thermal_slow(const plant_config_t *config, plant_state_t *state)
{
    plant_thermal_state_t *thermal = &state->thermal;
    for (uint32_t platen = 0; platen < PLANT_PLATEN_COUNT; platen++)
        cooling_step(config, state, platen);
    double air = plant_bit(state->output_bits, PLANT_OUTPUT_COOLING_AIR) ? 1.0 : 0.0;
    thermal->air_fraction += thermal->cooling_gain_fraction * (air - thermal->air_fraction);
    oil_step(config, state);
    if (thermal->platen_mass_ratio != state->world.platen_mass_ratio) {
        thermal->platen_mass_ratio = state->world.platen_mass_ratio;
        platen_gains(config, thermal);
    }
    double contact =
        plant_contact_w_per_k(&config->thermal, plant_stack_pressure_mpa(config, state));
    bool open = plant_gap_m(state) > 0.0;
    thermal->contact_w_per_k[0] = open ? config->thermal.open_w_per_k : contact;
    thermal->contact_w_per_k[1] = contact;
}

double plant_energy_stored_j(const plant_config_t *config, const plant_state_t *state)
{
    const plant_thermal_state_t *thermal = &state->thermal;
    double start_c = thermal->start_c;
    double mass = thermal->platen_mass_ratio;
    double stored_j = config->stack.heat_capacity_j_per_k * (thermal->stack_c - start_c);
    for (uint32_t z = 0; z < config->zone_count; z++)
        stored_j += config->zone[z].heater_heat_capacity_j_per_k * (thermal->heater_c[z] - start_c)
                    + mass * config->zone[z].core_heat_capacity_j_per_k
                          * (thermal->core_c[z] - start_c)
                    + mass * config->zone[z].face_heat_capacity_j_per_k
                          * (thermal->face_c[z] - start_c);
    return stored_j;
}
