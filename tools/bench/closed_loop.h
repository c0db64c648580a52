/* A whole batch in a pure C loop: plant, kernel, the recipe's commands, and its samples.
 *
 *     closed_loop_press < BATCH          closed_loop_wip < BATCH
 *
 * BATCH is the kernel's config and state, the plant's config, state and wiring, which readings
 * are fitted, and one command for every recipe tick, as raw structs (closed_loop.py took them
 * from the same batch run in Python). The loop is closed: frames come from the plant, outputs go
 * to it. The recipe's decisions are replayed, a sample is a copy. Prints process seconds a second
 * of CPU, and where the plant ended, so that the caller can see that it was the same batch.
 *
 * Whoever includes this names its class of unit: UNIT and MACHINE are the prefixes of kernel and
 * plant, CHANNEL_COUNT and OPENING_COUNT the length of their frames, ENDED two numbers of the
 * plant's state; `take_openings` and `read_back` say which analogue output is which opening.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOINED(prefix, name) prefix##_##name
#define NAMED(prefix, name) JOINED(prefix, name)
#define KERNEL(name) NAMED(UNIT, name)
#define PLANT(name) NAMED(MACHINE, name)

enum { RECIPE_TICKS = 10, TICK_STEPS = 10 };

static struct {
    KERNEL(config_t) config;
    KERNEL(state_t) state;
    PLANT(config_t) plant_config;
    PLANT(state_t) plant;
    plant_wiring_t wiring;
    uint8_t fitted[CHANNEL_COUNT];
} batch;

typedef struct {
    KERNEL(observation_t) observation;
    KERNEL(output_t) output;
} sample_t;

static KERNEL(command_t) *command;
static sample_t *record;

static int read_batch(void)
{
    return fread(&batch.config, sizeof batch.config, 1, stdin) == 1
           && fread(&batch.state, sizeof batch.state, 1, stdin) == 1
           && fread(&batch.plant_config, sizeof batch.plant_config, 1, stdin) == 1
           && fread(&batch.plant, sizeof batch.plant, 1, stdin) == 1
           && fread(&batch.wiring, sizeof batch.wiring, 1, stdin) == 1
           && fread(batch.fitted, sizeof batch.fitted, 1, stdin) == 1;
}

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
    static KERNEL(sensor_t) sensor;
    static KERNEL(observation_t) observation;
    static KERNEL(output_t) output;
    static const double shut[OPENING_COUNT];
    double opening[OPENING_COUNT] = {0.0};
    uint32_t inputs = PLANT(read)(&batch.plant_config, &batch.plant, &batch.wiring,
                                  sensor.reading_channel_unit);
    memcpy(sensor.reading_ok, batch.fitted, sizeof sensor.reading_ok);
    sensor.digital_ok = sensor.readback_ok = 1;
    for (size_t tick = 0; tick < recipe_ticks * RECIPE_TICKS; tick++) {
        sensor.tick = tick;
        sensor.digital_input_bits = inputs;
        sensor.digital_output_bits_readback = output.digital_output_bits;
        read_back(opening, &sensor);
        KERNEL(observe)(&batch.config, &batch.state, &sensor, &observation);
        KERNEL(act)(&batch.config, &batch.state, &command[tick / RECIPE_TICKS], &output);
        take_openings(&output, opening);
        inputs = PLANT(tick)(&batch.plant_config, &batch.plant, &batch.wiring,
                             output.digital_output_bits, opening, TICK_STEPS,
                             sensor.reading_channel_unit);
        if (tick % RECIPE_TICKS == 0) {
            record[tick / RECIPE_TICKS].observation = observation;
            record[tick / RECIPE_TICKS].output = output;
        }
        if (tick / RECIPE_TICKS == recipe_ticks - 1)
            break; /* the loop ends with the recipe's last tick, and everything off */
    }
    PLANT(tick)(&batch.plant_config, &batch.plant, &batch.wiring, 0, shut, TICK_STEPS,
                sensor.reading_channel_unit);
}

int main(void)
{
    if (!read_batch())
        return 2;
    const size_t recipe_ticks = read_commands();
    record = calloc(recipe_ticks ? recipe_ticks : 1, sizeof *record);
    if (recipe_ticks == 0 || !record)
        return 2;
    const uint64_t first_step = batch.plant.step;
    const clock_t begun = clock();
    run_batch(recipe_ticks);
    const double cpu_s = (double)(clock() - begun) / (double)CLOCKS_PER_SEC;
    const double process_s = (double)(batch.plant.step - first_step) / PLANT_STEPS_PER_S;
    printf("%.6g %" PRIu64 " %.17g %.17g\n", process_s / cpu_s, batch.plant.step,
           ENDED(batch.plant));
    return 0;
}
