/* plant.h: the one definition of the simulated press.
 *
 * Everything between the CDEF markers becomes the cffi cdef of hil._plant; point names
 * (`zone_1_temperature_c`, ...) are the enumerators without prefix, in lower case. Shares
 * no code and no constants with the kernel: what must agree, agrees by signal name.
 *
 * Parameters come from a machine file through plant_config_t; nothing about a particular
 * press is a constant here. No clock, no heap, no globals, no I/O; arithmetic is + - * /
 * sqrt, so a run is the same bytes on every CPU.
 */
#ifndef PLANT_H
#define PLANT_H

#include <stdbool.h>
#include <stdint.h>

/* CDEF BEGIN */
#define PLANT_HEADER_VERSION 2
#define PLANT_ZONE_MAX 6
#define PLANT_PLATEN_COUNT 2
#define PLANT_SERIES_MAX 2      /* contactors that feed one load, one after the other */
#define PLANT_LVDT_COUNT 4
#define PLANT_READING_COUNT 31
#define PLANT_PRESS_READING_COUNT 24 /* of a bare press; the rest belong to its chamber and cell */
#define PLANT_PRESS_INPUT_COUNT 14
#define PLANT_PRESS_OUTPUT_COUNT 16
#define PLANT_DELAYED_COUNT 9   /* the temperatures, which lie first among the readings */
#define PLANT_DELAY_MAX 512     /* slow steps of dead time a temperature sensor may have */
#define PLANT_OPENING_COUNT 1
#define PLANT_WIRE_MAX 32
#define PLANT_STEPS_PER_S 1000  /* mechanics, oil, electrics and heat flow */
#define PLANT_SLOW_STEPS 10     /* sensors, limiter and material temperature laws: every 10 ms */

/* Analogue points a controller can read. */
enum plant_reading {
    PLANT_READING_ZONE_1_TEMPERATURE_C = 0,
    PLANT_READING_ZONE_2_TEMPERATURE_C,
    PLANT_READING_ZONE_3_TEMPERATURE_C,
    PLANT_READING_ZONE_4_TEMPERATURE_C,
    PLANT_READING_ZONE_5_TEMPERATURE_C,
    PLANT_READING_ZONE_6_TEMPERATURE_C,
    PLANT_READING_LIMITER_TOP_TEMPERATURE_C,
    PLANT_READING_LIMITER_BOTTOM_TEMPERATURE_C,
    PLANT_READING_STACK_TEMPERATURE_C,
    PLANT_READING_OIL_TEMPERATURE_C,
    PLANT_READING_WATER_TEMPERATURE_C,
    PLANT_READING_CYLINDER_A_PRESSURE_BAR,
    PLANT_READING_CYLINDER_B_PRESSURE_BAR,
    PLANT_READING_LOAD_CELL_FORCE_KN,
    PLANT_READING_LVDT_1_POSITION_MM,
    PLANT_READING_LVDT_2_POSITION_MM,
    PLANT_READING_LVDT_3_POSITION_MM,
    PLANT_READING_LVDT_4_POSITION_MM,
    PLANT_READING_HEATER_1_CURRENT_A,
    PLANT_READING_HEATER_2_CURRENT_A,
    PLANT_READING_HEATER_3_CURRENT_A,
    PLANT_READING_HEATER_4_CURRENT_A,
    PLANT_READING_HEATER_5_CURRENT_A,
    PLANT_READING_HEATER_6_CURRENT_A,
    /* a press in a chamber */
    PLANT_READING_CHAMBER_PRESSURE_MBAR, /* absolute, full range */
    PLANT_READING_CHAMBER_VACUUM_MBAR,   /* absolute, fine gauge */
    PLANT_READING_CHAMBER_DEW_POINT_C,   /* frost point below 0 C */
    PLANT_READING_CHAMBER_OXYGEN_PPM,    /* by volume at one atmosphere, as all ppm here */
    PLANT_READING_H2S_A_PPM,
    PLANT_READING_H2S_B_PPM,
    PLANT_READING_CELL_VOLTAGE_V
};

