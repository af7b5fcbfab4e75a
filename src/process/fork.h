/* Forks: who has state that a child must not inherit says so here, once.
 *
 * One pthread_atfork set serves the whole library. Before a fork every member's lock is taken, the
 * last registered first, as pthread_atfork does it; afterwards the parent lets go of them, the
 * first registered first, and the child makes its members new. So who holds a member's lock may
 * take that of one that was registered before it, and never the other way round.
 */
#ifndef IMPACT_PROCESS_FORK_H
#define IMPACT_PROCESS_FORK_H

#include <stdatomic.h>
#include <stdint.h>

#include <impact/process.h>

typedef struct impact__fork_member impact__fork_member;
struct impact__fork_member {
    void (*prepare)(void *owner);   /* take the owner's lock */
    void (*in_parent)(void *owner); /* let go of it */
    void (*in_child)(void *owner); /* let go of it, and forget what belongs to the parent. Only what
                                      is safe in a signal handler: no allocation, no thread. */
    void *owner;                   /* borrowed until removed */
    impact__fork_member *next;     /* NULL before it is added; likewise below */
    impact__fork_member *previous;
};

/* Call both without any member's lock: a fork that runs holds the list and waits for the locks. To
 * remove what was not added, or is removed, does nothing; nor does to add what is there. */
impact_status impact__fork_add(impact__fork_member *member);
void impact__fork_remove(impact__fork_member *member);

/* Grows by one in each child: what was made under another number is the parent's. It stands in a
 * page that the system wipes in every child, also in one that was made past fork() (_Fork, clone),
 * of which no handler hears: the first who looks there finds 0, and gives it a number. */
extern atomic_uint *impact__fork_generation_at;
unsigned impact__fork_generation_renew(void);

static inline unsigned impact__fork_generation(void)
{
    const unsigned generation =
        atomic_load_explicit(impact__fork_generation_at, memory_order_relaxed);
    return __builtin_expect(generation != 0, 1) ? generation : impact__fork_generation_renew();
}

/* Register the process's handlers without a member: for those who only look at the generation. */
impact_status impact__fork_watch(void);

#endif
