/* isostatic.h: the second public header of the kernel: a warm isostatic press (WIP).
 *
 * Same manners as press.h: a pure function of (config, state, frames), no clock, heap, globals or
 * I/O; everything between the CDEF markers becomes cdef, signal names and tables. Pressures are
 * gauge. Channels, qualities and ramps are those of press.h. Call order of one tick:
 *
 *     wip_observe(config, state, sensors, observation)
 *     ... the recipe looks at the observation and fills the command ...
 *     wip_act(config, state, command, output)
 */
#ifndef ISOSTATIC_H
#define ISOSTATIC_H

#include "press.h"

/* CDEF BEGIN */
#define WIP_HEADER_VERSION 2
#define WIP_CHANNEL_COUNT 17
#define WIP_FLUID_NODE_COUNT 5
#define WIP_FLUID_TABLE_COUNT 25
#define WIP_PERMISSIVE_COUNT 14
#define WIP_INTERLOCK_COUNT 12
#define WIP_TRIP_COUNT 28
#define WIP_ADVISORY_COUNT 22

enum wip_channel {
    WIP_CHANNEL_FLUID_1_TEMPERATURE_C = 0,
    WIP_CHANNEL_FLUID_2_TEMPERATURE_C,
    WIP_CHANNEL_JACKET_TEMPERATURE_C,
    WIP_CHANNEL_LIMITER_JACKET_TEMPERATURE_C,
    WIP_CHANNEL_OIL_TEMPERATURE_C,
    WIP_CHANNEL_WATER_TEMPERATURE_C,
    WIP_CHANNEL_VESSEL_A_PRESSURE_MPA,
    WIP_CHANNEL_VESSEL_B_PRESSURE_MPA,
    WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR, /* shut off above its span: the one that can prove 0.5 bar */
    WIP_CHANNEL_INTENSIFIER_OIL_PRESSURE_BAR,
    WIP_CHANNEL_BAG_PRESSURE_MBAR,
    WIP_CHANNEL_H2S_PURGE_PPM,
    WIP_CHANNEL_H2S_EXHAUST_PPM,
    WIP_CHANNEL_CELL_VOLTAGE_V,
    WIP_CHANNEL_INTENSIFIER_POSITION_MM,
    WIP_CHANNEL_NEEDLE_POSITION_FRACTION,
    WIP_CHANNEL_JACKET_CURRENT_A
};

/* Bit numbers of digital_input_bits. 1 is the healthy or true state. */
enum wip_input {
    WIP_INPUT_GUARD_A_CLOSED = 0,
    WIP_INPUT_GUARD_B_CLOSED,
    WIP_INPUT_ESTOP_A_OK,
    WIP_INPUT_ESTOP_B_OK,
    WIP_INPUT_SAFETY_RELAY_OK,
    WIP_INPUT_LIMITER_OK,
    WIP_INPUT_CONTACTOR_JACKET_CLOSED,
    WIP_INPUT_PUMP_RUNNING,
    WIP_INPUT_OIL_LEVEL_OK,
    WIP_INPUT_OIL_FILTER_OK,
    WIP_INPUT_OIL_TEMPERATURE_OK,
    WIP_INPUT_WATER_FLOW_OK,
    WIP_INPUT_YOKE_IN,
    WIP_INPUT_LID_LOCKED_A,
    WIP_INPUT_LID_LOCKED_B,
    WIP_INPUT_VENT_OPEN,
    WIP_INPUT_DEAIR_OPEN,
    WIP_INPUT_BAG_LOADED,
    WIP_INPUT_RUPTURE_DISC_OK,
    WIP_INPUT_MAINS_OK,
    WIP_INPUT_COUNT
};

/* Bit numbers of digital_output_bits. All zero is the safe state: no heat, no pump, every valve
 * shut, the lid locked, the pressure retained. */