/* Digital points a controller can read. 1 is the healthy or true state. */
enum plant_input {
    PLANT_INPUT_GUARD_A_CLOSED = 0,
    PLANT_INPUT_GUARD_B_CLOSED,
    PLANT_INPUT_ESTOP_A_OK,
    PLANT_INPUT_ESTOP_B_OK,
    PLANT_INPUT_SAFETY_RELAY_OK,
    PLANT_INPUT_LIMITER_OK,
    PLANT_INPUT_CONTACTOR_TOP_CLOSED,
    PLANT_INPUT_CONTACTOR_BOTTOM_CLOSED,
    PLANT_INPUT_OIL_LEVEL_OK,
    PLANT_INPUT_OIL_FILTER_OK,
    PLANT_INPUT_OIL_TEMPERATURE_OK,
    PLANT_INPUT_WATER_FLOW_OK,
    PLANT_INPUT_PUMP_RUNNING,
    PLANT_INPUT_MAINS_OK,
    PLANT_INPUT_CHAMBER_CLOSED,
    PLANT_INPUT_VACUUM_PUMP_RUNNING,
    PLANT_INPUT_PURGE_FLOW_OK,
    PLANT_INPUT_COUNT
};

/* Digital points a controller can drive. */
enum plant_output {
    PLANT_OUTPUT_HEATER_1_SSR = 0,
    PLANT_OUTPUT_HEATER_2_SSR,
    PLANT_OUTPUT_HEATER_3_SSR,
    PLANT_OUTPUT_HEATER_4_SSR,
    PLANT_OUTPUT_HEATER_5_SSR,
    PLANT_OUTPUT_HEATER_6_SSR,
    PLANT_OUTPUT_CONTACTOR_TOP,
    PLANT_OUTPUT_CONTACTOR_BOTTOM,
    PLANT_OUTPUT_PUMP,
    PLANT_OUTPUT_LOAD_HOLDING_VALVE_OPEN,
    PLANT_OUTPUT_DUMP_VALVE,
    PLANT_OUTPUT_APPROACH_VALVE,
    PLANT_OUTPUT_COOLING_WATER_TOP,
    PLANT_OUTPUT_COOLING_WATER_BOTTOM,
    PLANT_OUTPUT_COOLING_AIR,
    PLANT_OUTPUT_WATCHDOG, /* lamp only: nothing in this press listens to it */
    PLANT_OUTPUT_VACUUM_PUMP,
    PLANT_OUTPUT_VACUUM_VALVE,
    PLANT_OUTPUT_PURGE_VALVE,
    PLANT_OUTPUT_EXTRACT_MAX, /* purge at the extractor's rate */
    PLANT_OUTPUT_COUNT
};

/* Analogue outputs, 0..1. */
enum plant_opening {
    PLANT_OPENING_VALVE_OPEN_FRACTION = 0
};

typedef struct {
    double power_w;                    /* of the cartridge at nominal mains */
    double heater_heat_capacity_j_per_k;
    double heater_core_w_per_k;
    double core_heat_capacity_j_per_k;
    double core_face_w_per_k;
    double face_heat_capacity_j_per_k;
    double core_loss_w_per_k;          /* through the insulation */
    double face_loss_w_per_k;
    double water_w_per_k;              /* cooling channel full of water */
    double air_w_per_k;                /* cooling channel blown through with air */
    double contact_weight_ratio;       /* share of the platen's contact with the stack */
    uint32_t platen;                   /* 0 top, 1 bottom; neighbours lie one after another */
} plant_zone_t;

typedef struct {
    double core_lateral_w_per_k;       /* between neighbouring zones of a platen */
    double face_lateral_w_per_k;
    double contact_w_per_k_base;       /* per platen: base + slope * min(1, p/ref)^exponent */
    double contact_w_per_k_slope;
    double contact_pressure_mpa_ref;
    double contact_exponent_ratio;
    double open_w_per_k;               /* top platen to stack across the daylight */
    double stack_loss_w_per_k;
    double cooling_valve_s;            /* channel fills and empties */
    double steam_limit_c;              /* water on a hotter platen flashes: counted */
    double oil_heat_capacity_j_per_k;
    double oil_loss_w_per_k;
    double oil_motor_w;                /* pump losses into the oil beside throttling */
    double oil_temperature_c_max;      /* switch */
} plant_thermal_t;

