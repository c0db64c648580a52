/* press.h: the one definition of the press kernel's data and entry points.
 *
 * Everything between the CDEF markers is read by native/build.py and becomes the
 * cffi cdef, the signal names of telemetry and record, and the trip tables of the
 * documentation. Nothing is copied by hand. Names carry their unit as a suffix; an
 * array over channels carries `_channel_unit`, because each channel has its own.
 *
 * The kernel is a pure function of (config, state, frames): no clock, no heap, no
 * globals, no I/O. The caller owns every struct. Call order of one tick:
 *
 *     press_observe(config, state, sensors, observation)
 *     ... the recipe looks at the observation and fills the command ...
 *     press_act(config, state, command, output)
 */
#ifndef PRESS_H
#define PRESS_H

#include <stdbool.h>
#include <stdint.h>

/* CDEF BEGIN */
#define PRESS_HEADER_VERSION 1
#define PRESS_ZONE_COUNT 6
#define PRESS_PLATEN_COUNT 2
#define PRESS_CYLINDER_SENSOR_COUNT 2
#define PRESS_LVDT_COUNT 4
#define PRESS_CHANNEL_COUNT 24
#define PRESS_PERMISSIVE_COUNT 12
#define PRESS_INTERLOCK_COUNT 12
#define PRESS_TRIP_COUNT 29
#define PRESS_ADVISORY_COUNT 24
#define PRESS_RAMP_SEGMENT_MAX 8
#define PRESS_DEAD_TIME_SAMPLE_MAX 64
#define PRESS_RATE_REJECT_MAX 5
#define PRESS_SPIKE_MAX 6       /* more than five spikes a minute are no accident */
#define PRESS_SLOPE_COUNT 9     /* temperatures, which lie first among the channels */
#define PRESS_SCATTER_COUNT 7   /* pressures, force and positions, from cylinder a on */
#define PRESS_VALVE_UNKNOWN_COUNT 3 /* offset bar, slope ratio, play bar */
#define PRESS_VALVE_COVARIANCE_COUNT 9

/* Analogue inputs. The suffix is the unit of the validated measurement. */
enum press_channel {
    PRESS_CHANNEL_ZONE_1_TEMPERATURE_C = 0,
    PRESS_CHANNEL_ZONE_2_TEMPERATURE_C,
    PRESS_CHANNEL_ZONE_3_TEMPERATURE_C,
    PRESS_CHANNEL_ZONE_4_TEMPERATURE_C,
    PRESS_CHANNEL_ZONE_5_TEMPERATURE_C,
    PRESS_CHANNEL_ZONE_6_TEMPERATURE_C,
    PRESS_CHANNEL_LIMITER_TOP_TEMPERATURE_C,
    PRESS_CHANNEL_LIMITER_BOTTOM_TEMPERATURE_C,
    PRESS_CHANNEL_STACK_TEMPERATURE_C,
    PRESS_CHANNEL_OIL_TEMPERATURE_C,
    PRESS_CHANNEL_WATER_TEMPERATURE_C,
    PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR,
    PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR,
    PRESS_CHANNEL_LOAD_CELL_FORCE_KN,
    PRESS_CHANNEL_LVDT_1_POSITION_MM,
    PRESS_CHANNEL_LVDT_2_POSITION_MM,
    PRESS_CHANNEL_LVDT_3_POSITION_MM,
    PRESS_CHANNEL_LVDT_4_POSITION_MM,
    PRESS_CHANNEL_HEATER_1_CURRENT_A,
    PRESS_CHANNEL_HEATER_2_CURRENT_A,
    PRESS_CHANNEL_HEATER_3_CURRENT_A,
    PRESS_CHANNEL_HEATER_4_CURRENT_A,
    PRESS_CHANNEL_HEATER_5_CURRENT_A,
    PRESS_CHANNEL_HEATER_6_CURRENT_A
};

/* Digital inputs: bit numbers of digital_input_bits. 1 is the healthy or true state. */
enum press_input {
    PRESS_INPUT_GUARD_A_CLOSED = 0,
    PRESS_INPUT_GUARD_B_CLOSED,
    PRESS_INPUT_ESTOP_A_OK,
    PRESS_INPUT_ESTOP_B_OK,
    PRESS_INPUT_SAFETY_RELAY_OK,
    PRESS_INPUT_LIMITER_OK,
    PRESS_INPUT_CONTACTOR_TOP_CLOSED,
    PRESS_INPUT_CONTACTOR_BOTTOM_CLOSED,
    PRESS_INPUT_OIL_LEVEL_OK,
    PRESS_INPUT_OIL_FILTER_OK,
    PRESS_INPUT_OIL_TEMPERATURE_OK,
    PRESS_INPUT_WATER_FLOW_OK,
    PRESS_INPUT_PUMP_RUNNING,
    PRESS_INPUT_MAINS_OK,
    PRESS_INPUT_COUNT
};

/* Digital outputs: bit numbers of digital_output_bits. All zero is the safe state:
 * no heat, no pump, load-holding valve shut, dump shut, water off. */
enum press_digital_output {
    PRESS_OUTPUT_HEATER_1_SSR = 0,
    PRESS_OUTPUT_HEATER_2_SSR,
    PRESS_OUTPUT_HEATER_3_SSR,
    PRESS_OUTPUT_HEATER_4_SSR,
    PRESS_OUTPUT_HEATER_5_SSR,
    PRESS_OUTPUT_HEATER_6_SSR,
    PRESS_OUTPUT_CONTACTOR_TOP,
    PRESS_OUTPUT_CONTACTOR_BOTTOM,
    PRESS_OUTPUT_PUMP,
    PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN, /* the POCV, piloted open */
    PRESS_OUTPUT_DUMP_VALVE,
    PRESS_OUTPUT_APPROACH_VALVE,
    PRESS_OUTPUT_COOLING_WATER_TOP,
    PRESS_OUTPUT_COOLING_WATER_BOTTOM,
    PRESS_OUTPUT_COOLING_AIR,
    PRESS_OUTPUT_WATCHDOG, /* toggles with every healthy tick period */
    PRESS_OUTPUT_COUNT
};

