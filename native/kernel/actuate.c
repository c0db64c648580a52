/* actuate.c: THE LAST GATE. Nothing touches the output after it.
 *
 * Theory of operation. The laws have written what they want; this file only takes away. In order:
 *
 *     finite    what is not finite, not in 0..1 or not an output there is, is off
 *     lease     a command that was not renewed is no command: every output off. When something
 *               was energised that is a trip as well, so that it does not come back by itself
 *     asked     an output that the command's modes do not name is off; an unknown mode names none
 *     zones     zone interlocks: that heater off
 *     limit     a heater that was on for its share of this window is off for the rest of it. The
 *               ticks are counted from what left here, so no plan of a law can exceed the limit
 *     slew      the valve moves no faster than its limit. Not on the way to safe, below
 *     guard     an open guard: no motion. Dumping stays possible, it only removes energy
 *     trips     the actions of every latched trip, those of this tick's observation included
 *     exclude   dump or pump, load or approach, heat or water, steam limit before water
 *     watchdog  toggles every 100 ms of ticks, but only under a command in lease
 *
 * PUMP_OFF: pump and approach off, valve zero, load-holding valve shut: the pressure is retained,
 * because the safe state of a hot stack under load is load (matrix: "pressure retained until the
 * stack is cool or the operator vents"). The operator's vent, dump_request, stays obeyed.
 *
 * VALVE_ZERO (over-pressure): the same, and "vent to hold". Shutting the load-holding valve at
 * once would lock the excess in. So while the cause still stands the load-holding valve is open
 * onto the zeroed pressure valve, and when that has not helped for 100 ms (the valve itself may be
 * what is stuck) the dump opens as well; as soon as the pressure is within its limit both shut and
 * the rest is retained. Rejected: dumping at once (half a second from 250 to 25 bar loses the
 * batch for an excess of 1 %), and latching the vent (the same, with a later decision).
 *
 * DUMP: a release is stuck, and its stack was cool enough to be released: the dump and the way
 * over the zeroed valve open until the pressure is gone.
 *
 * ALL_OFF: every output zero. The watchdog still toggles: the controller is healthy.
 */
#include "internal.h"

#define COMMAND_LEASE_TICKS_MAX 1000u /* a promise for longer is no lease */
#define DUMP_AFTER_S 0.1
#define WATCHDOG_S 0.1

#define HYDRAULIC_BITS                                                                        \
    (press_bit(PRESS_OUTPUT_PUMP) | press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN) |         \
     press_bit(PRESS_OUTPUT_APPROACH_VALVE))
#define CONTACTOR_BITS (press_bit(PRESS_OUTPUT_CONTACTOR_TOP) | press_bit(PRESS_OUTPUT_CONTACTOR_BOTTOM))
#define WATER_BITS                                                                            \
    (press_bit(PRESS_OUTPUT_COOLING_WATER_TOP) | press_bit(PRESS_OUTPUT_COOLING_WATER_BOTTOM))
#define HEATER_BITS ((1u << PRESS_ZONE_COUNT) - 1u) /* heater SSRs are the lowest outputs */

bool press_in_lease(const press_state_t *state, const press_command_t *command)
{
    return command->valid_until_tick >= state->tick &&
           command->valid_until_tick - state->tick <= COMMAND_LEASE_TICKS_MAX;
}

uint32_t press_heater_ticks_max(const press_config_t *config, const press_command_t *command)
{
    const uint32_t step = config->window_resolution_ticks > 0 ? config->window_resolution_ticks : 1;
    const double limit = command->heater_duty_fraction_max;
    if (!press_is_share(limit)) return 0;
    if (limit >= 1.0) return config->window_ticks;
    return (uint32_t)(limit * config->window_ticks / step) * step;
}

double press_heater_duty_max(const press_config_t *config, const press_command_t *command)
{
    if (config->window_ticks == 0) return 0.0;
    return (double)press_heater_ticks_max(config, command) / config->window_ticks;
}

static void heater_off(press_output_t *output, uint32_t zone)
{
    output->digital_output_bits &= ~press_bit(PRESS_OUTPUT_HEATER_1_SSR + zone);
    output->heater_duty_fraction[zone] = 0.0;
}

static void all_heaters_off(press_output_t *output)
{
    for (uint32_t zone = 0; zone < PRESS_ZONE_COUNT; zone++) heater_off(output, zone);
}

static void hydraulics_off(press_output_t *output)
{
    output->digital_output_bits &= ~HYDRAULIC_BITS;
    output->valve_open_fraction = 0.0;
}

static void all_off(press_output_t *output)
{
    all_heaters_off(output);
    output->valve_open_fraction = 0.0;
    output->digital_output_bits = 0;
}

