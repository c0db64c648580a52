/* wip_estimate.c: from measurements to states of the vessel.
 *
 * Tare. The high transducers drift by more than the hold's band with the temperature of their
 * body, so their zero is taken while the vessel is proven open; the thermometers' offset is taken
 * while the supply, whose Pt100 is better, flows past them. Both are bounded: what is further off
 * is not corrected but shows.
 *
 * Fluid. The observer moves with the isentrope and the wall and is corrected by the thermometers
 * through their own lag, so the estimate does not trail a fast ramp. The wall has no thermometer:
 * it is modelled between jacket and fluid, and corrected slowly by what the fluid's innovation
 * leaves unexplained while nothing else moves.
 *
 * Intensifier. From its position: strokes, what was delivered, and whether the plunger turns or
 * still compresses its own charge, when pressure tells nothing about the pump.
 *
 * Windows. Compensated leak and progress of pumping are judged over whole windows within one
 * stroke; a reversal starts them anew.
 */
#include "wip_internal.h"

#include <math.h>

#define RATE_FILTER_S 0.2
#define SLOW_S 0.5
#define LOW_BAR_MAX 8.0
#define LOW_MPA_MAX 1.5
#define TARE_FILTER_S 1.0
#define FLUSH_SETTLE_S 30.0
#define FLUSH_FILTER_S 10.0
#define FLUSH_STEADY_K 0.1
#define TURN_MM 1.0
#define CHARGED_RATIO 0.93
#define CHARGED_BAR 3.0
#define PUMP_PROVEN_S 0.05
#define UNCHARGED_S 0.03 /* the oil dips when a creeping pump stands for a moment */
#define STILL_MPA_PER_S 0.3
#define UNFILLED_S 30.0
#define PROGRESS_MPA_MIN 5.0
#define SETTLED_ML 1.0

static double measured(const wip_observation_t *observation, uint32_t channel)
{
    return observation->measurement_channel_unit[channel];
}

static bool written(const wip_state_t *state, uint32_t output)
{
    return press_has(state->digital_output_bits, output);
}

bool wip_released(const wip_config_t *config, const wip_observation_t *observation)
{
    return wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
           observation->pressure_quality != PRESS_BAD &&
           measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) <=
               config->limit.released_bar_max &&
           observation->vessel_pressure_mpa <= config->limit.released_mpa_max;
}

double wip_hottest_c(const wip_config_t *config, const wip_state_t *state,
                     const wip_observation_t *observation)
{
    double hottest_c = state->fluid_c;
    for (uint32_t i = 0; i < 2; i++) {
        const double seen_c =
            measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) - state->fluid_tare_k[i];
        if (wip_trusted(config, observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) &&
            seen_c > hottest_c) {
            hottest_c = seen_c;
        }
    }
    return hottest_c;
}

static double forgiven_mpa(const wip_config_t *config, const wip_state_t *state)
{
    return state->pressure_tared != 0 ? 0.0 : config->limit.tare_mpa_max;
}

bool wip_mouth_forbidden(const wip_config_t *config, const wip_state_t *state,
                         const wip_observation_t *observation)
{
    const uint32_t low = WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR;
    const double limit_mpa = config->limit.mouth_mpa_max;
    return observation->pressure_quality == PRESS_BAD || !wip_trusted(config, observation, low) ||
           measured(observation, low) > 10.0 * limit_mpa ||
           wip_hazard_mpa(config, state, observation) > limit_mpa + forgiven_mpa(config, state);
}

