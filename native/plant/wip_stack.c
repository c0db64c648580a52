/* wip_stack.c: the workpiece in its bag under hydrostatic pressure.
 *
 * Each layer densifies by Heckel's law with thermal softening (a share phi at once, the rest
 * with an Arrhenius time), the contact between layers likewise. Pressure acts through the
 * bag: a flooded bag presses from both sides and densifies no further. Faster than the film
 * bears, harder than it bears, or gas let off too fast is remembered as damage; lithium
 * creeps through above its pressure and shorts. [press model: densification, damage]
 */
#include "vessel_parts.h"

#define GAS_J_PER_MOL_K 8.314462618
#define HOT_REFERENCE_K 373.15
#define COLD_REFERENCE_C 25.0
#define RATE_FILTER_S 0.05
#define ATMOSPHERE_MBAR 1013.25
#define EVACUATED_MBAR 100.0   /* gas in the bag counts in full from here up, */
#define PORE_GAS_RATIO 0.1     /* and what the pores keep always */
#define M3_PER_ML 1e-6

static void new_workpiece(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_workpiece_state_t *now = &state->workpiece;
    for (uint32_t n = 0; n < config->workpiece.layer_count; n++)
        now->density_ratio[n] = config->workpiece.layer[n].density_ratio_initial;
    now->contact_ratio = config->workpiece.contact_ratio_initial;
    now->damage_ratio = now->pressure_mpa_previous = now->rate_mpa_per_s = 0.0;
    now->temperature_c = state->fluid.fluid_c;
    now->bag_mbar = ATMOSPHERE_MBAR;
    now->bag_water_m3 = now->h2s_l = 0.0;
    now->cracked = now->shorted = 0;
}

void vessel_workpiece_init(const vessel_config_t *config, vessel_state_t *state, double start_c)
{
    vessel_workpiece_state_t *now = &state->workpiece;
    state->fluid.fluid_c = start_c;
    new_workpiece(config, state);
    now->bag_previous = state->world.bag_loaded;
    now->pump_gain_fraction = config->workpiece.bag_pump_s > 0.0
                                  ? 1.0 - plant_exp(-PLANT_SLOW_S / config->workpiece.bag_pump_s)
                                  : 1.0;
}

static double softened_mpa(double yield_mpa_25c, double softening_k, double temperature_c)
{
    return yield_mpa_25c * plant_exp((COLD_REFERENCE_C - temperature_c) / softening_k);
}

/* Grows from `low` towards `high`: at once up to the instant share, then exponentially. */
static double densify(double now, double low, double high, double pressure_ratio,
                      double instant_ratio, double step_ratio)
{
    double at_once = high - (high - low) * plant_exp(-instant_ratio * pressure_ratio);
    double at_last = high - (high - low) * plant_exp(-pressure_ratio);
    double grown = at_once > now ? at_once : now;
    return at_last > grown ? (grown + step_ratio * at_last) / (1.0 + step_ratio) : grown;
}

static double relaxation_s(const vessel_layer_t *layer, double temperature_c)
{
    double inverse_k = 1.0 / (temperature_c + 273.15) - 1.0 / HOT_REFERENCE_K;
    return layer->relaxation_s_100c
           * plant_exp(layer->activation_j_per_mol / GAS_J_PER_MOL_K * inverse_k);
}

static void layers_step(const vessel_config_t *config, vessel_workpiece_state_t *now,
                        double temperature_c)
{
    const vessel_workpiece_t *piece = &config->workpiece;
    for (uint32_t n = 0; n < piece->layer_count; n++) {
        const vessel_layer_t *layer = &piece->layer[n];
        double yield_mpa = softened_mpa(layer->yield_mpa_25c, layer->softening_k, temperature_c);
        now->density_ratio[n] =
            densify(now->density_ratio[n], layer->density_ratio_initial, layer->density_ratio_max,
                    now->pressure_mpa / yield_mpa, layer->instant_ratio,
                    PLANT_SLOW_S / relaxation_s(layer, temperature_c));
    }
    double yield_mpa =
        softened_mpa(piece->contact_yield_mpa_25c, piece->contact_softening_k, temperature_c);
    now->contact_ratio =
        densify(now->contact_ratio, piece->contact_ratio_initial, piece->contact_ratio_max,
                now->pressure_mpa / yield_mpa, piece->contact_instant_ratio,
                PLANT_SLOW_S / relaxation_s(&piece->layer[0], temperature_c));
}

static double beyond(double quantity_unit, double limit_unit)
{
    double over = quantity_unit / limit_unit - 1.0;
    return over > 0.0 ? over : 0.0;
}

