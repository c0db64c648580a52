/* vessel.h: the one definition of the simulated warm isostatic press (WIP).
 *
 * A second machine beside the press of plant.h, with its own points, parameters and state;
 * sensors' wires, seeded noise and own exp/log/pow are the same. Everything between the CDEF
 * markers becomes part of the cdef of hil._plant. Pressures of points and truth are gauge;
 * the laws take absolute ones.
 */
#ifndef VESSEL_H
#define VESSEL_H

#include "plant.h" /* plant_wiring_t */

#include <stdbool.h>
#include <stdint.h>

/* CDEF BEGIN */
#define VESSEL_HEADER_VERSION 1
#define VESSEL_LAYER_MAX 3
#define VESSEL_READING_COUNT 17
#define VESSEL_OPENING_COUNT 2

/* Analogue points a controller can read. */
enum vessel_reading {
    VESSEL_READING_FLUID_1_TEMPERATURE_C = 0,
    VESSEL_READING_FLUID_2_TEMPERATURE_C,
    VESSEL_READING_JACKET_TEMPERATURE_C,
    VESSEL_READING_LIMITER_JACKET_TEMPERATURE_C,
    VESSEL_READING_OIL_TEMPERATURE_C,
    VESSEL_READING_WATER_TEMPERATURE_C,
    VESSEL_READING_VESSEL_A_PRESSURE_MPA,
    VESSEL_READING_VESSEL_B_PRESSURE_MPA,
    VESSEL_READING_VESSEL_LOW_PRESSURE_BAR, /* shut off above its range: the one that can prove 0.5 bar */
    VESSEL_READING_INTENSIFIER_OIL_PRESSURE_BAR,
    VESSEL_READING_BAG_PRESSURE_MBAR,
    VESSEL_READING_H2S_PURGE_PPM,
    VESSEL_READING_H2S_EXHAUST_PPM,
    VESSEL_READING_CELL_VOLTAGE_V,
    VESSEL_READING_INTENSIFIER_POSITION_MM,
    VESSEL_READING_NEEDLE_POSITION_FRACTION,
    VESSEL_READING_JACKET_CURRENT_A
};

/* Digital points a controller can read. 1 is the healthy or true state. */
enum vessel_input {
    VESSEL_INPUT_GUARD_A_CLOSED = 0,
    VESSEL_INPUT_GUARD_B_CLOSED,
    VESSEL_INPUT_ESTOP_A_OK,
    VESSEL_INPUT_ESTOP_B_OK,
    VESSEL_INPUT_SAFETY_RELAY_OK,
    VESSEL_INPUT_LIMITER_OK,
    VESSEL_INPUT_CONTACTOR_JACKET_CLOSED,
    VESSEL_INPUT_PUMP_RUNNING,
    VESSEL_INPUT_OIL_LEVEL_OK,
    VESSEL_INPUT_OIL_FILTER_OK,
    VESSEL_INPUT_OIL_TEMPERATURE_OK,
    VESSEL_INPUT_WATER_FLOW_OK,
    VESSEL_INPUT_YOKE_IN,
    VESSEL_INPUT_LID_LOCKED_A,
    VESSEL_INPUT_LID_LOCKED_B,
    VESSEL_INPUT_VENT_OPEN,
    VESSEL_INPUT_DEAIR_OPEN,
    VESSEL_INPUT_BAG_LOADED,
    VESSEL_INPUT_RUPTURE_DISC_OK,
    VESSEL_INPUT_MAINS_OK,
    VESSEL_INPUT_COUNT
};

/* Digital points a controller can drive. */
enum vessel_output {
    VESSEL_OUTPUT_JACKET_HEATER_SSR = 0,
    VESSEL_OUTPUT_CONTACTOR_JACKET,
    VESSEL_OUTPUT_PUMP,
    VESSEL_OUTPUT_INTENSIFIER_DIRECTION,
    VESSEL_OUTPUT_FILL_VALVE,
    VESSEL_OUTPUT_DEAIR_VALVE,
    VESSEL_OUTPUT_VENT_VALVE,
    VESSEL_OUTPUT_DRAIN_VALVE,
    VESSEL_OUTPUT_DECOMPRESSION_VALVE, /* opens the line to the needle; falls shut */
    VESSEL_OUTPUT_YOKE_CLOSE,
    VESSEL_OUTPUT_LID_UNLOCK,          /* a request: the lock obeys the pressure, not the wire */
    VESSEL_OUTPUT_VACUUM_PUMP,         /* of the bag */
    VESSEL_OUTPUT_VACUUM_VALVE,
    VESSEL_OUTPUT_PURGE_VALVE,         /* air through the head space, past the H2S sensor */
    VESSEL_OUTPUT_EXTRACT_MAX,
    VESSEL_OUTPUT_WATCHDOG,            /* lamp only */
    VESSEL_OUTPUT_COUNT
};

