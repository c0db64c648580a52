/* atmosphere.c: the gas round the press, its moisture, and the hydrogen sulfide that moisture
 * makes of a sulfide electrolyte.
 *
 * A well-mixed chamber at ambient temperature; four partial pressures. Purge gas flows in and
 * leaves through a check valve at one atmosphere; the pump takes from it down to its ultimate
 * pressure; the leak exchanges gas with the hall. Water comes in with all of them, from the
 * walls and from the workpiece, which dries by a first-order law (Arrhenius) towards a linear
 * isotherm. G_H2S = k x_w m f: cc per minute of hydrolysis, until the sulfide is used up.
 * [press model: moisture and hydrogen sulfide]
 */
#include "parts.h"

#define GAS_J_PER_MOL_K 8.314462618
#define GAS_PA_M3_PER_MOL 2451.0   /* R T at 22 C */
#define WATER_G_PER_MOL 18.015
#define OXYGEN_IN_AIR 0.2095
#define DRYING_REFERENCE_K 353.15
#define LAW_STEPS 100 /* slow steps between two looks at laws of dew point and temperature */
#define VACUUM_PUMP_KNEE_PA 1e-3

/* Saturation of water by Magnus: over ice below 0 C, over water above. */
double plant_saturation_pa(double temperature_c)
{
    double t = plant_clamp(temperature_c, -120.0, 230.0);
    if (t < 0.0)
        return 611.2 * plant_exp(22.46 * t / (272.62 + t));
    return 611.2 * plant_exp(17.62 * t / (243.12 + t));
}

double plant_dew_point_c(double water_pa)
{
    double ratio = plant_log(plant_clamp(water_pa, 1e-5, 1e5) / 611.2);
    return ratio < 0.0 ? 272.62 * ratio / (22.46 - ratio) : 243.12 * ratio / (17.62 - ratio);
}

double plant_chamber_pa(const plant_state_t *state)
{
    const plant_chamber_state_t *now = &state->chamber;
    return now->nitrogen_pa + now->oxygen_pa + now->water_pa + now->h2s_pa;
}

/* Laws that move slowly: what the supplies carry, how fast the workpiece dries. */
static void laws(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    now->supply_water_pa = plant_saturation_pa(state->world.purge_dew_point_c);
    now->hall_water_pa = plant_saturation_pa(state->world.hall_dew_point_c);
    double stack_c = plant_clamp(state->thermal.stack_c, -100.0, 1500.0);
    double inverse_k = 1.0 / (stack_c + 273.15) - 1.0 / DRYING_REFERENCE_K;
    now->drying_per_s =
        plant_exp(-chamber->drying_activation_j_per_mol / GAS_J_PER_MOL_K * inverse_k)
        / chamber->drying_s_80c;
    now->saturation_pa = plant_saturation_pa(stack_c);
}

void plant_chamber_init(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    plant_world_t *world = &state->world;
    world->chamber_closed = world->vacuum_pump_healthy = world->purge_supply_ok = 1;
    world->hall_dew_point_c = chamber->hall_dew_point_c;
    world->purge_dew_point_c = chamber->purge_dew_point_c;
    world->purge_oxygen_ppm = chamber->purge_oxygen_ppm;
    world->sulfide_exposed_fraction = chamber->sulfide_exposed_fraction;
    if (!chamber->fitted)
        return;
    laws(config, state);
    /* It has stood purged. */
    now->water_pa = now->supply_water_pa;
    now->oxygen_pa = 1e-6 * chamber->purge_oxygen_ppm * PLANT_ATMOSPHERE_PA;
    now->nitrogen_pa = PLANT_ATMOSPHERE_PA - now->water_pa - now->oxygen_pa;
    now->moisture_g = chamber->moisture_g;
    now->dew_point_c = plant_dew_point_c(now->water_pa);
}

/* Volume of gas exchanged for gas of the hall, as a share of the chamber. */
static void exchange(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    double l_per_s =
        (chamber->leak_l_per_h + state->world.chamber_leak_l_per_h_added) * (1.0 / 3600.0);
    if (!state->world.chamber_closed)
        l_per_s += chamber->door_l_per_s;
    double share = l_per_s * PLANT_SLOW_S / chamber->volume_l;
    share = share / (1.0 + share);
    double dry_pa = PLANT_ATMOSPHERE_PA - now->hall_water_pa;
    now->nitrogen_pa += share * (dry_pa * (1.0 - OXYGEN_IN_AIR) - now->nitrogen_pa);
    now->oxygen_pa += share * (dry_pa * OXYGEN_IN_AIR - now->oxygen_pa);
    now->water_pa += share * (now->hall_water_pa - now->water_pa);
    now->h2s_pa -= share * now->h2s_pa;
}

