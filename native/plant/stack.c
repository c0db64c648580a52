/* stack.c: the workpiece under heat and pressure.
 *
 * Heckel densification with thermal softening: a share phi of the pressure densifies at
 * once, the rest follows with an Arrhenius time. D is the plastic (relaxed) relative
 * density; under load the stack is thinner by p/M, which springs back on release. The
 * contact area between the layers obeys the same law, and the interface resistance follows
 * it by a fitted exponent. [press model: densification, density, impedance]
 */
#include "parts.h"

#define GAS_J_PER_MOL_K 8.314462618
#define HOT_REFERENCE_K 373.15
#define COLD_REFERENCE_C 25.0
#define RATE_FILTER_S 0.05
#define LITHIUM_MELTS_C 180.5

double plant_stack_pressure_mpa(const plant_config_t *config, const plant_state_t *state)
{
    return state->hydraulic.force_n / config->stack.area_mm2;
}

static double softened_mpa(double yield_mpa_25c, double softening_k, double temperature_c)
{
    return yield_mpa_25c * plant_exp((COLD_REFERENCE_C - temperature_c) / softening_k);
}

static double relaxed_thickness_m(const plant_stack_t *stack, double density_ratio)
{
    /* g/cm2 over g/cm3 is cm. */
    return 0.01 * stack->areal_mass_g_per_cm2 / (density_ratio * stack->true_density_g_per_cm3);
}

static void laws_of_temperature(const plant_config_t *config, plant_state_t *state)
{
    const plant_stack_t *stack = &config->stack;
    plant_stack_state_t *now = &state->stack;
    double temperature_c = plant_clamp(state->thermal.stack_c, -100.0, 1500.0);
    double inverse_k = 1.0 / (temperature_c + 273.15) - 1.0 / HOT_REFERENCE_K;
    now->yield_mpa = softened_mpa(stack->yield_mpa_25c, stack->softening_k, temperature_c);
    now->contact_yield_mpa =
        softened_mpa(stack->contact_yield_mpa_25c, stack->contact_softening_k, temperature_c);
    now->relaxation_s = stack->relaxation_s_100c
                        * plant_exp(stack->activation_j_per_mol / GAS_J_PER_MOL_K * inverse_k);
    now->rate_mpa_per_s_max =
        stack->rate_mpa_per_s_max_25c
        * plant_exp((temperature_c - COLD_REFERENCE_C) / stack->rate_softening_k);
    if (stack->has_lithium)
        now->lithium_mpa_max =
            temperature_c < LITHIUM_MELTS_C
                ? softened_mpa(stack->lithium_mpa_max_25c, stack->lithium_softening_k, temperature_c)
                : 0.0;
}

void plant_stack_init(const plant_config_t *config, plant_state_t *state)
{
    state->stack.density_ratio = config->stack.density_ratio_initial;
    state->stack.contact_ratio = config->stack.contact_ratio_initial;
    laws_of_temperature(config, state);
    plant_stack_step(config, state);
}

/* Where the instant share alone brings a quantity. */
static double instantly(double low, double high, double pressure_ratio, double instant_ratio)
{
    return high - (high - low) * plant_exp(-instant_ratio * pressure_ratio);
}

/* One quantity that grows from `low` towards `high` under pressure: at once up to the
 * instant share, then exponentially. Returns the new one, never less than before. */
static double densify(double now, double low, double high, double pressure_ratio,
                      double at_once, double step_ratio)
{
    double at_last = high - (high - low) * plant_exp(-pressure_ratio);
    double grown = at_once > now ? at_once : now;
    /* Backward Euler: stable for any step. */
    return at_last > grown ? (grown + step_ratio * at_last) / (1.0 + step_ratio) : grown;
}

void plant_stack_step(const plant_config_t *config, plant_state_t *state)
{
    const plant_stack_t *stack = &config->stack;
    plant_stack_state_t *now = &state->stack;
    double pressure_mpa = plant_stack_pressure_mpa(config, state);
    double pressure_ratio = pressure_mpa / now->yield_mpa;
    double before = now->density_ratio;
    double at_once = instantly(stack->density_ratio_initial, stack->density_ratio_max,
                               pressure_ratio, stack->instant_ratio);
    if (pressure_mpa > 0.0)
        now->density_ratio =
            densify(before, stack->density_ratio_initial, stack->density_ratio_max, pressure_ratio,
                    at_once, PLANT_STEP_S / now->relaxation_s);
    double relaxed_m = relaxed_thickness_m(stack, now->density_ratio);
    double squeezed = 1.0 - plant_clamp(pressure_mpa / stack->elastic_modulus_mpa, 0.0, 0.5);
    now->thickness_m = relaxed_m * squeezed;
    /* What h gives way to a further newton at once: elastic, and plastic while on the instant
     * branch. 1 N/mm2 is 1 MPa. */
    double slope_per_mpa = 1.0 / stack->elastic_modulus_mpa;
    if (at_once >= before)
        slope_per_mpa += stack->instant_ratio * (stack->density_ratio_max - at_once)
                         / (now->yield_mpa * now->density_ratio);
    now->compliance_m_per_n = relaxed_m * slope_per_mpa / stack->area_mm2;
}

/* Too fast or too hard is remembered as damage; more than 1 is a crack. Lithium that is pressed
 * harder than it bears at its temperature creeps through the separator: a short for good. */
static void damage_step(const plant_config_t *config, plant_stack_state_t *now, double pressure_mpa)
{
    double rate_mpa_per_s = (pressure_mpa - now->pressure_mpa_previous) / PLANT_SLOW_S;
    now->pressure_mpa_previous = pressure_mpa;
    now->rate_mpa_per_s +=
        PLANT_SLOW_S / (PLANT_SLOW_S + RATE_FILTER_S) * (rate_mpa_per_s - now->rate_mpa_per_s);
    double speed = now->rate_mpa_per_s < 0.0 ? -now->rate_mpa_per_s : now->rate_mpa_per_s;
    double too_fast = speed / now->rate_mpa_per_s_max - 1.0;
    double too_hard = pressure_mpa / config->stack.pressure_mpa_max - 1.0;
    now->damage_ratio += PLANT_SLOW_S * ((too_fast > 0.0 ? too_fast : 0.0)
                                         + (too_hard > 0.0 ? too_hard : 0.0));
    if (now->damage_ratio > 1.0)
        now->cracked = 1;
}

void plant_stack_slow(const plant_config_t *config, plant_state_t *state)
{
    const plant_stack_t *stack = &config->stack;
    plant_stack_state_t *now = &state->stack;
    laws_of_temperature(config, state);
    double pressure_mpa = plant_stack_pressure_mpa(config, state);
    if (pressure_mpa > 0.0) {
        double low = stack->contact_ratio_initial, high = stack->contact_ratio_max;
        double pressure_ratio = pressure_mpa / now->contact_yield_mpa;
        double at_once = instantly(low, high, pressure_ratio, stack->instant_ratio);
        now->contact_ratio = densify(now->contact_ratio, low, high, pressure_ratio, at_once,
                                     PLANT_SLOW_S / now->relaxation_s);
    }
    damage_step(config, now, pressure_mpa);
    if (stack->has_lithium && pressure_mpa > now->lithium_mpa_max)
        now->shorted = 1;
}
