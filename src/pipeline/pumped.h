/* Batchers without threads are pumped, all of an owner's in one call. */
#ifndef IMPACT_PIPELINE_PUMPED_H
#define IMPACT_PIPELINE_PUMPED_H

#include "pipeline/batcher.h"

/* All is borrowed. */
typedef struct impact__pumped {
    impact__caller *caller;
    impact__batcher *const *batchers;
    size_t count;
} impact__pumped;

/* Do what can be done without waiting; an exporter that has to be waited for has until
 * `deadline_ns`. Returns the moment of the next call at latest. */
uint64_t impact__pump_all(const impact__pumped *pumped, uint64_t deadline_ns);

/* Until each batcher's flush can be answered, or none has a worker any more, or until the deadline.
 * Do nothing where there are threads. */
void impact__pump_flush(const impact__pumped *pumped, const impact__batcher_wait *waits,
                        uint64_t deadline_ns);
void impact__pump_shutdown(const impact__pumped *pumped, uint64_t deadline_ns);

#endif
