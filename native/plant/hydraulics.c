/* hydraulics.c: oil column, ram, frame and the stack between the platens.
 *
 * Mechanics and oil are stiff against each other (2 kHz at 1 ms), so the ram speed is solved
 * implicitly in one linear equation (backward Euler): friction, oil spring and frame spring
 * at the *end* of the step. That is stable at any stiffness; in the slow limit it is exactly
 * C_h(p) dp/dt = Q - A v_stack with C_h = V0/beta(p) + A^2/K_frame. [press model: hydraulics]
 */
#include "parts.h"

#include <math.h>

#define ATMOSPHERE_PA PLANT_ATMOSPHERE_PA
#define VACUUM_PA 5000.0       /* oil boils: no lower absolute pressure */
#define RELIEF_RESEAT_RATIO 0.98
#define PI 3.14159265358979323846

typedef struct {
    double area_m2;
    double compliance_m3_per_pa; /* of the oil */
    double net_m3_per_s;         /* into the cylinder, but for the ram's motion */
    double friction_n_max;
} oil_t;

static double contact_at_m(const plant_state_t *state)
{
    return state->opening_m - state->stack.thickness_m;
}

static double frame_n_per_m(const plant_config_t *config, const plant_state_t *state)
{
    return config->hydraulic.frame_stiffness_kn_per_mm * 1e6 * state->world.frame_stiffness_ratio;
}

double plant_stretch_m(const plant_config_t *config, const plant_state_t *state)
{
    return state->hydraulic.force_n / frame_n_per_m(config, state);
}

double plant_gap_m(const plant_state_t *state)
{
    if (state->hydraulic.force_n > 0.0)
        return 0.0;
    double gap_m = contact_at_m(state) - state->hydraulic.ram_m;
    return gap_m > 0.0 ? gap_m : 0.0;
}

void plant_hydraulic_init(const plant_config_t *config, plant_state_t *state)
{
    state->opening_m = config->hydraulic.daylight_mm * 1e-3 + state->stack.thickness_m;
    state->hydraulic.presliding_ratio = -1.0; /* it came to rest opening */
}

/* Effective bulk modulus of oil with air in it (Merritt/Manring), of absolute pressure. */
static double bulk_modulus_pa(const plant_hydraulic_t *hydraulic, double pressure_pa_absolute,
                              double air)
{
    double pressure_pa = pressure_pa_absolute > VACUUM_PA ? pressure_pa_absolute : VACUUM_PA;
    double modulus_pa = hydraulic->oil_bulk_modulus_mpa * 1e6;
    double oil_volume =
        (1.0 - air) * plant_exp((ATMOSPHERE_PA - pressure_pa) / modulus_pa);
    double air_volume =
        air * plant_power(ATMOSPHERE_PA / pressure_pa, 1.0 / hydraulic->oil_polytropic_ratio);
    return (oil_volume + air_volume)
           / (oil_volume / modulus_pa
              + air_volume / (hydraulic->oil_polytropic_ratio * pressure_pa));
}

double plant_bulk_modulus_pa(const plant_hydraulic_t *hydraulic, double pressure_pa_absolute)
{
    return bulk_modulus_pa(hydraulic, pressure_pa_absolute, hydraulic->oil_air_fraction);
}

/* Through the load-holding valve: in from the pump, and back out over the actuator. Shut, nothing
 * passes but what leaks; with the pump at rest nothing comes in, but piloted open it still lets oil out. */
