/* wip_internal.h: what the files of the isostatic kernel call in one another. Private.
 *
 *     wip_observe: wip_validate -> wip_estimate -> wip_interlock
 *     wip_act:     wip_reset -> wip_laws -> wip_gate
 */
#ifndef WIP_INTERNAL_H
#define WIP_INTERNAL_H

#include "internal.h"
#include "isostatic.h"

#define WIP_PRESSURE_A WIP_CHANNEL_VESSEL_A_PRESSURE_MPA
#define WIP_PRESSURE_B WIP_CHANNEL_VESSEL_B_PRESSURE_MPA

static inline bool wip_stood(const wip_config_t *config, double timer_s, double limit_s)
{
    return timer_s >= limit_s - 0.5 * config->tick_s;
}

static inline bool wip_trusted(const wip_config_t *config, const wip_observation_t *observation,
                               uint32_t channel)
{
    return config->channel[channel].fitted == 1 && observation->quality[channel] != PRESS_BAD;
}

static inline bool wip_input(const wip_observation_t *observation, uint32_t number)
{
    return press_has(observation->digital_input_bits, number);
}

/* Yoke in and both switches of the lock. */
static inline bool wip_locked(const wip_observation_t *observation)
{
    return wip_input(observation, WIP_INPUT_YOKE_IN) &&
           wip_input(observation, WIP_INPUT_LID_LOCKED_A) &&
           wip_input(observation, WIP_INPUT_LID_LOCKED_B);
}

static inline bool wip_guarded(const wip_observation_t *observation)
{
    return wip_input(observation, WIP_INPUT_GUARD_A_CLOSED) &&
           wip_input(observation, WIP_INPUT_GUARD_B_CLOSED);
}

static inline double wip_measured(const wip_observation_t *observation, uint32_t channel)
{
    return observation->measurement_channel_unit[channel];
}

static inline bool wip_written(const wip_state_t *state, uint32_t output)
{
    return press_has(state->digital_output_bits, output);
}

/* Zero of the transducers while vented, offset of the thermometers while flushed. */
void wip_tare(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation);
/* What an untared transducer may be off without being taken at its word. */
double wip_forgiven_mpa(const wip_config_t *config, const wip_state_t *state);
/* Mean of the trusted thermometers; the last estimate when there is none. */
double wip_fluid_measured_c(const wip_config_t *config, const wip_state_t *state,
                            const wip_observation_t *observation, bool tared);
/* Plunger, windows and timers: evidence of leak, burst, progress and blocked-in heat. */
void wip_watch(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation);
/* The charge is compressed when its oil stands so near to what the vessel asks for. */
#define WIP_CHARGED_RATIO 0.93
#define WIP_CHARGED_BAR 3.0
/* Windows of leak and progress: begun anew with each stroke, judged at their end. */
void wip_begin_window(const wip_config_t *config, wip_state_t *state);
void wip_watch_windows(const wip_config_t *config, wip_state_t *state,
                       const wip_observation_t *observation);
/* Evidence of the advisories that no trip needs: pairs, bag, jacket, needle, water. */
void wip_health(const wip_config_t *config, wip_state_t *state,
                const wip_observation_t *observation);
/* Walks the advisory table into state->advisory_bits. */
void wip_advise(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
                const wip_observation_t *observation);
/* Every transducer that can tell says that there is no pressure. */
bool wip_released(const wip_config_t *config, const wip_observation_t *observation);
/* The command without numbers that are none. */
wip_command_t wip_sound(const wip_command_t *command);
bool wip_in_lease(const wip_state_t *state, const wip_command_t *command);
/* Higher of the tared pair: what could hurt. */
double wip_hazard_mpa(const wip_config_t *config, const wip_state_t *state,
                      const wip_observation_t *observation);
/* The mouth may not be opened: a transducer shows pressure, or the one that can prove none cannot
 * be trusted. Before the tare the high ones are forgiven what the tare may take. */
bool wip_mouth_forbidden(const wip_config_t *config, const wip_state_t *state,
                         const wip_observation_t *observation);
/* Hottest of estimate and trusted thermometers. */
double wip_hottest_c(const wip_config_t *config, const wip_state_t *state,
                     const wip_observation_t *observation);
double wip_release_limit_mpa_per_s(const wip_config_t *config, double pressure_mpa);
void wip_trips(const wip_config_t *config, wip_state_t *state, const wip_sensor_t *sensor,
               const wip_observation_t *observation);
void wip_latch(wip_state_t *state, uint32_t trip, double offence_channel_unit, int32_t channel);

#endif