static void tare_pressure(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const double low_bar = measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR);
    const bool open = state->command.tare_pressure == 1 &&
                      wip_input(observation, WIP_INPUT_VENT_OPEN) &&
                      wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
                      fabs(low_bar) <= config->limit.released_bar_max;
    state->tare_rest_s = open ? state->tare_rest_s + config->tick_s : 0.0;
    if (!open) return;
    bool within = true;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_PRESSURE_A + i)) continue;
        const double off_mpa = measured(observation, WIP_PRESSURE_A + i) - 0.1 * low_bar;
        state->pressure_tare_mpa[i] +=
            config->tick_s / TARE_FILTER_S * (off_mpa - state->pressure_tare_mpa[i]);
        if (fabs(state->pressure_tare_mpa[i]) > config->limit.tare_mpa_max) {
            state->pressure_tare_mpa[i] = 0.0;
            within = false;
        }
    }
    state->pressure_tared = within && wip_stood(config, state->tare_rest_s, config->limit.tare_s);
}

static double fluid_measured_c(const wip_config_t *config, const wip_state_t *state,
                               const wip_observation_t *observation, bool tared)
{
    double sum_c = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i)) continue;
        sum_c += measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) -
                 (tared ? state->fluid_tare_k[i] : 0.0);
        count += 1;
    }
    return count > 0 ? sum_c / (double)count : state->fluid_lagged_c;
}

static void tare_temperature(const wip_config_t *config, wip_state_t *state,
                             const wip_observation_t *observation)
{
    const wip_vessel_config_t *vessel = &config->vessel;
    const double now_c = fluid_measured_c(config, state, observation, false);
    const double water_c = measured(observation, WIP_CHANNEL_WATER_TEMPERATURE_C);
    const double flow_w_per_k =
        vessel->fill_ml_per_s * vessel->fluid_heat_capacity_j_per_k / vessel->volume_ml;
    const bool flushed = state->command.tare_temperature == 1 &&
                         written(state, WIP_OUTPUT_FILL_VALVE) &&
                         wip_trusted(config, observation, WIP_CHANNEL_WATER_TEMPERATURE_C);
    state->flush_reference_c = state->flush_s > 0.0 ? state->flush_reference_c : now_c;
    state->flush_s = flushed ? state->flush_s + config->tick_s : 0.0;
    state->flush_reference_c +=
        config->tick_s / FLUSH_FILTER_S * (now_c - state->flush_reference_c);
    if (state->flush_s < FLUSH_SETTLE_S) return;
    if (fabs(now_c - state->flush_reference_c) > FLUSH_STEADY_K && state->temperature_tared == 0) return;
    const double expected_c = water_c + vessel->wall_w_per_k / (vessel->wall_w_per_k + flow_w_per_k) *
                                            (state->wall_c - water_c);
    bool within = true;
    for (uint32_t i = 0; i < 2; i++) {
        const double off_k = measured(observation, WIP_CHANNEL_FLUID_1_TEMPERATURE_C + i) - expected_c;
        state->fluid_tare_k[i] += config->tick_s / (4.0 * TARE_FILTER_S) * (off_k - state->fluid_tare_k[i]);
        if (fabs(state->fluid_tare_k[i]) > config->limit.tare_k_max) {
            state->fluid_tare_k[i] = 0.0;
            within = false;
        }
    }
    if (state->flush_s >= FLUSH_SETTLE_S + config->limit.tare_s) state->temperature_tared = within;
}

static void estimate_pressure(const wip_config_t *config, wip_state_t *state,
                              wip_observation_t *observation)
{
    const double before_mpa = state->pressure_mpa;
    const double low_bar = measured(observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR);
    double sum_mpa = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (!wip_trusted(config, observation, WIP_PRESSURE_A + i)) continue;
        sum_mpa += measured(observation, WIP_PRESSURE_A + i) - state->pressure_tare_mpa[i];
        count += 1;
    }
    if (count > 0) state->pressure_mpa = sum_mpa / (double)count;
    if (wip_trusted(config, observation, WIP_CHANNEL_VESSEL_LOW_PRESSURE_BAR) &&
        low_bar < LOW_BAR_MAX &&
        state->pressure_mpa < LOW_MPA_MAX + forgiven_mpa(config, state)) {
        state->pressure_mpa = 0.1 * low_bar;
    }
    if (state->primed == 0) {
        state->pressure_slow_mpa = state->pressure_mpa;
        return;
    }
    const double rate_mpa_per_s = (state->pressure_mpa - before_mpa) / config->tick_s;
    state->pressure_rate_mpa_per_s += config->tick_s / (RATE_FILTER_S + config->tick_s) *
                                      (rate_mpa_per_s - state->pressure_rate_mpa_per_s);
    state->pressure_slow_mpa +=
        config->tick_s / SLOW_S * (state->pressure_mpa - state->pressure_slow_mpa);
}