/* What turns the analogue output into oil. */
enum plant_actuator {
    PLANT_ACTUATOR_RELIEF = 0,  /* proportional relief: the output sets a pressure */
    PLANT_ACTUATOR_DIRECTIONAL, /* 4/3 proportional directional valve: it sets a flow either way */
    PLANT_ACTUATOR_PUMP_SPEED   /* pump on a frequency converter: it sets a speed */
};

typedef struct {
    double centre_fraction;            /* of the output: below it oil leaves, above it enters */
    double overlap_fraction;           /* of the spool's stroke, either side of the centre */
    double flow_m3_per_s;              /* one edge, spool fully open */
    double flow_drop_bar;              /* at this pressure drop */
    double supply_bar;                 /* constant-pressure pump */
    double spool_leak_m3_per_s_pa;     /* centred, to tank */
} plant_directional_t;

typedef struct {
    double ramp_s;                     /* standstill to full speed */
    double speed_fraction_min;         /* the converter does not turn slower */
    double slip_m3_per_s_pa;           /* the pump's own leak, back to its suction side */
} plant_pump_speed_t;

typedef struct {
    uint32_t actuator;                 /* enum plant_actuator */
    plant_directional_t directional;
    plant_pump_speed_t pump_speed;
    double cylinder_area_mm2;
    double cylinder_volume_l;          /* press side, with lines */
    double frame_stiffness_kn_per_mm;
    double ram_mass_kg;
    double return_force_kn;            /* ram weight and return springs: against the pressure */
    double daylight_mm;                /* full opening above the fresh stack */
    double friction_coulomb_kn;
    double friction_static_kn;
    double friction_stribeck_mm_per_s;
    double friction_viscous_n_s_per_m;
    double friction_pressure_ratio;    /* mu: Coulomb part grows by mu * p / p_n */
    double friction_pressure_bar_ref;  /* p_n */
    double friction_presliding_mm;     /* travel over which friction turns round */
    double oil_bulk_modulus_mpa;
    double oil_air_fraction;           /* at one atmosphere */
    double oil_polytropic_ratio;
    double oil_density_kg_per_m3;
    double leak_m3_per_s_pa;
    double pump_m3_per_s;
    double valve_return_m3_per_s;      /* most the relief takes back out of the cylinder */
    double valve_gain_m3_per_s_pa;
    double valve_full_scale_bar;
    double valve_natural_hz;
    double valve_damping_ratio;
    double valve_hysteresis_fraction;  /* full width of the play */
    double valve_deadband_fraction;
    double valve_pressure_bar_min;
    double valve_resolution_fraction;  /* of its amplifier's input */
    double approach_m3_per_s;
    double approach_bar;               /* relief of the approach circuit */
    double approach_gain_m3_per_s_pa;
    double relief_crack_bar;
    double relief_gain_m3_per_s_pa;
    double dump_orifice_mm;            /* diameter */
    double dump_discharge_ratio;
    double ripple_bar;                 /* amplitude in the transducers while pumping */
    double ripple_hz;
} plant_hydraulic_t;

