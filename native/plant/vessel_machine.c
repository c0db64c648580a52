/* vessel_machine.c: mains, safety chain, limiter, lid, lock, yoke and valves of the WIP.
 *
 * Relay, limiter, the pressurising permissive and the lock's own piston are wires and iron,
 * not software. Each intervention is counted as a demand.
 */
#include "vessel_parts.h"

#define ROOM_MPA 0.05          /* over the room: a person opens nothing against more */
#define DECOMPRESSION_VALVE_S 0.1

void vessel_machine_init(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_world_t *world = &state->world;
    world->mains_voltage_v =
        config->electrical.mains_voltage_v_nominal * config->electrical.mains_voltage_ratio;
    world->ambient_temperature_c = config->ambient_temperature_c;
    world->water_temperature_c = config->water_temperature_c;
    world->check_valve_backflow_ratio = world->rupture_strength_ratio = 1.0;
    world->lid_closed = world->bag_loaded = 1;
    world->guard_a_closed = world->guard_b_closed = 1;
    world->estop_a_ok = world->estop_b_ok = 1;
    world->safety_relay_healthy = 1;
    world->oil_level_ok = world->oil_filter_ok = world->water_supply_ok = 1;
    state->machine.safety_relay_closed = state->machine.mains_ok = state->machine.lid_shut = 1;
}

static double over_room_mpa(const vessel_state_t *state)
{
    return state->fluid.pressure_mpa - VESSEL_ATMOSPHERE_MPA;
}

bool vessel_sealed(const vessel_state_t *state)
{
    return state->machine.lid_shut != 0u && state->machine.lid_locked != 0u;
}

static void safety_relay_step(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_world_t *world = &state->world;
    vessel_machine_state_t *machine = &state->machine;
    bool healthy = world->guard_a_closed && world->guard_b_closed && world->estop_a_ok
                   && world->estop_b_ok && world->safety_relay_healthy && machine->mains_ok;
    uint32_t before = machine->safety_relay_closed;
    machine->safety_relay_closed =
        plant_follow(before, healthy, config->electrical.safety_relay_s, &machine->safety_relay_s);
    bool running = machine->contactor_closed || machine->pump_running;
    if (before && !machine->safety_relay_closed && machine->mains_ok && running)
        state->safety_relay_demands += 1;
}

static void contactors_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_machine_state_t *machine = &state->machine;
    bool powered = machine->safety_relay_closed && machine->mains_ok;
    bool jacket = powered && !machine->limiter_latched
                  && plant_bit(state->output_bits, VESSEL_OUTPUT_CONTACTOR_JACKET);
    machine->contactor_closed = plant_follow(machine->contactor_closed, jacket,
                                             config->electrical.contactor_s, &machine->contactor_s);
    /* The pressurising permissive is wired through the switches of yoke and lock. */
    bool shut = vessel_sealed(state) && machine->yoke_ratio >= 1.0;
    bool asked = powered && plant_bit(state->output_bits, VESSEL_OUTPUT_PUMP);
    if (asked && !machine->pump_asked_previous && !shut)
        state->pump_permissive_demands += 1;
    machine->pump_asked_previous = asked ? 1u : 0u;
    machine->pump_running = plant_follow(machine->pump_running, asked && shut,
                                         config->electrical.contactor_s, &machine->pump_s);
}

static void heater_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_machine_state_t *machine = &state->machine;
    double nominal_v = config->electrical.mains_voltage_v_nominal;
    double mains_ratio = state->world.mains_voltage_v / nominal_v;
    bool conducts = plant_bit(state->output_bits, VESSEL_OUTPUT_JACKET_HEATER_SSR)
                    || state->world.jacket_ssr_welded;
    bool live = conducts && machine->contactor_closed && !state->world.jacket_heater_broken;
    double rated_a = config->body.jacket_power_w / nominal_v;
    machine->jacket_power_w = live ? config->body.jacket_power_w * mains_ratio * mains_ratio : 0.0;
    machine->jacket_current_a = live ? rated_a * mains_ratio : 0.0;
    double ramp_a = rated_a * (mains_ratio > 1.0 ? mains_ratio : 1.0) * PLANT_STEP_S
                    / config->electrical.current_window_s;
    double shown_a = machine->transformer_current_a;
    machine->transformer_current_a =
        plant_clamp(machine->jacket_current_a, shown_a - ramp_a, shown_a + ramp_a);
}

