/* course.c: time-optimal jerk-limited moves to rest, from any state.
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
#include "course.h"

#include "internal.h"

#include <math.h>


/* Appends `t` seconds of jerk `sense` * jmax; equal neighbours become one segment. */
static void go(course_t *course, double sense, double t)
{
    const double j = sense * course->jmax;
    const double jerk = course->mirror * j;
    if (!(t > 0.0)) return;
    course->d += press_moved(course->v, course->a, j, t);
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

void press_course_turn(course_t *course)
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

double press_course_stop_distance(double v, double a, double amax, double jmax)
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

void press_course_stop(course_t *course)
{
    double vp, peak, slow;
    if (fabs(course->a) > course->amax) {
        go(course, course->a > 0.0 ? -1.0 : 1.0, (fabs(course->a) - course->amax) / course->jmax);
    }
    const bool backward = velocity_at_rest_acceleration(course->v, course->a, course->jmax) < 0.0;
    if (backward) press_course_turn(course);
    vp = course->v + 0.5 * course->a * course->a / course->jmax;
    slow = sqrt(course->jmax * vp);
    peak = slow < course->amax ? slow : course->amax;
    go(course, -1.0, (course->a + peak) / course->jmax);
    go(course, 0.0, slow > course->amax ? vp / course->amax - course->amax / course->jmax : 0.0);
    go(course, 1.0, peak / course->jmax);
    if (backward) press_course_turn(course);
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
void press_course_bring_inside(course_t *course)
{
    const bool backward = course->a < -course->amax ||
                          (course->a <= course->amax && !too_fast(course));
    if (backward) press_course_turn(course);
    if (course->a > course->amax) {
        brake_acceleration(course);
    } else if (too_fast(course)) {
        brake_velocity(course);
    }
    if (backward) press_course_turn(course);
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
        d = from->d0 + press_moved(from->v0, from->a0, jmax, t);
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
        /* Newton doubles the digits: after a step in the ninth, the eighteenth is right. */
        if (fabs(point - before) <= 1e-9 * fabs(before)) break;
        if (!(point > low && point < high)) point = 0.5 * (low + high);
    }
    return point;
}

/* Push toward the target, which is `distance` ahead, then stop on it. The state is inside the
 * limits and would stop short of the target. */
void press_course_push_and_stop(course_t *course, double distance)
{
    const double v = course->v, a = course->a, vmax = course->vmax, jmax = course->jmax;
    const double amax = course->amax;
    const double room = 0.5 * a * a + jmax * (vmax - v);
    const double peak_free = room > a * a || a < 0.0 ? sqrt(room > 0.0 ? room : 0.0) : fabs(a);
    const double peak = peak_free < amax ? peak_free : amax;
    reach_t from = {course->d, v, a, amax, jmax, false};
    double slope, low = a, v_end, stop_d;
    if (velocity_at_rest_acceleration(v, a, jmax) < 0.0) {
        const double square = 0.5 * a * a - jmax * v;
        low = sqrt(square > 0.0 ? square : 0.0);
    }
    if (low < peak && distance <= reach(&from, peak, &slope)) {
        go(course, 1.0, (solve(&from, distance, low, peak) - a) / jmax);
        press_course_stop(course);
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
            press_course_stop(course);
            return;
        }
        go(course, 0.0, (v_end - course->v) / amax);
    }
    go(course, -1.0, course->a / jmax);
    stop_d = press_course_stop_distance(course->v, course->a, amax, jmax);
    go(course, 0.0, (distance - course->d - stop_d) / vmax);
    press_course_stop(course);
}