/* Analogue points a controller can drive, 0..1. */
enum vessel_opening {
    VESSEL_OPENING_NEEDLE_OPEN_FRACTION = 0,
    VESSEL_OPENING_PUMP_SPEED_FRACTION
};

typedef struct {
    uint32_t is_oil;                       /* 0: water by the Tait fit and its table */
    double oil_modulus_mpa;                /* Murnaghan: K = K0 + K' p */
    double oil_modulus_slope_ratio;
    double oil_density_kg_per_m3;
    double oil_heat_capacity_mj_per_m3_k;
    double oil_heating_k_per_100mpa;       /* expansion follows from it: alpha = kappa rho c_p / T */
    double transmission_lag_s;             /* thickened oil passes the pressure on late, */
    double transmission_mpa_min;           /* from here on */
} vessel_fluid_t;

typedef struct {
    double volume_l;
    double compliance_per_mpa;
    double fluid_wall_w_per_k;
    double wall_heat_capacity_j_per_k;
    double wall_jacket_w_per_k;
    double jacket_heat_capacity_j_per_k;
    double jacket_loss_w_per_k;
    double jacket_power_w;
    double fill_l_per_s;
    double fill_mpa;                       /* pressure of the supply */
    double drain_l_per_s;
    double vent_l_per_s_mpa;
    double vent_mpa_max;                   /* its actuator does not open against more */
    double deair_l_per_s_mpa;
    double air_mixing_ml;                  /* the stream at the top is air : liquid as air : this */
    double air_trapped_ml;                 /* in folds and threads: never comes out */
    double air_polytropic_ratio;
    double relief_crack_mpa;
    double relief_l_per_s_mpa;
    double rupture_mpa;
    double rupture_orifice_mm;
    double lid_release_mpa;                /* the lock's own piston holds above it */
    double lid_lock_s;
    double yoke_s;
    double fill_fraction_initial;
} vessel_body_t;

typedef struct {
    double stroke_ml;
    double stroke_mm;
    double area_ratio;                     /* low over high pressure */
    double oil_l_per_min_max;              /* at full speed */
    double speed_ramp_s;                   /* 0 to full */
    double reversal_s;                     /* no flow meanwhile */
    double backflow_ml;                    /* through the check valve at each reversal */
    double backflow_s;
    double charge_compression_ratio;       /* 1: the plunger compresses its own charge first; 0: ideal */
    double friction_ratio;                 /* of seals, in oil pressure */
    double oil_relief_bar;
    double oil_heat_capacity_j_per_k;
    double oil_loss_w_per_k;
    double oil_motor_w;
    double oil_temperature_c_max;
    uint32_t self_reversing;               /* pilots at the ends; a change of the output shifts as well */
} vessel_intensifier_t;

typedef struct {
    double orifice_mm;                     /* fully open */
    double discharge_ratio;
    double stroke_s;
    double stiction_fraction;
    double resolution_fraction;            /* of its positioner's input */
} vessel_needle_t;

/* One layer of the workpiece: Heckel with thermal softening. */
typedef struct {
    double areal_mass_g_per_cm2;
    double true_density_g_per_cm3;
    double density_ratio_initial;
    double density_ratio_max;
    double yield_mpa_25c;
    double softening_k;
    double instant_ratio;
    double relaxation_s_100c;
    double activation_j_per_mol;
    double elastic_modulus_mpa;
    double percolation_density_ratio;
    double percolation_exponent_ratio;
} vessel_layer_t;

