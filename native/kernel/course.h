/* course.h: a move in the making, between ramp.c and course.c. Private to the kernel. */
#ifndef PRESS_COURSE_H
#define PRESS_COURSE_H

#include "press.h"

/* A plan in the making. v, a and travelled distance d are mirrored so that the target is ahead. */
typedef struct {
    double d, v, a;
    double vmax, amax, jmax;
    double mirror; /* +1 or -1 */
    uint32_t count;
    press_ramp_segment_t segment[PRESS_RAMP_SEGMENT_MAX + 1];
} course_t;

/* Distance after t seconds of constant jerk. */
static inline double press_moved(double v, double a, double j, double t)
{
    return t * (v + t * (0.5 * a + t * (j / 6.0)));
}

/* Looks at the move from the other side. */
void press_course_turn(course_t *course);
/* Appends the shortest way back from a start outside the limits; acceleration has precedence. */
void press_course_bring_inside(course_t *course);
/* Distance of the fastest stop from (v, a), without taking it. */
double press_course_stop_distance(double v, double a, double amax, double jmax);
/* Appends the fastest stop; from outside the limit of acceleration over that limit. */
void press_course_stop(course_t *course);
/* Appends the push toward a target `distance` ahead of the start of the course, and the stop on
 * it. The state must be inside the limits and stop short of the target if left alone. */
void press_course_push_and_stop(course_t *course, double distance);

#endif