/* Why a reading was distrusted: bits of quality_reason_bits[]. */
enum press_quality_reason {
    PRESS_REASON_NOT_FITTED = 1,
    PRESS_REASON_DEVICE = 2,      /* the device or the wire marked it bad */
    PRESS_REASON_NON_FINITE = 4,
    PRESS_REASON_UNDER_RANGE = 8, /* NE43 below 3.6 mA, or under the channel's bound */
    PRESS_REASON_OVER_RANGE = 16, /* NE43 above 21 mA, or over the channel's bound */
    PRESS_REASON_SATURATED = 32,  /* NE43 3.6..3.8 or 20.5..21 mA */
    PRESS_REASON_RATE = 64,
    PRESS_REASON_AGE = 128,
    PRESS_REASON_STUCK = 256,
    PRESS_REASON_PAIR = 512
};

enum press_quality { PRESS_GOOD = 0, PRESS_UNCERTAIN = 1, PRESS_BAD = 2 };

enum press_channel_kind { PRESS_KIND_DIRECT = 0, PRESS_KIND_CURRENT_LOOP_4_20_MA = 1 };

/* Needed to start. A bit set in permissive_missing_bits means "not there". */
enum press_permissive {
    PRESS_PERMISSIVE_NO_TRIP = 0,
    PRESS_PERMISSIVE_GUARD_CLOSED,
    PRESS_PERMISSIVE_ESTOP_RELEASED,
    PRESS_PERMISSIVE_SAFETY_RELAY_OK,
    PRESS_PERMISSIVE_LIMITER_OK,
    PRESS_PERMISSIVE_CONTACTORS_OPEN,
    PRESS_PERMISSIVE_OIL_OK,
    PRESS_PERMISSIVE_MAINS_OK,
    PRESS_PERMISSIVE_SENSORS_GOOD,
    PRESS_PERMISSIVE_PRESSURE_RELEASED,
    PRESS_PERMISSIVE_COOL_ENOUGH,
    PRESS_PERMISSIVE_IO_FRESH
};

/* Hold an output while true and clear themselves. */
enum press_interlock {
    PRESS_INTERLOCK_ZONE_OVER_TEMPERATURE = 0, /* that zone's heater off */
    PRESS_INTERLOCK_ZONE_SENSOR_BAD,           /* that zone's heater off */
    PRESS_INTERLOCK_TEMPERATURE_HOLDBACK,      /* temperature ramp held */
    PRESS_INTERLOCK_COLD_STACK,                /* pressure ramp held */
    PRESS_INTERLOCK_PRESSURE_UNCERTAIN,        /* pressure ramp held */
    PRESS_INTERLOCK_PRESSURE_HOLDBACK,         /* pressure ramp held */
    PRESS_INTERLOCK_WATER_ABOVE_STEAM_LIMIT,   /* air before water */
    PRESS_INTERLOCK_WATER_NO_FLOW,             /* water off */
    PRESS_INTERLOCK_HEAT_AND_COOL,             /* exclusion: water wins, heaters off */
    PRESS_INTERLOCK_OIL_NOT_OK,                /* no further pressure rise */
    PRESS_INTERLOCK_APPROACH_UNDER_LOAD,       /* approach valve shut */
    PRESS_INTERLOCK_DUMP_EXCLUDES_PUMP         /* pump off while dumping */
};

/* Latch. Cleared by a reset edge with no cause present. */
enum press_trip {
    PRESS_TRIP_BOOT = 0, /* a kernel starts tripped; the first reset edge arms it */
    PRESS_TRIP_ESTOP,
    PRESS_TRIP_GUARD_OPEN,
    PRESS_TRIP_SAFETY_RELAY,
    PRESS_TRIP_LIMITER,
    PRESS_TRIP_MAINS,
    PRESS_TRIP_IO_LOST,
    PRESS_TRIP_IO_LEASE_LAPSED,
    PRESS_TRIP_OUTPUT_READBACK,
    PRESS_TRIP_OVER_TEMPERATURE,
    PRESS_TRIP_ZONE_SENSOR,
    PRESS_TRIP_ZONE_OUT_OF_FAMILY,
    PRESS_TRIP_SSR_WELDED,
    PRESS_TRIP_UNCOMMANDED_HEAT,
    PRESS_TRIP_HEATER_BREAK,
    PRESS_TRIP_LOOP_BREAK,
    PRESS_TRIP_CONTACTOR_MISMATCH,
    PRESS_TRIP_OVER_PRESSURE,
    PRESS_TRIP_PRESSURE_SENSOR,
    PRESS_TRIP_PRESSURE_DISAGREEMENT,
    PRESS_TRIP_PRESSURE_LOSS,
    PRESS_TRIP_PUMP_NO_RISE,
    PRESS_TRIP_PUMP_MISMATCH,
    PRESS_TRIP_COMMAND_LEASE,
    PRESS_TRIP_ZONE_FALLS,
    PRESS_TRIP_THERMAL_RUNAWAY,
    PRESS_TRIP_PRESSURE_BURST,
    PRESS_TRIP_PRESSURE_UNCOMMANDED,
    PRESS_TRIP_RELEASE_STUCK
};

/* Nothing is taken away by the kernel: a person is told, or the recipe is asked to hold. They
 * clear themselves. */
