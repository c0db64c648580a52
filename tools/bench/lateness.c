/* The bare thread the control loop is measured beside: clock_nanosleep to absolute deadlines.
 *
 *     lateness PERIOD_NS COUNT FIFO_PRIORITY
 *
 * Locks its memory, takes SCHED_FIFO (priority 0: the ordinary scheduler) and a timer slack
 * of 1 ns, then writes COUNT latenesses in ns as raw int64 to standard output. What the
 * system refused is named on standard error; the run goes on without it.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static const int64_t second_ns = 1000000000;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * second_ns + now.tv_nsec;
}

static void be_punctual(int priority)
{
    const struct sched_param parameter = {.sched_priority = priority};
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        perror("mlockall");
    if (priority > 0 && sched_setscheduler(0, SCHED_FIFO, &parameter) != 0)
        perror("SCHED_FIFO");
    if (prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) != 0)
        perror("timer slack");
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const int64_t period_ns = atoll(argv[1]);
    const int64_t count = atoll(argv[2]);
    if (period_ns <= 0 || count <= 0)
        return 2;
    int64_t *lateness_ns = calloc((size_t)count, sizeof *lateness_ns);
    if (!lateness_ns)
        return 1;
    be_punctual(atoi(argv[3]));
    int64_t due_ns = now_ns() + period_ns;
    for (int64_t i = 0; i < count; i++, due_ns += period_ns) {
        const struct timespec due = {.tv_sec = due_ns / second_ns, .tv_nsec = due_ns % second_ns};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
            ;
        lateness_ns[i] = now_ns() - due_ns;
    }
    return fwrite(lateness_ns, sizeof *lateness_ns, (size_t)count, stdout) != (size_t)count;
}
