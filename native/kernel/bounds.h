/* bounds.h: two bounds on every number of a configuration. Private to config_check.c and
 * wip_config_check.c, whose tables it walks.
 */
#ifndef BOUNDS_H
#define BOUNDS_H

#include "internal.h"

#include <stddef.h>

#define PRESS_COUNT_OF(rows) (sizeof(rows) / sizeof(rows)[0])

typedef struct {
    const char *field;
    double found_unit;
    double low_unit;
    double high_unit;
} press_bound_t;

/* True when every row is within its bounds; else the first that is not, in `fault`. */
bool press_within(const press_bound_t *rows, size_t count, int32_t index,
                  press_config_fault_t *fault);
/* One channel. A channel that is not fitted is not looked into: nothing reads it. */
bool press_channel_within(const press_channel_config_t *channel, uint32_t number,
                          bool must_be_fitted, press_config_fault_t *fault);

#endif