enum press_advisory {
    PRESS_ADVISORY_SENSOR_BAD = 0,
    PRESS_ADVISORY_SENSOR_FLAT,
    PRESS_ADVISORY_SENSOR_NOISY,
    PRESS_ADVISORY_SENSOR_SPIKES,
    PRESS_ADVISORY_PRESSURE_DRIFT,
    PRESS_ADVISORY_PRESSURE_DRIFT_FAR,
    PRESS_ADVISORY_ZONE_DRIFT,
    PRESS_ADVISORY_ZONE_DRIFT_FAR,
    PRESS_ADVISORY_ZONE_NO_GAIN,
    PRESS_ADVISORY_ZONES_SWAPPED,
    PRESS_ADVISORY_PLATEN_MASS,
    PRESS_ADVISORY_HEATER_WEAK,
    PRESS_ADVISORY_HEATER_WEAK_RAMP,
    PRESS_ADVISORY_NO_ISOLATION,
    PRESS_ADVISORY_PRESSURE_NOT_RISING,
    PRESS_ADVISORY_VALVE_SLOW,
    PRESS_ADVISORY_PRESSURE_HUNTING,
    PRESS_ADVISORY_PRESSURE_LEAK,
    PRESS_ADVISORY_PRESSURE_NEAR_LIMIT,
    PRESS_ADVISORY_COOLANT_LOST,
    PRESS_ADVISORY_OIL_NOT_OK,
    PRESS_ADVISORY_MAINS_DIP,
    PRESS_ADVISORY_GUARD_DISCREPANCY,
    PRESS_ADVISORY_FOREIGN_OUTPUT
};

/* What an advisory asks of the recipe: bits of press_advisory_action_bits(). */
enum press_advice {
    PRESS_ADVICE_WARN = 1,
    PRESS_ADVICE_HOLD = 2,
    PRESS_ADVICE_HEATERS_OFF = 4, /* while held */
    PRESS_ADVICE_PUMP_OFF = 8     /* while held; the pressure is retained */
};

/* What a trip takes away: bits of trip_action_bits. */
enum press_action {
    PRESS_ACTION_HEATERS_OFF = 1,
    PRESS_ACTION_CONTACTORS_OPEN = 2,
    PRESS_ACTION_PUMP_OFF = 4,      /* pressure is retained by the load-holding valve */
    PRESS_ACTION_VALVE_ZERO = 8,    /* pressure setpoint to zero through the valve */
    PRESS_ACTION_ALL_OFF = 16,      /* every output to its safe state */
    PRESS_ACTION_DUMP = 32          /* the other way out, until the pressure is released */
};

enum press_cooling { PRESS_COOLING_OFF = 0, PRESS_COOLING_AIR = 1, PRESS_COOLING_WATER = 2 };

enum press_ramp_status { PRESS_RAMP_OK = 0, PRESS_RAMP_BAD_LIMIT = 1, PRESS_RAMP_NON_FINITE = 2 };

/* Pressure side of the machine, as the recipe asks for it. */
enum press_hydraulics {
    PRESS_HYDRAULICS_OFF = 0,  /* pump off, load-holding valve shut: pressure is kept */
    PRESS_HYDRAULICS_CLOSE,    /* approach: close the daylight at low force */
    PRESS_HYDRAULICS_PRESSURE, /* follow the pressure setpoint */
    PRESS_HYDRAULICS_OPEN      /* unload and open the daylight */
};

typedef struct {
    uint8_t fitted;          /* 0 or 1 */
    uint8_t kind;            /* enum press_channel_kind */
    uint8_t required;        /* 1: its loss takes away PERMISSIVE_SENSORS_GOOD */
    double range_low_channel_unit;   /* measurement at 4 mA, or lower bound of a direct reading */
    double range_high_channel_unit;  /* measurement at 20 mA, or upper bound */
    double offset_channel_unit;      /* calibration, added to the scaled reading */
    double rate_channel_unit_per_s_max; /* faster is implausible */
    double noise_channel_unit_max;   /* a step this small is noise, whatever its rate */
    double stuck_band_channel_unit;  /* change smaller than this counts as none */
    double stuck_s_max;              /* stuck after so long while it should move */
    double flat_s_max;               /* a live instrument's noise never stands still for so long */
    double age_s_max;
    double filter_s;                 /* first-order time constant, 0 is none */
} press_channel_config_t;

/* How a zone is controlled. */
enum press_law { PRESS_LAW_PID = 0, PRESS_LAW_PREDICTIVE = 1 };

typedef struct {
    double kp_per_c;          /* duty per kelvin */
    double ti_s;
    double td_s;
    double filter_s;          /* derivative filter */
    double setpoint_weight_ratio; /* b of the 2-DOF form */
    double tracking_s;        /* back-calculation time constant */
    double power_w;           /* of the zone's heater at nominal mains */
    double heat_capacity_j_per_k; /* seen by the zone: ramp feed-forward */
    double loss_w_per_k;          /* holding feed-forward, against ambient_temperature_c */
    double lag_s;                 /* heater power to measurement: the PID compares with the setpoint of so long ago */
    double cooling_w_per_k;       /* water full on, per kelvin above the water: feed-forward of cooling */
    double rated_current_a;
    double dead_time_s;       /* of the predictive law's model, with the window's mean; its gain is */
    double heater_lag_s;      /* power_w / loss_w_per_k, its time constant C / loss; second lag */
    double noise_c;           /* standard deviation of a window's mean measurement */
    double response_s;
    double observer_s;
    double contact_ratio;     /* this zone's share of its platen's contact with the stack */
    uint8_t platen;           /* 0 top, 1 bottom */
    uint8_t law;              /* enum press_law */
} press_zone_config_t;

typedef struct {
    double area_mm2;              /* of the stack: force to pressure */
    double areal_mass_g_per_cm2;  /* thickness to density; 0 when not known */
    double elastic_modulus_mpa;   /* springback under load, 0 is none */
    double heat_capacity_j_per_k;
    double contact_w_per_k_base;  /* stack lag: G = base + slope * min(1, p/p_ref), per platen */
    double contact_w_per_k_slope;
    double contact_pressure_mpa_ref;
    double loss_w_per_k;
    double thickness_reference_mm; /* LVDT mean with closed empty platens */
    double thickness_reference_sigma_mm; /* of that reference and of the tooling on the day */
    double areal_mass_sigma_fraction; /* how well the mass is known: of a balance, or of the lot */
} press_stack_config_t;