/* The lock is sprung shut and pulled by a request, but its piston feels the vessel. */
static void lid_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_machine_state_t *machine = &state->machine;
    bool powered = machine->safety_relay_closed && machine->mains_ok;
    bool request = powered && plant_bit(state->output_bits, VESSEL_OUTPUT_LID_UNLOCK);
    bool held = over_room_mpa(state) >= config->body.lid_release_mpa;
    if (request && !machine->unlock_previous && held && machine->lid_locked)
        state->lid_lock_demands += 1;
    machine->unlock_previous = request ? 1u : 0u;
    bool in = machine->yoke_ratio >= 1.0;
    bool locks = machine->lid_locked ? !request || held
                                     : !request && machine->lid_shut && in
                                           && !state->world.lid_lock_jammed;
    machine->lid_locked = plant_follow(machine->lid_locked, locks, config->body.lid_lock_s,
                                       &machine->lock_s);
    bool free = !machine->lid_locked && over_room_mpa(state) < ROOM_MPA;
    if (powered && free && !state->world.yoke_jammed) {
        bool asked = plant_bit(state->output_bits, VESSEL_OUTPUT_YOKE_CLOSE) && machine->lid_shut;
        double travel = PLANT_STEP_S / config->body.yoke_s;
        machine->yoke_ratio =
            plant_clamp(machine->yoke_ratio + (asked ? travel : -travel), 0.0, 1.0);
    }
    if (machine->yoke_ratio <= 0.0 && over_room_mpa(state) < ROOM_MPA)
        machine->lid_shut = state->world.lid_closed ? 1u : 0u;
}

/* Their actuators lift only against little pressure; without power they close. */
static uint32_t mouth_valve(const vessel_config_t *config, const vessel_state_t *state,
                            uint32_t open, uint32_t output)
{
    bool asked = state->machine.safety_relay_closed && state->machine.mains_ok
                 && plant_bit(state->output_bits, output);
    if (!asked)
        return 0u;
    return open || over_room_mpa(state) < config->body.vent_mpa_max ? 1u : 0u;
}

static void valves_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_machine_state_t *machine = &state->machine;
    machine->deair_open =
        mouth_valve(config, state, machine->deair_open, VESSEL_OUTPUT_DEAIR_VALVE);
    if (!state->world.vent_valve_stuck)
        machine->vent_open =
            mouth_valve(config, state, machine->vent_open, VESSEL_OUTPUT_VENT_VALVE);
    bool asked = machine->safety_relay_closed && machine->mains_ok
                 && plant_bit(state->output_bits, VESSEL_OUTPUT_DECOMPRESSION_VALVE);
    if (!state->world.decompression_valve_stuck)
        machine->decompression_open =
            plant_follow(machine->decompression_open, asked, DECOMPRESSION_VALVE_S,
                         &machine->decompression_s);
    bool replaced = state->world.rupture_disc_replaced != 0u;
    if (replaced && !state->fluid.rupture_replaced_previous && over_room_mpa(state) < ROOM_MPA)
        state->fluid.ruptured = 0;
    state->fluid.rupture_replaced_previous = replaced ? 1u : 0u;
}

void vessel_machine_step(const vessel_config_t *config, vessel_state_t *state)
{
    state->machine.mains_ok =
        state->world.mains_voltage_v >= config->electrical.mains_voltage_v_min ? 1u : 0u;
    safety_relay_step(config, state);
    contactors_step(config, state);
    heater_step(config, state);
    lid_step(config, state);
    valves_step(config, state);
}

/* The independent limiter of the jacket: own sensor, own latch, reset by key when cooled. */
void vessel_limiter_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_machine_state_t *machine = &state->machine;
    uint32_t point = VESSEL_READING_LIMITER_JACKET_TEMPERATURE_C;
    double seen_c = state->sensor[point].reading_channel_unit;
    if (config->sensor[point].fitted && seen_c > config->electrical.limiter_c
        && !machine->limiter_latched) {
        machine->limiter_latched = 1;
        state->limiter_demands += 1;
    }
    bool key = state->world.limiter_reset && !machine->limiter_reset_previous;
    machine->limiter_reset_previous = state->world.limiter_reset ? 1u : 0u;
    if (key && seen_c < config->electrical.limiter_reset_c)
        machine->limiter_latched = 0;
}
