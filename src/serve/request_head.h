/* The head of an HTTP/1.x request as it comes in. */
#ifndef IMPACT_SERVE_REQUEST_HEAD_H
#define IMPACT_SERVE_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

/* All text is borrowed from the bytes. */
typedef struct impact__request_head {
    size_t size; /* of the head, its empty line included */
    impact_text method;
    impact_text target; /* as it came */
    impact_text fields; /* the header's lines */
    uint64_t body_size;
    bool keeps_alive;        /* the connection is for more requests */
    bool wants_no_body_read; /* Expect: the client waits before it sends one (RFC 9110 10.1.1) */
    int refusal;             /* the status that answers what is no request; 0: it is one */
} impact__request_head;

/* Read all that has come of it. False: more has to come, and `to` is untouched. Refused: only the
 * refusal is filled. */
bool impact__request_head_parse(impact__request_head *to, impact_text bytes);

/* The first field of a name, in lower case, without blanks around; empty when absent. `head` is an
 * impact__request_head: this stands in impact_http_request. */
impact_text impact__request_head_field(void *head, const char *name);

#endif