enum wip_digital_output {
    WIP_OUTPUT_JACKET_HEATER_SSR = 0,
    WIP_OUTPUT_CONTACTOR_JACKET,
    WIP_OUTPUT_PUMP,
    WIP_OUTPUT_INTENSIFIER_DIRECTION, /* the intensifier reverses itself: stays 0 */
    WIP_OUTPUT_FILL_VALVE,
    WIP_OUTPUT_DEAIR_VALVE,
    WIP_OUTPUT_VENT_VALVE,
    WIP_OUTPUT_DRAIN_VALVE,
    WIP_OUTPUT_DECOMPRESSION_VALVE,   /* the line to the needle */
    WIP_OUTPUT_YOKE_CLOSE,
    WIP_OUTPUT_LID_UNLOCK,            /* a request; the lock's own piston obeys the pressure */
    WIP_OUTPUT_VACUUM_PUMP,
    WIP_OUTPUT_VACUUM_VALVE,
    WIP_OUTPUT_PURGE_VALVE,
    WIP_OUTPUT_EXTRACT_MAX,
    WIP_OUTPUT_WATCHDOG,
    WIP_OUTPUT_COUNT
};

/* Needed to start. A bit set in permissive_missing_bits means "not there". */
enum wip_permissive {
    WIP_PERMISSIVE_NO_TRIP = 0,
    WIP_PERMISSIVE_GUARD_CLOSED,
    WIP_PERMISSIVE_ESTOP_RELEASED,
    WIP_PERMISSIVE_SAFETY_RELAY_OK,
    WIP_PERMISSIVE_LIMITER_OK,
    WIP_PERMISSIVE_CONTACTOR_OPEN,
    WIP_PERMISSIVE_OIL_OK,
    WIP_PERMISSIVE_MAINS_OK,
    WIP_PERMISSIVE_SENSORS_GOOD,
    WIP_PERMISSIVE_PRESSURE_RELEASED,
    WIP_PERMISSIVE_BAG_LOADED,
    WIP_PERMISSIVE_H2S_CLEAR,
    WIP_PERMISSIVE_RUPTURE_DISC_OK,
    WIP_PERMISSIVE_IO_FRESH
};

/* Hold an output while true and clear themselves. */
enum wip_interlock {
    WIP_INTERLOCK_LID_NOT_LOCKED = 0,     /* pump off */
    WIP_INTERLOCK_LEAK_TEST_MISSING,      /* no pumping above the leak test's pressure */
    WIP_INTERLOCK_UNLOCK_FORBIDDEN,       /* the lid stays locked */
    WIP_INTERLOCK_OVER_TEMPERATURE,       /* pump paused, jacket off */
    WIP_INTERLOCK_PREDICTED_TEMPERATURE,  /* pump paused: the peak would leave its band */
    WIP_INTERLOCK_RELEASE_TOO_FAST,       /* needle throttled */
    WIP_INTERLOCK_BLOCKED_IN_HEATING,     /* jacket off, relief path open */
    WIP_INTERLOCK_MOUTH_UNDER_PRESSURE,   /* fill, de-air, vent and drain shut */
    WIP_INTERLOCK_PRESSURE_UNCERTAIN,     /* pressure ramp held */
    WIP_INTERLOCK_OIL_NOT_OK,             /* pump off */
    WIP_INTERLOCK_PUMP_EXCLUDES_OPENING,  /* pump off while anything is open */
    WIP_INTERLOCK_H2S_ALARM               /* extraction on, lid locked */
};

