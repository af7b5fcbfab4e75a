/* Locks, conditions on the monotonic clock, and threads that belong to the library. */
#ifndef IMPACT_BASE_THREAD_H
#define IMPACT_BASE_THREAD_H

#include <pthread.h>
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

/* A condition whose deadlines are moments of the monotonic clock. */
impact_status impact__condition_open(pthread_cond_t *condition);

/* Wait for a signal, or for nothing: look at what you wait for again. False: `deadline_ns` has
 * passed. */
bool impact__condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                  uint64_t deadline_ns);

/* Start a detached thread with signals blocked, so that no handler of the host's runs on it but
 * those for its own faults (SIGSEGV and its kin). */
impact_status impact__thread_start(void *(*run)(void *), void *argument);

/* Name the calling thread, for those who list threads; at most 15 bytes. */
void impact__thread_set_name(const char *name);

#endif