static void estimate_temperatures(const wip_config_t *config, wip_state_t *state,
                                  const wip_observation_t *observation, double risen_mpa)
{
    const wip_vessel_config_t *vessel = &config->vessel;
    const double dt_s = config->tick_s;
    const double jacket_c = measured(observation, WIP_CHANNEL_JACKET_TEMPERATURE_C);
    const double now_c = fluid_measured_c(config, state, observation, true);
    if (state->primed == 0) {
        state->fluid_c = state->fluid_lagged_c = now_c;
        state->wall_c = jacket_c;
        return;
    }
    const double from_wall_w = vessel->wall_w_per_k * (state->wall_c - state->fluid_c);
    const double to_wall_w = vessel->jacket_w_per_k * (jacket_c - state->wall_c);
    state->unfilled_s = written(state, WIP_OUTPUT_FILL_VALVE) ? 0.0 : state->unfilled_s + dt_s;
    state->fluid_c += wip_heating_k_per_mpa(vessel, state->pressure_mpa, state->fluid_c) * risen_mpa +
                      dt_s * from_wall_w / vessel->fluid_heat_capacity_j_per_k;
    state->fluid_lagged_c += dt_s / (vessel->fluid_lag_s + dt_s) * (state->fluid_c - state->fluid_lagged_c);
    const double innovation_c_per_s = (now_c - state->fluid_lagged_c) / vessel->fluid_correction_s;
    state->fluid_c += dt_s * innovation_c_per_s;
    state->fluid_lagged_c += dt_s * innovation_c_per_s;
    state->wall_c += dt_s * (to_wall_w - from_wall_w) / vessel->wall_heat_capacity_j_per_k;
    if (state->unfilled_s > UNFILLED_S && fabs(state->pressure_rate_mpa_per_s) < STILL_MPA_PER_S) {
        state->wall_c += dt_s / vessel->wall_correction_s * innovation_c_per_s *
                         vessel->fluid_heat_capacity_j_per_k / vessel->wall_w_per_k;
    }
}

static double stroke_ml(const wip_config_t *config, double moved_mm)
{
    return config->drive.stroke_ml / config->drive.stroke_mm * moved_mm;
}

static void begin_window(wip_state_t *state)
{
    state->window_s = 0.0;
    state->window_pressure_mpa = state->progress_pressure_mpa = state->pressure_mpa;
    state->window_fluid_c = state->progress_fluid_c = state->fluid_c;
    state->window_delivered_ml = state->progress_delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml;
}

static void turned(wip_state_t *state, double position_mm)
{
    state->position_sign = -state->position_sign;
    state->position_furthest_mm = position_mm;
    state->delivered_base_ml += state->stroke_delivered_ml;
    state->stroke_delivered_ml = 0.0;
    state->stroke_count += 1;
    state->delivering = 0;
}

