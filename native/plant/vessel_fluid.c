/* vessel_fluid.c: pressure, temperatures and air of the vessel.
 *
 *   dp/dt (1/K_T + c_v - alpha kappa + air) = (Q_in - Q_out)/V + alpha S
 *   dT/dt = kappa dp/dt + S
 *
 * with S the heat from wall and workpiece and the mixing of what flows in. Pressure is
 * linearly implicit in the outflows, so that a burst disc empties the vessel without
 * swinging below the room. A pocket of air adds its own compliance; where a shut vessel
 * cools, the liquid leaves a void at a floor of pressure. [press model: WIP vessel]
 */
#include "vessel_parts.h"

#include <math.h>

#define FLOOR_MPA 0.01       /* absolute: about the vapour pressure of warm water */
#define BURST_DISCHARGE 0.6
#define LID_LEAK_RATIO 100.0 /* of the vent, round a lid that is not locked */
#define RESET_RATIO 0.97
#define M3_PER_L 1e-3
#define M3_PER_ML 1e-6

double vessel_volume_m3(const vessel_config_t *config, double pressure_mpa)
{
    return config->body.volume_l * M3_PER_L
           * (1.0 + config->body.compliance_per_mpa * pressure_mpa);
}

static double air_shrink_ratio(const vessel_config_t *config, double pressure_mpa)
{
    return plant_power(VESSEL_ATMOSPHERE_MPA / pressure_mpa,
                       1.0 / config->body.air_polytropic_ratio);
}

double vessel_air_volume_m3(const vessel_config_t *config, const vessel_state_t *state)
{
    return state->fluid.air_m3 * air_shrink_ratio(config, state->fluid.pressure_mpa);
}

void vessel_fluid_init(const vessel_config_t *config, vessel_state_t *state, double start_c)
{
    vessel_fluid_state_t *now = &state->fluid;
    double volume_m3 = vessel_volume_m3(config, VESSEL_ATMOSPHERE_MPA);
    double trapped_m3 = config->body.air_trapped_ml * M3_PER_ML;
    double air_m3 = volume_m3 * (1.0 - config->body.fill_fraction_initial);
    now->pressure_mpa = now->transmitted_mpa = VESSEL_ATMOSPHERE_MPA;
    now->fluid_c = now->wall_c = now->jacket_c = now->start_c = start_c;
    now->air_m3 = air_m3 > trapped_m3 ? air_m3 : trapped_m3;
}

/* Flows of one millisecond, at the vessel's pressure; `slope` is how the outflows grow. */
typedef struct {
    double in_m3_per_s;         /* from the intensifier */
    double fill_m3_per_s;
    double liquid_m3_per_s;     /* out: needle, leak, relief, burst disc, bag, drain, backflow */
    double mouth_m3_per_s;      /* out at the top: vent, de-air, loose lid; negative: air comes in */
    double liquid_slope;        /* m3/s/MPa */
    double mouth_slope;
} flows_t;

static void add_liquid(flows_t *flows, double flow_m3_per_s, double over_mpa)
{
    flows->liquid_m3_per_s += flow_m3_per_s;
    /* The chord to the room: exact where it matters little, stable where it is steep. */
    if (over_mpa > 0.0)
        flows->liquid_slope += flow_m3_per_s / over_mpa;
}

static void protection_flows(const vessel_config_t *config, vessel_state_t *state, double over_mpa,
                             double jet_m_per_s, flows_t *flows)
{
    const vessel_body_t *body = &config->body;
    vessel_fluid_state_t *now = &state->fluid;
    double over_relief_mpa = over_mpa - body->relief_crack_mpa;
    if (over_relief_mpa > 0.0) {
        state->relief_demands += now->relief_open ? 0u : 1u;
        now->relief_open = 1;
        flows->liquid_m3_per_s += body->relief_l_per_s_mpa * M3_PER_L * over_relief_mpa;
        flows->liquid_slope += body->relief_l_per_s_mpa * M3_PER_L;
    } else if (over_mpa < RESET_RATIO * body->relief_crack_mpa) {
        now->relief_open = 0;
    }
    if (!now->ruptured && over_mpa >= body->rupture_mpa * state->world.rupture_strength_ratio) {
        now->ruptured = 1;
        state->rupture_demands += 1;
    }
    if (now->ruptured) {
        double diameter_m = body->rupture_orifice_mm * 1e-3;
        add_liquid(flows, BURST_DISCHARGE * 0.25 * 3.141592653589793 * diameter_m * diameter_m
                              * jet_m_per_s, over_mpa);
    }
}