static void make_finite(const press_config_t *config, press_output_t *output)
{
    output->digital_output_bits &= press_bit(PRESS_OUTPUT_COUNT) - 1U;
    output->digital_output_bits &= ~press_bit(PRESS_OUTPUT_WATCHDOG); /* nobody else's business */
    for (uint32_t zone = 0; zone < PRESS_ZONE_COUNT; zone++) {
        if (zone >= config->zone_count || !press_finite(output->heater_duty_fraction[zone])) {
            heater_off(output, zone);
        }
        output->heater_duty_fraction[zone] =
            press_clamp(output->heater_duty_fraction[zone], 0.0, 1.0);
    }
    if (!press_finite(output->valve_open_fraction)) output->valve_open_fraction = 0.0;
    output->valve_open_fraction = press_clamp(output->valve_open_fraction, 0.0, 1.0);
}

/* Remembers the command as far as it is believed: lapsed is all zero, unknown modes are off. */
static bool take_command(press_state_t *state, const press_command_t *command)
{
    static const press_command_t NONE = {0};
    const uint32_t watchdog = press_bit(PRESS_OUTPUT_WATCHDOG);
    if (!press_in_lease(state, command)) {
        const bool energised =
            (state->digital_output_bits & ~watchdog) != 0 || state->valve_open_fraction > 0.0;
        state->command = NONE;
        if (energised) press_latch(state, PRESS_TRIP_COMMAND_LEASE, 0.0, -1);
        return false;
    }
    state->command = *command;
    if (command->heat_enable != 1 || !press_is_share(command->heater_duty_fraction_max)) {
        state->command.heat_enable = 0;
    }
    if (command->dump_request != 1) state->command.dump_request = 0;
    if (command->cooling > PRESS_COOLING_WATER) state->command.cooling = PRESS_COOLING_OFF;
    if (command->hydraulics > PRESS_HYDRAULICS_OPEN) state->command.hydraulics = PRESS_HYDRAULICS_OFF;
    return true;
}

/* The outputs that the modes name. */
static uint32_t asked_bits(const press_command_t *command)
{
    uint32_t bits = CONTACTOR_BITS;
    if (command->heat_enable == 1) bits |= HEATER_BITS;
    if (command->dump_request == 1) bits |= press_bit(PRESS_OUTPUT_DUMP_VALVE);
    if (command->cooling != PRESS_COOLING_OFF) bits |= press_bit(PRESS_OUTPUT_COOLING_AIR);
    if (command->cooling == PRESS_COOLING_WATER) bits |= WATER_BITS;
    switch (command->hydraulics) {
    case PRESS_HYDRAULICS_CLOSE:
        bits |= HYDRAULIC_BITS;
        break;
    case PRESS_HYDRAULICS_OPEN: /* ends through the dump: the valve keeps its least pressure */
        bits |= HYDRAULIC_BITS | press_bit(PRESS_OUTPUT_DUMP_VALVE);
        break;
    case PRESS_HYDRAULICS_PRESSURE:
        bits |= press_bit(PRESS_OUTPUT_PUMP) | press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
        break;
    default:
        break; /* off */
    }
    return bits;
}

static void apply_asked(const press_state_t *state, press_output_t *output)
{
    const uint32_t bits = asked_bits(&state->command);
    output->digital_output_bits &= bits;
    if ((bits & HEATER_BITS) == 0) all_heaters_off(output);
}

static void apply_zones(const press_state_t *state, press_output_t *output)
{
    for (uint32_t zone = 0; zone < PRESS_ZONE_COUNT; zone++) {
        if (press_has(state->zone_interlock_bits, zone)) heater_off(output, zone);
    }
}

static void apply_limit(const press_config_t *config, const press_state_t *state,
                        press_output_t *output)
{
    const uint32_t ticks_max = press_heater_ticks_max(config, &state->command);
    const double duty_max = press_heater_duty_max(config, &state->command);
    for (uint32_t zone = 0; zone < PRESS_ZONE_COUNT; zone++) {
        output->heater_duty_fraction[zone] =
            press_clamp(output->heater_duty_fraction[zone], 0.0, duty_max);
        if (state->zone[zone].window_on_ticks >= ticks_max) {
            output->digital_output_bits &= ~press_bit(PRESS_OUTPUT_HEATER_1_SSR + zone);
        }
    }
}

static void apply_slew(const press_config_t *config, const press_state_t *state,
                       press_output_t *output)
{
    const double step_fraction = config->valve_slew_fraction_per_s * config->tick_s;
    const double last_fraction = state->valve_open_fraction;
    output->valve_open_fraction = press_clamp(
        output->valve_open_fraction, last_fraction - step_fraction, last_fraction + step_fraction);
}

static void apply_guard(const press_state_t *state, press_output_t *output)
{
    const uint32_t inputs = state->observation.digital_input_bits;
    if (press_has(inputs, PRESS_INPUT_GUARD_A_CLOSED) &&
        press_has(inputs, PRESS_INPUT_GUARD_B_CLOSED)) {
        return;
    }
    hydraulics_off(output);
}

static void vent_to_hold(const press_config_t *config, const press_state_t *state,
                         press_output_t *output)
{
    const double stood_s = state->trip_s[PRESS_TRIP_OVER_PRESSURE];
    if (!(stood_s > 0.0)) return;
    output->digital_output_bits |= press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    if (stood_s > DUMP_AFTER_S + 0.5 * config->tick_s) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_DUMP_VALVE);
    }
}

