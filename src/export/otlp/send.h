/* One request, sent until it is answered for good or its time is over. */
#ifndef IMPACT_EXPORT_OTLP_SEND_H
#define IMPACT_EXPORT_OTLP_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/random.h"
#include "export/otlp/otlp_answer.h"
#include "export/otlp/transport.h"

/* Who sends, kept between requests: a backend that asked for a pause gets it, whatever is sent
 * next. */
typedef struct otlp__sender {
    const impact_allocator *allocator; /* borrowed */
    otlp__http *http;                  /* owned */
    impact__random random;
    uint64_t pause_end_ns; /* the next request is not sent before that moment; 0: at once */
    bool is_backend_away;  /* the pause is one for a backend that could not be reached */
} otlp__sender;

impact_status otlp__sender_open(otlp__sender *sender, const otlp__settings *settings);
void otlp__sender_close(otlp__sender *sender);

/* IMPACT_OK: there is a verdict on the `span_count` spans in `body`, which are counted as rejected
 * where they are too large. IMPACT_EAGAIN: none is known to be taken, and they may be later.
 * Otherwise they will not be. */
impact_status otlp__send(otlp__sender *sender, impact_text body, size_t span_count,
                         uint64_t deadline_ns, otlp__verdict *verdict);

#endif
