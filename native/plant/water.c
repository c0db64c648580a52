/* water.c: the pressure medium.
 *
 * Water: Tait equation fitted to IAPWS-95 (20-120 C, to 600 MPa, density within 6e-4) and a
 * table of adiabatic heating and expansion, interpolated bilinearly and carried on linearly
 * beyond 100 C. Oil: Murnaghan with constant heating; its expansion follows from the first
 * law, alpha = kappa rho c_p / T. [press model: WIP vessel]
 */
#include "vessel_parts.h"

#define TAIT_RATIO 0.131
#define TAIT_REFERENCE_MPA 0.1
#define ZERO_C_IN_K 273.15

static const double table_c[5] = {20.0, 40.0, 60.0, 80.0, 100.0};
static const double table_mpa[5] = {0.2, 100.0, 300.0, 500.0, 600.0};
static const double heating_k_per_100mpa[5][5] = {
    {1.45, 2.32, 2.96, 2.98, 2.92}, {2.91, 3.16, 3.32, 3.22, 3.13}, {4.24, 4.00, 3.75, 3.51, 3.39},
    {5.55, 4.89, 4.25, 3.85, 3.69}, {6.93, 5.83, 4.80, 4.24, 4.03},
};
static const double expansion_1e4_per_k[5][5] = {
    {2.07, 3.26, 4.25, 4.40, 4.39}, {3.86, 4.16, 4.47, 4.46, 4.41}, {5.23, 4.93, 4.71, 4.52, 4.43},
    {6.41, 5.64, 4.98, 4.62, 4.49}, {7.50, 6.31, 5.27, 4.75, 4.57},
};

/* Where a point lies in the table: lower corner and shares of the upper one. */
typedef struct {
    uint32_t row, column;
    double down_ratio, across_ratio;
} cell_t;

static uint32_t interval(const double *knots, double at)
{
    uint32_t n = 0;
    while (n < 3u && at > knots[n + 1u])
        n++;
    return n;
}

static cell_t cell_of(double pressure_mpa, double temperature_c)
{
    double p = plant_clamp(pressure_mpa, table_mpa[0], 700.0);
    double t = plant_clamp(temperature_c, 5.0, 150.0);
    cell_t cell = {interval(table_c, t), interval(table_mpa, p), 0.0, 0.0};
    cell.down_ratio = (t - table_c[cell.row]) / 20.0;
    cell.across_ratio = (p - table_mpa[cell.column])
                        / (table_mpa[cell.column + 1u] - table_mpa[cell.column]);
    return cell;
}

static double interpolated(const double table[5][5], const cell_t *cell)
{
    const double *upper = table[cell->row], *lower = table[cell->row + 1u];
    double above = upper[cell->column]
                   + cell->across_ratio * (upper[cell->column + 1u] - upper[cell->column]);
    double below = lower[cell->column]
                   + cell->across_ratio * (lower[cell->column + 1u] - lower[cell->column]);
    return above + cell->down_ratio * (below - above);
}

static void water_property(double pressure_mpa, double temperature_c, vessel_property_t *property)
{
    double t = plant_clamp(temperature_c, 0.0, 150.0);
    double p = plant_clamp(pressure_mpa, 0.0, 1000.0);
    double b_mpa = 269.3 + 0.837 * t - 0.00821 * t * t;
    double at_rest_kg_per_m3 = 1002.7 - 0.155 * t - 0.002856 * t * t;
    double volume_ratio =
        1.0 - TAIT_RATIO * plant_log((b_mpa + p) / (b_mpa + TAIT_REFERENCE_MPA));
    cell_t cell = cell_of(p, t);
    property->density_kg_per_m3 = at_rest_kg_per_m3 / volume_ratio;
    property->modulus_mpa = (b_mpa + p) * volume_ratio / TAIT_RATIO;
    property->heating_k_per_mpa = 0.01 * interpolated(heating_k_per_100mpa, &cell);
    property->expansion_per_k = 1e-4 * interpolated(expansion_1e4_per_k, &cell);
    /* kappa = T alpha / (rho c_p) */
    property->heat_capacity_j_per_m3_k = 1e6 * (t + ZERO_C_IN_K) * property->expansion_per_k
                                         / property->heating_k_per_mpa;
}