/* Latch. Cleared by a reset edge with no cause present. */
enum wip_trip {
    WIP_TRIP_BOOT = 0,
    WIP_TRIP_ESTOP,
    WIP_TRIP_GUARD_OPEN,
    WIP_TRIP_SAFETY_RELAY,
    WIP_TRIP_LIMITER,
    WIP_TRIP_MAINS,
    WIP_TRIP_IO_LOST,
    WIP_TRIP_IO_LEASE_LAPSED,
    WIP_TRIP_OUTPUT_READBACK,
    WIP_TRIP_RUPTURE_DISC,
    WIP_TRIP_OVER_PRESSURE,
    WIP_TRIP_LID_LOST,
    WIP_TRIP_PRESSURE_SENSOR,
    WIP_TRIP_PRESSURE_DISAGREEMENT,
    WIP_TRIP_OVER_TEMPERATURE,
    WIP_TRIP_TEMPERATURE_SENSOR,
    WIP_TRIP_SSR_WELDED,
    WIP_TRIP_CONTACTOR_MISMATCH,
    WIP_TRIP_BAG_BURST,
    WIP_TRIP_PRESSURE_LOSS,
    WIP_TRIP_PUMP_NO_PROGRESS,
    WIP_TRIP_PUMP_OVER_RUN,
    WIP_TRIP_RELEASE_TOO_FAST,
    WIP_TRIP_H2S,
    WIP_TRIP_PRESSURE_UNCOMMANDED,
    WIP_TRIP_PUMP_MISMATCH,
    WIP_TRIP_NEEDLE_MISMATCH,
    WIP_TRIP_COMMAND_LEASE
};

/* Take nothing away: what a person is told, or what the recipe waits for. What a row asks is in
 * bits of enum press_advice. */
enum wip_advisory {
    WIP_ADVISORY_SENSOR_BAD = 0,
    WIP_ADVISORY_SENSOR_FLAT,
    WIP_ADVISORY_SENSOR_SPIKES,
    WIP_ADVISORY_PRESSURE_DRIFT,
    WIP_ADVISORY_PRESSURE_DRIFT_FAR,
    WIP_ADVISORY_THERMOMETERS_APART,
    WIP_ADVISORY_THERMOMETERS_FAR_APART,
    WIP_ADVISORY_HEATER_WEAK,
    WIP_ADVISORY_HEATER_BREAK,
    WIP_ADVISORY_NO_ISOLATION,
    WIP_ADVISORY_BAG_LEAK,
    WIP_ADVISORY_PRESSURE_LEAK,
    WIP_ADVISORY_STROKE_WEAK,
    WIP_ADVISORY_PRESSURE_NOT_RISING,
    WIP_ADVISORY_PRESSURE_NOT_FALLING,
    WIP_ADVISORY_NEEDLE_WORN,
    WIP_ADVISORY_PRESSURE_NEAR_LIMIT,
    WIP_ADVISORY_H2S_TRACE,
    WIP_ADVISORY_WATER_LOST,
    WIP_ADVISORY_OIL_NOT_OK,
    WIP_ADVISORY_GUARD_DISCREPANCY,
    WIP_ADVISORY_FOREIGN_OUTPUT
};

/* What a trip takes away: bits of trip_action_bits. */
enum wip_action {
    WIP_ACTION_HEAT_OFF = 1,  /* jacket and its contactor */
    WIP_ACTION_PUMP_OFF = 2,  /* pressure is retained */
    WIP_ACTION_ISOLATE = 4,   /* decompression line shut as well */
    WIP_ACTION_RELIEVE = 8,   /* let the excess off through the needle, while the cause stands */
    WIP_ACTION_EXTRACT = 16,  /* extraction at its most */
    WIP_ACTION_ALL_OFF = 32   /* every output to its safe state */
};

enum wip_mode {
    WIP_MODE_OFF = 0,  /* shut: pressure is retained */
    WIP_MODE_PRESSURE, /* follow the pressure setpoint upwards and hold by topping up */
    WIP_MODE_RELEASE   /* follow it downwards through the needle */
};

/* The vessel and what is in it, as commissioned. Tables are over node_pressure_mpa, the heating
 * table is [temperature node * WIP_FLUID_NODE_COUNT + pressure node]. */
