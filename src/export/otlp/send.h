/* One request, sent until it is answered for good or its time is over. */
#ifndef IMPACT_EXPORT_OTLP_SEND_H
#define IMPACT_EXPORT_OTLP_SEND_H

#include <stddef.h>

#include "export/otlp/transport.h"

/* IMPACT_OK: the backend took `span_count` spans but `*rejected`. Otherwise none is known to be
 * taken. */
impact_status otlp__send(otlp__http *http, impact_text body, size_t span_count,
                         uint64_t deadline_ns, size_t *rejected);

#endif
