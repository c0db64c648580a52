/* ns of a kernel tick in a pure C loop, replaying the frames of a scene (scene.py).
 *
 *     kernel_loop tick | parts  < SCENE
 *
 * SCENE is a config, a state, a command and any number of sensor frames, as raw structs.
 * `tick` prints the ns of a tick and what the last one put out, so that the caller can see
 * that it replayed the same. `parts` prints a name and the ns of each stage, less those of an
 * empty stage: the clock's own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "timed.h"

enum { FRAMES_MAX = 2000, REPEATS = 5, PARTS = 8 };

static struct {
    press_config_t config;
    press_state_t state;
    press_command_t command;
    press_sensor_t frame[FRAMES_MAX];
} scene;
static press_state_t state;
static press_observation_t observation;
static press_output_t output;

static size_t read_scene(void)
{
    if (fread(&scene.config, sizeof scene.config, 1, stdin) != 1 ||
        fread(&scene.state, sizeof scene.state, 1, stdin) != 1 ||
        fread(&scene.command, sizeof scene.command, 1, stdin) != 1)
        return 0;
    return fread(scene.frame, sizeof scene.frame[0], FRAMES_MAX, stdin);
}

static void print_tick(size_t frames)
{
    int64_t took_ns = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        state = scene.state;
        const int64_t begun_ns = now_ns();
        for (size_t i = 0; i < frames; i++) {
            press_observe(&scene.config, &state, &scene.frame[i], &observation);
            press_act(&scene.config, &state, &scene.command, &output);
        }
        took_ns += now_ns() - begun_ns;
    }
    printf("%.4f %" PRIu32 " %" PRIu32 " %.17g %.17g\n",
           (double)took_ns / (double)(REPEATS * frames), output.digital_output_bits,
           observation.trip_bits, output.valve_open_fraction,
           observation.stack_temperature_c_estimate);
}

/* The stages of press_observe and press_act, in their order (press.c). */
static void run_part(int part, const press_sensor_t *frame)
{
    const press_config_t *config = &scene.config;
    switch (part) {
    case 0:
        memset(&observation, 0, sizeof observation);
        press_validate(config, &state, frame, &observation);
        break;
    case 1: press_estimate(config, &state, &observation); break;
    case 2: press_health(config, &state, &observation); break;
    case 3: press_interlock(config, &state, frame, &observation); break;
    case 4:
        memset(&output, 0, sizeof output);
        output.tick = state.tick;
        press_reset(config, &state, &scene.command);
        break;
    case 5: press_thermal(config, &state, &scene.command, &output); break;
    case 6: press_pressure(config, &state, &scene.command, &output); break;
    case 7: press_gate(config, &state, &scene.command, &output); break;
    default: break; /* the empty stage */
    }
}

static void print_parts(size_t frames)
{
    static const char *const name[PARTS] = {"validate", "estimate", "health",   "interlock",
                                            "reset",    "thermal",  "pressure", "gate"};
    int64_t took_ns[PARTS + 1] = {0};
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        state = scene.state;
        for (size_t i = 0; i < frames; i++) {
            int64_t before_ns = now_ns();
            for (int part = 0; part <= PARTS; part++) {
                run_part(part, &scene.frame[i]);
                const int64_t after_ns = now_ns();
                took_ns[part] += after_ns - before_ns;
                before_ns = after_ns;
            }
        }
    }
    for (int part = 0; part < PARTS; part++)
        printf("%s %.4f\n", name[part],
               (double)(took_ns[part] - took_ns[PARTS]) / (double)(REPEATS * frames));
}

int main(int argc, char **argv)
{
    const size_t frames = read_scene();
    if (argc != 2 || frames == 0)
        return 2;
    if (strcmp(argv[1], "parts") == 0)
        print_parts(frames);
    else
        print_tick(frames);
    return 0;
}
