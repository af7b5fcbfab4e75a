/* POSTs over libcurl, of which nobody has to wait for any. They end at a deadline, or when somebody
 * interrupts them. */
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

/* From now on names are looked up without a thread and without waiting, as far as that can be
 * done. */
void otlp__http_look_names_up(otlp__http *http);

/* Begin to send `body`, borrowed until that is over. Nothing is done before the first look. */
void otlp__http_begin(otlp__http *http, impact_text body, uint64_t deadline_ns);

/* Look what became of it, without waiting. IMPACT_EAGAIN: it goes on. IMPACT_OK: there was an
 * answer. IMPACT_ESYSTEM: the connection failed, and another try may do better. IMPACT_ETIMEDOUT,
 * IMPACT_ECLOSED (interrupted), IMPACT_ENOMEM, IMPACT_EEXPORT: it would not. */
impact_status otlp__http_look(otlp__http *http, otlp__answer *answer);

/* When to look again at latest, while it goes on. */
uint64_t otlp__http_moment(const otlp__http *http);

/* While nothing is sent: IMPACT_ECLOSED when it was interrupted, or when the process ends;
 * IMPACT_ENOMEM; IMPACT_EEXPORT: it cannot be waited. */
impact_status otlp__http_look_idle(otlp__http *http);

/* Readable when a look is worth while: after the first one, until the next fork. */
int otlp__http_descriptor(const otlp__http *http);

/* Wait until it is, or until `until_ns` of the monotonic clock; perhaps less. */
void otlp__http_wait(const otlp__http *http, uint64_t until_ns);

/* The moment by which all is to be over: UINT64_MAX until somebody hastens. */
uint64_t otlp__http_end(const otlp__http *http);

/* Say by when all is to be over. From any thread. */
void otlp__http_hasten(otlp__http *http, uint64_t end_ns);

/* End what runs and all that comes. From any thread. */
void otlp__http_interrupt(otlp__http *http);

#endif
