/* vessel.c: table of contents of the simulated WIP, and its face to the host. */
#include "vessel_parts.h"

#include <string.h>

void vessel_init(const vessel_config_t *config, uint64_t seed, uint32_t noise_on, double start_c,
                 vessel_state_t *state)
{
    memset(state, 0, sizeof *state);
    state->noise_on = noise_on ? 1u : 0u;
    plant_random_seed(state->random, seed);
    vessel_machine_init(config, state);
    vessel_fluid_init(config, state, start_c);
    vessel_workpiece_init(config, state, start_c);
    vessel_intensifier_init(config, state);
    vessel_sensor_init(config, state);
}

void vessel_preset(const vessel_config_t *config, vessel_state_t *state, double pressure_mpa,
                   double fluid_c, double wall_c)
{
    vessel_fluid_state_t *fluid = &state->fluid;
    fluid->pressure_mpa = fluid->transmitted_mpa = pressure_mpa + VESSEL_ATMOSPHERE_MPA;
    fluid->fluid_c = fluid_c;
    fluid->wall_c = wall_c;
    fluid->jacket_c = fluid->start_c = wall_c;
    fluid->air_m3 = config->body.air_trapped_ml * 1e-6;
    fluid->vapour_m3 = fluid->liquid_in_kg = fluid->liquid_out_kg = 0.0;
    fluid->heat_in_j = fluid->heat_lost_j = fluid->heat_to_fluid_j = 0.0;
    state->workpiece.temperature_c = fluid_c;
    state->workpiece.pressure_mpa_previous = pressure_mpa;
    state->machine.yoke_ratio = 1.0;
    state->machine.lid_shut = state->machine.lid_locked = 1;
    vessel_sensor_init(config, state);
}

void vessel_command(const vessel_config_t *config, vessel_state_t *state, uint32_t output_bits,
                    const double *opening_fraction)
{
    state->output_bits = output_bits;
    for (uint32_t n = 0; n < VESSEL_OPENING_COUNT; n++)
        state->opening_fraction[n] =
            plant_opening(opening_fraction[n], config->needle.resolution_fraction);
}

static void slow_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_workpiece_slow(config, state);
    vessel_purge_slow(config, state);
    vessel_oil_slow(config, state);
    vessel_sensor_slow(config, state);
    vessel_limiter_step(config, state);
}

void vessel_run(const vessel_config_t *config, vessel_state_t *state, uint32_t steps)
{
    for (uint32_t n = 0; n < steps; n++) {
        vessel_machine_step(config, state);
        vessel_needle_step(config, state);
        vessel_intensifier_step(config, state);
        vessel_fluid_step(config, state);
        state->step += 1;
        if (state->step % PLANT_SLOW_STEPS == 0)
            slow_step(config, state);
    }
}

uint32_t vessel_input_bits(const vessel_config_t *config, const vessel_state_t *state)
{
    const vessel_world_t *world = &state->world;
    const vessel_machine_state_t *machine = &state->machine;
    bool oil_cool = state->intensifier.oil_c < config->intensifier.oil_temperature_c_max;
    return plant_flag(world->guard_a_closed, VESSEL_INPUT_GUARD_A_CLOSED)
           | plant_flag(world->guard_b_closed, VESSEL_INPUT_GUARD_B_CLOSED)
           | plant_flag(world->estop_a_ok, VESSEL_INPUT_ESTOP_A_OK)
           | plant_flag(world->estop_b_ok, VESSEL_INPUT_ESTOP_B_OK)
           | plant_flag(machine->safety_relay_closed, VESSEL_INPUT_SAFETY_RELAY_OK)
           | plant_flag(!machine->limiter_latched, VESSEL_INPUT_LIMITER_OK)
           | plant_flag(machine->contactor_closed, VESSEL_INPUT_CONTACTOR_JACKET_CLOSED)
           | plant_flag(machine->pump_running, VESSEL_INPUT_PUMP_RUNNING)
           | plant_flag(world->oil_level_ok, VESSEL_INPUT_OIL_LEVEL_OK)
           | plant_flag(world->oil_filter_ok, VESSEL_INPUT_OIL_FILTER_OK)
           | plant_flag(oil_cool, VESSEL_INPUT_OIL_TEMPERATURE_OK)
           | plant_flag(world->water_supply_ok, VESSEL_INPUT_WATER_FLOW_OK)
           | plant_flag(machine->yoke_ratio >= 1.0, VESSEL_INPUT_YOKE_IN)
           | plant_flag(machine->lid_locked, VESSEL_INPUT_LID_LOCKED_A)
           | plant_flag(machine->lid_locked, VESSEL_INPUT_LID_LOCKED_B)
           | plant_flag(machine->vent_open, VESSEL_INPUT_VENT_OPEN)
           | plant_flag(machine->deair_open, VESSEL_INPUT_DEAIR_OPEN)
           | plant_flag(state->workpiece.bag_previous, VESSEL_INPUT_BAG_LOADED)
           | plant_flag(!state->fluid.ruptured, VESSEL_INPUT_RUPTURE_DISC_OK)
           | plant_flag(machine->mains_ok, VESSEL_INPUT_MAINS_OK);
}

