/* zone.c: one heater zone under the predictive law.
 *
 * The law runs when the zone's window begins: what the SSR did in the window before is then known
 * exactly, the measurement is the mean over that window, so that its ripple is gone, and the duty
 * it asks for is the one that is given. Everything is in shares of power_w at nominal mains; what
 * the mains really give is measured by the heater's own current, P ~ I^2, and divided out of the
 * duty. Heat that the stack draws through the contact is known before it shows in the platen,
 *
 *     load = contact_ratio G(p) (zone - stack estimate),   G(p) = base + slope min(1, p/p_ref)
 *
 * so a press that closes on a cold stack is met at once, and the model follows the pressure.
 * The setpoint is read a dead time and a lag ahead of now, from the ramp's own plan, so a ramp is
 * followed without lag. While one zone is at full power and behind, the others wait for it.
 * The law keeps watching when nothing is heated: what it has learned of the machine stays.
 */
#include "internal.h"

#define LOSS_W_PER_K_MIN 0.01      /* a zone without loss only integrates */
#define GAIN_DOUBT_RATIO 0.2
#define DEAD_TIME_DOUBT_RATIO 0.15
#define DISTURBANCE_FRACTION_MAX 0.5
#define RESIDUAL_C_MAX 3.0
#define MAINS_S 5.0
#define MAINS_RATIO_MIN 0.6
#define MAINS_RATIO_MAX 1.5
#define CURRENT_SETTLED_S 0.1
#define CURRENT_RATIO_MIN 0.6      /* of the rated current: less is a fault, not the mains */
#define BALANCE_K 0.3              /* a zone may lead the slowest by so much */

static void measure_mains(const press_config_t *config, press_state_t *state, uint32_t index)
{
    const uint32_t channel = PRESS_CHANNEL_HEATER_1_CURRENT_A + index;
    press_zone_state_t *own = &state->zone[index];
    const bool on = press_has(state->digital_output_bits, PRESS_OUTPUT_HEATER_1_SSR + index);
    const double share = press_clamp(config->tick_s / MAINS_S, 0.0, 1.0);
    if (!on || own->ssr_s < CURRENT_SETTLED_S) return;
    if (!press_trusted(config, &state->observation, channel)) return;
    const double ratio =
        state->observation.measurement_channel_unit[channel] / config->zone[index].rated_current_a;
    if (!(ratio > CURRENT_RATIO_MIN)) return;
    own->mains_ratio +=
        share * (press_clamp(ratio * ratio, MAINS_RATIO_MIN, MAINS_RATIO_MAX) - own->mains_ratio);
}

void press_zone_measure(const press_config_t *config, press_state_t *state, uint32_t zone)
{
    press_zone_state_t *own = &state->zone[zone];
    measure_mains(config, state, zone);
    if (state->observation.quality[zone] == PRESS_BAD) return;
    own->measured_sum_c += state->observation.measurement_channel_unit[zone];
    own->measured_count += 1;
}

/* Where the setpoint will be, by the plan that stands. */
static double setpoint_ahead(const press_state_t *state, double ahead_s)
{
    press_ramp_t ramp = state->temperature_ramp;
    press_ramp_step(&ramp, ahead_s);
    return ramp.position_unit;
}

/* No zone runs away from one that is at full power and behind. */
static double balanced(const press_config_t *config, const press_state_t *state, uint32_t index,
                       double setpoint_c)
{
    double slowest_c = setpoint_c;
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        const press_predictive_t *other = &state->zone[zone].predictive;
        if (zone == index || !other->primed || !other->approaching) continue;
        if (other->prediction_c < slowest_c) slowest_c = other->prediction_c;
    }
    return slowest_c + BALANCE_K < setpoint_c ? slowest_c + BALANCE_K : setpoint_c;
}