static void oil_property(const vessel_fluid_t *fluid, double pressure_mpa, double temperature_c,
                         vessel_property_t *property)
{
    double p = plant_clamp(pressure_mpa, 0.0, 1000.0);
    double slope = fluid->oil_modulus_slope_ratio;
    property->modulus_mpa = fluid->oil_modulus_mpa + slope * p;
    property->density_kg_per_m3 =
        fluid->oil_density_kg_per_m3
        * plant_power(property->modulus_mpa / fluid->oil_modulus_mpa, 1.0 / slope);
    property->heating_k_per_mpa = 0.01 * fluid->oil_heating_k_per_100mpa;
    property->heat_capacity_j_per_m3_k = 1e6 * fluid->oil_heat_capacity_mj_per_m3_k;
    double t_k = plant_clamp(temperature_c, -50.0, 300.0) + ZERO_C_IN_K;
    property->expansion_per_k =
        property->heating_k_per_mpa * fluid->oil_heat_capacity_mj_per_m3_k / t_k;
}

void vessel_property(const vessel_fluid_t *fluid, double pressure_mpa, double temperature_c,
                     vessel_property_t *property)
{
    if (fluid->is_oil)
        oil_property(fluid, pressure_mpa, temperature_c, property);
    else
        water_property(pressure_mpa, temperature_c, property);
}

double vessel_isentropic_modulus_mpa(const vessel_property_t *property)
{
    return 1.0 / (1.0 / property->modulus_mpa
                  - property->expansion_per_k * property->heating_k_per_mpa);
}

double vessel_density_kg_per_m3(const vessel_fluid_t *fluid, double pressure_mpa,
                                double temperature_c)
{
    vessel_property_t property;
    vessel_property(fluid, pressure_mpa, temperature_c, &property);
    return property.density_kg_per_m3;
}

double vessel_bulk_modulus_mpa(const vessel_fluid_t *fluid, double pressure_mpa,
                               double temperature_c)
{
    vessel_property_t property;
    vessel_property(fluid, pressure_mpa, temperature_c, &property);
    return property.modulus_mpa;
}

double vessel_heating_k_per_mpa(const vessel_fluid_t *fluid, double pressure_mpa,
                                double temperature_c)
{
    vessel_property_t property;
    vessel_property(fluid, pressure_mpa, temperature_c, &property);
    return property.heating_k_per_mpa;
}

double vessel_expansion_per_k(const vessel_fluid_t *fluid, double pressure_mpa,
                              double temperature_c)
{
    vessel_property_t property;
    vessel_property(fluid, pressure_mpa, temperature_c, &property);
    return property.expansion_per_k;
}

double vessel_heat_capacity_mj_per_m3_k(const vessel_fluid_t *fluid, double pressure_mpa,
                                        double temperature_c)
{
    vessel_property_t property;
    vessel_property(fluid, pressure_mpa, temperature_c, &property);
    return property.heat_capacity_j_per_m3_k * 1e-6;
}

/* Midpoint rule in a fixed number of steps. */
double vessel_isentropic_c(const vessel_fluid_t *fluid, double from_mpa, double from_c,
                           double to_mpa)
{
    double step_mpa = (to_mpa - from_mpa) / 400.0;
    double t = from_c;
    for (int n = 0; n < 400; n++) {
        double p = from_mpa + n * step_mpa;
        double half_c = t + 0.5 * step_mpa * vessel_heating_k_per_mpa(fluid, p, t);
        t += step_mpa * vessel_heating_k_per_mpa(fluid, p + 0.5 * step_mpa, half_c);
    }
    return t;
}

/* Fluid and vessel in series: V dp / dV, isothermal. */
double vessel_stiffness_mpa(const vessel_config_t *config, double pressure_mpa,
                            double temperature_c)
{
    double modulus_mpa = vessel_bulk_modulus_mpa(&config->fluid, pressure_mpa, temperature_c);
    return 1.0 / (1.0 / modulus_mpa + config->body.compliance_per_mpa);
}
