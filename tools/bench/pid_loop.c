/* ns of one press_pid_step in a pure C loop, each fed with the output of the one before.
 *
 *     pid_loop STEPS
 */
#include <stdio.h>
#include <stdlib.h>

#include "press.h"
#include "timed.h"

int main(int argc, char **argv)
{
    const press_pid_config_t config = {.kp_per_unit = 0.08,
                                       .ti_s = 60.0,
                                       .td_s = 5.0,
                                       .filter_s = 1.0,
                                       .setpoint_weight_ratio = 0.6,
                                       .tracking_s = 20.0,
                                       .output_fraction_max = 1.0};
    const long steps = argc == 2 ? atol(argv[1]) : 0;
    press_pid_t state = {.primed = 0};
    double output_fraction = 0.0;
    if (steps <= 0)
        return 2;
    const int64_t begun_ns = now_ns();
    for (long i = 0; i < steps; i++) {
        const double measurement_c = 99.0 + (double)(i & 7) * 0.1;
        output_fraction = press_pid_step(&config, &state, 100.0, measurement_c, 0.3,
                                         output_fraction, 0.01);
    }
    const int64_t took_ns = now_ns() - begun_ns;
    printf("%.4f\n", (double)took_ns / (double)steps);
    return output_fraction > 1.0; /* never, but the compiler must not know */
}