static void follow_plunger(const wip_config_t *config, wip_state_t *state,
                           const wip_observation_t *observation)
{
    const double position_mm = measured(observation, WIP_CHANNEL_INTENSIFIER_POSITION_MM);
    const double oil_bar = measured(observation, WIP_CHANNEL_INTENSIFIER_OIL_PRESSURE_BAR);
    const double ahead_mm = state->position_sign * (position_mm - state->position_furthest_mm);
    const bool runs = written(state, WIP_OUTPUT_PUMP) && state->pump_speed_fraction > 0.0;
    state->pumping_s = runs ? state->pumping_s + config->tick_s : 0.0;
    if (state->primed == 0) {
        state->position_furthest_mm = state->delivery_start_mm = position_mm;
    } else if (ahead_mm > 0.0) {
        state->position_furthest_mm = position_mm;
    } else if (ahead_mm < -TURN_MM) {
        turned(state, position_mm);
    }
    const double wanted_bar = config->drive.oil_bar_per_mpa * state->pressure_mpa;
    const bool charged = oil_bar >= CHARGED_RATIO * wanted_bar - CHARGED_BAR;
    const bool proven = state->pumping_s > PUMP_PROVEN_S;
    state->uncharged_s = proven && !charged ? state->uncharged_s + config->tick_s : 0.0;
    state->reversing = wip_stood(config, state->uncharged_s, UNCHARGED_S) ? 1U : 0U;
    if (!proven) return;
    if (charged && state->delivering == 0) {
        state->delivering = 1;
        state->delivery_start_mm = position_mm;
        state->delivered_base_ml += state->stroke_delivered_ml;
        state->stroke_delivered_ml = 0.0;
        begin_window(state);
    } else if (state->reversing != 0 && state->delivering != 0) {
        state->delivering = 0;
    }
    if (state->delivering == 0) return;
    state->stroke_delivered_ml = stroke_ml(
        config, fabs(state->position_furthest_mm - state->delivery_start_mm));
}

/* Anything that lets fluid in or out on purpose, or a locked lid that is not. */
static bool open_on_purpose(const wip_state_t *state, const wip_observation_t *observation)
{
    const uint32_t ways = press_bit(WIP_OUTPUT_FILL_VALVE) | press_bit(WIP_OUTPUT_DEAIR_VALVE) |
                          press_bit(WIP_OUTPUT_VENT_VALVE) | press_bit(WIP_OUTPUT_DRAIN_VALVE) |
                          press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
    return (state->digital_output_bits & ways) != 0 || !wip_locked(observation) ||
           wip_input(observation, WIP_INPUT_VENT_OPEN) || wip_input(observation, WIP_INPUT_DEAIR_OPEN);
}

static void judge_leak(const wip_config_t *config, wip_state_t *state)
{
    const wip_limit_config_t *limit = &config->limit;
    const double delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml - state->window_delivered_ml;
    const double lost_mpa = wip_leak_mpa(
        &config->vessel, state->pressure_mpa, state->pressure_mpa - state->window_pressure_mpa,
        state->fluid_c - state->window_fluid_c, delivered_ml);
    const bool still = fabs(state->pressure_mpa - state->window_pressure_mpa) < 0.05 * state->pressure_mpa + 0.5;
    if (still) {
        state->leak_mpa_per_min = lost_mpa * 60.0 / state->window_s;
        state->leak_window_count += 1;
        state->leaking_count =
            state->leak_mpa_per_min > limit->leak_mpa_per_min_max ? state->leaking_count + 1 : 0;
    }
    begin_window(state);
}

static void judge_progress(const wip_config_t *config, wip_state_t *state)
{
    const double delivered_ml =
        state->delivered_base_ml + state->stroke_delivered_ml - state->progress_delivered_ml;
    if (delivered_ml < config->limit.progress_ml) return;
    const double expected_mpa =
        wip_isentropic_stiffness_mpa(&config->vessel, state->pressure_mpa, state->fluid_c) *
        (delivered_ml / config->vessel.volume_ml);
    const double risen_mpa = state->pressure_mpa - state->progress_pressure_mpa;
    const bool rising = state->ramp.position_unit - state->pressure_mpa > 1.0;
    state->no_progress = state->pressure_mpa > PROGRESS_MPA_MIN && rising &&
                         risen_mpa < config->limit.progress_fraction_min * expected_mpa;
    state->progress_pressure_mpa = state->pressure_mpa;
    state->progress_delivered_ml += delivered_ml;
}

