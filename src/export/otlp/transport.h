/* POSTs over libcurl that end at a deadline, or when somebody interrupts them. */
#ifndef IMPACT_EXPORT_OTLP_TRANSPORT_H
#define IMPACT_EXPORT_OTLP_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/status.h>
#include <impact/text.h>

#include "export/otlp/otlp_answer.h"

typedef struct otlp__http otlp__http;

/* `settings` is borrowed until close. */
impact_status otlp__http_open(otlp__http **http, const otlp__settings *settings);
void otlp__http_close(otlp__http *http);

/* Send `body`. IMPACT_OK: there was an answer. IMPACT_ESYSTEM: the connection failed, and another
 * try may do better. IMPACT_ETIMEDOUT, IMPACT_ECLOSED (interrupted), IMPACT_ENOMEM, IMPACT_EEXPORT:
 * it would not. */
impact_status otlp__http_post(otlp__http *http, otlp__answer *answer, impact_text body,
                              uint64_t deadline_ns);

/* The moment by which all is to be over: UINT64_MAX until somebody hastens. */
uint64_t otlp__http_end(const otlp__http *http);

/* Wait until `until_ns` of the monotonic clock, or until otlp__http_end is another moment than
 * `known_end_ns`. IMPACT_ECLOSED: interrupted. */
impact_status otlp__http_wait(otlp__http *http, uint64_t until_ns, uint64_t known_end_ns);

/* Say by when all is to be over. From any thread. */
void otlp__http_hasten(otlp__http *http, uint64_t end_ns);

/* End what runs and all that comes. From any thread. */
void otlp__http_interrupt(otlp__http *http);

#endif
