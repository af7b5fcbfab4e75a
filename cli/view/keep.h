/* The spans that are kept, in a file: what a later run finds.
 *
 * DESIGN: requests one after the other are one request, so the file is a message of OTLP that grows
 * at its end. One that was not whole when the program was killed is cut off by the next run. When
 * the file has twice the store's room it is written anew, out of the store, beside it, and takes
 * its place.
 */
#ifndef IMPACT_CLI_VIEW_KEEP_H
#define IMPACT_CLI_VIEW_KEEP_H

#include "outlet.h"
#include "store.h"

typedef struct view_keep {
    view_store *store;
    const char *name; /* borrowed */
    int descriptor;   /* -1: it is not kept, or not any more */
    uint64_t size;
    uint64_t limit;
    view_outlet told; /* on standard error; whoever waits sends it */
} view_keep;

/* Open a file, or make it; put what is in it into the store, and from then on what comes into the
 * store into it. A file that cannot be written any more is told once on standard error, and left as
 * it is. False, and told: it cannot be opened, another program has it, or it is of another kind. */
bool view_keep_open(view_keep *keep, view_store *store, const char *name);

/* It is on the disk then. */
void view_keep_close(view_keep *keep);

#endif