static void watch_windows(const wip_config_t *config, wip_state_t *state,
                          const wip_observation_t *observation)
{
    const bool open = open_on_purpose(state, observation);
    state->closed_s = open ? 0.0 : state->closed_s + config->tick_s;
    const bool settling = state->delivering != 0 && state->stroke_delivered_ml < SETTLED_ML;
    if (open || state->reversing != 0 || settling || state->closed_s < 2.0) {
        begin_window(state);
        state->no_progress = 0;
        if (open) state->leaking_count = state->leak_window_count = 0;
    } else {
        state->window_s += config->tick_s;
        judge_progress(config, state);
        if (wip_stood(config, state->window_s, config->limit.leak_window_s)) judge_leak(config, state);
    }
    state->burst = state->closed_s > 2.0 &&
                   state->pressure_slow_mpa - state->pressure_mpa > config->limit.burst_mpa;
}

/* The low-pressure test is passed by standing shut, without pump, with little compensated loss. */
static void judge_leak_test(const wip_config_t *config, wip_state_t *state,
                            const wip_observation_t *observation)
{
    const wip_limit_config_t *limit = &config->limit;
    if (!wip_locked(observation) || wip_input(observation, WIP_INPUT_VENT_OPEN)) {
        state->leak_tested = 0;
        state->leak_test_held_s = 0.0;
        return;
    }
    const bool stands = state->closed_s > 2.0 && !written(state, WIP_OUTPUT_PUMP) &&
                        state->pressure_mpa > 0.6 * limit->leak_test_mpa &&
                        state->pressure_mpa < 2.0 * limit->leak_test_mpa;
    if (!stands) {
        state->leak_test_held_s = 0.0;
        state->leak_window_count = state->leak_tested != 0 ? state->leak_window_count : 0;
        return;
    }
    if (state->leak_test_held_s <= 0.0) {
        begin_window(state);
        state->leak_window_count = 0;
    }
    state->leak_test_held_s += config->tick_s;
    if (state->leak_window_count > 0 &&
        wip_stood(config, state->leak_test_held_s, limit->leak_test_s)) {
        state->leak_tested = state->leak_mpa_per_min <= limit->leak_test_mpa_per_min_max;
    }
}

static void watch_pump(const wip_config_t *config, wip_state_t *state)
{
    const bool lags = state->ramp.position_unit - state->pressure_mpa > config->limit.over_run_mpa;
    if (state->pumping_s <= 0.0 || !lags ||
        state->pressure_mpa > state->over_run_reference_mpa + config->limit.over_run_mpa) {
        state->over_run_s = 0.0;
        state->over_run_reference_mpa = state->pressure_mpa;
        return;
    }
    state->over_run_s += config->tick_s;
}

static void watch_blocked_in(const wip_config_t *config, wip_state_t *state)
{
    state->relieving = state->blocked_in != 0 && state->command.mode != WIP_MODE_RELEASE &&
                       state->pressure_mpa > state->command.pressure_target_mpa +
                                                 config->limit.blocked_in_relief_mpa;
    const bool heats = written(state, WIP_OUTPUT_CONTACTOR_JACKET) && state->jacket_duty_fraction > 0.0;
    if (state->relieving != 0) return;
    if (!heats || state->pumping_s > 0.0 || state->closed_s < 2.0) {
        state->blocked_s = 0.0;
        state->blocked_reference_mpa = state->pressure_mpa;
        state->blocked_in = 0;
        return;
    }
    state->blocked_s += config->tick_s;
    if (!wip_stood(config, state->blocked_s, config->limit.blocked_in_s)) return;
    const double risen_mpa = state->pressure_mpa - state->blocked_reference_mpa;
    state->blocked_in = risen_mpa * 60.0 / state->blocked_s >= config->limit.blocked_in_mpa_per_min;
    state->blocked_s = 0.0;
    state->blocked_reference_mpa = state->pressure_mpa;
}

