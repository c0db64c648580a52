/* ramp.c: the setpoint ramp. Plans a jerk-limited move with course.c, keeps it as segments of
 * constant jerk, and evaluates one polynomial a step: the state at the start of the present
 * segment is kept, so a step costs the same wherever it is in the move. The last step lands on
 * the target exactly, at rest.
 */
#include "course.h"
#include "internal.h"

#include <string.h>

static course_t course_of(const press_ramp_t *ramp)
{
    course_t course;
    memset(&course, 0, sizeof course);
    course.v = ramp->velocity_unit_per_s;
    course.a = ramp->acceleration_unit_per_s2;
    course.vmax = ramp->velocity_unit_per_s_max;
    course.amax = ramp->acceleration_unit_per_s2_max;
    course.jmax = ramp->jerk_unit_per_s3_max;
    course.mirror = 1.0;
    return course;
}

static int32_t check(const press_ramp_t *ramp)
{
    const double limit[] = {ramp->velocity_unit_per_s_max, ramp->acceleration_unit_per_s2_max,
                            ramp->jerk_unit_per_s3_max};
    for (int i = 0; i < 3; i++) {
        if (!(press_finite(limit[i]) && limit[i] > 0.0)) return PRESS_RAMP_BAD_LIMIT;
    }
    if (!(press_finite(ramp->target_unit) && press_finite(ramp->position_unit) &&
          press_finite(ramp->velocity_unit_per_s) &&
          press_finite(ramp->acceleration_unit_per_s2))) {
        return PRESS_RAMP_NON_FINITE;
    }
    return PRESS_RAMP_OK;
}

static void begin_segment(press_ramp_t *ramp)
{
    ramp->segment_elapsed_s = 0.0;
    ramp->start_position_unit = ramp->position_unit;
    ramp->start_velocity_unit_per_s = ramp->velocity_unit_per_s;
    ramp->start_acceleration_unit_per_s2 = ramp->acceleration_unit_per_s2;
}

static void arrive(press_ramp_t *ramp)
{
    ramp->segment_index = ramp->segment_count;
    ramp->elapsed_s = ramp->duration_s;
    ramp->position_unit = ramp->target_unit;
    ramp->velocity_unit_per_s = 0.0;
    ramp->acceleration_unit_per_s2 = 0.0;
    begin_segment(ramp);
}

/* Takes the plan over, or refuses it when a limit was so odd that the plan is not finite. */
static int32_t adopt(press_ramp_t *ramp, const press_ramp_t *wanted, const course_t *course)
{
    double duration_s = 0.0;
    for (uint32_t i = 0; i < course->count; i++) duration_s += course->segment[i].duration_s;
    if (!press_finite(duration_s) || course->count > PRESS_RAMP_SEGMENT_MAX) {
        return PRESS_RAMP_NON_FINITE;
    }
    *ramp = *wanted;
    memcpy(ramp->segment, course->segment, sizeof ramp->segment);
    ramp->segment_count = course->count;
    ramp->segment_index = 0;
    ramp->elapsed_s = 0.0;
    ramp->duration_s = duration_s;
    begin_segment(ramp);
    if (course->count == 0) arrive(ramp);
    return PRESS_RAMP_OK;
}

int32_t press_ramp_plan(press_ramp_t *ramp, double target_unit, double velocity_unit_per_s_max,
                        double acceleration_unit_per_s2_max, double jerk_unit_per_s3_max)
{
    press_ramp_t wanted = *ramp;
    course_t course;
    double distance;
    wanted.target_unit = target_unit;
    wanted.velocity_unit_per_s_max = velocity_unit_per_s_max;
    wanted.acceleration_unit_per_s2_max = acceleration_unit_per_s2_max;
    wanted.jerk_unit_per_s3_max = jerk_unit_per_s3_max;
    const int32_t status = check(&wanted);
    if (status != PRESS_RAMP_OK) return status;
    course = course_of(&wanted);
    press_course_bring_inside(&course);
    distance = target_unit - ramp->position_unit;
    if (distance < course.d + press_course_stop_distance(course.v, course.a, course.amax,
                                                         course.jmax)) {
        press_course_turn(&course);
        distance = -distance;
    }
    press_course_push_and_stop(&course, distance);
    return adopt(ramp, &wanted, &course);
}

int32_t press_ramp_stop(press_ramp_t *ramp)
{
    press_ramp_t wanted = *ramp;
    course_t course;
    const int32_t status = check(&wanted);
    if (status != PRESS_RAMP_OK) return status;
    course = course_of(&wanted);
    press_course_stop(&course);
    wanted.target_unit = ramp->position_unit + course.mirror * course.d;
    return adopt(ramp, &wanted, &course);
}

void press_ramp_rest(press_ramp_t *ramp, double position_unit)
{
    ramp->target_unit = position_unit;
    ramp->duration_s = 0.0;
    ramp->segment_count = 0;
    arrive(ramp);
}

bool press_ramp_arrived(const press_ramp_t *ramp)
{
    return ramp->segment_index >= ramp->segment_count;
}

void press_ramp_follow(press_ramp_t *ramp, bool held_before, bool held, double target_unit,
                       double rate_unit_per_s, double acceleration_unit_per_s2,
                       double jerk_unit_per_s3)
{
    if (held && !held_before) {
        (void)press_ramp_stop(ramp);
    } else if (!held && (ramp->target_unit != target_unit ||
                         (!press_ramp_arrived(ramp) &&
                          ramp->velocity_unit_per_s_max != rate_unit_per_s))) {
        (void)press_ramp_plan(ramp, target_unit, rate_unit_per_s, acceleration_unit_per_s2,
                              jerk_unit_per_s3);
    }
}

void press_ramp_step(press_ramp_t *ramp, double step_s)
{
    double t = ramp->segment_elapsed_s + step_s, j;
    if (press_ramp_arrived(ramp) || !(step_s > 0.0)) return;
    while (t >= ramp->segment[ramp->segment_index].duration_s) {
        const double end = ramp->segment[ramp->segment_index].duration_s;
        j = ramp->segment[ramp->segment_index].jerk_unit_per_s3;
        ramp->start_position_unit += press_moved(ramp->start_velocity_unit_per_s,
                                           ramp->start_acceleration_unit_per_s2, j, end);
        ramp->start_velocity_unit_per_s +=
            end * (ramp->start_acceleration_unit_per_s2 + end * (0.5 * j));
        ramp->start_acceleration_unit_per_s2 += end * j;
        t -= end;
        ramp->segment_index += 1;
        if (ramp->segment_index >= ramp->segment_count) {
            arrive(ramp);
            return;
        }
    }
    j = ramp->segment[ramp->segment_index].jerk_unit_per_s3;
    ramp->elapsed_s += step_s;
    ramp->segment_elapsed_s = t;
    ramp->position_unit = ramp->start_position_unit +
                          press_moved(ramp->start_velocity_unit_per_s,
                                      ramp->start_acceleration_unit_per_s2, j, t);
    ramp->velocity_unit_per_s = ramp->start_velocity_unit_per_s +
                                t * (ramp->start_acceleration_unit_per_s2 + t * (0.5 * j));
    ramp->acceleration_unit_per_s2 = ramp->start_acceleration_unit_per_s2 + t * j;
}