typedef struct {
    double node_pressure_mpa[WIP_FLUID_NODE_COUNT];
    double node_temperature_c[WIP_FLUID_NODE_COUNT];
    double heating_k_per_mpa[WIP_FLUID_TABLE_COUNT];        /* isentropic */
    double stiffness_mpa[WIP_FLUID_NODE_COUNT];             /* isothermal, vessel's compliance included */
    double expansion_mpa_per_k[WIP_FLUID_NODE_COUNT];       /* of the blocked-in vessel */
    double volume_ml;
    double fluid_heat_capacity_j_per_k;
    double wall_heat_capacity_j_per_k;
    double wall_w_per_k;         /* fluid to wall */
    double jacket_w_per_k;       /* wall to jacket */
    double jacket_loss_w_per_k;  /* to the room */
    double jacket_power_w;
    double ambient_temperature_c;
    double fluid_lag_s;          /* of the fluid's thermometers */
    double fluid_correction_s;   /* how soon the observer believes them */
    double wall_correction_s;
    double fill_ml_per_s;        /* of a flush, both mouths open */
} wip_vessel_config_t;

typedef struct {
    double stroke_ml;
    double stroke_mm;
    double flow_ml_per_s_max;    /* at full speed, high-pressure side */
    double oil_bar_per_mpa;      /* oil pressure while delivering, over vessel pressure */
    double charge_fraction;      /* pump speed while the plunger compresses its charge */
    double reaction_s;           /* of the top-up law */
    double rise_mpa_per_s_max;   /* catching up included */
    double needle_flow_ml_per_s; /* fully open at 1 MPa, as new */
    double needle_gain_ratio_max; /* how far wear is believed, either way */
    double needle_learn_s;
    double release_reaction_s;
    double jacket_kp_per_c;
    double wall_gain_ratio;      /* jacket above the wall's target, over the wall's error */
} wip_drive_config_t;

typedef struct {
    double pressure_mpa_max;     /* recipe and material: trip */
    double pressure_pair_mpa_max;
    double pressure_pair_s_max;
    double pressure_sensor_s_max;
    double temperature_c_max;    /* of the fluid: interlock */
    double temperature_c_trip;
    double jacket_temperature_c_max; /* highest setpoint */
    double jacket_temperature_c_trip;
    double temperature_sensor_s_max;
    double release_mpa_per_s_max;     /* above release_slow_mpa */
    double release_slow_mpa_per_s_max; /* at and below */
    double release_slow_mpa;
    double release_persist_s;
    double leak_test_mpa;
    double leak_test_s;
    double leak_test_mpa_per_min_max;
    double leak_mpa_per_min_max;
    double leak_window_s;
    double leak_model_fraction;   /* how far stiffness over volume may be off as commissioned ... */
    double leak_learned_fraction; /* ... and once this pumping has shown it */
    double blocked_in_mpa_per_min;
    double blocked_in_s;
    double blocked_in_relief_mpa; /* above the target: let off, not only no longer heated */
    double burst_mpa;            /* fall within half a second */
    double progress_fraction_min;
    double progress_ml;
    double over_run_s;
    double over_run_mpa;
    double mouth_mpa_max;
    double released_bar_max;
    double released_mpa_max;     /* what the high transducers may show of it */
    double unlock_temperature_c_max;
    double unlock_s;
    double h2s_start_ppm_max;
    double h2s_alarm_ppm;
    double h2s_trip_ppm;
    double ssr_welded_current_a;
    double ssr_welded_s;
    double contactor_mismatch_s;
    double readback_s_max;
    double io_age_s_max;
    double tare_mpa_max;         /* a transducer further from zero is not tared but doubted */
    double tare_k_max;
    double tare_s;               /* at rest for so long before it is taken */
} wip_limit_config_t;

/* When a person is told and when the recipe is asked to hold. */
typedef struct {
    double sensor_bad_s;
    double drift_ratio_warn;          /* of limit.pressure_pair_mpa_max */
    double drift_ratio_hold;
    double drift_s;
    double thermometer_k_warn;        /* one against the other, tared */
    double thermometer_k_hold;
    double thermometer_s;
    double jacket_current_a;          /* rated */
    double heater_weak_fraction;
    double heater_break_fraction;
    double heater_s;                  /* of on-time */
    double no_isolation_s;
    double bag_mbar_max;              /* above it the bag is not evacuated, and not judged */
    double bag_mbar_per_min;
    double bag_window_s;
    double leak_mpa_per_min;          /* told; the limit of the same name trips */
    double stroke_ratio_min;          /* pressure a stroke gave over what it should have given */
    double not_rising_s;
    double not_falling_s;
    double needle_ratio_worn;         /* gain away from 1 by so much, either way */
    double near_limit_fraction;       /* of limit.pressure_mpa_max */
    double flow_s;
    double discrepancy_s;
} wip_advice_config_t;

