/* What processes left behind that were killed is exported. */
#ifndef IMPACT_PIPELINE_RESCUE_H
#define IMPACT_PIPELINE_RESCUE_H

#include <impact/exporter.h>

#include "pipeline/batch.h"
#include "pipeline/orphan.h"

typedef struct impact__rescue {
    /* Set by who begins it. */
    const char *directory;     /* borrowed, as all here */
    impact_exporter *exporter; /* nobody else uses it meanwhile */
    impact_status (*export_batch)(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected);
    impact__orphan_kind kind;
    impact__batch *batch;
    uint32_t (*time_left_ms)(void *owner); /* for the next batch; 0: it is to end */
    void *owner;

    impact__orphan orphan; /* the one that is read */

    /* What became of them, so far. */
    uint64_t exported;
    uint64_t rejected;
    uint64_t failed;
    uint64_t unfinished; /* of all these */
    uint32_t files;      /* that were done with */
    uint32_t set_aside;  /* that were none */
} impact__rescue;

void impact__rescue_init(impact__rescue *rescue);

/* IMPACT_OK: nothing is left. IMPACT_ENOENT: there is no such directory. IMPACT_ETIMEDOUT: it was
 * to end. Otherwise as the exporter said: IMPACT_EAGAIN, or IMPACT_ECLOSED, also where this is a
 * child that was forked in there. What was not taken stays. */
impact_status impact__rescue_run(impact__rescue *rescue);

#endif