typedef struct {
    double cylinder_area_mm2;
    double ram_weight_kn;
    double valve_full_scale_bar;      /* pressure at valve_open_fraction 1 */
    double valve_deadband_fraction;
    double valve_hysteresis_fraction; /* full width, inverted by the feed-forward */
    double kp_per_bar;                /* trim: fraction of full scale per bar */
    double ki_per_bar_s;
    double trim_bar_max;
    double pressure_min_bar;          /* below this the valve does not control */
    double contact_force_kn;          /* touch is detected above */
    double frame_stiffness_kn_per_mm;
    double platen_expansion_mm_per_k; /* thermal growth in the LVDT path */
    double position_sigma_mm;         /* of one LVDT */
    double stretch_sigma_fraction;    /* how well the frame's stretch is known */
    double close_bar;                 /* valve setting during approach */
    double lag_s;                     /* valve and stiff oil: setpoint of the valve to force */
    double soft_bar;                  /* at this pressure the oil is half as stiff as under load */
    double refill_bar;                /* at rest the pump stops and refills when so much is missing; 0: it runs on */
} press_hydraulic_config_t;

typedef struct {
    double temperature_c_max;         /* recipe and material maximum */
    double temperature_c_trip;        /* machine trip */
    double over_temperature_warn_k;   /* above setpoint: zone interlock */
    double over_temperature_warn_s;
    double over_temperature_trip_k;   /* above setpoint: trip */
    double out_of_family_k;
    double out_of_family_s;
    double stack_pressure_mpa_max;    /* recipe maximum: trip */
    double cylinder_bar_trip;
    double pressure_pair_bar_max;
    double pressure_pair_s_max;
    double force_mismatch_fraction_max;
    double temperature_holdback_k;
    double pressure_holdback_mpa;
    double cold_stack_pressure_mpa_max; /* cold-stack rule: no more than this ... */
    double cold_stack_margin_k;         /* ... below temperature target minus this */
    double ssr_welded_current_a;
    double ssr_welded_s;
    double uncommanded_rise_k_per_s;
    double uncommanded_rise_s;
    double heater_break_fraction;
    double heater_break_s;
    double loop_break_s;
    double loop_break_rise_k;
    double contactor_mismatch_s;
    double pump_mismatch_s;
    double pump_no_rise_s;
    double pressure_loss_bar_per_min;
    double pressure_loss_s;
    double io_age_s_max;              /* all inputs older: I/O lost */
    double zone_sensor_bad_s_max;     /* a hot zone without a sensor for longer: trip */
    double steam_limit_c;             /* no water onto hotter platens */
    double released_bar_max;
    double start_temperature_c_max;
    double readback_s_max;
    double mains_s_max;               /* a shorter dip is ridden through */
    double zone_falls_k;              /* while heat should have raised it as much */
    double runaway_k_per_s;           /* above the setpoint's warning: no heater can do that */
    double burst_fraction;            /* of the pressure, lost in 0.2 s */
    double burst_bar;
    double uncommanded_bar;           /* above what the valve is asked for */
    double uncommanded_rise_bar;
    double follow_bar;                /* setpoint's move that the oil must follow ... */
    double follow_ratio_min;          /* ... by at least so much */
    double dump_stuck_s;
} press_limit_config_t;

/* When a person is told and when the recipe is asked to hold. */
typedef struct {
    double sensor_bad_s;
    double noise_ratio_max;           /* second difference over the channel's noise bound */
    double drift_ratio_warn;          /* of pressure_pair_bar_max */
    double drift_ratio_hold;
    double drift_force_ratio_warn;    /* of force_mismatch_fraction_max, which knows friction */
    double drift_force_ratio_hold;
    double drift_s;
    double limiter_gap_k_warn;        /* zone against the limiter's own sensor */
    double limiter_gap_k_hold;
    double family_power_fraction_warn; /* heat a zone needs beside the others */
    double family_power_fraction_hold;
    double family_s;                  /* time constant of that comparison */
    double gain_rise_k;               /* heat given, as the rise it should make */
    double gain_s_max;                /* within so long */
    double gain_ratio_min;            /* less of it is no gain */
    double mass_ratio_min;            /* mean of the zones */
    double mass_ratio_max;
    double swap_k;
    double heater_weak_fraction;
    double heater_weak_s;
    double ramp_unmet_s;
    double no_isolation_s;
    double not_rising_s;
    double follow_ratio_slow;
    double hunting_mpa;
    double hunting_s;                 /* window of the count */
    double hunting_count_max;
    double leak_bar_per_min;
    double near_limit_fraction;
    double flow_s;                    /* water on without flow, pulses added up */
    double mains_dip_s;
    double discrepancy_s;
    uint32_t limiter_zone_top;        /* where the limiter's sensors sit, from 1; 0 is unknown */
    uint32_t limiter_zone_bottom;
} press_advice_config_t;

typedef struct {
    uint32_t header_version;
    uint32_t zone_count;
    double tick_s;                    /* base tick, 0.010 */
    uint32_t thermal_ticks;           /* thermal laws run every so many ticks */
    uint32_t window_ticks;            /* time-proportioning window */
    uint32_t window_resolution_ticks; /* one mains cycle */
    double temperature_jerk_c_per_s3; /* of the setpoint ramp */
    double temperature_acceleration_c_per_s2;
    double pressure_jerk_mpa_per_s3;
    double pressure_acceleration_mpa_per_s2;
    double valve_slew_fraction_per_s; /* last gate */
    double heater_slew_fraction_per_s;
    double ambient_temperature_c;     /* what the loss feed-forward is against */
    press_channel_config_t channel[PRESS_CHANNEL_COUNT];
    press_zone_config_t zone[PRESS_ZONE_COUNT];
    press_stack_config_t stack;
    press_hydraulic_config_t hydraulic;
    press_limit_config_t limit;
    press_advice_config_t advice;
} press_config_t;

