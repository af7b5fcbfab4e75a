/* One request, sent until it is answered for good or its time is over. */
#ifndef IMPACT_EXPORT_OTLP_SEND_H
#define IMPACT_EXPORT_OTLP_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/random.h"
#include "export/otlp/otlp_answer.h"
#include "export/otlp/transport.h"

/* What a backend asked of all that send to it. */
typedef struct otlp__pace {
    uint64_t pause_end_ns; /* no request is sent before that moment; 0: at once */
} otlp__pace;

/* Who sends, kept between requests: a backend that asked for a pause gets it, whatever is sent
 * next, and whoever sends. */
typedef struct otlp__sender {
    const impact_allocator *allocator; /* borrowed */
    otlp__http *http;                  /* owned */
    impact__random random;
    uint64_t pause_end_ns; /* the next request is not sent before that moment; 0: at once */
    bool is_backend_away;  /* the pause is one for a backend that could not be reached */
    otlp__pace *pace;      /* borrowed */

    /* The request that is being sent. */
    impact_text body; /* borrowed */
    size_t span_count;
    uint64_t deadline_ns;
    unsigned attempts; /* that were begun */
    bool is_posting;   /* one is under way; otherwise a pause is */
    bool is_last;      /* there is to be no other after it, should the backend be away */
    otlp__answer answer;
} otlp__sender;

/* Senders of one pace are used by one thread at a time. */
impact_status otlp__sender_open(otlp__sender *sender, const otlp__settings *settings,
                                otlp__pace *pace);
void otlp__sender_close(otlp__sender *sender);

/* Begin to send `body`, borrowed until that is over, in which there are `span_count` spans. */
void otlp__send_begin(otlp__sender *sender, impact_text body, size_t span_count,
                      uint64_t deadline_ns);

/* Go on, without waiting. False: it is not over; go on when otlp__http_descriptor is readable, or
 * at that moment. Otherwise *status is IMPACT_OK: there is a verdict on the spans, which are
 * counted as rejected where they are too large. IMPACT_EAGAIN: none is known to be taken, and they
 * may be later. Any other: they will not be. */
bool otlp__send_advance(otlp__sender *sender, impact_status *status, otlp__verdict *verdict);
uint64_t otlp__send_moment(const otlp__sender *sender);

#endif