/* Heat the stack takes from this zone, as a share of its power. */
static double contact_load(const press_config_t *config, const press_state_t *state,
                           uint32_t index, double zone_c)
{
    const press_stack_config_t *stack = &config->stack;
    const press_observation_t *seen = &state->observation;
    const double ratio =
        press_clamp(seen->stack_pressure_mpa / stack->contact_pressure_mpa_ref, 0.0, 1.0);
    if (!seen->contact) return 0.0;
    return config->zone[index].contact_ratio *
           (stack->contact_w_per_k_base + stack->contact_w_per_k_slope * ratio) *
           (zone_c - state->stack_temperature_c) / config->zone[index].power_w;
}

static press_predictive_config_t model_of(const press_config_t *config, uint32_t index,
                                          double least_fraction, double most_fraction)
{
    const press_zone_config_t *zone = &config->zone[index];
    const double loss_w_per_k =
        zone->loss_w_per_k > LOSS_W_PER_K_MIN ? zone->loss_w_per_k : LOSS_W_PER_K_MIN;
    const press_predictive_config_t model = {
        .gain_c = zone->power_w / loss_w_per_k,
        .time_constant_s = zone->heat_capacity_j_per_k / loss_w_per_k,
        .lag_s = zone->heater_lag_s,
        .dead_time_s = zone->dead_time_s,
        .rest_c = config->ambient_temperature_c,
        .noise_c = zone->noise_c,
        .response_s = zone->response_s,
        .observer_s = zone->observer_s,
        .gain_doubt_ratio = GAIN_DOUBT_RATIO,
        .dead_time_doubt_ratio = DEAD_TIME_DOUBT_RATIO,
        .disturbance_fraction_max = DISTURBANCE_FRACTION_MAX,
        .residual_c_max = RESIDUAL_C_MAX,
        .output_fraction_min = least_fraction,
        .output_fraction_max = most_fraction,
        .pid = {zone->kp_per_c, zone->ti_s, zone->td_s, zone->filter_s,
                zone->setpoint_weight_ratio, zone->tracking_s, least_fraction, most_fraction}};
    return model;
}

/* What the last window did to the zone, in shares of power_w; cooling counts as less than none. */
static double achieved(const press_config_t *config, const press_state_t *state, uint32_t index,
                       double coldest_fraction)
{
    const press_zone_state_t *own = &state->zone[index];
    const uint32_t platen = config->zone[index].platen;
    const double open = (double)state->cooling_planned_ticks[platen] / config->window_ticks;
    return own->achieved_fraction * own->mains_ratio + open * coldest_fraction;
}

void press_zone_predict(const press_config_t *config, press_state_t *state,
                        const press_command_t *command, uint32_t index, bool heat)
{
    press_zone_state_t *own = &state->zone[index];
    const double coldest = press_zone_coldest(config, state, command, index);
    const double given = achieved(config, state, index, coldest);
    const double limit =
        heat ? press_heater_duty_max(config, command) * own->mains_ratio : own->mains_ratio;
    /* Of the window in which a limit came down the observer must hear what really was given. */
    const press_predictive_config_t model =
        model_of(config, index, coldest, given > limit ? given : limit);
    const uint32_t count = own->measured_count;
    const bool manual = press_has(command->manual_zone_bits, index);
    const double zone_c = count > 0 ? own->measured_sum_c / count : 0.0;
    own->measured_sum_c = 0.0;
    own->measured_count = 0;
    if (!manual) own->demand_fraction = 0.0;
    if (count == 0) {
        own->predictive.primed = 0;
        return;
    }
    own->predictive.load_fraction = contact_load(config, state, index, zone_c);
    const double window_s = config->tick_s * config->window_ticks;
    const double ahead_s = model.dead_time_s + model.lag_s - 0.5 * window_s; /* of the mean */
    const double power_fraction = press_predictive_step(
        &model, &own->predictive,
        balanced(config, state, index, setpoint_ahead(state, ahead_s > 0.0 ? ahead_s : 0.0)),
        zone_c, given, window_s);
    if (!manual && (heat || power_fraction < 0.0)) {
        const double most = power_fraction < limit ? power_fraction : limit;
        own->demand_fraction = most > 0.0 ? most / own->mains_ratio : most;
    }
}
