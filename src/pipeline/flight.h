/* Flights: batches that were taken from the ring and are with the exporter, or wait to go again.
 *
 * DESIGN: as many as may be under way at once, in a circle, in the order in which they were taken.
 * Answers come in any order; the ring is freed in this one, up to the oldest that is not settled:
 *
 *     oldest                  oldest + out
 *     | under way | settled | kept | free |
 *     ^ the ring's head stands here, whatever is settled behind it
 *
 * So what lies in the ring, and in a journal, is all that nobody has acknowledged, and at most
 * `flight_limit` - 1 batches more. Of those a journal knows: see impact__ring_strike.
 */
#ifndef IMPACT_PIPELINE_FLIGHT_H
#define IMPACT_PIPELINE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/batch.h"
#include "pipeline/ring_reader.h"

enum { impact__flight_limit = 16 };

typedef enum impact__flight_state {
    IMPACT__FLIGHT_FREE,
    IMPACT__FLIGHT_UNDER_WAY, /* with an exporter */
    IMPACT__FLIGHT_KEPT,      /* came back, and goes again */
    IMPACT__FLIGHT_SETTLED    /* an older one is not */
} impact__flight_state;

typedef struct impact__flight {
    impact__flight_state state;
    impact__batch batch;     /* owned */
    impact__ring_mark begin; /* where it lies in the ring */
    impact__ring_mark end;

    /* The last try. */
    uint64_t number; /* among the batcher's tries */
    uint32_t exporter;
    impact_batch shown; /* as the exporter has it */
    bool is_last;       /* there is to be no other */
    uint64_t began_ns;
    int descriptor; /* of one that nobody waits for, as the exporter told it; likewise the next */
    uint64_t moment_ns; /* of the next look at latest */

    unsigned returns; /* how often in a row it came back */
    uint64_t pause_end_ns;
} impact__flight;

#endif
