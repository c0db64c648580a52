/* wip_gate.c: THE LAST GATE of the WIP. Nothing touches the output after it; it only takes away.
 *
 *     finite    what is not finite, not in 0..1 or not an output there is, is off
 *     lease     a command that was not renewed is no command: all off; a trip when anything was on
 *     asked     what the command does not name is off; an unknown mode names nothing
 *     slew      needle and pump move no faster than their limits, except on the way to safe
 *     interlock pump, jacket, mouth and lid, each by its own row, looked at again here
 *     trips     the actions of every latched trip
 *     exclude   nothing is pumped into an open vessel
 *     watchdog  toggles every 100 ms of ticks, under a command in lease
 *
 * All off retains the pressure: every valve falls shut and the lock is iron. That is the safe
 * state; letting 500 MPa go in a hurry is a hazard of its own.
 */
#include "wip_internal.h"

#define COMMAND_LEASE_TICKS_MAX 1000u
#define WATCHDOG_S 0.1
#define RELIEF_FRACTION 0.05

#define MOUTH_BITS                                                                            \
    (press_bit(WIP_OUTPUT_FILL_VALVE) | press_bit(WIP_OUTPUT_DEAIR_VALVE) |                   \
     press_bit(WIP_OUTPUT_VENT_VALVE) | press_bit(WIP_OUTPUT_DRAIN_VALVE))
#define REQUEST_BITS                                                                          \
    (MOUTH_BITS | press_bit(WIP_OUTPUT_YOKE_CLOSE) | press_bit(WIP_OUTPUT_LID_UNLOCK) |       \
     press_bit(WIP_OUTPUT_VACUUM_PUMP) | press_bit(WIP_OUTPUT_VACUUM_VALVE) |                 \
     press_bit(WIP_OUTPUT_PURGE_VALVE) | press_bit(WIP_OUTPUT_EXTRACT_MAX))
#define HEAT_BITS                                                                             \
    (press_bit(WIP_OUTPUT_JACKET_HEATER_SSR) | press_bit(WIP_OUTPUT_CONTACTOR_JACKET))
#define PUMP_STOPS                                                                            \
    (press_bit(WIP_INTERLOCK_LID_NOT_LOCKED) | press_bit(WIP_INTERLOCK_OIL_NOT_OK))

bool wip_in_lease(const wip_state_t *state, const wip_command_t *command)
{
    return command->valid_until_tick >= state->tick &&
           command->valid_until_tick - state->tick <= COMMAND_LEASE_TICKS_MAX;
}

static void take(wip_output_t *output, uint32_t bits) { output->digital_output_bits &= ~bits; }

static void pump_off(wip_output_t *output)
{
    take(output, press_bit(WIP_OUTPUT_PUMP));
    output->pump_speed_fraction = 0.0;
}

static void heat_off(wip_output_t *output)
{
    take(output, HEAT_BITS);
    output->jacket_duty_fraction = 0.0;
}

static void needle_shut(wip_output_t *output)
{
    take(output, press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE));
    output->needle_open_fraction = 0.0;
}

static void all_off(wip_output_t *output)
{
    pump_off(output);
    heat_off(output);
    needle_shut(output);
    output->digital_output_bits = 0;
}

static double unit_interval(double fraction)
{
    return press_finite(fraction) ? press_clamp(fraction, 0.0, 1.0) : 0.0;
}

static void make_finite(wip_output_t *output)
{
    output->digital_output_bits &= press_bit(WIP_OUTPUT_COUNT) - 1U;
    take(output, press_bit(WIP_OUTPUT_WATCHDOG) | press_bit(WIP_OUTPUT_INTENSIFIER_DIRECTION));
    output->needle_open_fraction = unit_interval(output->needle_open_fraction);
    output->pump_speed_fraction = unit_interval(output->pump_speed_fraction);
    output->jacket_duty_fraction = unit_interval(output->jacket_duty_fraction);
}

