/* ramp.c: time-optimal jerk-limited moves to rest, from any state.
 *
 * Theory. A move in one dimension from (x, v, a) to (target, 0, 0) under |v| <= vmax, |a| <= amax
 * and |jerk| <= jmax is time-optimal when it pushes toward the target as hard as the limits
 * permit and then, from a switching point on, stops as fast as they permit:
 *
 *     push:  +J until a = amax,  0,  -J until (vmax, a = 0),  0 (cruise at vmax)
 *     stop:  -J until a = -amax, 0,  +J until (v = 0, a = 0)
 *
 * "Toward" is the side of the target as seen from where the present state would stop. The later
 * the switch, the farther the end: end position is a monotone function of the switching point,
 * so the phase in which the switch falls is found by evaluating the function at the ends of the
 * phases, and the point inside it by Newton's method kept inside its bracket. Cruise is closed
 * form. A state outside the limits is first brought inside on the shortest way.
 *
 * The stop from (v, a) whose deceleration is the later part: with vp = v + a^2/2J (the velocity
 * at which a was or will be 0), the distance is v a/J + a^3/(3 J^2) + g(vp), where g is the
 * symmetric S-curve from vp to 0: vp sqrt(vp/J) below vp = amax^2/J, else vp^2/(2 amax) +
 * vp amax/(2J). Short names here: x, v, a in the unit of the ramp and seconds.
 */
#include "internal.h"

#include <math.h>
#include <string.h>

/* A plan in the making. v, a and travelled distance d are mirrored so that the target is ahead. */
typedef struct {
    double d, v, a;
    double vmax, amax, jmax;
    double mirror; /* +1 or -1 */
    uint32_t count;
    press_ramp_segment_t segment[PRESS_RAMP_SEGMENT_MAX + 1];
} course_t;

static double moved(double v, double a, double j, double t)
{
    return t * (v + t * (0.5 * a + t * (j / 6.0)));
}

/* Appends `t` seconds of jerk `sense` * jmax; equal neighbours become one segment. */
static void go(course_t *course, double sense, double t)
{
    const double j = sense * course->jmax;
    const double jerk = course->mirror * j;
    if (!(t > 0.0)) return;
    course->d += moved(course->v, course->a, j, t);
    course->v += t * (course->a + t * (0.5 * j));
    course->a += t * j;
    if (course->count > 0 && course->segment[course->count - 1].jerk_unit_per_s3 == jerk) {
        course->segment[course->count - 1].duration_s += t;
    } else if (course->count <= PRESS_RAMP_SEGMENT_MAX) {
        course->segment[course->count].duration_s = t;
        course->segment[course->count].jerk_unit_per_s3 = jerk;
        course->count += 1;
    }
}

static void turn(course_t *course)
{
    course->mirror = -course->mirror;
    course->d = -course->d;
    course->v = -course->v;
    course->a = -course->a;
}

/* g and its derivative: distance of the symmetric stop from (vp, 0). */
static double stop_curve(double vp, double amax, double jmax, double *slope)
{
    if (vp * jmax < amax * amax) {
        const double root = sqrt(vp / jmax);
        *slope = 1.5 * root;
        return vp * root;
    }
    *slope = vp / amax + 0.5 * amax / jmax;
    return vp * (0.5 * vp / amax + 0.5 * amax / jmax);
}

/* Velocity after a is brought to 0 the shortest way: its sign is the side of the stop. */
static double velocity_at_rest_acceleration(double v, double a, double jmax)
{
    return v + 0.5 * a * fabs(a) / jmax;
}

static double stop_distance(double v, double a, double amax, double jmax)
{
    double slope;
    if (velocity_at_rest_acceleration(v, a, jmax) < 0.0) {
        v = -v;
        a = -a;
        return -(v * a / jmax + a * a * a / (3.0 * jmax * jmax) +
                 stop_curve(v + 0.5 * a * a / jmax, amax, jmax, &slope));
    }
    return v * a / jmax + a * a * a / (3.0 * jmax * jmax) +
           stop_curve(v + 0.5 * a * a / jmax, amax, jmax, &slope);
}

