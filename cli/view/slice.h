/* How much of a long piece of work is done at once, so that nobody else waits for the rest. */
#ifndef IMPACT_CLI_VIEW_SLICE_H
#define IMPACT_CLI_VIEW_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* What a piece of work says of itself. */
typedef enum view_progress {
    view_goes_on,
    view_is_done,
    view_has_failed, /* it is none of what it should be, or memory was short */
} view_progress;

typedef struct view_slice {
    uint64_t end_ns; /* 0: after the first step */
    unsigned step_count;
} view_slice;

#define VIEW_WHOLE_SLICE ((view_slice){.end_ns = UINT64_MAX})

static inline view_slice view_slice_of(uint64_t ns)
{
    return (view_slice){.end_ns = ns ? impact__clock_monotonic_ns() + ns : 0};
}

static inline bool view_slice_has_time(const view_slice *slice)
{
    return impact__clock_monotonic_ns() < slice->end_ns;
}

/* After each step. The clock costs more than most of them: it is looked at now and then. */
static inline bool view_slice_is_over(view_slice *slice)
{
    enum { steps_between = 64 };
    if (slice->end_ns && ++slice->step_count % steps_between)
        return false;
    return !view_slice_has_time(slice);
}

#endif