/* A number that is not one makes the whole of the numbers no command; plain requests stay. */
wip_command_t wip_sound(const wip_command_t *command)
{
    wip_command_t sound = *command;
    if (press_finite(command->pressure_target_mpa) && press_finite(command->pressure_rate_mpa_per_s) &&
        press_finite(command->fluid_temperature_target_c) &&
        press_finite(command->fluid_temperature_band_k) &&
        press_finite(command->wall_temperature_target_c) && command->mode <= WIP_MODE_RELEASE) {
        return sound;
    }
    sound.pressure_target_mpa = sound.pressure_rate_mpa_per_s = 0.0;
    sound.fluid_temperature_target_c = sound.fluid_temperature_band_k = 0.0;
    sound.wall_temperature_target_c = 0.0;
    sound.mode = WIP_MODE_OFF;
    sound.heat_enable = 0;
    return sound;
}

static bool take_command(wip_state_t *state, const wip_command_t *command)
{
    static const wip_command_t NONE = {0};
    const uint32_t watchdog = press_bit(WIP_OUTPUT_WATCHDOG);
    if (wip_in_lease(state, command)) {
        state->command = wip_sound(command);
        return true;
    }
    const bool energised = (state->digital_output_bits & ~watchdog) != 0;
    state->command = NONE;
    if (energised) wip_latch(state, WIP_TRIP_COMMAND_LEASE, 0.0, -1);
    return false;
}

static void apply_asked(const wip_state_t *state, wip_output_t *output)
{
    const wip_command_t *asked = &state->command;
    uint32_t bits = asked->request_bits & REQUEST_BITS;
    if (asked->heat_enable == 1) bits |= HEAT_BITS;
    if (asked->mode == WIP_MODE_PRESSURE) bits |= press_bit(WIP_OUTPUT_PUMP);
    if (asked->mode == WIP_MODE_RELEASE || state->relieving != 0) {
        bits |= press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
    }
    output->digital_output_bits &= bits;
    if (!press_has(output->digital_output_bits, WIP_OUTPUT_PUMP)) pump_off(output);
    if (!press_has(output->digital_output_bits, WIP_OUTPUT_DECOMPRESSION_VALVE)) needle_shut(output);
    if (!press_has(output->digital_output_bits, WIP_OUTPUT_CONTACTOR_JACKET)) heat_off(output);
}

static double slewed(double wanted, double last, double step)
{
    return press_clamp(wanted, last - step, last + step);
}

static void apply_interlocks(const wip_config_t *config, const wip_state_t *state,
                             wip_output_t *output)
{
    const uint32_t bits = state->interlock_bits;
    if ((bits & PUMP_STOPS) != 0 || !wip_locked(&state->observation)) pump_off(output);
    if (press_has(bits, WIP_INTERLOCK_LEAK_TEST_MISSING) ||
        press_has(bits, WIP_INTERLOCK_PREDICTED_TEMPERATURE) ||
        press_has(bits, WIP_INTERLOCK_OVER_TEMPERATURE)) {
        output->pump_speed_fraction = 0.0;
    }
    if (press_has(bits, WIP_INTERLOCK_OVER_TEMPERATURE) ||
        press_has(bits, WIP_INTERLOCK_BLOCKED_IN_HEATING)) {
        take(output, press_bit(WIP_OUTPUT_JACKET_HEATER_SSR));
        output->jacket_duty_fraction = 0.0;
    }
    if (wip_mouth_forbidden(config, state, &state->observation)) {
        take(output, MOUTH_BITS | press_bit(WIP_OUTPUT_LID_UNLOCK));
    }
    if (press_has(bits, WIP_INTERLOCK_UNLOCK_FORBIDDEN)) {
        take(output, press_bit(WIP_OUTPUT_LID_UNLOCK));
    }
    if (press_has(bits, WIP_INTERLOCK_H2S_ALARM)) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_EXTRACT_MAX);
    }
}