static double pressing_flow(const plant_config_t *config, const plant_state_t *state)
{
    const plant_world_t *world = &state->world;
    bool asked = plant_bit(state->output_bits, PLANT_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    bool open = (asked || world->load_holding_stuck_open) && !world->load_holding_stuck_shut;
    if (open)
        return plant_actuator_flow(config, state);
    return -world->load_holding_leak_ml_per_min * PLANT_LEAK_M3_PER_S_PA
           * state->hydraulic.pressure_pa;
}

/* Approach circuit: much oil at little pressure; to tank when the pump rests. It has no
 * check valve: opened under load it lets the pressure out. */
static double approach_flow(const plant_config_t *config, const plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    bool asked_open = plant_bit(state->output_bits, PLANT_OUTPUT_APPROACH_VALVE);
    if (!asked_open && !state->world.approach_valve_stuck_open)
        return 0.0;
    double line_pa =
        state->electrical.pump_running ? hydraulic->approach_bar * PLANT_PA_PER_BAR : 0.0;
    double asked = hydraulic->approach_gain_m3_per_s_pa * (line_pa - state->hydraulic.pressure_pa);
    return plant_clamp(asked, -hydraulic->approach_m3_per_s, hydraulic->approach_m3_per_s);
}

/* Q = Cd A sqrt(2 p / rho) towards the tank, and back from it below zero. */
static double dump_flow(const plant_config_t *config, const plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    const plant_world_t *world = &state->world;
    bool asked_open = plant_bit(state->output_bits, PLANT_OUTPUT_DUMP_VALVE);
    if (!(asked_open || world->dump_valve_stuck_open) || world->dump_valve_stuck_shut)
        return 0.0;
    double diameter_m = hydraulic->dump_orifice_mm * 1e-3;
    double gain = hydraulic->dump_discharge_ratio * 0.25 * PI * diameter_m * diameter_m
                  * sqrt(2.0 / hydraulic->oil_density_kg_per_m3);
    return plant_orifice_flow(gain, state->hydraulic.pressure_pa);
}

/* Mechanical relief: full of its own; each lift is a demand, also on one that does not lift. */
static double relief_flow(const plant_config_t *config, plant_state_t *state)
{
    plant_hydraulic_state_t *now = &state->hydraulic;
    double over_pa =
        now->pressure_pa - config->hydraulic.relief_crack_bar * PLANT_PA_PER_BAR;
    if (over_pa > 0.0 && !now->relief_open) {
        now->relief_open = 1;
        state->relief_demands += 1;
    }
    double reseat_pa =
        RELIEF_RESEAT_RATIO * config->hydraulic.relief_crack_bar * PLANT_PA_PER_BAR;
    if (now->pressure_pa < reseat_pa)
        now->relief_open = 0;
    if (state->world.relief_stuck_shut)
        return 0.0;
    return over_pa > 0.0 ? config->hydraulic.relief_gain_m3_per_s_pa * over_pa : 0.0;
}

/* Coulomb part growing with pressure, and Stribeck's extra near rest. */
static double friction_n_max(const plant_hydraulic_t *hydraulic, const plant_hydraulic_state_t *now)
{
    double pressure_bar = plant_clamp(now->pressure_pa / PLANT_PA_PER_BAR, 0.0, 1e4);
    double growth = 1.0 + hydraulic->friction_pressure_ratio * pressure_bar
                              / hydraulic->friction_pressure_bar_ref;
    double speed = now->ram_m_per_s / (hydraulic->friction_stribeck_mm_per_s * 1e-3);
    double stiction_kn = hydraulic->friction_static_kn - hydraulic->friction_coulomb_kn;
    return 1e3 * (hydraulic->friction_coulomb_kn * growth + stiction_kn * plant_exp(-speed * speed));
}

static oil_t oil_now(const plant_config_t *config, plant_state_t *state)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    plant_hydraulic_state_t *now = &state->hydraulic;
    oil_t oil;
    oil.area_m2 = hydraulic->cylinder_area_mm2 * 1e-6;
    oil.compliance_m3_per_pa =
        hydraulic->cylinder_volume_l * 1e-3
        / bulk_modulus_pa(hydraulic, now->pressure_pa + ATMOSPHERE_PA,
                          hydraulic->oil_air_fraction + state->world.oil_air_fraction_added);
    double leak = hydraulic->leak_m3_per_s_pa
                  + state->world.cylinder_leak_ml_per_min * PLANT_LEAK_M3_PER_S_PA;
    now->inflow_m3_per_s = pressing_flow(config, state) + approach_flow(config, state);
    oil.net_m3_per_s = now->inflow_m3_per_s - leak * now->pressure_pa
                       - relief_flow(config, state) - dump_flow(config, state);
    oil.friction_n_max = friction_n_max(hydraulic, now);
    return oil;
}

