/* Files that were found to be no whole journals: kept for a person to look into, and few of them.
 */
#ifndef IMPACT_PIPELINE_SET_ASIDE_H
#define IMPACT_PIPELINE_SET_ASIDE_H

#include "pipeline/journal.h"

#define IMPACT__SET_ASIDE_SUFFIX ".corrupt"

enum { impact__set_aside_limit = 8 };                 /* in a directory */
#define IMPACT__SET_ASIDE_BYTES (UINT64_C(128) << 20) /* likewise, beside the newest */

/* Rename `name` in that directory, whose path it says, and remove the oldest if there are too
 * many. */
void impact__set_aside(int directory, const char *path, const char *name);

#endif