typedef struct {
    uint32_t layer_count;
    uint32_t has_lithium;
    double contact_ratio_initial;
    double contact_ratio_max;
    double contact_yield_mpa_25c;
    double contact_softening_k;
    double contact_instant_ratio;
    double interface_ohm_cm2_initial;
    double interface_exponent_ratio;
    double rate_mpa_per_s_max_25c;
    double rate_softening_k;
    double gas_rate_mpa_per_s_max;         /* trapped gas tears when let off faster, */
    double gas_mpa;                        /* below this pressure */
    double pressure_mpa_max;
    double lithium_mpa_25c;                /* creeps through above this, */
    double lithium_mpa_120c;               /* falling to this */
    double heat_capacity_j_per_k;
    double fluid_w_per_k;
    double bag_void_ml;                    /* what a burst bag takes in */
    double bag_leak_ml_per_s;              /* of a fully leaking bag at 500 MPa */
    double bag_pump_s;                     /* evacuation time constant */
    double bag_pressure_mbar_min;
    double sulfide_g;
    vessel_layer_t layer[VESSEL_LAYER_MAX];
} vessel_workpiece_t;

typedef struct {
    double head_space_l;                   /* hood over the vessel's mouth */
    double purge_l_per_s;
    double exhaust_ratio;                  /* concentration in the duct over that in the hood */
    double extract_ratio;                  /* flow at extract_max over normal */
    double transfer_s;                     /* water to air */
    double leak_fraction_per_ml;           /* share of the sulfide one mL of water hydrolyses */
} vessel_purge_t;

typedef struct {
    double mains_voltage_v_nominal;
    double mains_voltage_ratio;            /* of the nominal, at the start */
    double mains_voltage_v_min;
    double contactor_s;
    double safety_relay_s;
    double current_window_s;
    double limiter_c;
    double limiter_reset_c;
} vessel_electrical_t;

typedef struct {
    double range_low_channel_unit;
    double range_high_channel_unit;
    double counts_per_unit;
    double lag_s;
    double noise_channel_unit;
    double bias_channel_unit_max;
    double bias_slope_ratio_max;
    double offset_channel_unit;            /* fixed error, there without noise as well */
    double zero_drift_channel_unit_per_k;  /* of its body, from the reference on */
    double body_wall_ratio;                /* body between ambient (0) and wall (1) */
    double reference_temperature_c;
    double conversion_s;
    uint32_t fitted;
    uint32_t current_loop;
} vessel_sensor_t;

typedef struct {
    uint32_t header_version;
    double ambient_temperature_c;
    double water_temperature_c;            /* of the filling supply, warmed */
    vessel_fluid_t fluid;
    vessel_body_t body;
    vessel_intensifier_t intensifier;
    vessel_needle_t needle;
    vessel_workpiece_t workpiece;
    vessel_purge_t purge;
    vessel_electrical_t electrical;
    vessel_sensor_t sensor[VESSEL_READING_COUNT];
} vessel_config_t;

/* What people, the building and broken parts do to the machine. */
typedef struct {
    double mains_voltage_v;
    double ambient_temperature_c;
    double water_temperature_c;
    double cell_voltage_v;
    double vessel_leak_ml_per_min;         /* at 500 MPa */
    double bag_leak_fraction;              /* 1: burst */
    double check_valve_backflow_ratio;     /* 1: as new */
    double needle_erosion_fraction;        /* more area */
    double rupture_strength_ratio;         /* 1: as new */
    uint32_t needle_stuck;
    uint32_t decompression_valve_stuck;    /* where it is */
    uint32_t vent_valve_stuck;
    uint32_t jacket_ssr_welded;
    uint32_t jacket_heater_broken;
    uint32_t yoke_jammed;
    uint32_t lid_lock_jammed;
    uint32_t lid_closed;
    uint32_t bag_loaded;
    uint32_t guard_a_closed;
    uint32_t guard_b_closed;
    uint32_t estop_a_ok;
    uint32_t estop_b_ok;
    uint32_t safety_relay_healthy;
    uint32_t oil_level_ok;
    uint32_t oil_filter_ok;
    uint32_t water_supply_ok;
    uint32_t limiter_reset;                /* the key: an edge 0 -> 1 */
    uint32_t rupture_disc_replaced;        /* an edge 0 -> 1, without pressure */
} vessel_world_t;

