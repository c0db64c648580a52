/* electrical.c: mains, safety chain, independent limiter, contactors, SSRs, current.
 *
 * The safety relay and the limiter are wires, not software: they take the coils away
 * whatever the controller asks. Each intervention is counted as a demand.
 *
 * A load is fed through contactors in series with one coil command (ISO 13849-1 category 3 asks
 * for two): one whose contacts have welded does not stand in the way of its fellow. Their mirror
 * contacts are in series too (IEC 60947-4-1, annex F): "closed" is told until all are open.
 */
#include "parts.h"

void plant_electrical_init(const plant_config_t *config, plant_state_t *state)
{
    plant_world_t *world = &state->world;
    world->mains_voltage_v =
        config->electrical.mains_voltage_v_nominal * config->electrical.mains_voltage_ratio;
    world->ambient_temperature_c = config->ambient_temperature_c;
    world->water_temperature_c = config->water_temperature_c;
    world->guard_a_closed = world->guard_b_closed = 1;
    world->estop_a_ok = world->estop_b_ok = 1;
    world->safety_relay_healthy = 1;
    world->oil_level_ok = world->oil_filter_ok = world->water_supply_ok = 1;
    world->valve_slowness_ratio = world->frame_stiffness_ratio = world->platen_mass_ratio = 1.0;
    state->electrical.safety_relay_closed = 1;
    state->electrical.mains_ok = 1;
    state->electrical.half_cycle_ratio = 1.0; /* the first step is a zero crossing */
}

uint32_t plant_follow(uint32_t closed, bool coil, double delay_s, double *waited_s)
{
    if ((closed != 0u) == coil) {
        *waited_s = 0.0;
        return closed;
    }
    *waited_s += PLANT_STEP_S;
    /* Half a step of slack: the sum of steps is not exactly the delay. */
    if (*waited_s < delay_s - 0.5 * PLANT_STEP_S)
        return closed;
    *waited_s = 0.0;
    return coil ? 1u : 0u;
}

static bool passes(const plant_config_t *config, const plant_contactor_state_t *contactor)
{
    bool all = true;
    for (uint32_t k = 0; k < config->electrical.contactors_in_series; k++)
        all = all && contactor->closed[k];
    return all;
}

bool plant_contactor_told_closed(const plant_config_t *config,
                                 const plant_contactor_state_t *contactor)
{
    bool any = false;
    for (uint32_t k = 0; k < config->electrical.contactors_in_series; k++)
        any = any || contactor->closed[k];
    return any;
}

/* Its loop of mirror contacts keeps the relay from closing onto a contactor that is not open. */
static bool feedback_ok(const plant_config_t *config, const plant_electrical_state_t *electrical)
{
    for (uint32_t c = 0; c < PLANT_CONTACTOR_COUNT; c++)
        if (plant_contactor_told_closed(config, &electrical->contactor[c]))
            return false;
    return true;
}

static void safety_relay_step(const plant_config_t *config, plant_state_t *state)
{
    const plant_world_t *world = &state->world;
    plant_electrical_state_t *electrical = &state->electrical;
    bool healthy = world->guard_a_closed && world->guard_b_closed && world->estop_a_ok
                   && world->estop_b_ok && world->safety_relay_healthy && electrical->mains_ok;
    uint32_t before = electrical->safety_relay_closed;
    healthy = healthy && (before || feedback_ok(config, electrical));
    /* A demand is one that found something to switch off; loading an idle press is none. */
    bool running = false;
    for (uint32_t c = 0; c < PLANT_CONTACTOR_COUNT; c++)
        running = running || passes(config, &electrical->contactor[c]);
    electrical->safety_relay_closed = plant_follow(
        before, healthy, config->electrical.safety_relay_s, &electrical->safety_relay_s);
    if (before && !electrical->safety_relay_closed && electrical->mains_ok && running)
        state->safety_relay_demands += 1;
}

static void contactor_step(const plant_config_t *config, plant_contactor_state_t *contactor,
                           bool coil, const uint32_t welded[PLANT_SERIES_MAX])
{
    for (uint32_t k = 0; k < config->electrical.contactors_in_series; k++) {
        contactor->closed[k] = plant_follow(
            contactor->closed[k], coil, config->electrical.contactor_s, &contactor->waited_s[k]);
        if (welded[k])
            contactor->closed[k] = 1;
    }
}

