/* Redis' protocol, RESP 2 and 3: a command, and the first line of a reply. */
#ifndef IMPACT_CHECKS_RESP_H
#define IMPACT_CHECKS_RESP_H

#include <stddef.h>

#include "base/buffer.h"

enum { impact__resp_line_limit = 512 }; /* a reply that is a line has no more here */

typedef enum impact__resp_kind {
    impact__resp_partial, /* the line has not ended */
    impact__resp_text,
    impact__resp_error,
    impact__resp_other /* neither, or nothing of Redis' at all */
} impact__resp_kind;

typedef struct impact__resp_reply {
    impact__resp_kind kind;
    impact_text text; /* borrowed: the line without its mark and its end */
    size_t size;      /* bytes of it, its end included */
} impact__resp_reply;

/* Append a command of `count` words. */
void impact__resp_write(impact__buffer *to, const impact_text *words, size_t count);

/* The reply at the start of what has come. */
impact__resp_reply impact__resp_read(impact_text bytes);

#endif
