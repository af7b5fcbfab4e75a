/* The watch: the host is told when what is told of a check changes. */
#ifndef IMPACT_HEALTH_WATCH_H
#define IMPACT_HEALTH_WATCH_H

#include "health/check.h"

/* Who is told; of one registry. Guarded by the engine's lock. */
struct impact__watcher {
    impact_health_transition_fn function; /* NULL: nobody */
    void *userdata;
    bool is_being_told;
    impact__alarm *bell; /* rings when a status is another; borrowed; NULL: nobody listens */
};

/* ---- under the lock ---- */

/* A check that is about to be registered. */
void impact__watch_prepare(impact__check *check, impact__watcher *watcher);

/* Tell what there is to tell, as if nothing had been told yet. */
void impact__watch_begin(impact__check *check);

/* Tell no more of it. */
void impact__watch_drop(impact__check *check);

#endif
