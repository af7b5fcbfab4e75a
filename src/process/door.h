/* The door to libraries that mind forks and exits, inside. What threads see is in
 * <impact/process.h>. */
#ifndef IMPACT_PROCESS_DOOR_H
#define IMPACT_PROCESS_DOOR_H

#include <impact/process.h>

/* Let nobody in any more, and wait until all have left, or for the grace time. */
void impact__door_shut(void);

/* A thread of ours ends: what libraries do when one does, in destructors of which nobody hears, is
 * done inside, so that no fork and no exit comes upon it. Return what this returns: NULL. In a
 * process that ends it does not return. Call it without any lock. */
void *impact__door_end_thread(void);

/* Make it ready, and have it held over forks: once. */
impact_status impact__door_open(void);

#endif
