/* intensifier.c: a double-acting oil-to-water intensifier.
 *
 * Oil moves the piston; the plunger in front of it first compresses its own charge up to the
 * vessel's pressure (about 13 % of a stroke at 500 MPa), then delivers through the check
 * valve. At the end of a stroke it reverses: no flow for a while, and a little comes back
 * before the check valve has closed. [press model: WIP vessel]
 */
#include "vessel_parts.h"

#define M3_PER_ML 1e-6
#define OIL_DECAY_S 0.05
#define RELIEF_RESET_RATIO 0.98

/* Volume still in front of the plunger. */
static double charge_m3(const vessel_config_t *config, const vessel_state_t *state)
{
    const vessel_intensifier_state_t *now = &state->intensifier;
    double remaining =
        now->direction > 0.0 ? 1.0 - now->position_ratio : now->position_ratio;
    return config->intensifier.stroke_ml * M3_PER_ML * (remaining > 0.0 ? remaining : 0.0);
}

/* The other side has sucked in supply water meanwhile, or vapour when there was none. */
static void take_charge(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_intensifier_state_t *now = &state->intensifier;
    bool supplied = state->world.water_supply_ok != 0u;
    now->charge_c = state->world.water_temperature_c;
    now->charge_mpa = VESSEL_ATMOSPHERE_MPA;
    now->charge_density_kg_per_m3 =
        supplied ? vessel_density_kg_per_m3(&config->fluid, now->charge_mpa, now->charge_c) : 0.0;
    now->check_open = 0;
}

void vessel_intensifier_init(const vessel_config_t *config, vessel_state_t *state)
{
    state->intensifier.direction = 1.0;
    state->intensifier.oil_c = config->ambient_temperature_c;
    take_charge(config, state);
}

static void shift(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_intensifier_state_t *now = &state->intensifier;
    now->direction = -now->direction;
    now->reversal_s = config->intensifier.reversal_s;
    now->stroke_count += 1;
    take_charge(config, state);
}

/* Nothing goes in while the piston turns round; at first the check valve lets some back. */
static void turn_round(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_intensifier_t *part = &config->intensifier;
    vessel_intensifier_state_t *now = &state->intensifier;
    double gone_s = part->reversal_s - now->reversal_s;
    double over_mpa = state->fluid.pressure_mpa - VESSEL_ATMOSPHERE_MPA;
    if (gone_s < part->backflow_s - 0.5 * PLANT_STEP_S)
        now->backflow_m3_per_s = part->backflow_ml * M3_PER_ML / part->backflow_s
                                 * state->world.check_valve_backflow_ratio
                                 * plant_clamp(over_mpa, 0.0, 1.0);
    now->reversal_s -= PLANT_STEP_S;
    if (now->reversal_s < 0.5 * PLANT_STEP_S)
        now->reversal_s = 0.0;
}

/* Oil pressure that the charge asks for; too much of it goes over the relief instead. */
static bool stalls(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_intensifier_t *part = &config->intensifier;
    vessel_intensifier_state_t *now = &state->intensifier;
    double asked_bar = 10.0 * (now->charge_mpa - VESSEL_ATMOSPHERE_MPA) / part->area_ratio
                       * (1.0 + part->friction_ratio);
    double limit_bar = part->oil_relief_bar * (now->relief_open ? RELIEF_RESET_RATIO : 1.0);
    if (asked_bar < limit_bar) {
        now->relief_open = 0;
        now->oil_bar = asked_bar > 0.0 ? asked_bar : 0.0;
        return false;
    }
    if (!now->relief_open)
        state->oil_relief_demands += 1;
    now->relief_open = 1;
    now->oil_bar = part->oil_relief_bar;
    return true;
}

