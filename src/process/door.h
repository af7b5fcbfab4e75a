/* The door to libraries that mind forks and exits, inside. What threads see is in
 * <impact/process.h>. */
#ifndef IMPACT_PROCESS_DOOR_H
#define IMPACT_PROCESS_DOOR_H

#include <impact/process.h>

/* Let nobody in any more, and wait until all have left, or for the grace time. */
void impact__door_shut(void);

/* Make it ready, and have it held over forks: once. */
impact_status impact__door_open(void);

#endif
