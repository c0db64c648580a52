/* cause.h: what makes each trip. Private to trip.c and cause.c.
 *
 * A cause is a pure predicate over one tick. It says what offended, so that the first-out can. */
#ifndef PRESS_CAUSE_H
#define PRESS_CAUSE_H

#include "internal.h"

typedef struct {
    const press_config_t *config;
    const press_state_t *state;
    const press_sensor_t *sensor;
    const press_observation_t *observation;
} scene_t;

typedef struct {
    double channel_unit; /* the offending value, in its channel's unit */
    int32_t channel;     /* enum press_channel, -1 when not a channel's */
} offence_t;

/* Rows whose cause may stand: no row outside them needs to be asked. For a tick in good order
 * that leaves two questions of twenty-nine. */
uint32_t press_causes_possible(const scene_t *scene);
bool press_cause_never(const scene_t *scene, offence_t *offence);
bool press_cause_estop(const scene_t *scene, offence_t *offence);
bool press_cause_guard_open(const scene_t *scene, offence_t *offence);
bool press_cause_safety_relay(const scene_t *scene, offence_t *offence);
bool press_cause_limiter(const scene_t *scene, offence_t *offence);
bool press_cause_mains(const scene_t *scene, offence_t *offence);
bool press_cause_io_lost(const scene_t *scene, offence_t *offence);
bool press_cause_lease_lapsed(const scene_t *scene, offence_t *offence);
bool press_cause_readback(const scene_t *scene, offence_t *offence);
bool press_cause_over_temperature(const scene_t *scene, offence_t *offence);
bool press_cause_zone_sensor(const scene_t *scene, offence_t *offence);
bool press_cause_out_of_family(const scene_t *scene, offence_t *offence);
bool press_cause_ssr_welded(const scene_t *scene, offence_t *offence);
bool press_cause_uncommanded_heat(const scene_t *scene, offence_t *offence);
bool press_cause_heater_break(const scene_t *scene, offence_t *offence);
bool press_cause_loop_break(const scene_t *scene, offence_t *offence);
bool press_cause_contactor_mismatch(const scene_t *scene, offence_t *offence);
bool press_cause_over_pressure(const scene_t *scene, offence_t *offence);
bool press_cause_pressure_sensor(const scene_t *scene, offence_t *offence);
bool press_cause_pressure_disagreement(const scene_t *scene, offence_t *offence);
bool press_cause_pressure_loss(const scene_t *scene, offence_t *offence);
bool press_cause_pump_no_rise(const scene_t *scene, offence_t *offence);
bool press_cause_pump_mismatch(const scene_t *scene, offence_t *offence);
bool press_cause_zone_falls(const scene_t *scene, offence_t *offence);
bool press_cause_thermal_runaway(const scene_t *scene, offence_t *offence);
bool press_cause_pressure_burst(const scene_t *scene, offence_t *offence);
bool press_cause_pressure_uncommanded(const scene_t *scene, offence_t *offence);
bool press_cause_release_stuck(const scene_t *scene, offence_t *offence);

#endif