static void truth_of_fluid(const vessel_config_t *config, const vessel_state_t *state,
                           vessel_truth_t *truth)
{
    const vessel_body_t *body = &config->body;
    const vessel_fluid_state_t *fluid = &state->fluid;
    double density =
        vessel_density_kg_per_m3(&config->fluid, fluid->pressure_mpa, fluid->fluid_c);
    double liquid_m3 = vessel_volume_m3(config, fluid->pressure_mpa)
                       - vessel_air_volume_m3(config, state) - fluid->vapour_m3;
    truth->vessel_pressure_mpa = fluid->pressure_mpa - VESSEL_ATMOSPHERE_MPA;
    truth->vessel_pressure_mpa_absolute = fluid->pressure_mpa;
    truth->pressure_rate_mpa_per_s = fluid->pressure_mpa_per_s;
    truth->fluid_temperature_c = fluid->fluid_c;
    truth->wall_temperature_c = fluid->wall_c;
    truth->jacket_temperature_c = fluid->jacket_c;
    truth->air_ml = fluid->air_m3 * 1e6;
    truth->liquid_kg = liquid_m3 > 0.0 ? density * liquid_m3 : 0.0;
    truth->liquid_in_kg = fluid->liquid_in_kg;
    truth->liquid_out_kg = fluid->liquid_out_kg;
    truth->fluid_inflow_ml_per_s = fluid->inflow_m3_per_s * 1e6;
    truth->fluid_outflow_ml_per_s = fluid->outflow_m3_per_s * 1e6;
    truth->jet_m_per_s = vessel_jet_m_per_s(truth->vessel_pressure_mpa, density);
    truth->heat_in_j = fluid->heat_in_j;
    truth->heat_lost_j = fluid->heat_lost_j;
    truth->heat_to_fluid_j = fluid->heat_to_fluid_j;
    truth->heat_stored_j =
        body->wall_heat_capacity_j_per_k * (fluid->wall_c - fluid->start_c)
        + body->jacket_heat_capacity_j_per_k * (fluid->jacket_c - fluid->start_c);
}

static void truth_of_machine(const vessel_config_t *config, const vessel_state_t *state,
                             vessel_truth_t *truth)
{
    const vessel_intensifier_state_t *pump = &state->intensifier;
    truth->oil_temperature_c = pump->oil_c;
    truth->intensifier_position_mm = pump->position_ratio * config->intensifier.stroke_mm;
    truth->intensifier_oil_pressure_bar = pump->oil_bar;
    truth->charge_pressure_mpa = pump->charge_mpa - VESSEL_ATMOSPHERE_MPA;
    truth->stroke_count = pump->stroke_count;
    truth->delivered_ml = pump->delivered_m3 * 1e6;
    truth->pump_work_j = pump->work_j;
    truth->needle_open_fraction = state->needle_fraction;
    truth->needle_area_mm2 = 1e6 * vessel_needle_area_m2(config, state);
    truth->jacket_power_w = state->machine.jacket_power_w;
    truth->jacket_current_a = state->machine.jacket_current_a;
    truth->lid_shut_count = state->machine.lid_shut;
    truth->lid_locked_count = state->machine.lid_locked;
}

static void truth_of_demands(const vessel_state_t *state, vessel_truth_t *truth)
{
    truth->limiter_demands = state->limiter_demands;
    truth->relief_demands = state->relief_demands;
    truth->oil_relief_demands = state->oil_relief_demands;
    truth->rupture_demands = state->rupture_demands;
    truth->lid_lock_demands = state->lid_lock_demands;
    truth->pump_permissive_demands = state->pump_permissive_demands;
    truth->safety_relay_demands = state->safety_relay_demands;
    truth->hard_protection_demands =
        truth->limiter_demands + truth->relief_demands + truth->oil_relief_demands
        + truth->rupture_demands + truth->lid_lock_demands + truth->pump_permissive_demands
        + truth->safety_relay_demands;
}

void vessel_truth(const vessel_config_t *config, const vessel_state_t *state,
                  vessel_truth_t *truth)
{
    memset(truth, 0, sizeof *truth);
    truth->time_s = (double)state->step / PLANT_STEPS_PER_S;
    truth_of_fluid(config, state, truth);
    truth_of_machine(config, state, truth);
    vessel_workpiece_truth(config, state, truth);
    truth->h2s_purge_ppm = vessel_h2s_purge_ppm(config, state);
    truth_of_demands(state, truth);
}

uint32_t vessel_read(const vessel_config_t *config, const vessel_state_t *state,
                     const plant_wiring_t *wiring, double *reading_channel_unit)
{
    for (uint32_t n = 0; n < wiring->reading_count && n < PLANT_WIRE_MAX; n++) {
        int32_t point = wiring->reading[n];
        reading_channel_unit[n] = point < 0 ? 0.0 : state->sensor[point].reading_channel_unit;
    }
    return plant_gather(vessel_input_bits(config, state), wiring->input, wiring->input_count);
}

uint32_t vessel_tick(const vessel_config_t *config, vessel_state_t *state,
                     const plant_wiring_t *wiring, uint32_t output_bits,
                     const double *opening_fraction, uint32_t steps, double *reading_channel_unit)
{
    double opening[VESSEL_OPENING_COUNT] = {0.0};
    plant_scatter_openings(wiring, opening_fraction, opening);
    vessel_command(config, state, plant_scatter(output_bits, wiring->output, wiring->output_count),
                   opening);
    vessel_run(config, state, steps);
    return vessel_read(config, state, wiring, reading_channel_unit);
}
