/* internal.h: what the kernel's files call in one another. Private: no host sees it.
 *
 * Order of one tick (press.c is the table of contents):
 *
 *     press_observe: press_validate -> press_estimate -> press_health -> press_interlock
 *     press_act:     press_reset -> ramps -> press_thermal -> press_pressure -> press_gate
 *
 * Argument order everywhere: config, state, inputs, output. Inputs are const.
 */
#ifndef PRESS_INTERNAL_H
#define PRESS_INTERNAL_H

#include "press.h"

/* ---- K1: validate.c, pair.c, watch.c, cause.c, trip.c, interlock.c, actuate.c ---------------------------
 *
 * Who writes what (K1 to K2):
 * press_validate: state->tick, state->observe_count; observation tick, measurement, quality,
 *   quality_reason_bits, digital_input_bits (last fresh ones), cylinder_pressure_bar (higher of
 *   the trusted pair), pressure_quality (worst of the fitted pressure channels).
 *   channel[].reading_channel_unit is the last accepted reading before the filter.
 * press_estimate: every other double of the observation, contact, thickness_quality, ramp_done.
 * press_interlock: permissive, interlock, trip, action bits, first_out_*, change_count,
 *   state->zone_interlock_bits; then copies the whole observation to state->observation.
 * press_gate: state->command (as accepted), digital_output_bits(_previous), valve_open_fraction
 *   (_previous), exclusion_bits. Not ramps, not windows. What a heater really got is in
 *   state->digital_output_bits of the tick before. It does not slew on the way to safe.
 * press_state_init sets trip_bits = BOOT, first_out_trip = BOOT, first_out_channel = -1 and
 *   reset_previous = 1 (a host that starts with reset held has made no edge); all else zero.
 */

/* press_validate, press_interlock, press_reset, press_gate are declared in press.h. */

/* Cylinder transducers and load cell against one another; end of press_validate. */
void press_pair(const press_config_t *config, press_observation_t *observation);
/* Evidence timers of the trips and interlocks: heaters, retained pressure, pump. */
void press_watch(const press_config_t *config, press_state_t *state,
                 const press_observation_t *observation);
/* Heat against temperature, at the rate of the thermal laws: zones that do not follow theirs. */
void press_family(const press_config_t *config, press_state_t *state,
                  const press_observation_t *observation);
/* Oil against valve and setpoint: what cannot wait, and the rest at the rate of the thermal laws. */
void press_oil(const press_config_t *config, press_state_t *state,
               const press_observation_t *observation);
void press_oil_slow(const press_config_t *config, press_state_t *state,
                    const press_observation_t *observation);
/* Walks the advisory table into state->advisory_bits. */
void press_advise(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                  const press_observation_t *observation);
/* Of a list that may be reordered. */
double press_median(double *list_unit, uint32_t count);
/* Walks the trip table: latches into state->trip_bits, with the first-out cause. */
void press_trips(const press_config_t *config, press_state_t *state, const press_sensor_t *sensor,
                 const press_observation_t *observation);
/* Latches one trip; the first of an episode is remembered with what caused it. */
void press_latch(press_state_t *state, uint32_t trip, double offence_channel_unit, int32_t channel);
/* The command may still be believed: not lapsed, and not promised for longer than a lease may be. */
bool press_in_lease(const press_state_t *state, const press_command_t *command);
/* Most ticks of one window a heater may be on under this command: its limit in whole steps of a
 * window, rounded down. 0 for a limit that is no share: nothing is heated under it. */
uint32_t press_heater_ticks_max(const press_config_t *config, const press_command_t *command);
/* The same as a share of the window: the greatest duty the laws can have. */
double press_heater_duty_max(const press_config_t *config, const press_command_t *command);
/* A platen is too hot for water, or nobody knows how hot it is. */
bool press_water_forbidden(const press_config_t *config, const press_observation_t *observation);

/* ---- K2: estimate.c, thermal.c, pressure.c, pressure_valve.c, pressure_refill.c, health.c --- */