/* One way out is stuck: both are opened, the zeroed valve and the dump, until all is released. */
static void dump_the_rest(const press_config_t *config, const press_state_t *state,
                          press_output_t *output)
{
    if (!(state->observation.cylinder_pressure_bar <= config->limit.released_bar_max)) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_DUMP_VALVE) |
                                       press_bit(PRESS_OUTPUT_LOAD_HOLDING_VALVE_OPEN);
    }
}

static void apply_trips(const press_config_t *config, const press_state_t *state,
                        press_output_t *output)
{
    uint32_t actions = 0;
    if (state->trip_bits == 0) return;
    for (int32_t trip = 0; trip < PRESS_TRIP_COUNT; trip++) {
        if (press_has(state->trip_bits, (uint32_t)trip)) actions |= press_trip_action_bits(trip);
    }
    if ((actions & PRESS_ACTION_HEATERS_OFF) != 0) all_heaters_off(output);
    if ((actions & PRESS_ACTION_CONTACTORS_OPEN) != 0) output->digital_output_bits &= ~CONTACTOR_BITS;
    if ((actions & (PRESS_ACTION_PUMP_OFF | PRESS_ACTION_VALVE_ZERO)) != 0) hydraulics_off(output);
    if ((actions & PRESS_ACTION_VALVE_ZERO) != 0) vent_to_hold(config, state, output);
    if ((actions & PRESS_ACTION_DUMP) != 0) dump_the_rest(config, state, output);
    if ((actions & PRESS_ACTION_ALL_OFF) != 0) all_off(output);
}

static void exclude(press_state_t *state, press_output_t *output, uint32_t interlock, uint32_t bits)
{
    if ((output->digital_output_bits & bits) == 0) return;
    output->digital_output_bits &= ~bits;
    state->exclusion_bits |= press_bit(interlock);
}

/* Water onto steam-hot platens or without flow is not given; air takes its place. */
static void exclude_water(const press_config_t *config, const press_state_t *state,
                          press_output_t *output)
{
    if ((output->digital_output_bits & WATER_BITS) == 0) return;
    if (press_water_forbidden(config, &state->observation) ||
        press_has(state->interlock_bits, PRESS_INTERLOCK_WATER_NO_FLOW)) {
        output->digital_output_bits &= ~WATER_BITS;
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_COOLING_AIR);
    }
}

static void exclude_heat(const press_config_t *config, press_state_t *state, press_output_t *output)
{
    for (uint32_t zone = 0; zone < config->zone_count; zone++) {
        const uint32_t water = config->zone[zone].platen == 0 ? PRESS_OUTPUT_COOLING_WATER_TOP
                                                              : PRESS_OUTPUT_COOLING_WATER_BOTTOM;
        if (press_has(output->digital_output_bits, water)) {
            exclude(state, output, PRESS_INTERLOCK_HEAT_AND_COOL,
                    press_bit(PRESS_OUTPUT_HEATER_1_SSR + zone));
        }
    }
}

static void apply_exclusions(const press_config_t *config, press_state_t *state,
                             press_output_t *output)
{
    state->exclusion_bits = 0;
    if (press_has(output->digital_output_bits, PRESS_OUTPUT_DUMP_VALVE)) {
        exclude(state, output, PRESS_INTERLOCK_DUMP_EXCLUDES_PUMP, press_bit(PRESS_OUTPUT_PUMP));
    }
    if (state->observation.contact != 0) {
        exclude(state, output, PRESS_INTERLOCK_APPROACH_UNDER_LOAD,
                press_bit(PRESS_OUTPUT_APPROACH_VALVE));
    }
    exclude_water(config, state, output);
    exclude_heat(config, state, output);
}

/* The parity of the tick: a caller whose tick stands still stops it. */
static void toggle_watchdog(const press_config_t *config, const press_state_t *state, bool in_lease,
                            press_output_t *output)
{
    const uint32_t last = state->digital_output_bits & press_bit(PRESS_OUTPUT_WATCHDOG);
    uint64_t period_ticks = (uint64_t)(WATCHDOG_S / config->tick_s + 0.5);
    if (period_ticks == 0) period_ticks = 1;
    if (!in_lease) {
        output->digital_output_bits |= last;
    } else if (state->tick / period_ticks % 2 == 1) {
        output->digital_output_bits |= press_bit(PRESS_OUTPUT_WATCHDOG);
    }
}

void press_gate(const press_config_t *config, press_state_t *state, const press_command_t *command,
                press_output_t *output)
{
    const bool in_lease = take_command(state, command);
    make_finite(config, output);
    if (!in_lease) all_off(output);
    apply_asked(state, output);
    apply_zones(state, output);
    apply_limit(config, state, output);
    if (in_lease) apply_slew(config, state, output);
    apply_guard(state, output);
    apply_trips(config, state, output);
    apply_exclusions(config, state, output);
    toggle_watchdog(config, state, in_lease, output);
    output->tick = state->tick;
    state->digital_output_bits_previous = state->digital_output_bits;
    state->digital_output_bits = output->digital_output_bits;
    state->valve_open_fraction_previous = state->valve_open_fraction;
    state->valve_open_fraction = output->valve_open_fraction;
}
