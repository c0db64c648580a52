/* wip_fluid.c: what the fluid does under pressure, from the commissioned tables.
 *
 * Pumping warms the fluid along its isentrope, dT = kappa(p, T) dp, while the wall takes or gives
 * heat and what flows in brings its own temperature (the supply's, compressed by the same dp). So
 * the peak is known before the pump starts: it is integrated from here to the target. In a
 * blocked-in vessel a kelvin is (dp/dT)_V of pressure: a fall of pressure is a leak only as far as
 * neither temperature nor pump explains it. [WIP vessel: water as fitted to IAPWS-95]
 */
#include "wip_internal.h"

#include <math.h>

#define NODES WIP_FLUID_NODE_COUNT
#define STEPS 24
#define RATES 8

/* Which interval a number lies in, and how far; outside it is the end's. */
static double place(const double *node_unit, double number_unit, uint32_t *interval)
{
    uint32_t i = 0;
    while (i < NODES - 2 && number_unit >= node_unit[i + 1]) i++;
    *interval = i;
    return press_clamp((number_unit - node_unit[i]) / (node_unit[i + 1] - node_unit[i]), 0.0, 1.0);
}

static double between(const double *table_unit, uint32_t i, double share)
{
    return table_unit[i] + share * (table_unit[i + 1] - table_unit[i]);
}

double wip_heating_k_per_mpa(const wip_vessel_config_t *vessel, double pressure_mpa,
                             double temperature_c)
{
    uint32_t p, t;
    const double along = place(vessel->node_pressure_mpa, pressure_mpa, &p);
    const double up = place(vessel->node_temperature_c, temperature_c, &t);
    const double low = between(&vessel->heating_k_per_mpa[t * NODES], p, along);
    const double high = between(&vessel->heating_k_per_mpa[(t + 1) * NODES], p, along);
    return low + up * (high - low);
}

double wip_stiffness_mpa(const wip_vessel_config_t *vessel, double pressure_mpa)
{
    uint32_t p;
    const double along = place(vessel->node_pressure_mpa, pressure_mpa, &p);
    return between(vessel->stiffness_mpa, p, along);
}

double wip_expansion_mpa_per_k(const wip_vessel_config_t *vessel, double pressure_mpa)
{
    uint32_t p;
    const double along = place(vessel->node_pressure_mpa, pressure_mpa, &p);
    return between(vessel->expansion_mpa_per_k, p, along);
}

/* dp = K dV/V + (dp/dT)_V dT with dT = kappa dp, solved for dp. */
double wip_isentropic_stiffness_mpa(const wip_vessel_config_t *vessel, double pressure_mpa,
                                    double temperature_c)
{
    const double softening = 1.0 - wip_expansion_mpa_per_k(vessel, pressure_mpa) *
                                       wip_heating_k_per_mpa(vessel, pressure_mpa, temperature_c);
    const double stiffness_mpa = wip_stiffness_mpa(vessel, pressure_mpa);
    if (!(softening > 0.5)) return 2.0 * stiffness_mpa;
    return stiffness_mpa / softening;
}

double wip_peak_c(const wip_vessel_config_t *vessel, double pressure_mpa, double fluid_c,
                  double wall_c, double supply_c, double target_mpa, double rate_mpa_per_s)
{
    const double step_mpa = (target_mpa - pressure_mpa) / STEPS;
    const double before_mpa = pressure_mpa / STEPS;
    const double exchange = vessel->wall_w_per_k / vessel->fluid_heat_capacity_j_per_k;
    double p = 0.0, inflow_c = supply_c, t = fluid_c;
    if (!(step_mpa > 0.0) || !(rate_mpa_per_s > 0.0)) return fluid_c;
    for (int i = 0; i < STEPS; i++) { /* what the supply has become at this pressure */
        inflow_c += before_mpa * wip_heating_k_per_mpa(vessel, p + 0.5 * before_mpa, inflow_c);
        p += before_mpa;
    }
    for (int i = 0; i < STEPS; i++) {
        const double middle_mpa = p + 0.5 * step_mpa;
        const double rise_k = step_mpa * wip_heating_k_per_mpa(vessel, middle_mpa, t);
        const double wall_k = exchange * (wall_c - (t + 0.5 * rise_k)) * (step_mpa / rate_mpa_per_s);
        const double inflow = step_mpa / wip_isentropic_stiffness_mpa(vessel, middle_mpa, t);
        const double mixed_k = inflow * (inflow_c - t);
        inflow_c += step_mpa * wip_heating_k_per_mpa(vessel, middle_mpa, inflow_c);
        t += rise_k + wall_k + mixed_k;
        p += step_mpa;
    }
    return t;
}

double wip_wanted_c(const wip_vessel_config_t *vessel, double wall_c, double supply_c,
                    double target_mpa, double rate_mpa_per_s, double target_c)
{
    double wanted_c = target_c;
    for (int i = 0; i < 12; i++) { /* the peak moves a little more than the start: it converges */
        wanted_c -= wip_peak_c(vessel, 0.0, wanted_c, wall_c, supply_c, target_mpa, rate_mpa_per_s) -
                    target_c;
    }
    return wanted_c;
}

double wip_rate_mpa_per_s(const wip_vessel_config_t *vessel, double pressure_mpa, double fluid_c,
                          double wall_c, double supply_c, double target_mpa, double rate_mpa_per_s,
                          double target_c)
{
    double best_mpa_per_s = rate_mpa_per_s, coolest_c = 1e9;
    for (int i = 0; i < RATES; i++) {
        const double rate = rate_mpa_per_s * (double)(RATES - i) / RATES;
        const double peak_c =
            wip_peak_c(vessel, pressure_mpa, fluid_c, wall_c, supply_c, target_mpa, rate);
        if (peak_c <= target_c) return rate;
        if (peak_c < coolest_c) {
            coolest_c = peak_c;
            best_mpa_per_s = rate;
        }
    }
    return best_mpa_per_s;
}

double wip_leak_mpa(const wip_vessel_config_t *vessel, double pressure_mpa, double rise_mpa,
                    double warming_k, double delivered_ml)
{
    const double warmed_mpa = wip_expansion_mpa_per_k(vessel, pressure_mpa) * warming_k;
    const double pumped_mpa =
        wip_stiffness_mpa(vessel, pressure_mpa) * (delivered_ml / vessel->volume_ml);
    return warmed_mpa + pumped_mpa - rise_mpa;
}

double wip_needle_fraction(const wip_drive_config_t *drive, double flow_ml_per_s,
                           double pressure_mpa, double gain_ratio)
{
    const double most_ml_per_s =
        drive->needle_flow_ml_per_s * sqrt(pressure_mpa > 1e-3 ? pressure_mpa : 1e-3) * gain_ratio;
    if (!(flow_ml_per_s > 0.0)) return 0.0;
    return press_clamp(sqrt(flow_ml_per_s / most_ml_per_s), 0.0, 1.0);
}
