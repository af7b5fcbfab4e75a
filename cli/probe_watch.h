/* `impact probe --watch`. */
#ifndef IMPACT_CLI_PROBE_WATCH_H
#define IMPACT_CLI_PROBE_WATCH_H

#include "probe_arguments.h"

/* Ask until a signal ends it: on a terminal one view that is drawn anew, else a line a change.
 * Returns the exit status: of the last answer, when nobody reads what is printed any more. */
int probe_watch(const probe_arguments *arguments, const char *secret);

#endif
