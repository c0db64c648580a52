/* bounds.c: the walk over a table of bounds, and the table of a channel: both kernels have them.
 *
 * Neither NaN nor an infinity is within anything: the comparison asks for what is in, not for what
 * is out.
 */
#include "bounds.h"

bool press_within(const press_bound_t *rows, size_t count, int32_t index,
                  press_config_fault_t *fault)
{
    for (size_t i = 0; i < count; i++) {
        const press_bound_t *row = &rows[i];
        if (row->found_unit >= row->low_unit && row->found_unit <= row->high_unit) continue;
        fault->field = row->field;
        fault->index = index;
        fault->found_channel_unit = row->found_unit;
        fault->low_channel_unit = row->low_unit;
        fault->high_channel_unit = row->high_unit;
        return false;
    }
    return true;
}

bool press_channel_within(const press_channel_config_t *channel, uint32_t number,
                          bool must_be_fitted, press_config_fault_t *fault)
{
    const press_bound_t presence[] = {
        {"channel.fitted", channel->fitted, must_be_fitted ? 1 : 0, 1},
        {"channel.required", channel->required, 0, channel->fitted},
    };
    const press_bound_t rows[] = {
        {"channel.kind", channel->kind, PRESS_KIND_DIRECT, PRESS_KIND_CURRENT_LOOP_4_20_MA},
        {"channel.range_low_channel_unit", channel->range_low_channel_unit, -1e5, 1e5},
        {"channel.range_high_channel_unit", channel->range_high_channel_unit,
         channel->range_low_channel_unit + 1e-3, 1e5},
        {"channel.offset_channel_unit", channel->offset_channel_unit, -1e5, 1e5},
        {"channel.rate_channel_unit_per_s_max", channel->rate_channel_unit_per_s_max, 1e-6, 1e6},
        {"channel.noise_channel_unit_max", channel->noise_channel_unit_max, 0, 1e5},
        {"channel.stuck_band_channel_unit", channel->stuck_band_channel_unit, 0, 1e5},
        {"channel.stuck_s_max", channel->stuck_s_max, 1, 86400},
        {"channel.flat_s_max", channel->flat_s_max, 1, 86400},
        {"channel.age_s_max", channel->age_s_max, 0.01, 10},
        {"channel.filter_s", channel->filter_s, 0, 60},
    };
    if (!press_within(presence, PRESS_COUNT_OF(presence), (int32_t)number, fault)) return false;
    return channel->fitted == 0 ||
           press_within(rows, PRESS_COUNT_OF(rows), (int32_t)number, fault);
}