static void mouth_flows(const vessel_config_t *config, const vessel_state_t *state, double over_mpa,
                        flows_t *flows)
{
    const vessel_body_t *body = &config->body;
    double conductance = 0.0; /* m3/s/MPa */
    if (state->machine.vent_open)
        conductance += body->vent_l_per_s_mpa * M3_PER_L;
    if (state->machine.deair_open)
        conductance += body->deair_l_per_s_mpa * M3_PER_L;
    if (!vessel_sealed(state))
        conductance += LID_LEAK_RATIO * body->vent_l_per_s_mpa * M3_PER_L;
    flows->mouth_m3_per_s = conductance * over_mpa;
    flows->mouth_slope = conductance;
}

static void supply_flows(const vessel_config_t *config, const vessel_state_t *state,
                         double liquid_m3, flows_t *flows)
{
    const vessel_body_t *body = &config->body;
    double p = state->fluid.pressure_mpa;
    bool powered = state->machine.safety_relay_closed != 0u;
    if (powered && plant_bit(state->output_bits, VESSEL_OUTPUT_FILL_VALVE)
        && state->world.water_supply_ok) {
        double head = (VESSEL_ATMOSPHERE_MPA + body->fill_mpa - p) / body->fill_mpa;
        flows->fill_m3_per_s = body->fill_l_per_s * M3_PER_L * plant_clamp(head, 0.0, 1.0);
    }
    if (powered && plant_bit(state->output_bits, VESSEL_OUTPUT_DRAIN_VALVE)
        && p < VESSEL_ATMOSPHERE_MPA + body->vent_mpa_max) {
        /* By gravity: needs air to come in, and stops with the last of the liquid. */
        double share = plant_clamp((p - 0.05) / 0.04, 0.0, 1.0)
                       * plant_clamp(liquid_m3 / (0.1 * M3_PER_L), 0.0, 1.0);
        flows->liquid_m3_per_s += body->drain_l_per_s * M3_PER_L * share;
    }
}

static void collect_flows(const vessel_config_t *config, vessel_state_t *state,
                          const vessel_property_t *property, double liquid_m3, flows_t *flows)
{
    const vessel_world_t *world = &state->world;
    vessel_fluid_state_t *now = &state->fluid;
    double over_mpa = now->pressure_mpa - VESSEL_ATMOSPHERE_MPA;
    flows->in_m3_per_s = state->intensifier.inflow_m3_per_s;
    flows->liquid_m3_per_s = state->intensifier.backflow_m3_per_s;
    mouth_flows(config, state, over_mpa, flows);
    supply_flows(config, state, liquid_m3, flows);
    now->bag_inflow_m3_per_s = 0.0;
    double jet_m_per_s = vessel_jet_m_per_s(over_mpa, property->density_kg_per_m3);
    protection_flows(config, state, over_mpa, jet_m_per_s, flows);
    if (over_mpa <= 0.0)
        return;
    double root = sqrt(over_mpa / VESSEL_FULL_MPA);
    if (state->machine.decompression_open)
        add_liquid(flows, config->needle.discharge_ratio * vessel_needle_area_m2(config, state)
                              * jet_m_per_s, over_mpa);
    add_liquid(flows, world->vessel_leak_ml_per_min * M3_PER_ML / 60.0 * root, over_mpa);
    double room_m3 = config->workpiece.bag_void_ml * M3_PER_ML - state->workpiece.bag_water_m3;
    if (state->workpiece.bag_previous && world->bag_leak_fraction > 0.0 && room_m3 > 0.0) {
        double most_m3_per_s = room_m3 / PLANT_STEP_S;
        double into_m3_per_s = world->bag_leak_fraction * M3_PER_ML * root
                               * config->workpiece.bag_leak_ml_per_s;
        now->bag_inflow_m3_per_s = into_m3_per_s < most_m3_per_s ? into_m3_per_s : most_m3_per_s;
        add_liquid(flows, now->bag_inflow_m3_per_s, over_mpa);
    }
}