static void apply_trips(const wip_state_t *state, wip_output_t *output)
{
    uint32_t actions = 0;
    for (int32_t i = 0; i < WIP_TRIP_COUNT; i++) {
        if (press_has(state->trip_bits, (uint32_t)i)) actions |= wip_trip_action_bits(i);
    }
    if ((actions & WIP_ACTION_HEAT_OFF) != 0) heat_off(output);
    if ((actions & WIP_ACTION_PUMP_OFF) != 0) pump_off(output);
    if ((actions & WIP_ACTION_RELIEVE) != 0 && state->trip_s[WIP_TRIP_OVER_PRESSURE] > 0.0) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE);
        if (output->needle_open_fraction < RELIEF_FRACTION) {
            output->needle_open_fraction = RELIEF_FRACTION;
        }
    }
    if ((actions & WIP_ACTION_ISOLATE) != 0) needle_shut(output);
    if ((actions & WIP_ACTION_EXTRACT) != 0) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_EXTRACT_MAX);
    }
    if ((actions & WIP_ACTION_ALL_OFF) != 0) all_off(output);
}

static void apply_exclusions(wip_state_t *state, wip_output_t *output)
{
    const uint32_t ways = MOUTH_BITS | press_bit(WIP_OUTPUT_DECOMPRESSION_VALVE) |
                          press_bit(WIP_OUTPUT_LID_UNLOCK);
    const bool open = (output->digital_output_bits & ways) != 0 ||
                      wip_input(&state->observation, WIP_INPUT_VENT_OPEN) ||
                      wip_input(&state->observation, WIP_INPUT_DEAIR_OPEN);
    state->exclusion_bits = 0;
    if (!open || !press_has(output->digital_output_bits, WIP_OUTPUT_PUMP)) return;
    pump_off(output);
    state->exclusion_bits = press_bit(WIP_INTERLOCK_PUMP_EXCLUDES_OPENING);
}

static void toggle_watchdog(const wip_config_t *config, const wip_state_t *state, bool in_lease,
                            wip_output_t *output)
{
    const uint64_t period_ticks = (uint64_t)(WATCHDOG_S / config->tick_s + 0.5);
    if (!in_lease) {
        output->digital_output_bits |= state->digital_output_bits & press_bit(WIP_OUTPUT_WATCHDOG);
    } else if (state->tick / (period_ticks > 0 ? period_ticks : 1) % 2 == 1) {
        output->digital_output_bits |= press_bit(WIP_OUTPUT_WATCHDOG);
    }
}

void wip_gate(const wip_config_t *config, wip_state_t *state, const wip_command_t *command,
              wip_output_t *output)
{
    const bool in_lease = take_command(state, command);
    const double needle_step = config->needle_slew_fraction_per_s * config->tick_s;
    const double pump_step = config->pump_slew_fraction_per_s * config->tick_s;
    make_finite(output);
    if (!in_lease) all_off(output);
    apply_asked(state, output);
    output->needle_open_fraction =
        slewed(output->needle_open_fraction, state->needle_open_fraction, needle_step);
    output->pump_speed_fraction =
        slewed(output->pump_speed_fraction, state->pump_speed_fraction, pump_step);
    if (!press_has(output->digital_output_bits, WIP_OUTPUT_PUMP)) pump_off(output);
    if (!press_has(output->digital_output_bits, WIP_OUTPUT_DECOMPRESSION_VALVE)) needle_shut(output);
    apply_interlocks(config, state, output);
    apply_trips(state, output);
    apply_exclusions(state, output);
    toggle_watchdog(config, state, in_lease, output);
    output->tick = state->tick;
    state->digital_written_bits_previous = state->digital_output_bits;
    state->digital_output_bits = output->digital_output_bits;
    state->needle_open_fraction = output->needle_open_fraction;
    state->pump_speed_fraction = output->pump_speed_fraction;
}