/* The workpiece: Heckel densification with thermal softening, contact, damage. */
typedef struct {
    double area_mm2;
    double areal_mass_g_per_cm2;
    double true_density_g_per_cm3;
    double density_ratio_initial;
    double density_ratio_max;
    double yield_mpa_25c;
    double softening_k;
    double instant_ratio;              /* phi: share of the pressure that acts at once */
    double relaxation_s_100c;
    double activation_j_per_mol;
    double elastic_modulus_mpa;        /* springback */
    double contact_ratio_initial;
    double contact_ratio_max;
    double contact_yield_mpa_25c;
    double contact_softening_k;
    double interface_ohm_cm2_initial;
    double interface_exponent_ratio;
    double percolation_density_ratio;
    double percolation_exponent_ratio;
    double rate_mpa_per_s_max_25c;     /* faster does damage; a warm film bears more */
    double rate_softening_k;
    double pressure_mpa_max;           /* more does damage */
    double heat_capacity_j_per_k;
    double open_circuit_voltage_v;
    double lithium_mpa_max_25c;        /* more extrudes lithium through the separator: a short */
    double lithium_softening_k;
    uint32_t has_lithium;
} plant_stack_t;

/* The room round the press: gas by partial pressures, moisture, sulfide. [press model:
 * moisture and hydrogen sulfide] */
typedef struct {
    uint32_t fitted;
    double volume_l;
    double leak_l_per_h;               /* exchanged with the hall, at the gas's own pressure */
    double door_l_per_s;               /* the same with the door open */
    double hall_dew_point_c;
    double purge_l_per_min;
    double extract_l_per_min;          /* supply follows the extractor */
    double purge_dew_point_c;
    double purge_oxygen_ppm;
    double vacuum_pump_l_per_s;
    double vacuum_mbar_ultimate;
    double vacuum_pump_s;              /* from contactor to full speed */
    double wall_outgas_mbar_l_per_s;   /* water, at ambient temperature */
    double moisture_g;                 /* adsorbed in the workpiece */
    double moisture_g_saturated;       /* what it takes up at full humidity */
    double drying_s_80c;
    double drying_activation_j_per_mol;
    double sulfide_g;
    double sulfide_exposed_fraction;   /* loose powder 1, pressed face 0.01 to 0.1 */
    double hydrolysis_cc_per_g_min_ppm;
    double sulfide_cc_per_g;           /* all it can give off */
} plant_chamber_t;

typedef struct {
    double mains_voltage_v_nominal;
    double mains_voltage_v_min;        /* below: mains_ok falls, coils drop */
    double mains_hz;                   /* zero-crossing SSRs switch at half cycles */
    double contactor_s;
    double safety_relay_s;
    double mains_voltage_ratio;        /* of nominal, today's supply */
    double current_window_s;           /* averaging window of the current transformers */
    double limiter_c;                  /* independent, latching */
    double limiter_reset_c;            /* may be reset below */
    uint32_t limiter_zone[PLANT_PLATEN_COUNT]; /* where its two sensors sit */
    uint32_t contactors_in_series;     /* of each load: 1, or 2 as category 3 asks for */
} plant_electrical_t;

/* What is fed through contactors: the heaters of each platen, the pump. */
enum plant_contactor {
    PLANT_CONTACTOR_TOP = 0,
    PLANT_CONTACTOR_BOTTOM,
    PLANT_CONTACTOR_PUMP,
    PLANT_CONTACTOR_COUNT
};

typedef struct {
    double range_low_channel_unit;     /* 4 mA; what a direct converter can show least */
    double range_high_channel_unit;    /* 20 mA; most */
    double counts_per_unit;            /* of the wire: of the mA for a current loop */
    double lag_s;
    double dead_time_s;
    double noise_channel_unit;         /* one sigma */
    double bias_channel_unit_max;      /* seeded, uniform within +-(max + slope * |measurand|) */
    double bias_slope_ratio_max;
    double offset_channel_unit;        /* fixed error, there without noise as well */
    double drift_channel_unit_per_day; /* worst case; the sensor's own share is seeded */
    double cross_ratio;                /* response to a part of interfering gas */
    double recovery_s;                 /* over range it stays at full scale, and for this long after */
    double conversion_s;               /* between two conversions */
    uint32_t fitted;
    uint32_t current_loop;             /* 1: 4-20 mA, the reading is in mA */
} plant_sensor_t;

typedef struct {
    double stretch_ratio;              /* share of the frame's stretch the LVDTs see */
    double expansion_mm_per_k;         /* platens grow into the measuring path */
    double reference_temperature_c;
    double zero_mm;                    /* reading with closed, cold, unloaded, empty platens */
    double tilt_um_max;                /* seeded, per axis, at the corners */
} plant_displacement_t;