/* Rise of pressure for a strain of the contents, with void and floor. */
static double pressure_rise_mpa(vessel_fluid_state_t *now, double strain_ratio,
                                double compliance_per_mpa, double volume_m3)
{
    if (now->vapour_m3 > 0.0) {
        now->vapour_m3 -= strain_ratio * volume_m3;
        if (now->vapour_m3 >= 0.0)
            return 0.0;
        strain_ratio = -now->vapour_m3 / volume_m3;
        now->vapour_m3 = 0.0;
    }
    double rise_mpa = strain_ratio / compliance_per_mpa;
    double below_mpa = FLOOR_MPA - (now->pressure_mpa + rise_mpa);
    if (below_mpa <= 0.0)
        return rise_mpa;
    now->vapour_m3 += below_mpa * compliance_per_mpa * volume_m3;
    return rise_mpa + below_mpa;
}

static void account(const vessel_config_t *config, vessel_state_t *state, const flows_t *flows,
                    const vessel_property_t *property, double rise_mpa, double shrink_ratio)
{
    vessel_fluid_state_t *now = &state->fluid;
    double density = property->density_kg_per_m3;
    double charge_density =
        density
        * (1.0 - property->expansion_per_k * (state->intensifier.charge_c - now->fluid_c));
    double liquid = flows->liquid_m3_per_s + flows->liquid_slope * rise_mpa;
    double mouth = flows->mouth_m3_per_s + flows->mouth_slope * rise_mpa;
    double trapped_m3 = config->body.air_trapped_ml * M3_PER_ML;
    double air_share = 1.0;
    if (mouth > 0.0) {
        double free_m3 = now->air_m3 > trapped_m3 ? now->air_m3 * shrink_ratio : 0.0;
        air_share = free_m3 / (free_m3 + config->body.air_mixing_ml * M3_PER_ML);
    }
    double air_m3 = air_share * mouth * PLANT_STEP_S / shrink_ratio;
    now->air_m3 = now->air_m3 - air_m3 > trapped_m3 ? now->air_m3 - air_m3 : trapped_m3;
    double spilt = mouth > 0.0 ? (1.0 - air_share) * mouth : 0.0;
    now->inflow_m3_per_s = flows->in_m3_per_s + flows->fill_m3_per_s;
    now->outflow_m3_per_s = liquid + spilt;
    now->liquid_in_kg += PLANT_STEP_S
                         * (flows->in_m3_per_s * charge_density + flows->fill_m3_per_s * density);
    now->liquid_out_kg += PLANT_STEP_S * density * (liquid + spilt);
}

/* Wall, jacket and the room; returns what the wall gives to the fluid. */
static double body_heat_w(const vessel_config_t *config, vessel_state_t *state)
{
    const vessel_body_t *body = &config->body;
    vessel_fluid_state_t *now = &state->fluid;
    double to_fluid_w = body->fluid_wall_w_per_k * (now->wall_c - now->fluid_c);
    double to_wall_w = body->wall_jacket_w_per_k * (now->jacket_c - now->wall_c);
    double lost_w = body->jacket_loss_w_per_k * (now->jacket_c - state->world.ambient_temperature_c);
    double heater_w = state->machine.jacket_power_w;
    now->wall_c += PLANT_STEP_S * (to_wall_w - to_fluid_w) / body->wall_heat_capacity_j_per_k;
    now->jacket_c +=
        PLANT_STEP_S * (heater_w - to_wall_w - lost_w) / body->jacket_heat_capacity_j_per_k;
    now->heat_in_j += heater_w * PLANT_STEP_S;
    now->heat_lost_j += lost_w * PLANT_STEP_S;
    now->heat_to_fluid_j += to_fluid_w * PLANT_STEP_S;
    return to_fluid_w;
}

