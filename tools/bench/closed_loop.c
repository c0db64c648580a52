/* A whole batch in a pure C loop: plant, kernel, the recipe's commands, and its samples.
 *
 *     closed_loop < BATCH
 *
 * BATCH is the kernel's config and state, the plant's config, state and wiring, which readings
 * are fitted, and one command for every recipe tick, as raw structs (closed_loop.py took them
 * from the same batch run in Python). The loop is closed: frames come from the plant, outputs go
 * to it. The recipe's decisions are replayed, a sample is a copy. Prints process seconds a wall
 * second, and where the plant ended, so that the caller can see that it was the same batch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant.h"
#include "press.h"
#include "timed.h"

enum { RECIPE_TICKS = 10, TICK_STEPS = 10 };

static struct {
    press_config_t config;
    press_state_t state;
    plant_config_t plant_config;
    plant_state_t plant;
    plant_wiring_t wiring;
    uint8_t fitted[PRESS_CHANNEL_COUNT];
} batch;

typedef struct {
    press_observation_t observation;
    press_output_t output;
} sample_t;

static press_command_t *command;
static sample_t *record;

static size_t read_commands(void)
{
    size_t count = 0, room = 0;
    for (;;) {
        if (count == room) {
            room = room ? 2 * room : 4096;
            command = realloc(command, room * sizeof *command);
            if (!command)
                return 0;
        }
        size_t got = fread(command + count, sizeof *command, room - count, stdin);
        if (got == 0)
            return count;
        count += got;
    }
}

static void run_batch(size_t recipe_ticks)
{
    static press_sensor_t sensor;
    static press_observation_t observation;
    static press_output_t output;
    uint32_t inputs = plant_read(&batch.plant_config, &batch.plant, &batch.wiring,
                                 sensor.reading_channel_unit);
    memcpy(sensor.reading_ok, batch.fitted, sizeof sensor.reading_ok);
    sensor.digital_ok = sensor.readback_ok = 1;
    for (size_t tick = 0; tick < recipe_ticks * RECIPE_TICKS; tick++) {
        const press_command_t *asked = &command[tick / RECIPE_TICKS];
        sensor.tick = tick;
        sensor.digital_input_bits = inputs;
        sensor.digital_output_bits_readback = output.digital_output_bits;
        sensor.valve_open_fraction_readback = output.valve_open_fraction;
        press_observe(&batch.config, &batch.state, &sensor, &observation);
        press_act(&batch.config, &batch.state, asked, &output);
        inputs = plant_tick(&batch.plant_config, &batch.plant, &batch.wiring,
                            output.digital_output_bits, &output.valve_open_fraction, TICK_STEPS,
                            sensor.reading_channel_unit);
        if (tick % RECIPE_TICKS == 0) {
            record[tick / RECIPE_TICKS].observation = observation;
            record[tick / RECIPE_TICKS].output = output;
        }
        if (tick / RECIPE_TICKS == recipe_ticks - 1)
            break; /* the loop ends with the recipe's last tick, and everything off */
    }
    const double shut = 0.0;
    plant_tick(&batch.plant_config, &batch.plant, &batch.wiring, 0, &shut, TICK_STEPS,
               sensor.reading_channel_unit);
}

int main(void)
{
    if (fread(&batch, sizeof batch.config + sizeof batch.state, 1, stdin) != 1)
        return 2;
    if (fread(&batch.plant_config, sizeof batch.plant_config, 1, stdin) != 1
        || fread(&batch.plant, sizeof batch.plant, 1, stdin) != 1
        || fread(&batch.wiring, sizeof batch.wiring, 1, stdin) != 1
        || fread(batch.fitted, sizeof batch.fitted, 1, stdin) != 1)
        return 2;
    const size_t recipe_ticks = read_commands();
    record = calloc(recipe_ticks ? recipe_ticks : 1, sizeof *record);
    if (recipe_ticks == 0 || !record)
        return 2;
    const uint64_t first_step = batch.plant.step;
    const int64_t begun_ns = now_ns();
    run_batch(recipe_ticks);
    const double wall_s = 1e-9 * (double)(now_ns() - begun_ns);
    const double process_s = (double)(batch.plant.step - first_step) / PLANT_STEPS_PER_S;
    printf("%.6g %" PRIu64 " %.17g %.17g\n", process_s / wall_s, batch.plant.step,
           batch.plant.stack.density_ratio, batch.plant.thermal.stack_c);
    return 0;
}
