/* purge.c: what a leaking bag gives to the water, and the water to the head space.
 *
 * Water that reached the sulfide releases hydrogen sulfide, at most 0.456 L per gram of
 * Li6PS5Cl (all five S, 25 C). It stays dissolved under pressure and comes out at the open
 * mouth by Henry's law (0.034 mol/L/atm at 80 C); purge air carries it past the sensor. An
 * upper bound: what the lye keeps back is not subtracted. [press model: H2S and moisture]
 */
#include "vessel_parts.h"

#define H2S_L_PER_G 0.456
#define HENRY_MOL_PER_L_ATM 0.034
#define L_PER_MOL 24.47
#define IDLE_PURGE_RATIO 0.02

static double water_l(const vessel_config_t *config, const vessel_state_t *state)
{
    double water_m3 = vessel_volume_m3(config, state->fluid.pressure_mpa)
                      - vessel_air_volume_m3(config, state) - state->fluid.vapour_m3;
    return water_m3 > 1e-6 ? 1e3 * water_m3 : 1e-3;
}

double vessel_h2s_equilibrium_fraction(double h2s_l, double water_litre, double air_l)
{
    double fraction = h2s_l / (air_l + HENRY_MOL_PER_L_ATM * L_PER_MOL * water_litre);
    return plant_clamp(fraction, 0.0, 1.0);
}

double vessel_h2s_purge_ppm(const vessel_config_t *config, const vessel_state_t *state)
{
    return 1e6 * plant_clamp(state->workpiece.h2s_air_l / config->purge.head_space_l, 0.0, 1.0);
}

static void release(const vessel_config_t *config, vessel_workpiece_state_t *now)
{
    double share = plant_clamp(1e6 * now->bag_water_m3 * config->purge.leak_fraction_per_ml, 0.0,
                               1.0);
    double released_l = share * H2S_L_PER_G * config->workpiece.sulfide_g;
    if (released_l <= now->h2s_l)
        return;
    now->h2s_water_l += released_l - now->h2s_l;
    now->h2s_l = released_l;
}

void vessel_purge_slow(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_purge_t *purge = &config->purge;
    vessel_workpiece_state_t *now = &state->workpiece;
    release(config, now);
    if (now->h2s_water_l + now->h2s_air_l <= 0.0)
        return;
    double in_water_l = water_l(config, state);
    bool open = state->machine.vent_open || state->machine.deair_open || !vessel_sealed(state);
    if (open) {
        double over_water = now->h2s_water_l / in_water_l / (HENRY_MOL_PER_L_ATM * L_PER_MOL);
        double in_air = now->h2s_air_l / purge->head_space_l;
        double moved_l = (over_water - in_air) * purge->head_space_l * PLANT_SLOW_S
                         / purge->transfer_s;
        moved_l = plant_clamp(moved_l, -0.5 * now->h2s_air_l, 0.5 * now->h2s_water_l);
        now->h2s_water_l -= moved_l;
        now->h2s_air_l += moved_l;
    }
    double drained = state->fluid.outflow_m3_per_s * 1e3 * PLANT_SLOW_S / in_water_l;
    now->h2s_water_l -= plant_clamp(drained, 0.0, 1.0) * now->h2s_water_l;
    double flow_l_per_s = purge->purge_l_per_s;
    if (!plant_bit(state->output_bits, VESSEL_OUTPUT_PURGE_VALVE))
        flow_l_per_s *= IDLE_PURGE_RATIO;
    if (plant_bit(state->output_bits, VESSEL_OUTPUT_EXTRACT_MAX))
        flow_l_per_s *= purge->extract_ratio;
    double gone = plant_clamp(flow_l_per_s * PLANT_SLOW_S / purge->head_space_l, 0.0, 1.0);
    now->h2s_air_l -= gone * now->h2s_air_l;
}
