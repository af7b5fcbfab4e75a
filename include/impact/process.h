/* For plugins: the turns in the life of the process that they live in, which forks and ends. */
#ifndef IMPACT_PROCESS_H
#define IMPACT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- forks ---- */

/* What a plugin does around a fork; any may be NULL. Locks are taken in the reverse order of
 * registration: who holds one of his may take those of libimpact, and never the other way round. */
typedef struct impact_fork_handlers {
    size_t size;
    void (*before)(void *userdata);    /* take your lock */
    void (*in_parent)(void *userdata); /* let go of it */
    void (*in_child)(
        void *userdata); /* let go of it, and forget what belongs to the parent. Only what is
                                          safe in a signal handler: no allocation, no thread. */
    void *userdata;      /* borrowed until they are removed */
} impact_fork_handlers;

#define IMPACT_FORK_HANDLERS(...)                                                                  \
    (&(const impact_fork_handlers){.size = sizeof(impact_fork_handlers), __VA_ARGS__})

typedef struct impact_fork_member impact_fork_member;

/* Have the handlers (copied) called with each fork(2). Owned by the caller. IMPACT_EINVAL,
 * IMPACT_ENOMEM. Call both without any lock that a handler takes. */
IMPACT_API IMPACT_CHECKED impact_status impact_fork_add(impact_fork_member **member,
                                                        const impact_fork_handlers *handlers);

/* NULL is accepted. */
IMPACT_API void impact_fork_remove(impact_fork_member *member);

/* ---- the door ---- */

/* Libraries such as OpenSSL take their state down in a handler of exit(3), and a thread that is in
 * them then crashes; a lock of theirs that a thread holds during a fork is locked in the child for
 * good. So a thread that is not the host's enters before it calls such a library, leaves after, and
 * leaves while it waits. An exit waits until all have left, for five seconds at most, a fork for
 * one.
 *
 * Call watch once after each such library was started: handlers of exit run in reverse order, and
 * ours must run first. IMPACT_ENOMEM, IMPACT_ESYSTEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_door_watch(void);

/* Waits while a fork is under way. False: the process ends. Then touch nothing of the library any
 * more, not even to clean up, and do not leave. */
IMPACT_API bool impact_door_enter(void);
IMPACT_API void impact_door_leave(void);

#ifdef __cplusplus
}
#endif

#endif