static void purge(const plant_config_t *config, plant_state_t *state)
{
    plant_chamber_state_t *now = &state->chamber;
    double l_per_min = 0.0;
    if (plant_bit(state->output_bits, PLANT_OUTPUT_EXTRACT_MAX))
        l_per_min = config->chamber.extract_l_per_min;
    else if (plant_bit(state->output_bits, PLANT_OUTPUT_PURGE_VALVE))
        l_per_min = config->chamber.purge_l_per_min;
    if (l_per_min > 0.0 && state->world.purge_supply_ok) {
        double in_pa = PLANT_ATMOSPHERE_PA * l_per_min * (PLANT_SLOW_S / 60.0)
                       / config->chamber.volume_l;
        double oxygen = 1e-6 * state->world.purge_oxygen_ppm;
        double water = now->supply_water_pa * (1.0 / PLANT_ATMOSPHERE_PA);
        now->oxygen_pa += in_pa * oxygen;
        now->water_pa += in_pa * water;
        now->nitrogen_pa += in_pa * (1.0 - oxygen - water);
    }
    double total_pa = plant_chamber_pa(state);
    if (total_pa <= PLANT_ATMOSPHERE_PA)
        return;
    /* What is too much leaves through the check valve, well mixed. */
    double kept = PLANT_ATMOSPHERE_PA / total_pa;
    now->nitrogen_pa *= kept;
    now->oxygen_pa *= kept;
    now->water_pa *= kept;
    now->h2s_pa *= kept;
}

/* S(p) = S0 (1 - p_ult / p); the pump's own valve shuts when it stands. */
static void evacuate(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    bool driven = plant_bit(state->output_bits, PLANT_OUTPUT_VACUUM_PUMP)
                  && state->world.vacuum_pump_healthy && state->electrical.mains_ok;
    double ramp = PLANT_SLOW_S / chamber->vacuum_pump_s;
    now->vacuum_pump_fraction =
        plant_clamp(now->vacuum_pump_fraction + (driven ? ramp : -ramp), 0.0, 1.0);
    if (!plant_bit(state->output_bits, PLANT_OUTPUT_VACUUM_VALVE)
        || now->vacuum_pump_fraction <= 0.0)
        return;
    double total_pa = plant_chamber_pa(state) + VACUUM_PUMP_KNEE_PA;
    double grip = 1.0 - 100.0 * chamber->vacuum_mbar_ultimate / total_pa;
    if (grip <= 0.0)
        return;
    double rate = grip * now->vacuum_pump_fraction * chamber->vacuum_pump_l_per_s * PLANT_SLOW_S
                  / chamber->volume_l;
    double kept = 1.0 / (1.0 + rate);
    now->nitrogen_pa *= kept;
    now->oxygen_pa *= kept;
    now->water_pa *= kept;
    now->h2s_pa *= kept;
}

/* Walls give off water; the workpiece dries towards, or takes up, what its isotherm allows. */
static void outgas(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    now->water_pa += 100.0 * chamber->wall_outgas_mbar_l_per_s * PLANT_SLOW_S / chamber->volume_l;
    double humidity = plant_clamp(now->water_pa / now->saturation_pa, 0.0, 1.0);
    double leaving_g = PLANT_SLOW_S * now->drying_per_s
                       * (now->moisture_g - humidity * chamber->moisture_g_saturated);
    double pa_per_g = GAS_PA_M3_PER_MOL / (WATER_G_PER_MOL * 1e-3 * chamber->volume_l);
    /* Never more than the gas holds. */
    if (leaving_g * pa_per_g < -0.5 * now->water_pa)
        leaving_g = -0.5 * now->water_pa / pa_per_g;
    now->moisture_g -= leaving_g;
    now->water_pa += leaving_g * pa_per_g;
}

static void hydrolyse(const plant_config_t *config, plant_state_t *state)
{
    const plant_chamber_t *chamber = &config->chamber;
    plant_chamber_state_t *now = &state->chamber;
    double water_ppm = now->water_pa * (1e6 / PLANT_ATMOSPHERE_PA);
    double given_cc = chamber->hydrolysis_cc_per_g_min_ppm * water_ppm * chamber->sulfide_g
                      * state->world.sulfide_exposed_fraction * (PLANT_SLOW_S / 60.0);
    double left_cc = chamber->sulfide_cc_per_g * chamber->sulfide_g - now->h2s_released_cc;
    given_cc = given_cc < left_cc ? given_cc : left_cc;
    now->h2s_released_cc += given_cc;
    now->h2s_pa += PLANT_ATMOSPHERE_PA * 1e-3 * given_cc / chamber->volume_l;
}

void plant_chamber_slow(const plant_config_t *config, plant_state_t *state)
{
    plant_chamber_state_t *now = &state->chamber;
    if (now->slow_countdown == 0) {
        now->slow_countdown = LAW_STEPS;
        laws(config, state);
    }
    now->slow_countdown -= 1;
    exchange(config, state);
    outgas(config, state);
    hydrolyse(config, state);
    evacuate(config, state);
    purge(config, state);
    now->dew_point_c = plant_dew_point_c(now->water_pa);
}
