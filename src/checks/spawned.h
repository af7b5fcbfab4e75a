/* A program that was started, and what it says: killed for real when its time is over. */
#ifndef IMPACT_CHECKS_SPAWNED_H
#define IMPACT_CHECKS_SPAWNED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct impact__spawned {
    pid_t process;
    int output; /* the end of a pipe that its standard output goes to; owned; does not block */
    int watch;  /* readable when it has ended; owned; -1: the kernel has none (before Linux 5.3) */
} impact__spawned;

/* Start argv[0], found by PATH where it has no slash, with nothing as its standard input and error,
 * in a process group of its own, with no signal blocked. 0, or an errno. */
int impact__spawn(impact__spawned *spawned, char *const argv[]);

/* It has, or somebody else has taken its end. For where there is no `watch`. */
bool impact__spawned_has_ended(const impact__spawned *spawned);

/* End all of its group, whatever it is at. */
void impact__spawned_kill(const impact__spawned *spawned);

/* Its wait status, once it ends: wait for `watch` before. False: somebody else has taken it.
 * Gives all back. */
bool impact__spawned_reap(impact__spawned *spawned, int *status);

#endif
