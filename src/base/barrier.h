/* A memory barrier on all threads of the process at once, at the expense of the one that asks.
 *
 * It lets those who are often there do without one: who first writes X and then reads Y, with only
 * the compiler held to that order, against one who writes Y, calls impact__barrier_on_all and reads
 * X: one of the two sees what the other wrote. On Linux this is membarrier(2), 1 to 10 us.
 */
#ifndef IMPACT_BASE_BARRIER_H
#define IMPACT_BASE_BARRIER_H

#include <stdbool.h>

/* Ask for it once, before any thread relies on it. False: there is none, and nobody may. */
bool impact__barrier_open(void);

/* False: there is none any more, as after a sandbox was closed behind us. A barrier it was all the
 * same: it waited for longer than any processor keeps a store to itself. */
bool impact__barrier_on_all(void);

#endif