static void contactors_step(const plant_config_t *config, plant_state_t *state)
{
    const plant_world_t *world = &state->world;
    plant_electrical_state_t *electrical = &state->electrical;
    plant_contactor_state_t *contactor = electrical->contactor;
    bool powered = electrical->safety_relay_closed && electrical->mains_ok;
    bool heats = powered && !electrical->limiter_latched;
    const uint32_t top[] = {world->contactor_top_welded, world->contactor_top_second_welded};
    const uint32_t bottom[] = {world->contactor_bottom_welded,
                               world->contactor_bottom_second_welded};
    const uint32_t pump[] = {world->pump_contactor_welded, world->pump_contactor_second_welded};
    contactor_step(config, &contactor[PLANT_CONTACTOR_TOP],
                   heats && plant_bit(state->output_bits, PLANT_OUTPUT_CONTACTOR_TOP), top);
    contactor_step(config, &contactor[PLANT_CONTACTOR_BOTTOM],
                   heats && plant_bit(state->output_bits, PLANT_OUTPUT_CONTACTOR_BOTTOM), bottom);
    contactor_step(config, &contactor[PLANT_CONTACTOR_PUMP],
                   powered && plant_bit(state->output_bits, PLANT_OUTPUT_PUMP), pump);
    electrical->pump_running = passes(config, &contactor[PLANT_CONTACTOR_PUMP]) ? 1u : 0u;
}

/* Zero-crossing SSRs take a new state at half cycles only. */
static void ssr_step(const plant_config_t *config, plant_state_t *state)
{
    plant_electrical_state_t *electrical = &state->electrical;
    double before = electrical->half_cycle_ratio;
    bool crossing = before >= 1.0 - 1e-9;
    electrical->half_cycle_ratio =
        before - (crossing ? 1.0 : 0.0) + 2.0 * config->electrical.mains_hz * PLANT_STEP_S;
    if (!crossing)
        return;
    for (uint32_t z = 0; z < config->zone_count; z++) {
        bool asked = plant_bit(state->output_bits, PLANT_OUTPUT_HEATER_1_SSR + z);
        bool conducts = asked || state->world.heater_ssr_welded[z];
        electrical->ssr_conducting[z] = conducts && !state->world.heater_ssr_open[z] ? 1u : 0u;
    }
}

/* P = u P_z (1 - broken) (V/V_n)^2, and the current the transformer shows: its averaging
 * window makes the reading a ramp that arrives exactly. */
static void heater_step(const plant_config_t *config, plant_state_t *state, uint32_t z)
{
    plant_electrical_state_t *electrical = &state->electrical;
    const plant_zone_t *zone = &config->zone[z];
    double nominal_v = config->electrical.mains_voltage_v_nominal;
    double mains_ratio = state->world.mains_voltage_v / nominal_v;
    double rated_a = zone->power_w / nominal_v;
    /* The limiter breaks the hot legs with a contact of its own: welded contactors do not stand
     * in its way. */
    bool live = electrical->ssr_conducting[z] && !electrical->limiter_latched
                && passes(config, &electrical->contactor[PLANT_CONTACTOR_TOP + zone->platen]);
    double share = live ? 1.0 - state->world.heater_break_fraction[z] : 0.0;
    double current_a = rated_a * mains_ratio * share;
    electrical->heater_current_a[z] = current_a;
    state->thermal.heater_power_w[z] = zone->power_w * mains_ratio * mains_ratio * share;
    double ramp_a = rated_a * (mains_ratio > 1.0 ? mains_ratio : 1.0) * PLANT_STEP_S
                    / config->electrical.current_window_s;
    double shown_a = electrical->transformer_current_a[z];
    electrical->transformer_current_a[z] =
        plant_clamp(current_a, shown_a - ramp_a, shown_a + ramp_a);
}

void plant_electrical_step(const plant_config_t *config, plant_state_t *state)
{
    plant_electrical_state_t *electrical = &state->electrical;
    electrical->mains_ok =
        state->world.mains_voltage_v >= config->electrical.mains_voltage_v_min ? 1u : 0u;
    safety_relay_step(config, state);
    contactors_step(config, state);
    ssr_step(config, state);
    for (uint32_t z = 0; z < config->zone_count; z++)
        heater_step(config, state, z);
}

/* The independent limiter: its own sensors, its own latch, reset by key when cooled down. */
void plant_limiter_step(const plant_config_t *config, plant_state_t *state)
{
    plant_electrical_state_t *electrical = &state->electrical;
    double hottest_c = -273.15;
    for (uint32_t p = 0; p < PLANT_PLATEN_COUNT; p++) {
        uint32_t point = PLANT_READING_LIMITER_TOP_TEMPERATURE_C + p;
        double seen_c = state->sensor[point].reading_channel_unit;
        if (config->sensor[point].fitted && seen_c > hottest_c)
            hottest_c = seen_c;
    }
    if (hottest_c > config->electrical.limiter_c && !electrical->limiter_latched) {
        electrical->limiter_latched = 1;
        state->limiter_demands += 1;
    }
    bool key = state->world.limiter_reset && !electrical->limiter_reset_previous;
    electrical->limiter_reset_previous = state->world.limiter_reset ? 1u : 0u;
    if (key && hottest_c < config->electrical.limiter_reset_c)
        electrical->limiter_latched = 0;
}
