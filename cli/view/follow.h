/* Traces on a terminal, as they come to rest. */
#ifndef IMPACT_CLI_VIEW_FOLLOW_H
#define IMPACT_CLI_VIEW_FOLLOW_H

#include "outlet.h"
#include "store.h"

/* A trace that has not changed for so long is at rest. */
enum { view_rest_ms = 1000 };

/* Print the traces that are at rest at `now_ns` and were not printed since they changed, each as
 * impact_tree_print does, while somebody reads: the others stay in the store. `in_colour`: he is a
 * terminal. Milliseconds until the next one may be; -1: none waits, or one for the reader. */
int view_follow(view_store *store, view_outlet *to, bool in_colour, uint64_t now_ns);

#endif
