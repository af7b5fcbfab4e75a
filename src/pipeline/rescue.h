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

    /* While it is under way. */
    bool is_under_way;
    bool is_reading; /* there is an orphan, and it is not at its end */
    impact__orphan_walk walk;
    impact__orphan orphan;
    impact_batch shown;       /* the batch that is to be exported */
    uint64_t exported_before; /* of what is below */
    uint64_t lost_before;

    /* What became of them, so far. */
    uint64_t exported;
    uint64_t rejected;
    uint64_t failed;
    uint64_t unfinished; /* of all these */
    uint32_t files;      /* that were done with */
    uint32_t set_aside;  /* that were none */
} impact__rescue;

void impact__rescue_init(impact__rescue *rescue);

/* In a forked child, whose parent is at it. */
void impact__rescue_forget(impact__rescue *rescue);

/* All of it, with an exporter that is waited for. IMPACT_OK: nothing is left. IMPACT_ENOENT: there
 * is no such directory. IMPACT_ETIMEDOUT: it was to end. Otherwise as the exporter said:
 * IMPACT_EAGAIN, or IMPACT_ECLOSED, also where this is a child that was forked in there. What was
 * not taken stays. */
impact_status impact__rescue_run(impact__rescue *rescue);

/* The same, piece by piece. Begin: false, there is no such directory. Next: false, nothing is left;
 * otherwise there is a batch in `shown`. Settle what became of it: IMPACT_OK, go on. End, with what
 * was answered last. */
bool impact__rescue_begin(impact__rescue *rescue);
bool impact__rescue_next(impact__rescue *rescue);
impact_status impact__rescue_settle(impact__rescue *rescue, impact_status status, size_t rejected);
void impact__rescue_end(impact__rescue *rescue, impact_status status);

#endif