static void stop(course_t *course)
{
    const bool backward = velocity_at_rest_acceleration(course->v, course->a, course->jmax) < 0.0;
    double vp, peak, slow;
    if (backward) turn(course);
    vp = course->v + 0.5 * course->a * course->a / course->jmax;
    slow = sqrt(course->jmax * vp);
    peak = slow < course->amax ? slow : course->amax;
    go(course, -1.0, (course->a + peak) / course->jmax);
    go(course, 0.0, slow > course->amax ? vp / course->amax - course->amax / course->jmax : 0.0);
    go(course, 1.0, peak / course->jmax);
    if (backward) turn(course);
}

/* v above vmax, or bound to pass it: full deceleration until it is back, and no deeper than
 * what can still be caught at -vmax. */
static void brake_velocity(course_t *course)
{
    const double v = course->v, a = course->a, vmax = course->vmax;
    const double amax = course->amax, jmax = course->jmax;
    const double to_vmax = (a + sqrt(a * a + 2.0 * jmax * (v - vmax))) / jmax;
    const double to_catch = (a + sqrt(0.5 * a * a + jmax * (v + vmax))) / jmax;
    const double to_amax = (a + amax) / jmax;
    const double t = to_vmax < to_catch ? to_vmax : to_catch;
    if (to_amax < t) {
        go(course, -1.0, to_amax);
        course->a = -amax; /* exactly, or a sliver of a segment follows */
        const double hold_to_vmax = (course->v - vmax) / amax;
        const double hold_to_catch = (course->v + vmax) / amax - 0.5 * amax / jmax;
        go(course, 0.0, hold_to_vmax < hold_to_catch ? hold_to_vmax : hold_to_catch);
    } else {
        go(course, -1.0, t);
    }
}

/* a above amax: down to it, and held there while v is still below -vmax. */
static void brake_acceleration(course_t *course)
{
    const double amax = course->amax, jmax = course->jmax;
    double to_inside, to_catch;
    if (course->v + 0.5 * course->a * course->a / jmax > course->vmax) {
        brake_velocity(course);
        return;
    }
    go(course, -1.0, (course->a - amax) / jmax);
    course->a = amax;
    to_inside = -(course->v + course->vmax) / amax;
    to_catch = (course->vmax - course->v) / amax - 0.5 * amax / jmax;
    go(course, 0.0, to_inside < to_catch ? to_inside : to_catch);
}

static bool too_fast(const course_t *course)
{
    const double v = course->v, a = course->a, change = 0.5 * a * a / course->jmax;
    return (v > course->vmax && v - change > -course->vmax) ||
           (a > 0.0 && v + change > course->vmax);
}

/* The shortest way back from a start outside the limits; acceleration has precedence. */
static void bring_inside(course_t *course)
{
    const bool backward = course->a < -course->amax ||
                          (course->a <= course->amax && !too_fast(course));
    if (backward) turn(course);
    if (course->a > course->amax) {
        brake_acceleration(course);
    } else if (too_fast(course)) {
        brake_velocity(course);
    }
    if (backward) turn(course);
}

/* Where a move ends that switches to the stop at acceleration a1 of the first push phase, or at
 * velocity v1 of the phase at amax. As a function of the switching point it is increasing. */
typedef struct {
    double d0, v0, a0, amax, jmax;
    bool holding; /* the point is a velocity, acceleration is amax */
} reach_t;

static double reach(const reach_t *from, double point, double *slope)
{
    const double jmax = from->jmax, a = from->holding ? from->amax : point;
    double v, d, slope_of_stop, end;
    if (from->holding) {
        v = point;
        d = from->d0 + 0.5 * (v - from->v0) * (v + from->v0) / a;
    } else {
        const double t = (a - from->a0) / jmax;
        v = from->v0 + t * (from->a0 + 0.5 * jmax * t);
        d = from->d0 + moved(from->v0, from->a0, jmax, t);
    }
    const double vp = v + 0.5 * a * a / jmax;
    end = d + v * a / jmax + a * a * a / (3.0 * jmax * jmax) +
          stop_curve(vp > 0.0 ? vp : 0.0, from->amax, jmax, &slope_of_stop);
    *slope = from->holding ? v / a + a / jmax + slope_of_stop
                           : (2.0 * vp + a * a / jmax + 2.0 * a * slope_of_stop) / jmax;
    return end;
}

