/* ns of one ramp step, or of one plan, in a pure C loop.
 *
 *     ramp_loop step | plan  < MOVES
 *
 * MOVES are raw doubles, seven a move: position, velocity, acceleration, target, and the
 * limits of velocity, acceleration and jerk. `step` walks the first of them in 10 ms steps.
 */
#include <stdio.h>
#include <string.h>

#include "press.h"
#include "timed.h"

enum { MOVES_MAX = 20000, REPEATS = 20 };

typedef struct {
    double position, velocity, acceleration, target, velocity_max, acceleration_max, jerk_max;
} move_t;

static move_t moves[MOVES_MAX];
static press_ramp_t ramps[MOVES_MAX];

static int32_t plan(press_ramp_t *ramp, const move_t *move)
{
    return press_ramp_plan(ramp, move->target, move->velocity_max, move->acceleration_max,
                           move->jerk_max);
}

static double plan_ns(size_t count)
{
    int32_t refused = 0;
    const int64_t begun_ns = now_ns();
    for (size_t i = 0; i < count; i++)
        refused |= plan(&ramps[i], &moves[i]);
    const int64_t took_ns = now_ns() - begun_ns;
    return refused ? -1.0 : (double)took_ns / (double)count;
}

static double step_ns(void)
{
    int64_t took_ns = 0;
    int64_t steps = 0;
    if (plan(&ramps[0], &moves[0]) != 0)
        return -1.0;
    const press_ramp_t planned = ramps[0];
    const int64_t length = (int64_t)(planned.duration_s / 0.01);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        press_ramp_t ramp = planned;
        const int64_t begun_ns = now_ns();
        for (int64_t i = 0; i < length; i++)
            press_ramp_step(&ramp, 0.01);
        took_ns += now_ns() - begun_ns;
        steps += length;
    }
    return (double)took_ns / (double)steps;
}

int main(int argc, char **argv)
{
    const size_t count = fread(moves, sizeof moves[0], MOVES_MAX, stdin);
    if (argc != 2 || count == 0)
        return 2;
    for (size_t i = 0; i < count; i++) {
        ramps[i].position_unit = moves[i].position;
        ramps[i].velocity_unit_per_s = moves[i].velocity;
        ramps[i].acceleration_unit_per_s2 = moves[i].acceleration;
    }
    const double found_ns = strcmp(argv[1], "plan") == 0 ? plan_ns(count) : step_ns();
    printf("%.4f\n", found_ns);
    return found_ns < 0.0;
}