/* Volume `swept` in front of the plunger: compresses the charge, then delivers. */
static void deliver(const vessel_config_t *config, vessel_state_t *state, double swept_m3)
{
    vessel_intensifier_state_t *now = &state->intensifier;
    double vessel_mpa = state->fluid.pressure_mpa;
    double volume_m3 = charge_m3(config, state) * config->intensifier.charge_compression_ratio;
    vessel_property_t property;
    vessel_property(&config->fluid, now->charge_mpa, now->charge_c, &property);
    double modulus_mpa = vessel_isentropic_modulus_mpa(&property);
    double rise_mpa = vessel_mpa - now->charge_mpa;
    /* What the charge takes to come up to the vessel, or gives when the vessel has fallen. */
    double follow_m3 = volume_m3 * rise_mpa / modulus_mpa;
    if (swept_m3 < follow_m3) {
        double share_mpa = modulus_mpa * swept_m3 / volume_m3;
        now->charge_mpa += share_mpa;
        now->charge_c += property.heating_k_per_mpa * share_mpa;
        now->check_open = 0;
        return;
    }
    double given_m3 = swept_m3 - follow_m3;
    now->check_open = given_m3 > 0.0 ? 1u : 0u;
    now->charge_c += property.heating_k_per_mpa * rise_mpa;
    now->charge_mpa = vessel_mpa;
    now->inflow_m3_per_s = given_m3 / PLANT_STEP_S;
    now->delivered_m3 += given_m3;
}

static void stroke(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_intensifier_t *part = &config->intensifier;
    vessel_intensifier_state_t *now = &state->intensifier;
    double left_m3 = charge_m3(config, state);
    double swept_m3 = now->speed_fraction * part->oil_l_per_min_max / 60000.0 / part->area_ratio
                      * PLANT_STEP_S;
    if (stalls(config, state))
        return;
    if (swept_m3 > left_m3)
        swept_m3 = left_m3;
    if (now->charge_density_kg_per_m3 > 0.0)
        deliver(config, state, swept_m3);
    now->work_j += 1e6 * (now->charge_mpa - VESSEL_ATMOSPHERE_MPA) * swept_m3;
    double end = now->direction > 0.0 ? 1.0 : 0.0;
    now->position_ratio += now->direction * swept_m3 / (part->stroke_ml * M3_PER_ML);
    if (swept_m3 < left_m3)
        return;
    now->position_ratio = end;
    if (part->self_reversing)
        shift(config, state);
    else if (swept_m3 <= 0.0)
        now->oil_bar = part->oil_relief_bar; /* dead end, until the controller shifts */
}

void vessel_intensifier_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_intensifier_state_t *now = &state->intensifier;
    now->inflow_m3_per_s = now->backflow_m3_per_s = 0.0;
    uint32_t bit = plant_bit(state->output_bits, VESSEL_OUTPUT_INTENSIFIER_DIRECTION) ? 1u : 0u;
    bool shifted = bit != now->direction_bit_previous;
    now->direction_bit_previous = bit;
    if (shifted && now->reversal_s <= 0.0)
        shift(config, state);
    bool driven = state->machine.pump_running != 0u && state->world.oil_level_ok != 0u;
    double asked = driven ? state->opening_fraction[VESSEL_OPENING_PUMP_SPEED_FRACTION] : 0.0;
    double ramp = PLANT_STEP_S / config->intensifier.speed_ramp_s;
    now->speed_fraction = driven ? plant_clamp(asked, now->speed_fraction - ramp,
                                               now->speed_fraction + ramp)
                                 : 0.0;
    if (now->reversal_s > 0.0) {
        turn_round(config, state);
        return;
    }
    if (now->speed_fraction > 0.0) {
        stroke(config, state);
        return;
    }
    now->oil_bar -= now->oil_bar * PLANT_STEP_S / OIL_DECAY_S;
    now->relief_open = 0;
    if (now->check_open || now->charge_mpa > state->fluid.pressure_mpa)
        deliver(config, state, 0.0);
}

void vessel_oil_slow(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_intensifier_t *part = &config->intensifier;
    vessel_intensifier_state_t *now = &state->intensifier;
    double heat_w = state->machine.pump_running ? part->oil_motor_w : 0.0;
    if (now->relief_open) /* all of the pump's work stays in the oil */
        heat_w += now->oil_bar * 1e5 * now->speed_fraction * part->oil_l_per_min_max / 60000.0;
    heat_w -= part->oil_loss_w_per_k * (now->oil_c - state->world.ambient_temperature_c);
    now->oil_c += heat_w * PLANT_SLOW_S / part->oil_heat_capacity_j_per_k;
}