/* The switching point whose end is `target`, between low and high. */
static double solve(const reach_t *from, double target, double low, double high)
{
    double slope, point;
    const double end_low = reach(from, low, &slope), end_high = reach(from, high, &slope);
    const double share = (target - end_low) / (end_high - end_low);
    if (!(share > 0.0)) return low;
    if (!(share < 1.0)) return high;
    /* The end grows like the cube of the push: start near the cube root of the share. */
    const double fourth = sqrt(sqrt(share));
    point = low + (high - low) * fourth * sqrt(sqrt(fourth));
    for (int i = 0; i < 100; i++) {
        const double error = reach(from, point, &slope) - target;
        const double before = point;
        if (error > 0.0) high = point; else low = point;
        point -= error / slope;
        if (!(point > low && point < high)) point = 0.5 * (low + high);
        if (fabs(point - before) <= 4e-16 * fabs(point)) break;
    }
    return point;
}

/* Push toward the target, which is `distance` ahead, then stop on it. The state is inside the
 * limits and would stop short of the target. */
static void push_and_stop(course_t *course, double distance)
{
    const double v = course->v, a = course->a, vmax = course->vmax, jmax = course->jmax;
    const double amax = course->amax;
    const double room = 0.5 * a * a + jmax * (vmax - v);
    const double peak_free = room > a * a || a < 0.0 ? sqrt(room > 0.0 ? room : 0.0) : fabs(a);
    const double peak = peak_free < amax ? peak_free : amax;
    reach_t from = {course->d, v, a, amax, jmax, false};
    double slope, low = a, v_end;
    if (velocity_at_rest_acceleration(v, a, jmax) < 0.0) {
        const double square = 0.5 * a * a - jmax * v;
        low = sqrt(square > 0.0 ? square : 0.0);
    }
    if (low < peak && distance <= reach(&from, peak, &slope)) {
        go(course, 1.0, (solve(&from, distance, low, peak) - a) / jmax);
        stop(course);
        return;
    }
    go(course, 1.0, (peak - a) / jmax);
    v_end = vmax - 0.5 * peak * peak / jmax;
    if (peak_free > amax && v_end > course->v) {
        const double least = -0.5 * amax * amax / jmax;
        from = (reach_t){course->d, course->v, amax, amax, jmax, true};
        if (distance <= reach(&from, v_end, &slope)) {
            low = course->v > least ? course->v : least;
            go(course, 0.0, (solve(&from, distance, low, v_end) - course->v) / amax);
            stop(course);
            return;
        }
        go(course, 0.0, (v_end - course->v) / amax);
    }
    go(course, -1.0, course->a / jmax);
    go(course, 0.0, (distance - course->d - stop_distance(course->v, course->a, amax, jmax)) / vmax);
    stop(course);
}

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
    bring_inside(&course);
    distance = target_unit - ramp->position_unit;
    if (distance < course.d + stop_distance(course.v, course.a, course.amax, course.jmax)) {
        turn(&course);
        distance = -distance;
    }
    push_and_stop(&course, distance);
    return adopt(ramp, &wanted, &course);
}

int32_t press_ramp_stop(press_ramp_t *ramp)
{
    press_ramp_t wanted = *ramp;
    course_t course;
    const int32_t status = check(&wanted);
    if (status != PRESS_RAMP_OK) return status;
    course = course_of(&wanted);
    if (fabs(course.a) > course.amax) {
        go(&course, course.a > 0.0 ? -1.0 : 1.0, (fabs(course.a) - course.amax) / course.jmax);
    }
    stop(&course);
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
        ramp->start_position_unit += moved(ramp->start_velocity_unit_per_s,
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
    ramp->position_unit = ramp->start_position_unit + moved(ramp->start_velocity_unit_per_s,
                                                            ramp->start_acceleration_unit_per_s2, j, t);
    ramp->velocity_unit_per_s = ramp->start_velocity_unit_per_s +
                                t * (ramp->start_acceleration_unit_per_s2 + t * (0.5 * j));
    ramp->acceleration_unit_per_s2 = ramp->start_acceleration_unit_per_s2 + t * j;
}
