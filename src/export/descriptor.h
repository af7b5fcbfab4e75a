/* Writing to a descriptor that is somebody else's: within a deadline, and never a SIGPIPE. */
#ifndef IMPACT_EXPORT_DESCRIPTOR_H
#define IMPACT_EXPORT_DESCRIPTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>
#include <impact/text.h>

typedef struct impact__descriptor {
    int number;                 /* its owner closes it */
    bool is_cut;                /* the last text that was written has no end there */
    atomic_bool is_interrupted; /* set from any thread, for good */
} impact__descriptor;

/* For `number`. What is opened twice for a moment is not inherited by a child from now on. */
void impact__descriptor_open(impact__descriptor *descriptor, int number);

/* Write all of `text`, behind a line feed if the one before is cut. IMPACT_ETIMEDOUT,
 * IMPACT_ECLOSED (interrupted) or IMPACT_ESYSTEM: a part of it may have been written. What can be
 * written without waiting is, even when the deadline has passed. */
impact_status impact__descriptor_write(impact__descriptor *descriptor, impact_text text,
                                       uint64_t deadline_ns);

void impact__descriptor_interrupt(impact__descriptor *descriptor);
bool impact__descriptor_is_interrupted(const impact__descriptor *descriptor);

/* What is written there may have colours: it is a terminal, and NO_COLOR says nothing
 * (no-color.org: any value but an empty one). */
bool impact__descriptor_may_colour(int number);

#endif
