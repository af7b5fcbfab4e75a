/* An HTTP/1.x answer as it comes in: head and body. */
#ifndef IMPACT_CLI_PROBE_ANSWER_H
#define IMPACT_CLI_PROBE_ANSWER_H

#include <stdbool.h>

#include <impact/text.h>

typedef enum probe_answer_state {
    probe_answer_incomplete, /* more has to come */
    probe_answer_whole,
    probe_answer_broken, /* it is no HTTP, or ended too early */
} probe_answer_state;

/* What may still come. */
typedef enum probe_answer_rest {
    probe_rest_open,
    probe_rest_closed, /* the peer has closed */
    probe_rest_cut,    /* there is no more room: a body that is not whole counts as one that is */
} probe_answer_rest;

/* All text is borrowed from the bytes. */
typedef struct probe_answer {
    int status;
    impact_text content_type;
    impact_text body;
} probe_answer;

/* Read all that has come. Once it is whole, the chunks of the body are one (in `bytes`). `to` is
 * filled when it is whole. */
probe_answer_state probe_answer_parse(probe_answer *to, char *bytes, size_t size,
                                      probe_answer_rest rest);

#endif