typedef struct {
    uint32_t header_version;
    double tick_s;
    double pressure_jerk_mpa_per_s3;
    double pressure_acceleration_mpa_per_s2;
    double needle_slew_fraction_per_s;
    double pump_slew_fraction_per_s;
    uint32_t window_ticks;       /* of the jacket's time proportioning */
    uint32_t predict_ticks;      /* the peak is predicted every so many ticks */
    press_channel_config_t channel[WIP_CHANNEL_COUNT];
    wip_vessel_config_t vessel;
    wip_drive_config_t drive;
    wip_limit_config_t limit;
    wip_advice_config_t advice;
} wip_config_t;

/* What the wire brought this tick. */
typedef struct {
    uint64_t tick;
    double reading_channel_unit[WIP_CHANNEL_COUNT];
    double reading_age_s[WIP_CHANNEL_COUNT];
    double digital_age_s;
    double needle_open_fraction_readback;
    double pump_speed_fraction_readback;
    uint32_t digital_input_bits;
    uint32_t digital_output_bits_readback;
    uint32_t lease_lapse_count;
    uint8_t reading_ok[WIP_CHANNEL_COUNT];
    uint8_t digital_ok;
    uint8_t readback_ok;
} wip_sensor_t;

/* What the kernel makes of it. Doubles first: they are the published signals. */
typedef struct {
    double measurement_channel_unit[WIP_CHANNEL_COUNT];
    double vessel_pressure_mpa;
    double vessel_pressure_setpoint_mpa;
    double vessel_pressure_rate_mpa_per_s;
    double fluid_temperature_c_estimate;
    double fluid_temperature_target_c;
    double fluid_temperature_c_predicted;  /* peak at the pressure target, at the rate chosen */
    double fluid_temperature_c_wanted;     /* before pumping, for the peak to be the target */
    double wall_temperature_c_estimate;
    double jacket_temperature_setpoint_c;
    double pressure_rate_limit_mpa_per_s;  /* chosen on the prediction */
    double leak_mpa_per_min;               /* compensated; of the last full window */
    double leak_margin_mpa_per_min;        /* how much of it the model's own error could be */
    double delivered_ml;                   /* since the lid was locked */
    double stroke_efficiency_ratio;        /* pressure the last strokes gave: 1 is as commissioned */
    double needle_gain_ratio;              /* learned: 1 is as commissioned */
    double pressure_pair_mpa;              /* tared transducers, a less b */
    double fluid_pair_k;                   /* tared thermometers, 1 less 2 */
    double bag_rise_mbar_per_min;          /* of the evacuated bag; of the last full window */
    double jacket_current_ratio;           /* of the rated, when last on */
    double first_out_channel_unit;
    uint64_t tick;
    uint32_t permissive_missing_bits;
    uint32_t interlock_bits;
    uint32_t trip_bits;
    uint32_t trip_action_bits;
    uint32_t advisory_bits;
    uint32_t digital_input_bits;
    uint32_t change_count;
    int32_t first_out_trip;
    int32_t first_out_channel;
    uint32_t stroke_count;
    uint16_t quality_reason_bits[WIP_CHANNEL_COUNT];
    uint8_t quality[WIP_CHANNEL_COUNT];
    uint8_t pressure_quality;
    uint8_t temperature_quality;
    uint8_t pressure_ramp_done;
    uint8_t leak_tested;   /* the low-pressure test was passed since the lid was locked */
    uint8_t pressure_tared;
    uint8_t temperature_tared;
    uint8_t reversing;     /* the plunger turns round or compresses its charge: no feedback */
} wip_observation_t;

