/* A batcher's journal: when its file comes, what a fork does to it, and what others left behind. */
#ifndef IMPACT_PIPELINE_BATCHER_JOURNAL_H
#define IMPACT_PIPELINE_BATCHER_JOURNAL_H

#include "pipeline/batcher_state.h"

/* Before the first record of this process, and whenever there is no worker: make the file. */
void impact__batcher_prepare(impact__batcher *batcher);

/* Its file is on: have the scope written there. False: the file is another process's. */
bool impact__batcher_may_journal(impact__batcher *batcher, uint32_t scope);

/* In a forked child, with the lock held: an empty ring, in memory of its own. */
void impact__batcher_forget_ring(impact__batcher *batcher);

/* Read what there is from the ring's head on. */
void impact__batcher_begin_reading(impact__batcher *batcher);

/* ---- what others left behind ---- */

void impact__batcher_open_rescue(impact__batcher *batcher);

/* Under the lock, as the next. */
bool impact__batcher_is_time_to_rescue(impact__batcher *batcher);

/* On the worker; the lock is let go of meanwhile. False, and without the lock: this is a child that
 * was forked in there. */
bool impact__batcher_rescue(impact__batcher *batcher);

/* The same with an export that nobody waits for; the lock is let go of meanwhile. True: one was
 * begun. The second is called without the lock, and returns with it: how that ended. */
bool impact__batcher_begin_rescue(impact__batcher *batcher);
bool impact__batcher_go_on_rescuing(impact__batcher *batcher, impact_status status,
                                    size_t rejected);

#endif
