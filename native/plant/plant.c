/* plant.c: table of contents of the simulated press, and its face to the host. */
#include "plant.h"

#include "parts.h"

#include <string.h>

void plant_init(const plant_config_t *config, uint64_t seed, uint32_t noise_on, double start_c,
                plant_state_t *state)
{
    memset(state, 0, sizeof *state);
    state->noise_on = noise_on ? 1u : 0u;
    plant_random_seed(state->random, seed);
    plant_electrical_init(config, state);
    state->thermal.stack_c = start_c;
    plant_stack_init(config, state);
    plant_hydraulic_init(config, state);
    plant_thermal_init(config, state, start_c);
    plant_chamber_init(config, state);
    plant_sensor_init(config, state);
}

void plant_command(const plant_config_t *config, plant_state_t *state, uint32_t output_bits,
                   const double *opening_fraction)
{
    state->output_bits = output_bits;
    for (uint32_t n = 0; n < PLANT_OPENING_COUNT; n++)
        state->opening_fraction[n] =
            plant_opening(opening_fraction[n], config->hydraulic.valve_resolution_fraction);
}

static void slow_step(const plant_config_t *config, plant_state_t *state)
{
    plant_stack_slow(config, state);
    plant_thermal_slow(config, state);
    if (config->chamber.fitted)
        plant_chamber_slow(config, state);
    plant_sensor_slow(config, state);
    plant_limiter_step(config, state);
}

void plant_run(const plant_config_t *config, plant_state_t *state, uint32_t steps)
{
    for (uint32_t n = 0; n < steps; n++) {
        plant_electrical_step(config, state);
        plant_hydraulic_step(config, state);
        plant_stack_step(config, state);
        plant_thermal_step(config, state);
        state->step += 1;
        if (state->step % PLANT_SLOW_STEPS == 0)
            slow_step(config, state);
    }
}

static uint32_t chamber_input_bits(const plant_state_t *state)
{
    bool asked = plant_bit(state->output_bits, PLANT_OUTPUT_PURGE_VALVE)
                 || plant_bit(state->output_bits, PLANT_OUTPUT_EXTRACT_MAX);
    bool turns = state->chamber.vacuum_pump_fraction > 0.5;
    return plant_flag(state->world.chamber_closed, PLANT_INPUT_CHAMBER_CLOSED)
           | plant_flag(turns, PLANT_INPUT_VACUUM_PUMP_RUNNING)
           | plant_flag(asked && state->world.purge_supply_ok, PLANT_INPUT_PURGE_FLOW_OK);
}

static bool told_closed(const plant_config_t *config, const plant_state_t *state, uint32_t load)
{
    return plant_contactor_told_closed(config, &state->electrical.contactor[load]);
}

uint32_t plant_input_bits(const plant_config_t *config, const plant_state_t *state)
{
    const plant_world_t *world = &state->world;
    const plant_electrical_state_t *electrical = &state->electrical;
    bool oil_cool = state->thermal.oil_c < config->thermal.oil_temperature_c_max;
    return plant_flag(world->guard_a_closed, PLANT_INPUT_GUARD_A_CLOSED)
           | plant_flag(world->guard_b_closed, PLANT_INPUT_GUARD_B_CLOSED)
           | plant_flag(world->estop_a_ok, PLANT_INPUT_ESTOP_A_OK)
           | plant_flag(world->estop_b_ok, PLANT_INPUT_ESTOP_B_OK)
           | plant_flag(electrical->safety_relay_closed, PLANT_INPUT_SAFETY_RELAY_OK)
           | plant_flag(!electrical->limiter_latched, PLANT_INPUT_LIMITER_OK)
           | plant_flag(told_closed(config, state, PLANT_CONTACTOR_TOP),
                        PLANT_INPUT_CONTACTOR_TOP_CLOSED)
           | plant_flag(told_closed(config, state, PLANT_CONTACTOR_BOTTOM),
                        PLANT_INPUT_CONTACTOR_BOTTOM_CLOSED)
           | plant_flag(world->oil_level_ok, PLANT_INPUT_OIL_LEVEL_OK)
           | plant_flag(world->oil_filter_ok, PLANT_INPUT_OIL_FILTER_OK)
           | plant_flag(oil_cool, PLANT_INPUT_OIL_TEMPERATURE_OK)
           | plant_flag(world->water_supply_ok, PLANT_INPUT_WATER_FLOW_OK)
           | plant_flag(told_closed(config, state, PLANT_CONTACTOR_PUMP), PLANT_INPUT_PUMP_RUNNING)
           | plant_flag(electrical->mains_ok, PLANT_INPUT_MAINS_OK)
           | (config->chamber.fitted ? chamber_input_bits(state) : 0u);
}

static void truth_of_chamber(const plant_config_t *config, const plant_state_t *state,
                             plant_truth_t *truth)
{
    const plant_chamber_state_t *chamber = &state->chamber;
    if (!config->chamber.fitted)
        return;
    truth->chamber_pressure_mbar = 0.01 * plant_chamber_pa(state);
    truth->chamber_dew_point_c = chamber->dew_point_c;
    truth->chamber_water_ppm = chamber->water_pa * (1e6 / PLANT_ATMOSPHERE_PA);
    truth->chamber_oxygen_ppm = chamber->oxygen_pa * (1e6 / PLANT_ATMOSPHERE_PA);
    truth->h2s_ppm = chamber->h2s_pa * (1e6 / PLANT_ATMOSPHERE_PA);
    truth->h2s_released_cc = chamber->h2s_released_cc;
    truth->moisture_g = chamber->moisture_g;
}

