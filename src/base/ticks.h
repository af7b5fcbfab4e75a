/* The processor's counter of ticks: what the kernel's own clock is made of, at a third of its
 * price. */
#ifndef IMPACT_BASE_TICKS_H
#define IMPACT_BASE_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)

/* Not in order with what stands around it: a few nanoseconds early or late. */
static inline uint64_t impact__ticks_read(void)
{
    return __builtin_ia32_rdtsc();
}

#else

static inline uint64_t impact__ticks_read(void)
{
    return 0;
}

#endif

/* The kernel trusts the counter: it runs at one rate, in all processors alike, and is the source of
 * its clocks. Looks once in a process; may read a file. */
bool impact__ticks_look(void);

/* What the look found; false before it. */
bool impact__ticks_are_trusted(void);

#endif
