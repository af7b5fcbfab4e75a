/* A stretch of code in which a closed pipe or socket is an error and not a signal. */
#ifndef IMPACT_BASE_SIGPIPE_H
#define IMPACT_BASE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

typedef struct impact__sigpipe {
    sigset_t mask;    /* the thread's own */
    bool was_pending; /* one was there before: it belongs to the host */
} impact__sigpipe;

/* Hold SIGPIPE back on this thread. */
void impact__sigpipe_hold(impact__sigpipe *held);

/* Take away the one that came since, and restore the thread's mask. errno is kept. */
void impact__sigpipe_release(const impact__sigpipe *held);

#endif