/* First bad field of a config, as press_config_check found it. */
typedef struct {
    const char *field; /* a string constant such as "zone.kp_per_c" */
    int32_t index;     /* in the array, -1 where there is none */
    double found_channel_unit;
    double low_channel_unit;
    double high_channel_unit;
} press_config_fault_t;

/* What the wire brought this tick. */
typedef struct {
    uint64_t tick; /* must grow: a frame that is not newer than the last one is stale */
    double reading_channel_unit[PRESS_CHANNEL_COUNT]; /* mA for a current loop, else the channel's unit */
    double reading_age_s[PRESS_CHANNEL_COUNT];
    double digital_age_s;
    double valve_open_fraction_readback;
    uint32_t digital_input_bits;
    uint32_t digital_output_bits_readback;
    uint32_t lease_lapse_count; /* as the I/O devices count it, summed */
    uint8_t reading_ok[PRESS_CHANNEL_COUNT]; /* 0: the device or the wire calls it bad */
    uint8_t digital_ok;
    uint8_t readback_ok;
} press_sensor_t;

/* What the kernel makes of it. Doubles first: they are the published signals. */
typedef struct {
    double measurement_channel_unit[PRESS_CHANNEL_COUNT];
    double zone_temperature_setpoint_c;
    double zone_temperature_c_median;
    double stack_temperature_c_estimate;
    double stack_temperature_c_sigma;
    double stack_pressure_mpa;
    double stack_pressure_setpoint_mpa;
    double cylinder_pressure_bar;   /* hazardous-side value of the pair */
    double force_kn;
    double thickness_mm;
    double tilt_um;
    double density_g_per_cm3;       /* NaN-free: 0 while not measurable */
    double density_g_per_cm3_sigma; /* standard uncertainty; 0 while not measurable */
    double first_out_channel_unit;  /* the offending value of the first-out trip */
    double zone_model_residual_k[PRESS_ZONE_COUNT]; /* measured less modelled, settles at rate error x 20 s */
    double heater_gain_ratio[PRESS_ZONE_COUNT];     /* heat a duty gives, over what it should: a trend */
    double heater_saturated_s[PRESS_ZONE_COUNT];    /* how long the demand has stood at or over 1 */
    double loop_break_ratio;        /* evidence of the worst zone: 1 is the verdict */
    double loop_reversed_ratio;
    double heater_stuck_on_ratio;
    double valve_saturated_s;
    double valve_hysteresis_fraction_estimate;
    double valve_hysteresis_fraction_sigma;
    double pressure_model_residual_bar; /* oil less what the valve should give */
    double pressure_loop_break_ratio;
    double seal_friction_kn;        /* oil force less ram weight and load cell: with the sign of motion */
    uint64_t tick;
    uint32_t permissive_missing_bits;
    uint32_t interlock_bits;
    uint32_t trip_bits;
    uint32_t trip_action_bits;
    uint32_t advisory_bits;
    uint32_t digital_input_bits;
    uint32_t change_count;          /* grows when any quality or any row of a table changes */
    int32_t first_out_trip;         /* enum press_trip, -1 while none */
    int32_t first_out_channel;      /* enum press_channel, -1 when not a channel's */
    uint16_t quality_reason_bits[PRESS_CHANNEL_COUNT];
    uint8_t quality[PRESS_CHANNEL_COUNT]; /* enum press_quality */
    uint8_t pressure_quality;
    uint8_t thickness_quality;
    uint8_t contact;                /* the platens touch the stack */
    uint8_t temperature_ramp_done;
    uint8_t pressure_ramp_done;
    uint8_t zone_fallback_bits;     /* one bit a zone: its model lies, the PID is in charge */
} press_observation_t;

/* What the recipe asks for. A command is a lease: it must be renewed. */
typedef struct {
    double temperature_target_c;
    double temperature_rate_c_per_s;
    double pressure_target_mpa;
    double pressure_rate_mpa_per_s;
    double temperature_holdback_k;    /* 0 is off */
    double pressure_holdback_mpa;     /* 0 is off */
    double manual_duty_fraction[PRESS_ZONE_COUNT]; /* of the zones in manual_zone_bits */
    double heater_duty_fraction_max;  /* 0..1, no heater is on for longer in any window; else no heat */
    uint64_t valid_until_tick;        /* the lease */
    uint32_t manual_zone_bits;        /* bit a zone: its law rests, its duty is asked for; no cooling */
    uint32_t heat_enable;             /* 0 or 1: heaters follow the setpoint */
    uint32_t cooling;                 /* enum press_cooling; above 0 the setpoint ramp still leads */
    uint32_t hydraulics;              /* enum press_hydraulics */
    uint32_t dump_request;
    uint32_t hot_only;                /* cold-stack rule applies */
    uint32_t reset;                   /* edge 0 -> 1 clears trips whose cause is gone */
} press_command_t;

/* What goes to the wire. Doubles first. */
typedef struct {
    double heater_duty_fraction[PRESS_ZONE_COUNT];
    double valve_open_fraction;
    uint64_t tick;
    uint32_t digital_output_bits;
} press_output_t;

/* One segment of a planned setpoint: constant jerk. */
typedef struct {
    double duration_s;
    double jerk_unit_per_s3;
} press_ramp_segment_t;

