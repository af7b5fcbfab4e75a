/* The body of a request: what a batch is in the protocol that is spoken, compressed if asked
 * for. */
#ifndef IMPACT_EXPORT_OTLP_BODY_H
#define IMPACT_EXPORT_OTLP_BODY_H

#include "base/buffer.h"
#include "export/otlp/otlp_environment.h"

/* Memory that is kept between requests. */
typedef struct otlp__body {
    const otlp__settings *settings; /* borrowed */
    impact__buffer encoded;         /* in JSON, or behind the head of gRPC */
    impact__buffer compressed;
} otlp__body;

otlp__body otlp__body_of(const otlp__settings *settings);
void otlp__body_close(otlp__body *body);

/* Make the body of an ExportTraceServiceRequest: borrowed until the next one, or from `request`.
 * IMPACT_ENOMEM. */
impact_status otlp__body_make(impact_text *made, otlp__body *body, impact_text request);

#endif