/* All doubles: the true state, by name. */
typedef struct {
    double time_s;
    double vessel_pressure_mpa;
    double vessel_pressure_mpa_absolute;
    double pressure_rate_mpa_per_s;
    double fluid_temperature_c;
    double wall_temperature_c;
    double jacket_temperature_c;
    double oil_temperature_c;
    double air_ml;                         /* at one atmosphere */
    double liquid_kg;
    double liquid_in_kg;
    double liquid_out_kg;
    double fluid_inflow_ml_per_s;
    double fluid_outflow_ml_per_s;
    double intensifier_position_mm;
    double intensifier_oil_pressure_bar;
    double charge_pressure_mpa;
    double stroke_count;
    double delivered_ml;
    double needle_open_fraction;
    double needle_area_mm2;
    double jet_m_per_s;
    double jacket_power_w;
    double jacket_current_a;
    double heat_in_j;                      /* jacket heater */
    double heat_lost_j;                    /* to the room */
    double heat_stored_j;                  /* jacket and wall */
    double heat_to_fluid_j;
    double pump_work_j;
    double stack_temperature_c;
    double stack_pressure_mpa;
    double layer_density_ratio[VESSEL_LAYER_MAX];
    double density_ratio;                  /* of layer 1 */
    double density_g_per_cm3;
    double conductivity_ratio;
    double thickness_mm;
    double springback_mm;
    double contact_area_ratio;
    double interface_resistance_ohm_cm2;
    double damage_ratio;
    double cracked_count;
    double shorted_count;
    double bag_pressure_mbar;
    double bag_water_ml;
    double h2s_released_l;
    double h2s_purge_ppm;
    double lid_shut_count;
    double lid_locked_count;
    double limiter_demands;
    double relief_demands;
    double oil_relief_demands;
    double rupture_demands;
    double lid_lock_demands;
    double pump_permissive_demands;
    double safety_relay_demands;
    double hard_protection_demands;
} vessel_truth_t;

typedef struct {
    double lagged_channel_unit;
    double reading_channel_unit;
    double bias_fraction;
    double lag_gain_fraction;
    uint32_t conversion_steps;
    uint32_t conversion_countdown;
} vessel_sensor_state_t;

typedef struct {
    double pressure_mpa;                   /* absolute */
    double pressure_mpa_per_s;
    double transmitted_mpa;                /* absolute, behind thick oil */
    double fluid_c;
    double wall_c;
    double jacket_c;
    double air_m3;                         /* at one atmosphere */
    double vapour_m3;                      /* void of a vessel that cools with its valves shut */
    double heat_in_j;
    double heat_lost_j;
    double heat_to_fluid_j;
    double start_c;
    double liquid_in_kg;
    double liquid_out_kg;
    double inflow_m3_per_s;
    double outflow_m3_per_s;
    double bag_inflow_m3_per_s;
    uint32_t relief_open;
    uint32_t ruptured;
    uint32_t rupture_replaced_previous;
} vessel_fluid_state_t;

typedef struct {
    double speed_fraction;
    double position_ratio;                 /* 0..1 */
    double direction;                      /* +1, -1 */
    double reversal_s;                     /* left */
    double charge_mpa;                     /* absolute */
    double charge_c;
    double charge_density_kg_per_m3;
    double inflow_m3_per_s;                /* into the vessel, at its pressure */
    double backflow_m3_per_s;
    double oil_bar;
    double oil_c;
    double delivered_m3;
    double work_j;
    uint32_t stroke_count;
    uint32_t check_open;
    uint32_t relief_open;
    uint32_t direction_bit_previous;
} vessel_intensifier_state_t;

typedef struct {
    double density_ratio[VESSEL_LAYER_MAX];
    double contact_ratio;
    double damage_ratio;
    double temperature_c;
    double pressure_mpa;                   /* gauge, what densifies */
    double pressure_mpa_previous;
    double rate_mpa_per_s;
    double bag_mbar;
    double bag_water_m3;
    double h2s_l;                          /* released since the bag was loaded */
    double h2s_water_l;                    /* of it, still in the water */
    double h2s_air_l;                      /* of it, in the head space */
    double pump_gain_fraction;
    uint32_t cracked;
    uint32_t shorted;
    uint32_t bag_previous;
} vessel_workpiece_state_t;