/* A planned jerk-limited move. Unit is that of the quantity it moves. */
typedef struct {
    double position_unit;
    double velocity_unit_per_s;
    double acceleration_unit_per_s2;
    double target_unit;
    double velocity_unit_per_s_max;
    double acceleration_unit_per_s2_max;
    double jerk_unit_per_s3_max;
    double elapsed_s;      /* since the start of the current plan */
    double duration_s;     /* of the current plan */
    double segment_elapsed_s;   /* since the start of the current segment */
    double start_position_unit; /* at the start of the current segment, as the next two */
    double start_velocity_unit_per_s;
    double start_acceleration_unit_per_s2;
    uint32_t segment_count;
    uint32_t segment_index;
    press_ramp_segment_t segment[PRESS_RAMP_SEGMENT_MAX];
} press_ramp_t;

typedef struct {
    double integral_fraction;
    double derivative_fraction;
    double measurement_previous_unit;
    double output_fraction;     /* asked for, before any limit */
    uint32_t primed;            /* 0: next step is bumpless from the achieved output */
} press_pid_t;

/* Standard-form 2-DOF PID, the same struct for every caller of press_pid_step. */
typedef struct {
    double kp_per_unit;
    double ti_s;
    double td_s;
    double filter_s;
    double setpoint_weight_ratio;
    double tracking_s;
    double output_fraction_min;
    double output_fraction_max;
} press_pid_config_t;

/* Predictive law of one loop: the model is identified by tuning,
 *     rise/duty = gain e^(-dead_time s) / ((time_constant s + 1)(lag s + 1)), rise above rest_c. */
typedef struct {
    double gain_c;                   /* rise at full duty, after a long time */
    double time_constant_s;
    double lag_s;                    /* second, shorter time constant; 0 is none */
    double dead_time_s;
    double rest_c;                   /* where the measurement rests without heat */
    double noise_c;                  /* standard deviation of one measurement */
    double response_s;               /* an error of the prediction is taken back in so long */
    double observer_s;               /* a slow disturbance is believed after so long */
    double gain_doubt_ratio;         /* standard deviations of what tuning found */
    double dead_time_doubt_ratio;
    double disturbance_fraction_max; /* more cannot be: the model lies */
    double residual_c_max;           /* a larger mean residual: the model lies */
    double output_fraction_min;
    double output_fraction_max;
    press_pid_config_t pid;          /* takes over when the model lies; its limits are not used */
} press_predictive_config_t;

typedef struct {
    double applied_fraction[PRESS_DEAD_TIME_SAMPLE_MAX]; /* ring: what the actuator did */
    double slot_sum_fraction;        /* of the slot that is not full yet */
    double step_s;                   /* of the ring */
    double ahead_fraction;           /* behind the second lag, dead time taken out */
    double ahead_c;                  /* rise of the model, dead time taken out */
    double delayed_fraction;         /* the same two where the measurement is */
    double delayed_c;
    double error_c;                  /* measurement less model */
    double disturbance_fraction;     /* unknown heat, as duty */
    double gain_error_ratio;
    double loss_error_ratio;
    double dead_time_error_s;
    double covariance_unit[25];      /* of the last five */
    double jump_up_ratio;            /* evidence that heat appeared, in standard deviations */
    double jump_down_ratio;
    double residual_c;               /* smoothed absolute innovation */
    double restless_ratio;           /* jumps of late, fading */
    double setpoint_previous_c;
    double setpoint_lag_c;           /* of the setpoint that is followed, behind the one asked */
    double load_fraction;            /* known heat load as duty: the caller may set it */
    double prediction_c;             /* measurement one dead time ahead */
    double prediction_c_sigma;
    double hold_fraction;            /* duty that would keep the setpoint */
    double output_fraction;
    double lying_s;                  /* how long the model has been lying, or has been true again */
    double stands_s;                 /* far above the setpoint, and not falling */
    double fall_reference_c;         /* highest since */
    uint32_t slot_index;
    uint32_t slot_step_count;
    uint32_t jump_up_count;
    uint32_t jump_down_count;
    uint32_t jump_count;             /* jumps of the disturbance seen */
    uint32_t approaching;            /* full power until the coast-down ends at the setpoint */
    uint32_t braking;                /* that coast-down */
    uint32_t fallback;               /* 1: the PID is in charge */
    uint32_t fallback_count;
    uint32_t primed;
    press_pid_t pid;
} press_predictive_t;

typedef struct {
    double measurement_channel_unit;  /* filtered */
    double reading_channel_unit;      /* last accepted, scaled */
    double plausible_channel_unit;    /* follows no faster than the rate limit */
    double still_reference_channel_unit;
    double mate_reference_channel_unit; /* of the neighbours, when stillness began */
    double still_s;
    double since_good_s;              /* since the last accepted sample was taken */
    double flat_s;
    double step_channel_unit;         /* size of its last move: a coarse converter's is large */
    uint64_t rate_reject_step[PRESS_RATE_REJECT_MAX];
    uint64_t spike_step[PRESS_SPIKE_MAX];
    uint32_t rate_reject_count;
    uint32_t spike_count;
    uint32_t rejecting;
    uint32_t mate_due;                /* the neighbours' reference is to be taken */
    uint32_t mate_moved;              /* since it went still; looked at with the thermal laws */
    uint32_t primed;
} press_channel_state_t;

/* Noise of one channel: mean of its second difference, which no steady move has. */
typedef struct {
    double scatter_channel_unit;
    double reading_channel_unit;
    double change_channel_unit;       /* its last */
} press_scatter_state_t;

/* Heat against temperature, at the rate of the thermal laws. */
typedef struct {
    double window_s;                  /* of the comparison, 0 while none runs */
    double slope_s;
    double slope_reference_c[PRESS_SLOPE_COUNT];
    double limiter_gap_k[PRESS_PLATEN_COUNT]; /* smoothed */
    double mains_ratio;               /* of the heaters' currents to their rated ones */
    int32_t runaway_channel;          /* -1 while none */
    int32_t swapped_zone;             /* lower one of a pair, -1 while none */
    uint32_t mass_wrong;
} press_family_state_t;