typedef struct {
    uint32_t header_version;
    uint32_t zone_count;
    double ambient_temperature_c;
    double water_temperature_c;
    plant_zone_t zone[PLANT_ZONE_MAX];
    plant_thermal_t thermal;
    plant_hydraulic_t hydraulic;
    plant_stack_t stack;
    plant_electrical_t electrical;
    plant_displacement_t displacement;
    plant_chamber_t chamber;
    plant_sensor_t sensor[PLANT_READING_COUNT];
} plant_config_t;

/* What people, the building and broken parts do to the press. */
typedef struct {
    double mains_voltage_v;
    double ambient_temperature_c;
    double water_temperature_c;
    double heater_break_fraction[PLANT_ZONE_MAX]; /* 1: element open */
    uint32_t heater_ssr_welded[PLANT_ZONE_MAX];
    uint32_t heater_ssr_open[PLANT_ZONE_MAX];
    uint32_t guard_a_closed;
    uint32_t guard_b_closed;
    uint32_t estop_a_ok;
    uint32_t estop_b_ok;
    uint32_t safety_relay_healthy;
    uint32_t oil_level_ok;
    uint32_t oil_filter_ok;
    uint32_t water_supply_ok;
    uint32_t limiter_reset;            /* the key: an edge 0 -> 1 */
    uint32_t contactor_top_welded;     /* the first in series; the second is its fellow */
    uint32_t contactor_bottom_welded;
    uint32_t pump_contactor_welded;
    uint32_t contactor_top_second_welded;
    uint32_t contactor_bottom_second_welded;
    uint32_t pump_contactor_second_welded;
    uint32_t water_blocked;            /* no flow though the flow switch says so */
    uint32_t dump_valve_stuck_shut;
    uint32_t dump_valve_stuck_open;
    uint32_t approach_valve_stuck_open;
    uint32_t load_holding_stuck_shut;
    uint32_t load_holding_stuck_open;
    uint32_t relief_stuck_shut;
    uint32_t valve_stuck;              /* spool jams where it is; a variable speed stays */
    double valve_slowness_ratio;       /* 1 healthy, 5 five times slower */
    double valve_hysteresis_fraction_added;
    double valve_deadband_fraction_added;
    double pump_loss_fraction;         /* of its flow: wear, cavitation */
    double oil_air_fraction_added;
    double cylinder_leak_ml_per_min;   /* at 200 bar, past the seals */
    double load_holding_leak_ml_per_min; /* at 200 bar, back through the shut valve */
    double frame_stiffness_ratio;      /* less than 1: loose */
    double platen_mass_ratio;          /* another tool: heat capacities of cores and faces */
    double exotherm_w;                 /* the workpiece heats itself */
    uint32_t chamber_closed;
    uint32_t vacuum_pump_healthy;
    uint32_t purge_supply_ok;
    double hall_dew_point_c;
    double purge_dew_point_c;
    double purge_oxygen_ppm;
    double chamber_leak_l_per_h_added;
    double sulfide_exposed_fraction;
    double interfering_gas_ppm;        /* what electrochemical sensors also answer to */
} plant_world_t;

