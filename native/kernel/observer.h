/* observer.h: what the predictive law sees of its loop. Private to observer.c and predictive.c. */
#ifndef PRESS_OBSERVER_H
#define PRESS_OBSERVER_H

#include "internal.h"

#define OBSERVED 5 /* error_c, disturbance_fraction, gain_, loss_error_ratio, dead_time_error_s */

/* Constants of one step, from config and step. */
typedef struct {
    double keep;         /* of the rise over one step */
    double push_c;       /* rise that full duty adds in one step */
    double lag_keep;     /* of the lagged duty over one step */
    double lag_mean;     /* mean over the step of what is left of an old difference */
    double horizon_keep; /* of the rise over the dead time */
    double slope_c_per_s; /* gain / time constant */
    double step_s;
} observer_step_t;

/* e^-ratio for ratio >= 0, and the natural logarithm of ratio in 1 .. 1e6. */
double press_decay(double ratio);
double press_log(double ratio);

observer_step_t press_observer_constants(const press_predictive_config_t *config, double step_s);
void press_observer_prime(const press_predictive_config_t *config, press_predictive_t *state,
                          double measurement_c, double achieved_fraction, double step_s);
void press_observer_step(const press_predictive_config_t *config, const observer_step_t *step,
                         press_predictive_t *state, double measurement_c,
                         double achieved_fraction);
/* Variance of a linear combination of what is observed. */
double press_observer_variance(const press_predictive_t *state, const double weight_unit[OBSERVED]);

#endif
