/* Holding SIGPIPE back without touching the process's handlers.
 *
 * DESIGN: a write to a closed pipe raises SIGPIPE on the writing thread. Blocked, it stays pending;
 * it is taken from there before the mask is restored, unless one was pending before.
 */
#include "base/sigpipe.h"

#include <errno.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
    (void)sigemptyset(set);        /* cannot fail */
    (void)sigaddset(set, SIGPIPE); /* a valid signal */
}

void impact__sigpipe_hold(impact__sigpipe *held)
{
    sigset_t pipe;
    sigset_t pending;
    only_sigpipe(&pipe);
    (void)sigemptyset(&pending); /* cannot fail; likewise sigpending */
    (void)sigpending(&pending);
    held->was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &held->mask); /* a valid operation */
}

void impact__sigpipe_release(const impact__sigpipe *held)
{
    const int error = errno;
    const struct timespec at_once = {0, 0};
    sigset_t pipe;
    only_sigpipe(&pipe);
    if (!held->was_pending)
        while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
            ;
    (void)pthread_sigmask(SIG_SETMASK, &held->mask, NULL); /* a valid operation */
    errno = error;
}