/* All doubles: the true state, by name. */
typedef struct {
    double time_s;
    double zone_temperature_c[PLANT_ZONE_MAX];
    double heater_temperature_c[PLANT_ZONE_MAX];
    double face_temperature_c[PLANT_ZONE_MAX];
    double heater_power_w[PLANT_ZONE_MAX];
    double heater_current_a[PLANT_ZONE_MAX];
    double stack_temperature_c;
    double oil_temperature_c;
    double valve_pressure_bar;
    double cylinder_pressure_bar;
    double cylinder_inflow_m3_per_s;
    double force_kn;
    double stack_pressure_mpa;
    double ram_speed_mm_per_s;
    double daylight_mm;
    double thickness_mm;
    double density_ratio;
    double density_g_per_cm3;
    double contact_area_ratio;
    double interface_resistance_ohm_cm2;
    double conductivity_ratio;
    double damage_ratio;
    double cracked_count;
    double shorted_count;
    double valve_spool_fraction;       /* -1..1 of a directional valve; speed of a variable pump */
    double energy_in_j;
    double energy_lost_j;
    double energy_stored_j;
    double limiter_demands;
    double relief_demands;
    double safety_relay_demands;
    double hard_protection_demands;
    double steam_flashes;
    double chamber_pressure_mbar;
    double chamber_dew_point_c;
    double chamber_water_ppm;
    double chamber_oxygen_ppm;
    double h2s_ppm;
    double h2s_released_cc;
    double moisture_g;
} plant_truth_t;

/* Order of a controller's frames: canonical point number by position, -1 where there is none. */
typedef struct {
    uint32_t reading_count;
    uint32_t input_count;
    uint32_t output_count;
    uint32_t opening_count;
    int32_t reading[PLANT_WIRE_MAX];
    int32_t input[PLANT_WIRE_MAX];
    int32_t output[PLANT_WIRE_MAX];
    int32_t opening[PLANT_WIRE_MAX];
} plant_wiring_t;

typedef struct {
    double lagged_channel_unit;
    double reading_channel_unit;       /* as the wire carries it; mA for a current loop */
    double bias_fraction;              /* -1..1 of the allowed bias, drawn once */
    double lag_gain_fraction;          /* 1 - exp(-slow step / lag) */
    double over_range_s;               /* left of its recovery */
    uint32_t dead_time_steps;          /* slow steps */
    uint32_t conversion_steps;
    uint32_t conversion_countdown;
} plant_sensor_state_t;

typedef struct {
    double heater_c[PLANT_ZONE_MAX];
    double core_c[PLANT_ZONE_MAX];
    double face_c[PLANT_ZONE_MAX];
    double stack_c;
    double oil_c;
    double heater_power_w[PLANT_ZONE_MAX];
    double contact_w_per_k[PLANT_PLATEN_COUNT];
    double water_fraction[PLANT_PLATEN_COUNT];
    double air_fraction;
    double energy_in_j;
    double energy_lost_j;
    double start_c;
    double platen_mass_ratio;
    /* derived from the config and the tool */
    double heater_k_s_per_j[PLANT_ZONE_MAX];  /* step / heat capacity */
    double core_k_s_per_j[PLANT_ZONE_MAX];
    double face_k_s_per_j[PLANT_ZONE_MAX];
    double stack_k_s_per_j;
    double cooling_gain_fraction;
    uint32_t steaming[PLANT_PLATEN_COUNT];
} plant_thermal_state_t;

typedef struct {
    double pressure_pa;                /* gauge */
    double valve_fraction;             /* of full scale, spool after the second order */
    double valve_fraction_per_s;
    double valve_play_fraction;
    double inflow_m3_per_s;
    double ram_m;                      /* travel from fully open */
    double ram_m_per_s;
    double presliding_ratio;           /* -1..1: friction as a share of its maximum */
    double force_n;                    /* on the stack */
    double ripple_cycle_ratio;
    uint32_t relief_open;
} plant_hydraulic_state_t;

typedef struct {
    double density_ratio;
    double contact_ratio;
    double damage_ratio;
    double pressure_mpa_previous;
    double rate_mpa_per_s;             /* smoothed */
    double thickness_m;                /* under load */
    double compliance_m_per_n;         /* -dh/dF at once */
    double yield_mpa;                  /* laws of temperature, every slow step */
    double contact_yield_mpa;
    double relaxation_s;
    double rate_mpa_per_s_max;
    double lithium_mpa_max;
    uint32_t cracked;
    uint32_t shorted;
} plant_stack_state_t;

/* Contactors in series that feed one load. */
typedef struct {
    double waited_s[PLANT_SERIES_MAX];
    uint32_t closed[PLANT_SERIES_MAX];
} plant_contactor_state_t;