typedef struct {
    double jacket_power_w;
    double jacket_current_a;
    double transformer_current_a;
    double contactor_s;
    double pump_s;
    double safety_relay_s;
    double lock_s;
    double yoke_ratio;                     /* 1: in */
    double decompression_s;
    uint32_t contactor_closed;
    uint32_t pump_running;
    uint32_t safety_relay_closed;
    uint32_t mains_ok;
    uint32_t limiter_latched;
    uint32_t limiter_reset_previous;
    uint32_t lid_shut;
    uint32_t lid_locked;
    uint32_t unlock_previous;
    uint32_t pump_asked_previous;
    uint32_t vent_open;
    uint32_t deair_open;
    uint32_t decompression_open;
} vessel_machine_state_t;

typedef struct {
    uint64_t step;
    uint64_t random[4];
    uint32_t noise_on;
    uint32_t output_bits;                  /* canonical */
    double opening_fraction[VESSEL_OPENING_COUNT];
    double needle_fraction;
    uint32_t needle_moving;
    uint32_t limiter_demands;
    uint32_t relief_demands;
    uint32_t oil_relief_demands;
    uint32_t rupture_demands;
    uint32_t lid_lock_demands;
    uint32_t pump_permissive_demands;
    uint32_t safety_relay_demands;
    vessel_world_t world;
    vessel_fluid_state_t fluid;
    vessel_intensifier_state_t intensifier;
    vessel_workpiece_state_t workpiece;
    vessel_machine_state_t machine;
    vessel_sensor_state_t sensor[VESSEL_READING_COUNT];
} vessel_state_t;

/* A vessel at rest, lid shut but not locked, filled as the config says, everything at
 * `start_c`. Without noise the instruments are ideal but for their wire's resolution. */
void vessel_init(const vessel_config_t *config, uint64_t seed, uint32_t noise_on, double start_c,
                 vessel_state_t *state);
/* Hold these outputs (canonical bits and openings) from now on. A non-finite opening is 0. */
void vessel_command(const vessel_config_t *config, vessel_state_t *state, uint32_t output_bits,
                    const double *opening_fraction);
/* Advance by whole milliseconds with the outputs held. */
void vessel_run(const vessel_config_t *config, vessel_state_t *state, uint32_t steps);
uint32_t vessel_input_bits(const vessel_config_t *config, const vessel_state_t *state);
void vessel_truth(const vessel_config_t *config, const vessel_state_t *state,
                  vessel_truth_t *truth);
/* Readings and inputs in the order of `wiring`; returns the input bits. Points the machine
 * does not have read 0. */
uint32_t vessel_read(const vessel_config_t *config, const vessel_state_t *state,
                     const plant_wiring_t *wiring, double *reading_channel_unit);
/* One beat in one call: command in the order of `wiring`, run, read. */
uint32_t vessel_tick(const vessel_config_t *config, vessel_state_t *state,
                     const plant_wiring_t *wiring, uint32_t output_bits,
                     const double *opening_fraction, uint32_t steps, double *reading_channel_unit);
/* Filled to the brim and free of air at this gauge pressure and temperatures, locked. For
 * people who start in the middle of a cycle. */
void vessel_preset(const vessel_config_t *config, vessel_state_t *state, double pressure_mpa,
                   double fluid_c, double wall_c);

/* The laws on their own, for tests and for people who compare. Pressures absolute. */
double vessel_density_kg_per_m3(const vessel_fluid_t *fluid, double pressure_mpa,
                                double temperature_c);
double vessel_bulk_modulus_mpa(const vessel_fluid_t *fluid, double pressure_mpa,
                               double temperature_c);
double vessel_heating_k_per_mpa(const vessel_fluid_t *fluid, double pressure_mpa,
                                double temperature_c);
double vessel_expansion_per_k(const vessel_fluid_t *fluid, double pressure_mpa,
                              double temperature_c);
double vessel_heat_capacity_mj_per_m3_k(const vessel_fluid_t *fluid, double pressure_mpa,
                                        double temperature_c);
double vessel_isentropic_c(const vessel_fluid_t *fluid, double from_mpa, double from_c,
                           double to_mpa);
double vessel_stiffness_mpa(const vessel_config_t *config, double pressure_mpa,
                            double temperature_c);
double vessel_h2s_equilibrium_fraction(double h2s_l, double water_l, double air_l);
/* CDEF END */

#endif