/* Puts the ramp at rest at a position, without a move. */
void press_ramp_rest(press_ramp_t *ramp, double position_unit);
/* Keeps the ramp's plan equal to what is asked; stops it while held, resumes after. `held_before`
 * is the `held` of the call before. A refused plan leaves the one in force. */
void press_ramp_follow(press_ramp_t *ramp, bool held_before, bool held, double target_unit,
                       double rate_unit_per_s, double acceleration_unit_per_s2,
                       double jerk_unit_per_s3);
/* The oil and the valve, pressure.c: setpoint's rate in the cylinder, lag and stiffness there. */
double press_pressure_bar_per_s(const press_config_t *config, const press_state_t *state);
double press_pressure_lag_s(const press_config_t *config, double pressure_bar);
double press_oil_stiffness_ratio(const press_config_t *config, double pressure_bar);
/* The command that gives `demand_bar` from one side of the play; the play, and its uncertainty. */
double press_valve_opening(const press_config_t *config, const press_state_t *state, double sign,
                           double demand_bar);
double press_valve_play_fraction(const press_config_t *config, const press_state_t *state);
double press_valve_play_sigma(const press_config_t *config, const press_state_t *state);
/* True while the pump may rest or is only just running again: the load-holding valve stays shut. */
bool press_refill(const press_config_t *config, press_state_t *state, double error_bar, bool *pump);

/* True when the move is over. */
bool press_ramp_arrived(const press_ramp_t *ramp);

/* Holdback and the cold-stack rule need the command, which press_observe does not see. So
 * press_thermal and press_pressure decide them and write state->temperature_ramp_held (0 or 1)
 * and state->pressure_ramp_held (press_bit(PRESS_INTERLOCK_COLD_STACK) | ..._PRESSURE_HOLDBACK |
 * ..._PRESSURE_UNCERTAIN); press_interlock only reports them as bits in the next tick.
 * config_check bounds wanted (new fields): zone.lag_s 0..120, zone.cooling_w_per_k 0..1000,
 * ambient_temperature_c -20..60. */

/* zone.c: the predictive law of one zone, once a window. Writes its demand_fraction. */
void press_zone_measure(const press_config_t *config, press_state_t *state, uint32_t zone);
void press_zone_predict(const press_config_t *config, press_state_t *state,
                        const press_command_t *command, uint32_t zone, bool heat);
/* thermal.c: share of power_w that cooling may take from a zone, negative; 0 while it is off. */
double press_zone_coldest(const press_config_t *config, const press_state_t *state,
                          const press_command_t *command, uint32_t zone);

/* ---- shared, no calls out of the file --------------------------------------------------- */

static inline uint32_t press_bit(uint32_t number) { return (uint32_t)1 << number; }

/* NaN is no share. */
static inline bool press_is_share(double number_fraction)
{
    return number_fraction >= 0.0 && number_fraction <= 1.0;
}

/* NaN and both infinities are not finite; needs no libm. */
static inline bool press_finite(double number_unit) { return number_unit - number_unit == 0.0; }

static inline bool press_has(uint32_t bits, uint32_t number) { return (bits >> number & 1U) != 0; }

/* A timer that grows by one tick has reached a limit: half a tick forgives its rounding. */
static inline bool press_stood(const press_config_t *config, double timer_s, double limit_s)
{
    return timer_s >= limit_s - 0.5 * config->tick_s;
}

static inline bool press_trusted(const press_config_t *config, const press_observation_t *observation,
                                 uint32_t channel)
{
    return config->channel[channel].fitted == 1 && observation->quality[channel] != PRESS_BAD;
}

/* At the end of its loop a sensor says "at least" or "at most": it contradicts nobody. */
static inline bool press_saturated(const press_observation_t *observation, uint32_t channel)
{
    return (observation->quality_reason_bits[channel] & PRESS_REASON_SATURATED) != 0;
}

static inline double press_clamp(double number_unit, double low_unit, double high_unit)
{
    return number_unit < low_unit ? low_unit : (number_unit > high_unit ? high_unit : number_unit);
}

#endif
