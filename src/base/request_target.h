/* A request's target in any of its forms (RFC 9112 3.2). The one reader of them. */
#ifndef IMPACT_BASE_REQUEST_TARGET_H
#define IMPACT_BASE_REQUEST_TARGET_H

#include <stdbool.h>

#include <impact/text.h>

/* Borrowed; each may be empty. */
typedef struct impact__request_target {
    impact_text authority; /* of the absolute form, without a user; else empty */
    impact_text path;      /* "/" for an absolute form without one; "*" of OPTIONS; empty: none that
                              may be shown */
    impact_text query;     /* without its question mark */
} impact__request_target;

/* Read a target as it came; or, `is_decoded`, one of which a server has cut the query off and
 * decoded the rest: its question marks are the path's then, and a slash may be a user's
 * password's. */
impact__request_target impact__request_target_of(impact_text text, bool is_decoded);

#endif