/* Oil against valve and setpoint. */
typedef struct {
    double burst_s;
    double burst_reference_bar;       /* now and one window before */
    double burst_reference_bar_previous;
    double rise_s;
    double rise_reference_bar;
    double smooth_low_bar;            /* lower and higher sensor, without the pump's ripple */
    double smooth_high_bar;
    double lagged_setpoint_bar;       /* as the valve's play and the smoothing lag behind it */
    double follow_setpoint_bar;
    double follow_low_bar;
    double follow_high_bar;
    double follow_s;
    double follow_ratio;              /* of the last full window */
    double short_s;                   /* held back and not rising */
    double short_reference_bar;
    double dump_s;
    double dump_reference_bar;
    double hunting_s;
    double hunting_sign;
    double leak_bar_per_min;          /* of the last full window */
    double force_rest_s;              /* at rest for so long */
    double force_apart_kn;            /* load cell over cylinder, smoothed */
    double force_reference_kn;        /* of that, when it had come to rest */
    double force_moved_kn;            /* since then */
    uint32_t hunting_count;
    uint32_t hunts;
    uint32_t burst;
    uint32_t rises;                   /* without being asked to */
    uint32_t follows_down_not;
    uint32_t follows_up_not;
    uint32_t dump_stuck;
} press_oil_state_t;

typedef struct {
    double duty_fraction;        /* latched for the current window */
    double achieved_fraction;    /* of the last window, after every gate */
    double demand_fraction;      /* negative asks for cooling */
    double carry_ticks;          /* duty the window's resolution could not show yet */
    double welded_s;
    double rise_reference_c;
    double rise_s;
    double heater_break_s;
    double loop_break_reference_c;
    double loop_break_s;
    double over_warn_s;
    double family_s;
    double sensor_bad_s;
    double ssr_s;                /* how long the SSR has been written as it is */
    double over_reference_c;     /* over-temperature is counted from here */
    uint32_t window_on_ticks;    /* ticks already on in this window, counted after the last gate */
    uint32_t window_elapsed_ticks;
    uint32_t window_planned_ticks; /* on-ticks this window was given */
    uint32_t window_obeyed;      /* 1: the last window got what it was given */
    uint32_t over_primed;
    uint32_t uncommanded;        /* rose without heat in the last full window */
    uint32_t manual;             /* 1: the duty was asked for in the thermal step before */
    uint32_t measured_count;     /* good measurements of this window */
    double measured_sum_c;
    double mains_ratio;          /* power of a full duty over power_w, from the heater's current */
    uint32_t no_gain;            /* the last full window's heat did not show; until heat is withdrawn */
    uint32_t falls;
    double on_current_a;         /* last seen while on, rated until then */
    double weak_s;
    double unisolated_s;
    double lagged_power_w;       /* as the sensor shows it */
    double expected_rise_k;      /* of the window */
    double gain_reference_c;
    double family_w;             /* smoothed heat beside what the zone should need */
    double beyond_w;             /* of it: given, less lost */
    double lagged_c;             /* measurement, as slow */
    double ordinary_ratio;       /* share of the family's current, at the beginning */
    double ordinary_s;           /* heat in which that was seen */
    press_pid_t pid;
    press_predictive_t predictive;
} press_zone_state_t;

/* The pressure valve as it was found to be: pressure_valve.c. */
typedef struct {
    double unknown_bar[PRESS_VALVE_UNKNOWN_COUNT]; /* offset, slope (ratio), play */
    double covariance_unit[PRESS_VALVE_COVARIANCE_COUNT];
    double sum_bar;              /* of the look under way */
    double sum_excess_bar;
    double side_sign;            /* side of the play the command is on */
    double turn_fraction;        /* where it came to this side */
    double peak_fraction;        /* furthest since */
    uint32_t looked_ticks;
    uint32_t primed;
} press_valve_state_t;

/* Evidence of one heater's loop: health.c. */
typedef struct {
    double heat_fraction;        /* duty after the heater's lag */
    double model_c;
    double warm_s;     /* sums of the gain's regression, forgotten slowly */
    double warm_gain_s;
    double break_s;
    double reversed_s;
    double stuck_on_s;
    double saturated_s;
    double cooled_s;             /* so long until cooling is forgotten */
    uint32_t primed;
    uint32_t on_ticks;           /* of heat since the step before */
    uint32_t seen_ticks;
} press_zone_health_t;

typedef struct {
    press_zone_health_t zone[PRESS_ZONE_COUNT];
    double residual_k[PRESS_ZONE_COUNT]; /* as published until the next step; the next five too */
    double gain_ratio[PRESS_ZONE_COUNT];
    double saturated_s[PRESS_ZONE_COUNT];
    double break_ratio;
    double reversed_ratio;
    double stuck_on_ratio;
    double valve_saturated_s;
    double valve_model_bar;      /* what the valve should give, after its lag */
    double valve_play_fraction;  /* spool behind its play */
    double pressure_break_s;
    double seal_friction_kn;
    uint32_t primed;
    uint32_t output_bits_seen;   /* since the step before */
} press_health_t;

