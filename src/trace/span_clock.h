/* The time of spans: each thread's own reading of the monotonic clock, and what makes wall time of
 * it.
 *
 * DESIGN: two readings of the kernel's clock are most of what a short span costs. Where the kernel
 * makes its clocks of the processor's ticks, and says so, a thread does the same: for a millisecond
 * it follows a line through the last moment at which it read both.
 *
 *  monotonic ns
 *       |            . '   the scale, ns a tick, is the process's: measured over the last one or
 *       |     ___. '       two seconds by whichever thread comes by
 *       |   . |            each millisecond the line begins anew at what the kernel's clock says;
 *       |. '               if that is less than was read before, time stands still until then
 *       +-----------------> ticks
 *
 * So a reading is at most a millisecond away from one of the kernel's: a clock that is slewed, a
 * process that was stopped, a machine that slept or moved to another one all come out right. On one
 * thread time never goes back; two threads agree within what the kernel's clock and theirs may
 * differ, some ten nanoseconds as a rule.
 *
 * Wall time = monotonic time + anchor. The anchor is the process's, and changes only when the wall
 * clock was set: then it no longer lies between two readings of the clocks. Looked at once a
 * second. A span keeps the anchor that it began with, so that no step bends a duration.
 */
#ifndef IMPACT_TRACE_SPAN_CLOCK_H
#define IMPACT_TRACE_SPAN_CLOCK_H

#include <stdint.h>

#include "base/clock.h"
#include "base/ticks.h"

/* The same moment on both clocks. */
typedef struct impact__moment {
    uint64_t ticks;
    uint64_t ns;
} impact__moment;

/* Of one thread. All zero is one that was never read. */
typedef struct impact__span_clock {
    impact__moment begin; /* of the line */
    uint64_t line_ticks;  /* how far it is followed; 0: there is none */
    uint64_t scale;       /* ns a tick, times 2^32 */
    uint64_t last_ns;     /* what was read last */
    uint64_t anchor_ns;
    uint64_t anchor_looked_ns; /* when it was looked at, monotonic; 0: never */
} impact__span_clock;

uint64_t impact__span_clock_renew(impact__span_clock *clock);

/* Nanoseconds of CLOCK_MONOTONIC; never less than before. */
static inline uint64_t impact__span_clock_read(impact__span_clock *clock)
{
    const uint64_t passed = impact__ticks_read() - clock->begin.ticks;
    if (__builtin_expect(passed >= clock->line_ticks, 0))
        return impact__span_clock_renew(clock);
    const uint64_t now = clock->begin.ns + (passed * clock->scale >> 32);
    if (now > clock->last_ns)
        clock->last_ns = now;
    return clock->last_ns;
}

/* The same by the kernel's clock alone. */
uint64_t impact__span_clock_read_system(impact__span_clock *clock);

#endif