/* Ram speed at the end of the step with the given spring against it.
 *
 * Friction is a Dahl model: the ratio s in -1..1 turns round over the presliding travel, so
 * the force is smooth at v = 0, remembers its direction at rest (the hysteresis a load cell
 * shows against A p) and never chatters. */
static double ram_speed(const plant_config_t *config, const plant_state_t *state, const oil_t *oil,
                        double spring_n_per_m, double spring_from_m)
{
    const plant_hydraulic_t *hydraulic = &config->hydraulic;
    const plant_hydraulic_state_t *now = &state->hydraulic;
    double before = now->ram_m_per_s;
    double slide = PLANT_STEP_S / (hydraulic->friction_presliding_mm * 1e-3);
    double turned = now->presliding_ratio / (1.0 + slide * fabs(before));
    double friction_slope = oil->friction_n_max * slide / (1.0 + slide * fabs(before));
    double oil_step = PLANT_STEP_S / oil->compliance_m3_per_pa;
    double push_n = oil->area_m2 * (now->pressure_pa + oil_step * oil->net_m3_per_s)
                    - hydraulic->return_force_kn * 1e3 - oil->friction_n_max * turned
                    - spring_n_per_m * (now->ram_m - spring_from_m);
    double inertia = hydraulic->ram_mass_kg / PLANT_STEP_S;
    return (inertia * before + push_n)
           / (inertia + hydraulic->friction_viscous_n_s_per_m + friction_slope
              + oil->area_m2 * oil->area_m2 * oil_step + spring_n_per_m * PLANT_STEP_S);
}

/* Where the ram goes: free in the daylight, against the stack, or at its end stop. */
static void ram_step(const plant_config_t *config, plant_state_t *state, const oil_t *oil)
{
    plant_hydraulic_state_t *now = &state->hydraulic;
    const plant_stack_state_t *stack = &state->stack;
    double frame = frame_n_per_m(config, state);
    /* Frame and stack in series; the stack linearised about the present force. */
    double spring = frame / (1.0 + frame * stack->compliance_m_per_n);
    double from_m = contact_at_m(state) - stack->compliance_m_per_n * now->force_n;
    double speed = ram_speed(config, state, oil, 0.0, 0.0);
    double force_n = 0.0;
    if (now->ram_m + PLANT_STEP_S * speed > from_m) {
        speed = ram_speed(config, state, oil, spring, from_m);
        force_n = spring * (now->ram_m + PLANT_STEP_S * speed - from_m);
    }
    if (now->ram_m + PLANT_STEP_S * speed < 0.0)
        speed = -now->ram_m / PLANT_STEP_S;
    now->force_n = force_n > 0.0 ? force_n : 0.0;
    now->ram_m += PLANT_STEP_S * speed;
    now->ram_m_per_s = speed;
    double slide = PLANT_STEP_S / (config->hydraulic.friction_presliding_mm * 1e-3);
    now->presliding_ratio = (now->presliding_ratio + slide * speed) / (1.0 + slide * fabs(speed));
}

void plant_hydraulic_step(const plant_config_t *config, plant_state_t *state)
{
    plant_hydraulic_state_t *now = &state->hydraulic;
    plant_actuator_step(config, state);
    oil_t oil = oil_now(config, state);
    ram_step(config, state, &oil);
    now->pressure_pa += PLANT_STEP_S / oil.compliance_m3_per_pa
                        * (oil.net_m3_per_s - oil.area_m2 * now->ram_m_per_s);
    if (now->pressure_pa < VACUUM_PA - ATMOSPHERE_PA)
        now->pressure_pa = VACUUM_PA - ATMOSPHERE_PA;
}
