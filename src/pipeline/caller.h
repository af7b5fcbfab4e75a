/* The host's event loop, which exports in place of a thread: what it waits for.
 *
 * DESIGN: one epoll descriptor. In it are a bell, an eventfd, for who puts a record in and wants an
 * export, and the descriptor of each export that is under way. A forked child shares both with its
 * parent, so it opens its own, once it asks; until then nobody rings there.
 */
#ifndef IMPACT_PIPELINE_CALLER_H
#define IMPACT_PIPELINE_CALLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>

typedef struct impact__caller {
    atomic_bool is_there; /* otherwise there are threads */
    int descriptor;
    int bell;
    atomic_uint generation; /* of the process that opened the two: written behind them */
} impact__caller;

/* IMPACT_ESYSTEM. */
impact_status impact__caller_open(impact__caller *caller);
void impact__caller_close(impact__caller *caller);

/* This process opened it, and is heard by it. */
bool impact__caller_is_ours(const impact__caller *caller);

/* False, and as it was: the process that opened it is this one's parent, and there is no other to
 * be had. One thread at a time. */
bool impact__caller_renew(impact__caller *caller);

/* From any thread. */
void impact__caller_ring(impact__caller *caller);

/* Forget that somebody rang: before a look at why he did. */
void impact__caller_hush(const impact__caller *caller);

/* Have a descriptor in it, and no more. False: the system refuses, or it is the parent's. */
bool impact__caller_add(const impact__caller *caller, int descriptor);
void impact__caller_remove(const impact__caller *caller, int descriptor);

/* Wait until it is readable, or until `until_ns` of the monotonic clock; perhaps less. */
void impact__caller_wait(const impact__caller *caller, uint64_t until_ns);

#endif
