/* What is done once in a process. */
#include "base/once.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread.h"

enum { yield_count = 100, pause_ns = 50 * 1000 };

/* In this process. Where that may not be asked, as in a sandbox, it is taken to be. */
static bool is_here(int thread)
{
    return syscall(SYS_tgkill, getpid(), thread, 0) == 0 || errno != ESRCH;
}

/* Nobody is at it: it is open, or its thread was left behind by a fork. A child's first thread may
 * have the number of that one, where numbers begin anew: in a namespace of its own. */
static bool is_free(int runner, int own)
{
    return runner == IMPACT__ONCE_IS_OPEN || runner == own || !is_here(runner);
}

static bool begins(impact__once *once, int runner, int own)
{
    return runner != IMPACT__ONCE_IS_DONE && is_free(runner, own) &&
           atomic_compare_exchange_strong(&once->runner, &runner, own);
}

static void wait_a_little(unsigned round)
{
    if (round < yield_count)
        (void)sched_yield();
    else
        impact__thread_pause(pause_ns);
}

void impact__once_slowly(impact__once *once, void (*run)(void))
{
    const int held = impact__cancel_hold(); /* one that was cancelled would leave it half done */
    const int error = errno;
    const int own = (int)syscall(SYS_gettid);
    int runner = atomic_load_explicit(&once->runner, memory_order_acquire);
    for (unsigned round = 0; runner != IMPACT__ONCE_IS_DONE; round++) {
        if (begins(once, runner, own)) {
            run();
            /* Pairs with the loads here and in impact__once_do. */
            atomic_store_explicit(&once->runner, IMPACT__ONCE_IS_DONE, memory_order_release);
        } else {
            wait_a_little(round);
        }
        runner = atomic_load_explicit(&once->runner, memory_order_acquire);
    }
    errno = error;
    impact__cancel_release(held);
}
