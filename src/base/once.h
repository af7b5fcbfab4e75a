/* What is done once in a process: whoever comes first does it, the others wait until it is done.
 *
 * DESIGN: pthread_once may be inside what it does when another thread forks, and then waits in the
 * child for a thread that is not there: musl's for ever, ThreadSanitizer's likewise; glibc's looks
 * whether it was a parent's. This one notes the thread that is at it, by the kernel's number, and
 * who comes meanwhile looks whether that thread is in this process. Where it is not, what it did is
 * done anew. So that must bear to be begun twice, in a child.
 */
#ifndef IMPACT_BASE_ONCE_H
#define IMPACT_BASE_ONCE_H

#include <stdatomic.h>

enum { IMPACT__ONCE_IS_OPEN = 0, IMPACT__ONCE_IS_DONE = -1 };

/* All zero before it is done. */
typedef struct impact__once {
    atomic_int runner; /* open, done, or the thread that is at it */
} impact__once;

void impact__once_slowly(impact__once *once, void (*run)(void));

/* `run` is not cancelled, and does not come here again itself. */
static inline void impact__once_do(impact__once *once, void (*run)(void))
{
    /* Pairs with the store after `run`: who sees that it is done sees what was done. */
    if (atomic_load_explicit(&once->runner, memory_order_acquire) != IMPACT__ONCE_IS_DONE)
        impact__once_slowly(once, run);
}

#endif
