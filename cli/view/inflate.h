/* A gzip body, back to what it was. */
#ifndef IMPACT_CLI_VIEW_INFLATE_H
#define IMPACT_CLI_VIEW_INFLATE_H

#include <zlib.h>

#include "base/buffer.h"
#include "slice.h"

typedef enum view_inflated {
    view_inflated_some, /* there is more to come */
    view_inflated_all,
    view_inflated_too_much, /* it would be larger than the limit */
    view_inflated_no_gzip,  /* it is none, or is not whole */
    view_inflated_no_memory,
} view_inflated;

typedef struct view_inflation {
    z_stream stream;
    bool is_open;
    size_t limit;
    impact__buffer to; /* what it was */
} view_inflation;

/* `body` is borrowed until the end. */
void view_inflate_begin(view_inflation *inflation, impact_text body, size_t limit,
                        const impact_allocator *allocator);
view_inflated view_inflate_some(view_inflation *inflation, view_slice *slice);
void view_inflate_end(view_inflation *inflation); /* accepts one that was never begun */

#endif