static void transmit(const vessel_config_t *config, vessel_fluid_state_t *now)
{
    const vessel_fluid_t *fluid = &config->fluid;
    double lag_s = 0.0;
    if (fluid->is_oil)
        lag_s = fluid->transmission_lag_s
                * plant_clamp((now->pressure_mpa - fluid->transmission_mpa_min) / 50.0, 0.0, 1.0);
    now->transmitted_mpa +=
        PLANT_STEP_S / (PLANT_STEP_S + lag_s) * (now->pressure_mpa - now->transmitted_mpa);
    if (lag_s <= 0.0)
        now->transmitted_mpa = now->pressure_mpa;
}

void vessel_fluid_step(const vessel_config_t *config, vessel_state_t *state)
{
    vessel_fluid_state_t *now = &state->fluid;
    vessel_property_t property;
    vessel_property(&config->fluid, now->pressure_mpa, now->fluid_c, &property);
    double volume_m3 = vessel_volume_m3(config, now->pressure_mpa);
    double shrink_ratio = air_shrink_ratio(config, now->pressure_mpa);
    double air_m3 = now->air_m3 * shrink_ratio;
    double liquid_m3 = volume_m3 - air_m3 - now->vapour_m3;
    liquid_m3 = liquid_m3 > 1e-3 * volume_m3 ? liquid_m3 : 1e-3 * volume_m3;
    double filled = liquid_m3 / volume_m3;
    flows_t flows = {0};
    collect_flows(config, state, &property, liquid_m3, &flows);

    double heat_w = body_heat_w(config, state);
    if (state->workpiece.bag_previous)
        heat_w += config->workpiece.fluid_w_per_k * (state->workpiece.temperature_c - now->fluid_c);
    double source_k_per_s =
        heat_w / (property.heat_capacity_j_per_m3_k * volume_m3)
        + flows.in_m3_per_s / liquid_m3 * (state->intensifier.charge_c - now->fluid_c);
    double compliance_per_mpa =
        filled * (1.0 / property.modulus_mpa - property.expansion_per_k * property.heating_k_per_mpa)
        + config->body.compliance_per_mpa
        + air_m3 / (volume_m3 * config->body.air_polytropic_ratio * now->pressure_mpa);
    double net_m3_per_s = flows.in_m3_per_s + flows.fill_m3_per_s - flows.liquid_m3_per_s
                          - flows.mouth_m3_per_s;
    double strain_ratio =
        PLANT_STEP_S
        * (net_m3_per_s / volume_m3 + filled * property.expansion_per_k * source_k_per_s);
    compliance_per_mpa +=
        PLANT_STEP_S * (flows.liquid_slope + flows.mouth_slope) / volume_m3;
    double rise_mpa = pressure_rise_mpa(now, strain_ratio, compliance_per_mpa, volume_m3);

    account(config, state, &flows, &property, rise_mpa, shrink_ratio);
    now->fluid_c += property.heating_k_per_mpa * rise_mpa + source_k_per_s * PLANT_STEP_S;
    double poured = plant_clamp(flows.fill_m3_per_s * PLANT_STEP_S / liquid_m3, 0.0, 1.0);
    now->fluid_c += poured * (state->world.water_temperature_c - now->fluid_c);
    now->pressure_mpa += rise_mpa;
    now->pressure_mpa_per_s = rise_mpa / PLANT_STEP_S;
    state->workpiece.bag_water_m3 += now->bag_inflow_m3_per_s * PLANT_STEP_S;
    transmit(config, now);
}