static void damage_step(const vessel_config_t *config, vessel_workpiece_state_t *now,
                        double temperature_c)
{
    const vessel_workpiece_t *piece = &config->workpiece;
    double rate_mpa_per_s = (now->pressure_mpa - now->pressure_mpa_previous) / PLANT_SLOW_S;
    now->pressure_mpa_previous = now->pressure_mpa;
    now->rate_mpa_per_s +=
        PLANT_SLOW_S / (PLANT_SLOW_S + RATE_FILTER_S) * (rate_mpa_per_s - now->rate_mpa_per_s);
    double speed = now->rate_mpa_per_s < 0.0 ? -now->rate_mpa_per_s : now->rate_mpa_per_s;
    double rate_max = piece->rate_mpa_per_s_max_25c
                      * plant_exp((temperature_c - COLD_REFERENCE_C) / piece->rate_softening_k);
    double harm = beyond(speed, rate_max) + beyond(now->pressure_mpa, piece->pressure_mpa_max);
    if (now->rate_mpa_per_s < 0.0 && now->pressure_mpa < piece->gas_mpa
        && now->pressure_mpa > 0.0)
        harm += beyond(speed, piece->gas_rate_mpa_per_s_max)
                * plant_clamp(now->bag_mbar / EVACUATED_MBAR, PORE_GAS_RATIO, 1.0);
    now->damage_ratio += PLANT_SLOW_S * harm;
    if (now->damage_ratio > 1.0)
        now->cracked = 1;
    double share = plant_clamp((temperature_c - COLD_REFERENCE_C) / 95.0, 0.0, 1.0);
    double lithium_mpa =
        piece->lithium_mpa_25c + share * (piece->lithium_mpa_120c - piece->lithium_mpa_25c);
    if (piece->has_lithium && now->pressure_mpa > lithium_mpa)
        now->shorted = 1;
}

/* Vacuum of the bag, drawn before it is pressed; a leak lets air in. */
static void bag_step(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_workpiece_t *piece = &config->workpiece;
    vessel_workpiece_state_t *now = &state->workpiece;
    double leak_ml_per_s = state->world.bag_leak_fraction * piece->bag_leak_ml_per_s * 0.0141;
    now->bag_mbar += PLANT_SLOW_S * leak_ml_per_s / piece->bag_void_ml
                     * (ATMOSPHERE_MBAR - now->bag_mbar);
    bool pumped = plant_bit(state->output_bits, VESSEL_OUTPUT_VACUUM_PUMP)
                  && plant_bit(state->output_bits, VESSEL_OUTPUT_VACUUM_VALVE)
                  && state->machine.mains_ok;
    if (pumped)
        now->bag_mbar += now->pump_gain_fraction * (piece->bag_pressure_mbar_min - now->bag_mbar);
    now->bag_mbar = plant_clamp(now->bag_mbar, 0.0, ATMOSPHERE_MBAR);
}

void vessel_workpiece_slow(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_workpiece_state_t *now = &state->workpiece;
    /* Nobody changes the bag of a locked vessel. */
    if (!state->machine.lid_locked) {
        if (state->world.bag_loaded && !now->bag_previous)
            new_workpiece(config, state);
        now->bag_previous = state->world.bag_loaded;
    }
    if (!now->bag_previous) {
        now->pressure_mpa = 0.0;
        return;
    }
    now->temperature_c += PLANT_SLOW_S * config->workpiece.fluid_w_per_k
                          / config->workpiece.heat_capacity_j_per_k
                          * (state->fluid.fluid_c - now->temperature_c);
    double flooded = plant_clamp(
        now->bag_water_m3 / (config->workpiece.bag_void_ml * M3_PER_ML), 0.0, 1.0);
    double over_mpa = state->fluid.transmitted_mpa - VESSEL_ATMOSPHERE_MPA;
    now->pressure_mpa = over_mpa > 0.0 ? over_mpa * (1.0 - flooded) : 0.0;
    double temperature_c = plant_clamp(now->temperature_c, -100.0, 1000.0);
    bag_step(config, state);
    layers_step(config, now, temperature_c);
    damage_step(config, now, temperature_c);
}

static double relaxed_mm(const vessel_layer_t *layer, double density_ratio)
{
    /* g/cm2 over g/cm3 is cm. */
    return 10.0 * layer->areal_mass_g_per_cm2 / (density_ratio * layer->true_density_g_per_cm3);
}

void vessel_workpiece_truth(const vessel_config_t *config, const vessel_state_t *state,
                            vessel_truth_t *truth)
{
    const vessel_workpiece_t *piece = &config->workpiece;
    const vessel_workpiece_state_t *now = &state->workpiece;
    for (uint32_t n = 0; n < piece->layer_count; n++) {
        const vessel_layer_t *layer = &piece->layer[n];
        double relaxed = relaxed_mm(layer, now->density_ratio[n]);
        double squeezed = plant_clamp(now->pressure_mpa / layer->elastic_modulus_mpa, 0.0, 0.5);
        truth->layer_density_ratio[n] = now->density_ratio[n];
        truth->thickness_mm += relaxed * (1.0 - squeezed);
        truth->springback_mm += relaxed * squeezed;
    }
    const vessel_layer_t *first = &piece->layer[0];
    truth->stack_temperature_c = now->temperature_c;
    truth->stack_pressure_mpa = now->pressure_mpa;
    truth->density_ratio = now->density_ratio[0];
    truth->density_g_per_cm3 = now->density_ratio[0] * first->true_density_g_per_cm3;
    double connected = (now->density_ratio[0] - first->percolation_density_ratio)
                       / (1.0 - first->percolation_density_ratio);
    truth->conductivity_ratio = plant_power(connected, first->percolation_exponent_ratio);
    truth->contact_area_ratio = now->contact_ratio;
    truth->interface_resistance_ohm_cm2 =
        piece->interface_ohm_cm2_initial
        * plant_power(piece->contact_ratio_initial / now->contact_ratio,
                      piece->interface_exponent_ratio);
    truth->damage_ratio = now->damage_ratio;
    truth->cracked_count = now->cracked;
    truth->shorted_count = now->shorted;
    truth->bag_pressure_mbar = now->bag_mbar;
    truth->bag_water_ml = now->bag_water_m3 / M3_PER_ML;
    truth->h2s_released_l = now->h2s_l;
}
