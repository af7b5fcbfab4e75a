/* A batcher's steps, whoever takes them: its own worker, or the host's event loop.
 *
 * DESIGN: steps are taken under the lock, which is let go of while the exporter has a batch, by one
 * thread at a time. When there is none to take, who takes them lies down, rests, and gets up:
 *
 *     step .. step -> lie down -> (rest until its end, or until somebody wakes) -> get up -> step
 *
 * A step begins one export or looks at one that goes on by itself. So several are under way at a
 * time where the exporter can be driven like that; otherwise a step lasts as long as its export.
 */
#ifndef IMPACT_PIPELINE_BATCH_STEP_H
#define IMPACT_PIPELINE_BATCH_STEP_H

#include "pipeline/batcher_state.h"

typedef enum impact__step {
    IMPACT__STEP_DONE,       /* another one may follow */
    IMPACT__STEP_NONE,       /* there is nothing to do, but to wait for what is under way */
    IMPACT__STEP_UNFINISHED, /* the oldest record is being put in still: soon there is */
    IMPACT__STEP_LAST,       /* the end has come */
    IMPACT__STEP_ELSEWHERE,  /* this is a child that was forked in there */
} impact__step;

/* While the oldest record cannot be taken. */
enum { IMPACT__UNFINISHED_PAUSE_MS = 2 };

/* Under the lock, as all of these; ELSEWHERE comes without it. */
impact__step impact__batch_step(impact__batcher *batcher);

typedef enum impact__rest {
    IMPACT__REST_UNTIL_DUE, /* records were there of late, or are there */
    IMPACT__REST_IDLE,
    IMPACT__REST_UNTIL_FILLED, /* records are there, and give way to what others left behind */
    IMPACT__REST_PAUSE /* no record is a reason to end it: behind a batch that came back, and while
                          as many are under way as may be */
} impact__rest;

impact__rest impact__batch_rest(const impact__batcher *batcher);
/* False: there is something to do after all. Get up either way. */
bool impact__batch_lie_down(impact__batcher *batcher, impact__rest rest);
uint64_t impact__batch_rest_end(const impact__batcher *batcher, impact__rest rest);
void impact__batch_get_up(impact__batcher *batcher, impact__rest rest);

/* When the records that come now are to be exported at latest. */
uint64_t impact__batch_next_due(const impact__batcher *batcher);

/* After the last step. Returns without the lock; the batcher may be gone. */
void impact__batch_end(impact__batcher *batcher);

#endif