typedef struct {
    uint64_t tick;
    uint64_t observe_count;          /* frames seen */
    uint32_t initialised;
    uint32_t reset_previous;
    uint32_t trip_bits;
    uint32_t interlock_bits;
    uint32_t zone_interlock_bits;    /* one bit a zone */
    uint32_t change_count;
    uint32_t lease_lapse_count;
    uint32_t lease_primed;
    uint32_t trip_standing_bits;     /* rows whose cause stands */
    uint32_t interlock_standing_bits;
    uint32_t zones_suspect;          /* some zone's evidence has begun to count */
    uint32_t exclusion_bits;         /* enum press_interlock: taken away by the last gate */
    uint32_t pressure_lost;          /* retained pressure fell too fast in the last full window */
    uint32_t digital_output_bits;    /* last written */
    uint32_t digital_output_bits_previous;
    int32_t first_out_trip;
    int32_t first_out_channel;
    double first_out_channel_unit;
    double trip_s[PRESS_TRIP_COUNT];           /* how long each cause has stood */
    double interlock_s[PRESS_INTERLOCK_COUNT];
    double valve_open_fraction;
    double valve_demand_fraction;    /* asked of the last gate in the tick before */
    double valve_open_fraction_previous;
    double valve_direction_sign;     /* branch of the hysteresis last driven */
    double valve_turn_bar;           /* extremum of the slow part of the demand on that branch */
    double pressure_trim_bar;
    double pressure_trim_previous_bar;
    double pressure_previous_bar;
    double pressure_reference_bar;   /* for loss and no-rise timing */
    double pressure_reference_s;
    double pump_rise_reference_bar;
    double pump_rise_s;
    double stack_temperature_c;
    double stack_temperature_c_sigma;
    double water_purge_s;
    double digital_stale_s;          /* since the digital inputs and the read-back were fresh */
    double reading_stale_s;          /* since any analogue reading was fresh */
    double pressure_retained_s;      /* pump off, every way out shut */
    uint32_t thermal_countdown_ticks;
    uint32_t regulating;             /* the temperature setpoint led in the tick before */
    uint32_t hydraulics;             /* enum press_hydraulics in force */
    uint32_t pressure_trim_asleep;   /* at rest and close enough */
    uint32_t pressure_resting;       /* pump off, pressure retained until it must be refilled */
    double pressure_rest_s;          /* at rest and close enough for so long */
    double pressure_refill_s;        /* pump back on, load-holding valve still shut, for so long */
    uint32_t temperature_ramp_held;  /* by holdback: thermal.c decides, interlock.c reports */
    uint32_t pressure_ramp_held;     /* bits of enum press_interlock that hold it: pressure.c decides */
    double cooling_carry_ticks[PRESS_PLATEN_COUNT];
    uint32_t cooling_planned_ticks[PRESS_PLATEN_COUNT];
    uint32_t cooling_elapsed_ticks;
    press_ramp_t temperature_ramp;
    press_ramp_t pressure_ramp;
    press_valve_state_t valve;
    press_health_t health;
    press_channel_state_t channel[PRESS_CHANNEL_COUNT];
    press_zone_state_t zone[PRESS_ZONE_COUNT];
    press_scatter_state_t scatter[PRESS_SCATTER_COUNT];
    press_family_state_t family;
    press_oil_state_t oil;
    double advisory_s[PRESS_ADVISORY_COUNT];      /* how long each cause has stood */
    double advisory_rest_s[PRESS_ADVISORY_COUNT]; /* how long it is shown on */
    double flow_missing_s;
    double mains_lost_s;
    double mains_back_s;             /* since the mains was seen again */
    uint32_t advisory_bits;
    uint32_t advise_countdown_ticks;
    press_command_t command;         /* last one that was in lease, all zero when lapsed */
    press_observation_t observation; /* of this tick, for the last gate */
} press_state_t;

/* Returns 0 when every field is in its bounds, else 1 and the first bad field. */
int32_t press_config_check(const press_config_t *config, press_config_fault_t *fault);
/* A fresh state: tripped (PRESS_TRIP_BOOT), everything off. */
void press_state_init(const press_config_t *config, press_state_t *state);
void press_observe(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                   press_observation_t *observation);
void press_act(const press_config_t *config, press_state_t *state, const press_command_t *command,
               press_output_t *output);

/* The laws on their own, for tests, bench and tuning. */
int32_t press_ramp_plan(press_ramp_t *ramp, double target_unit, double velocity_unit_per_s_max,
                        double acceleration_unit_per_s2_max, double jerk_unit_per_s3_max);
int32_t press_ramp_stop(press_ramp_t *ramp);
void press_ramp_step(press_ramp_t *ramp, double step_s);
double press_pid_step(const press_pid_config_t *config, press_pid_t *state, double setpoint_unit,
                      double measurement_unit, double feed_forward_fraction, double achieved_fraction,
                      double step_s);
/* One step of the predictive law: the duty for the next step_s. `achieved` is what the actuator
 * did since the step before. Non-finite input: least output, and a fresh start. */
double press_predictive_step(const press_predictive_config_t *config, press_predictive_t *state,
                             double setpoint_c, double measurement_c, double achieved_fraction,
                             double step_s);
void press_estimate(const press_config_t *config, press_state_t *state,
                    press_observation_t *observation);
void press_thermal(const press_config_t *config, press_state_t *state, const press_command_t *command,
                   press_output_t *output);
void press_pressure(const press_config_t *config, press_state_t *state,
                    const press_command_t *command, press_output_t *output);
/* The safety steps on their own, for tests: press_observe and press_act call them in order. */
void press_validate(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                    press_observation_t *observation);
void press_interlock(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                     press_observation_t *observation);
void press_reset(const press_config_t *config, press_state_t *state, const press_command_t *command);
void press_gate(const press_config_t *config, press_state_t *state, const press_command_t *command,
                press_output_t *output);
/* Signals of loop health, end of press_observe but for the interlocks; and what the pressure valve
 * is found to be, end of press_pressure. On their own for tests. */
void press_health(const press_config_t *config, press_state_t *state,
                  press_observation_t *observation);
void press_valve_learn(const press_config_t *config, press_state_t *state);
/* Names of the tables' rows, for documentation and messages. */
const char *press_permissive_text(int32_t permissive);
const char *press_interlock_text(int32_t interlock);
const char *press_trip_text(int32_t trip);
uint32_t press_trip_action_bits(int32_t trip);
const char *press_advisory_text(int32_t advisory);
uint32_t press_advisory_action_bits(int32_t advisory);
/* CDEF END */

#endif
