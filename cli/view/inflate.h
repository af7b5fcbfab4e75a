/* A gzip body, back to what it was. */
#ifndef IMPACT_CLI_VIEW_INFLATE_H
#define IMPACT_CLI_VIEW_INFLATE_H

#include "base/buffer.h"

typedef enum view_inflated {
    view_inflated_all,
    view_inflated_too_much, /* it would be larger than `limit` */
    view_inflated_no_gzip,  /* it is none, or is not whole */
    view_inflated_no_memory,
} view_inflated;

/* Append to an empty buffer. */
view_inflated view_inflate(impact__buffer *to, impact_text body, size_t limit);

#endif