typedef struct {
    double heater_current_a[PLANT_ZONE_MAX];
    double transformer_current_a[PLANT_ZONE_MAX];
    double half_cycle_ratio;
    double safety_relay_s;
    plant_contactor_state_t contactor[PLANT_CONTACTOR_COUNT];
    uint32_t ssr_conducting[PLANT_ZONE_MAX];
    uint32_t pump_running;
    uint32_t safety_relay_closed;
    uint32_t mains_ok;
    uint32_t limiter_latched;
    uint32_t limiter_reset_previous;
} plant_electrical_state_t;

typedef struct {
    double nitrogen_pa;                /* carrier gas, whichever it is */
    double oxygen_pa;
    double water_pa;
    double h2s_pa;
    double moisture_g;
    double h2s_released_cc;
    double vacuum_pump_fraction;
    double supply_water_pa;            /* laws of what comes in; follow the dew points */
    double hall_water_pa;
    double drying_per_s;
    double saturation_pa;              /* of the workpiece */
    double dew_point_c;
    uint32_t slow_countdown;
} plant_chamber_state_t;

typedef struct {
    uint64_t step;
    uint64_t random[4];
    uint32_t noise_on;
    uint32_t output_bits;              /* canonical */
    double opening_fraction[PLANT_OPENING_COUNT];
    double tilt_mm[2];
    double opening_m;
    uint32_t limiter_demands;
    uint32_t relief_demands;
    uint32_t safety_relay_demands;
    uint32_t steam_flashes;
    uint32_t delay_index;
    plant_world_t world;
    plant_thermal_state_t thermal;
    plant_hydraulic_state_t hydraulic;
    plant_stack_state_t stack;
    plant_electrical_state_t electrical;
    plant_chamber_state_t chamber;
    plant_sensor_state_t sensor[PLANT_READING_COUNT];
    double delay_c[PLANT_DELAY_MAX][PLANT_DELAYED_COUNT];
} plant_state_t;

/* A press at rest, open, everything at `start_c`. Without noise the instruments are ideal
 * but for their wire's resolution, and the seed has no effect. */
void plant_init(const plant_config_t *config, uint64_t seed, uint32_t noise_on, double start_c,
                plant_state_t *state);
/* Hold these outputs (canonical bits and openings) from now on. A non-finite opening is 0. */
void plant_command(const plant_config_t *config, plant_state_t *state, uint32_t output_bits,
                   const double *opening_fraction);
/* Advance by whole milliseconds with the outputs held. */
void plant_run(const plant_config_t *config, plant_state_t *state, uint32_t steps);
/* Digital inputs as canonical bits. */
uint32_t plant_input_bits(const plant_config_t *config, const plant_state_t *state);
void plant_truth(const plant_config_t *config, const plant_state_t *state, plant_truth_t *truth);
/* Readings and inputs in the order of `wiring`; returns the input bits. Points the machine
 * does not have read 0. */
uint32_t plant_read(const plant_config_t *config, const plant_state_t *state,
                    const plant_wiring_t *wiring, double *reading_channel_unit);
/* One beat in one call: command in the order of `wiring`, run, read. */
uint32_t plant_tick(const plant_config_t *config, plant_state_t *state,
                    const plant_wiring_t *wiring, uint32_t output_bits,
                    const double *opening_fraction, uint32_t steps, double *reading_channel_unit);

/* The laws on their own, for tests and for people who compare. */
double plant_bulk_modulus_pa(const plant_hydraulic_t *hydraulic, double pressure_pa_absolute);
double plant_contact_w_per_k(const plant_thermal_t *thermal, double stack_pressure_mpa);
double plant_saturation_pa(double temperature_c); /* of water, over ice below 0 C (Magnus) */
double plant_dew_point_c(double water_pa);        /* and back; frost point below 0 C */
double plant_exp(double x_ratio);
double plant_log(double x_ratio);
double plant_power(double base_ratio, double exponent_ratio);
double plant_sine_of_cycle(double cycle_ratio);
/* CDEF END */

#endif