static void predict(const wip_config_t *config, wip_state_t *state, const wip_observation_t *observation)
{
    const wip_command_t *asked = &state->command;
    const wip_vessel_config_t *vessel = &config->vessel;
    const double target_mpa = asked->pressure_target_mpa;
    const double supply_c = wip_trusted(config, observation, WIP_CHANNEL_WATER_TEMPERATURE_C)
                                ? measured(observation, WIP_CHANNEL_WATER_TEMPERATURE_C)
                                : state->fluid_c;
    if (state->predict_countdown_ticks > 0) {
        state->predict_countdown_ticks -= 1;
        return;
    }
    state->predict_countdown_ticks = config->predict_ticks - 1;
    if (!(asked->fluid_temperature_band_k > 0.0) || !(asked->pressure_rate_mpa_per_s > 0.0) ||
        !(target_mpa > 0.0)) {
        state->rate_limit_mpa_per_s = asked->pressure_rate_mpa_per_s;
        state->peak_c = state->wanted_c = state->fluid_c;
        return;
    }
    state->rate_limit_mpa_per_s = wip_rate_mpa_per_s(
        vessel, state->pressure_mpa, state->fluid_c, state->wall_c, supply_c, target_mpa,
        asked->pressure_rate_mpa_per_s, asked->fluid_temperature_target_c);
    state->peak_c = wip_peak_c(vessel, state->pressure_mpa, state->fluid_c, state->wall_c, supply_c,
                               target_mpa, state->rate_limit_mpa_per_s);
    state->wanted_c =
        wip_wanted_c(vessel, state->wall_c, supply_c, target_mpa, asked->pressure_rate_mpa_per_s,
                     asked->fluid_temperature_target_c);
}

static void publish(const wip_state_t *state, wip_observation_t *observation)
{
    observation->vessel_pressure_mpa = state->pressure_mpa;
    observation->vessel_pressure_setpoint_mpa = state->ramp.position_unit;
    observation->vessel_pressure_rate_mpa_per_s = state->pressure_rate_mpa_per_s;
    observation->fluid_temperature_c_estimate = state->fluid_c;
    observation->fluid_temperature_target_c = state->command.fluid_temperature_target_c;
    observation->fluid_temperature_c_predicted = state->peak_c;
    observation->fluid_temperature_c_wanted = state->wanted_c;
    observation->wall_temperature_c_estimate = state->wall_c;
    observation->jacket_temperature_setpoint_c = state->jacket_setpoint_c;
    observation->pressure_rate_limit_mpa_per_s = state->rate_limit_mpa_per_s;
    observation->leak_mpa_per_min = state->leak_mpa_per_min;
    observation->delivered_ml = state->delivered_base_ml + state->stroke_delivered_ml;
    observation->needle_gain_ratio = state->needle_gain_ratio;
    observation->stroke_count = state->stroke_count;
    observation->pressure_ramp_done = press_ramp_arrived(&state->ramp) ? 1 : 0;
    observation->leak_tested = state->leak_tested != 0;
    observation->pressure_tared = state->pressure_tared != 0;
    observation->temperature_tared = state->temperature_tared != 0;
    observation->reversing = state->reversing != 0;
}

void wip_estimate(const wip_config_t *config, wip_state_t *state, wip_observation_t *observation)
{
    const double before_mpa = state->pressure_mpa;
    tare_pressure(config, state, observation);
    tare_temperature(config, state, observation);
    estimate_pressure(config, state, observation);
    estimate_temperatures(config, state, observation,
                          state->primed != 0 ? state->pressure_mpa - before_mpa : 0.0);
    follow_plunger(config, state, observation);
    watch_windows(config, state, observation);
    judge_leak_test(config, state, observation);
    watch_pump(config, state);
    watch_blocked_in(config, state);
    predict(config, state, observation);
    state->primed = 1;
    publish(state, observation);
}