/* What the recipe asks for. A command is a lease. */
typedef struct {
    double pressure_target_mpa;
    double pressure_rate_mpa_per_s;
    double fluid_temperature_target_c;  /* the peak wanted at the pressure target */
    double fluid_temperature_band_k;    /* 0: no prediction is asked for */
    double wall_temperature_target_c;
    uint64_t valid_until_tick;
    uint32_t mode;                      /* enum wip_mode */
    uint32_t heat_enable;
    uint32_t request_bits;              /* valves, yoke, lock, vacuum, purge: bits of wip_digital_output */
    uint32_t tare_pressure;             /* vented: take the transducers' zero */
    uint32_t tare_temperature;          /* flushed: take the thermometers' offset to the supply */
    uint32_t reset;
} wip_command_t;

typedef struct {
    double needle_open_fraction;
    double pump_speed_fraction;
    double jacket_duty_fraction;
    uint64_t tick;
    uint32_t digital_output_bits;
} wip_output_t;

typedef struct {
    uint64_t tick;
    uint64_t observe_count;
    uint32_t reset_previous;
    uint32_t trip_bits;
    uint32_t interlock_bits;
    uint32_t change_count;
    uint32_t lease_lapse_count;
    uint32_t lease_primed;
    uint32_t digital_output_bits;
    uint32_t exclusion_bits;
    int32_t first_out_trip;
    int32_t first_out_channel;
    double first_out_channel_unit;
    double trip_s[WIP_TRIP_COUNT];
    double interlock_s[WIP_INTERLOCK_COUNT];
    double digital_stale_s;
    double reading_stale_s;
    double needle_open_fraction;
    double pump_speed_fraction;
    double needle_written_fraction_previous;
    double pump_written_fraction_previous;
    uint32_t digital_written_bits_previous;
    /* estimate */
    double fluid_c;
    double fluid_lagged_c;
    double wall_c;
    double pressure_mpa;
    double pressure_rate_mpa_per_s;
    double pressure_slow_mpa;
    double pressure_tare_mpa[2];
    double fluid_tare_k[2];
    double tare_rest_s;
    double flush_s;
    double flush_reference_c;
    double unfilled_s;          /* since the fill valve was open */
    double closed_s;            /* since the decompression valve was written open */
    double unlock_rest_s;
    /* intensifier */
    double position_furthest_mm;
    double position_sign;
    double pumping_s;
    double uncharged_s;
    double stroke_delivered_ml;
    double delivered_base_ml;
    uint32_t stroke_count;
    uint32_t reversing;
    uint32_t delivering;
    double delivery_start_mm;
    /* windows */
    double window_s;
    double window_pressure_mpa;
    double window_fluid_c;
    double window_delivered_ml;
    double progress_pressure_mpa;
    double progress_fluid_c;
    double progress_delivered_ml;
    double progress_setpoint_mpa;
    double progress_s;
    double window_slack_ml;         /* delivered at most so much less than the plunger says */
    double stiffness_ratio;         /* this pumping's over the commissioned */
    uint32_t stiffness_learned;
    uint32_t progress_charging;     /* the first of a stroke: the charge may still take some of it */
    double stroke_efficiency_ratio;
    double leak_mpa_per_min;
    double leak_margin_mpa_per_min;
    double leak_test_held_s;
    double over_run_s;
    double over_run_reference_mpa;
    double blocked_reference_mpa;
    double blocked_s;
    uint32_t blocked_in;
    uint32_t relieving;         /* blocked in and above the target */
    uint32_t burst;
    uint32_t no_progress;
    uint32_t leak_window_count;
    uint32_t leaking_count;
    uint32_t leak_tested;
    uint32_t pressure_tared;
    uint32_t temperature_tared;
    /* advice */
    double advisory_s[WIP_ADVISORY_COUNT];      /* how long each cause has stood */
    double advisory_rest_s[WIP_ADVISORY_COUNT]; /* how long it is shown on */
    double pressure_pair_mpa;
    double fluid_pair_k;
    double bag_window_s;
    double bag_window_mbar;
    double bag_rise_mbar_per_min;
    double jacket_on_s;
    double jacket_current_ratio;
    double jacket_weak_s;
    double jacket_break_s;
    double jacket_unisolated_s;
    double jacket_off_s;
    double jacket_welded_s;     /* current with the SSR off, over windows */
    double needle_apart_s;      /* away from where it was sent, and not on its way */
    double needle_reference_fraction; /* it was there when that began */
    double mains_well_s;        /* since the mains was seen again */
    double not_falling_s;
    double flow_missing_s;
    uint32_t advisory_bits;
    /* laws */
    double rate_limit_mpa_per_s;
    double peak_c;
    double wanted_c;
    double jacket_setpoint_c;
    double jacket_duty_fraction;
    double needle_gain_ratio;
    uint32_t predict_countdown_ticks;
    uint32_t window_elapsed_ticks;
    uint32_t window_on_ticks;
    uint32_t ramp_held;
    uint32_t mode;
    uint32_t primed;
    press_ramp_t ramp;
    press_channel_state_t channel[WIP_CHANNEL_COUNT];
    wip_command_t command;
    wip_observation_t observation;
} wip_state_t;

