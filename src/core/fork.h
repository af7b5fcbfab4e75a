/* Forks: who has state that a child must not inherit says so here, once.
 *
 * One pthread_atfork set serves the whole library. Before a fork every member's lock is taken, in the
 * order of registration; afterwards the parent lets go of them, and the child makes its members new.
 */
#ifndef IMPACT_CORE_FORK_H
#define IMPACT_CORE_FORK_H

#include <stdatomic.h>
#include <stdint.h>

#include <impact/status.h>

typedef struct impact__fork_member impact__fork_member;
struct impact__fork_member {
    void (*prepare)(void *owner);   /* take the owner's lock */
    void (*in_parent)(void *owner); /* let go of it */
    void (*in_child)(void *owner);  /* let go of it, and forget what belongs to the parent. Only what
                                       is safe in a signal handler: no allocation, no thread. */
    void *owner;                    /* borrowed until removed */
    impact__fork_member *next;
    impact__fork_member *previous;
};

impact_status impact__fork_add(impact__fork_member *member);
void impact__fork_remove(impact__fork_member *member);

/* Grows by one in each child: what was made under another number is the parent's. */
extern atomic_uint impact__fork_generation_value;

static inline unsigned impact__fork_generation(void)
{
    return atomic_load_explicit(&impact__fork_generation_value, memory_order_relaxed);
}

/* Register the process's handlers without a member: for those who only look at the generation. */
impact_status impact__fork_watch(void);

#endif
