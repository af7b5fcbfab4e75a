/* Path and query of a request as they travel: percent-encoded. */
#ifndef IMPACT_INSTRUMENT_MICROHTTPD_TARGET_H
#define IMPACT_INSTRUMENT_MICROHTTPD_TARGET_H

#include <stdbool.h>

#include <microhttpd.h>

#include <impact/text.h>

typedef struct impact__target {
    impact_text authority; /* of the absolute form, without a user; borrowed from the request */
    impact_text path;      /* empty: none that may be shown */
    impact_text query;     /* without its question mark */
    char *memory;          /* owned; what both point into */
} impact__target;

/* From what libmicrohttpd has decoded, encoded again: for servers whose options are the
 * application's. Equal in meaning, not in bytes: a slash that came as %2F is a slash, a plus is
 * %20, and `url` ends at a %00. False: no memory. */
bool impact__target_open_decoded(impact__target *target, struct MHD_Connection *connection,
                                 const char *url);

/* Give the memory back; it may be all zero. */
void impact__target_close(impact__target *target);

#endif