int32_t wip_config_check(const wip_config_t *config, press_config_fault_t *fault);
/* A fresh state: tripped (WIP_TRIP_BOOT), everything off. */
void wip_state_init(const wip_config_t *config, wip_state_t *state);
void wip_observe(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                 wip_observation_t *observation);
void wip_act(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
             wip_output_t *output);

/* The laws on their own, for tests, bench and tuning. */
double wip_heating_k_per_mpa(const wip_vessel_config_t *vessel, double pressure_mpa,
                             double temperature_c);
double wip_stiffness_mpa(const wip_vessel_config_t *vessel, double pressure_mpa);
double wip_expansion_mpa_per_k(const wip_vessel_config_t *vessel, double pressure_mpa);
double wip_isentropic_stiffness_mpa(const wip_vessel_config_t *vessel, double pressure_mpa,
                                    double temperature_c);
/* Temperature of the fluid when it has been pumped from here to the target at one rate. */
double wip_peak_c(const wip_vessel_config_t *vessel, double pressure_mpa, double fluid_c,
                  double wall_c, double supply_c, double target_mpa, double rate_mpa_per_s);
/* Temperature before pumping that ends on target_c. */
double wip_wanted_c(const wip_vessel_config_t *vessel, double wall_c, double supply_c,
                    double target_mpa, double rate_mpa_per_s, double target_c);
/* The fastest rate, not above rate_mpa_per_s, whose peak does not pass target_c; when there is
 * none, that of the coolest peak. */
double wip_rate_mpa_per_s(const wip_vessel_config_t *vessel, double pressure_mpa, double fluid_c,
                          double wall_c, double supply_c, double target_mpa, double rate_mpa_per_s,
                          double target_c);
/* Compensated pressure loss: what neither the fluid's temperature nor the pump explains. */
double wip_leak_mpa(const wip_vessel_config_t *vessel, double pressure_mpa, double rise_mpa,
                    double warming_k, double delivered_ml);
double wip_needle_fraction(const wip_drive_config_t *drive, double flow_ml_per_s,
                           double pressure_mpa, double gain_ratio);
/* The safety steps on their own, for tests. */
void wip_validate(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                  wip_observation_t *observation);
void wip_estimate(const wip_config_t *config, wip_state_t *state, wip_observation_t *observation);
void wip_interlock(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                   wip_observation_t *observation);
void wip_reset(const wip_config_t *config, wip_state_t *state, const wip_command_t *command);
void wip_laws(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
              wip_output_t *output);
void wip_gate(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
              wip_output_t *output);
const char *wip_permissive_text(int32_t permissive);
const char *wip_interlock_text(int32_t interlock);
const char *wip_trip_text(int32_t trip);
uint32_t wip_trip_action_bits(int32_t trip);
const char *wip_advisory_text(int32_t advisory);
uint32_t wip_advisory_action_bits(int32_t advisory);
/* CDEF END */

#endif
