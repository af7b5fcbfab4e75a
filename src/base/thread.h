/* Locks, conditions on the monotonic clock, and threads that belong to the library.
 *
 * DESIGN: pthread_cancel may hit any of the host's threads while it is in here. A thread that is
 * unwound with a lock held leaves it locked for good, and the next fork waits for it for ever. So
 * no point of cancellation is reached with a lock held: nothing is called out with one (a rule of
 * the house), and the two waits below, the only ones that there are, put a cancellation off. It
 * takes effect at the first point after, without a lock. Calls that wait put it off for the whole
 * of what they do, so that none is left half done.
 */
#ifndef IMPACT_BASE_THREAD_H
#define IMPACT_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>

/* How a variable of the thread is reached without a call. glibc's loader keeps room for a few such
 * variables in libraries that are opened late; musl's keeps none. */
#ifdef __GLIBC__
#define IMPACT__THREAD_LOCAL_MODEL __attribute__((tls_model("initial-exec")))
#else
#define IMPACT__THREAD_LOCAL_MODEL
#endif

/* True when somebody has it: for assertions, in what is called under a lock. */
bool impact__lock_is_held(pthread_mutex_t *lock);

/* A condition whose deadlines are moments of the monotonic clock. */
impact_status impact__condition_open(pthread_cond_t *condition);

/* Wait for a signal, or for nothing: look at what you wait for again. A cancellation waits too. */
void impact__condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

/* The same until `deadline_ns`. False: it has passed. */
bool impact__condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                  uint64_t deadline_ns);

/* Let `ns` pass, for want of anything to wait for. */
void impact__thread_pause(uint64_t ns);

/* Put a cancellation of the calling thread off until the release, which takes what hold
 * returned. */
int impact__cancel_hold(void);
void impact__cancel_release(int held);

/* Block signals on the calling thread, so that no handler of the host's runs on the threads that it
 * starts: all but those for a thread's own faults (SIGSEGV and its kin), and those that end the
 * process (SIGTERM and its kin), which stay as they are. */
void impact__signals_block(sigset_t *before);
void impact__signals_restore(const sigset_t *before);

/* Start a detached thread that has signals blocked in this way. */
impact_status impact__thread_start(void *(*run)(void *), void *argument);

/* Name the calling thread, for those who list threads; at most 15 bytes. */
void impact__thread_set_name(const char *name);

#endif