static void truth_of_heat(const plant_config_t *config, const plant_state_t *state,
                          plant_truth_t *truth)
{
    const plant_thermal_state_t *thermal = &state->thermal;
    for (uint32_t z = 0; z < config->zone_count; z++) {
        truth->zone_temperature_c[z] = thermal->core_c[z];
        truth->heater_temperature_c[z] = thermal->heater_c[z];
        truth->face_temperature_c[z] = thermal->face_c[z];
        truth->heater_power_w[z] = thermal->heater_power_w[z];
        truth->heater_current_a[z] = state->electrical.heater_current_a[z];
    }
    truth->stack_temperature_c = thermal->stack_c;
    truth->oil_temperature_c = thermal->oil_c;
    truth->energy_in_j = thermal->energy_in_j;
    truth->energy_lost_j = thermal->energy_lost_j;
    truth->energy_stored_j = plant_energy_stored_j(config, state);
}

static void truth_of_oil(const plant_config_t *config, const plant_state_t *state,
                         plant_truth_t *truth)
{
    const plant_hydraulic_state_t *hydraulic = &state->hydraulic;
    truth->valve_pressure_bar = config->hydraulic.actuator == PLANT_ACTUATOR_RELIEF
                                    ? hydraulic->valve_fraction * config->hydraulic.valve_full_scale_bar
                                    : 0.0;
    truth->valve_spool_fraction = hydraulic->valve_fraction;
    truth->cylinder_pressure_bar = hydraulic->pressure_pa / PLANT_PA_PER_BAR;
    truth->cylinder_inflow_m3_per_s = hydraulic->inflow_m3_per_s;
    truth->force_kn = hydraulic->force_n * 1e-3;
    truth->ram_speed_mm_per_s = hydraulic->ram_m_per_s * 1e3;
    truth->daylight_mm = plant_gap_m(state) * 1e3;
}

static void truth_of_stack(const plant_config_t *config, const plant_state_t *state,
                           plant_truth_t *truth)
{
    const plant_stack_t *stack = &config->stack;
    const plant_stack_state_t *now = &state->stack;
    truth->stack_pressure_mpa = plant_stack_pressure_mpa(config, state);
    truth->thickness_mm = now->thickness_m * 1e3;
    truth->density_ratio = now->density_ratio;
    truth->density_g_per_cm3 = now->density_ratio * stack->true_density_g_per_cm3;
    truth->contact_area_ratio = now->contact_ratio;
    truth->interface_resistance_ohm_cm2 =
        stack->interface_ohm_cm2_initial
        * plant_power(stack->contact_ratio_initial / now->contact_ratio,
                      stack->interface_exponent_ratio);
    double connected = (now->density_ratio - stack->percolation_density_ratio)
                       / (1.0 - stack->percolation_density_ratio);
    truth->conductivity_ratio = plant_power(connected, stack->percolation_exponent_ratio);
    truth->damage_ratio = now->damage_ratio;
    truth->cracked_count = now->cracked;
    truth->shorted_count = now->shorted;
}

void plant_truth(const plant_config_t *config, const plant_state_t *state, plant_truth_t *truth)
{
    memset(truth, 0, sizeof *truth);
    truth->time_s = (double)state->step / PLANT_STEPS_PER_S;
    truth_of_heat(config, state, truth);
    truth_of_oil(config, state, truth);
    truth_of_stack(config, state, truth);
    truth_of_chamber(config, state, truth);
    truth->limiter_demands = state->limiter_demands;
    truth->relief_demands = state->relief_demands;
    truth->safety_relay_demands = state->safety_relay_demands;
    truth->hard_protection_demands =
        truth->limiter_demands + truth->relief_demands + truth->safety_relay_demands;
    truth->steam_flashes = state->steam_flashes;
}

uint32_t plant_read(const plant_config_t *config, const plant_state_t *state,
                    const plant_wiring_t *wiring, double *reading_channel_unit)
{
    for (uint32_t n = 0; n < wiring->reading_count && n < PLANT_WIRE_MAX; n++) {
        int32_t point = wiring->reading[n];
        reading_channel_unit[n] = point < 0 ? 0.0 : state->sensor[point].reading_channel_unit;
    }
    return plant_gather(plant_input_bits(config, state), wiring->input, wiring->input_count);
}

uint32_t plant_tick(const plant_config_t *config, plant_state_t *state,
                    const plant_wiring_t *wiring, uint32_t output_bits,
                    const double *opening_fraction, uint32_t steps, double *reading_channel_unit)
{
    double opening[PLANT_OPENING_COUNT] = {0.0};
    plant_scatter_openings(wiring, opening_fraction, opening);
    plant_command(config, state, plant_scatter(output_bits, wiring->output, wiring->output_count),
                  opening);
    plant_run(config, state, steps);
    return plant_read(config, state, wiring, reading_channel_unit);
}
