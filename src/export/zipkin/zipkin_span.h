/* A span as Zipkin has it (specification, trace/sdk_exporters/zipkin "OpenTelemetry to Zipkin
 * Transformation"; zipkin2-api.yaml). */
#ifndef IMPACT_EXPORT_ZIPKIN_ZIPKIN_SPAN_H
#define IMPACT_EXPORT_ZIPKIN_ZIPKIN_SPAN_H

#include <impact/span_view.h>

#include "export/tree/outline.h"

/* Where spans come from. All is borrowed. */
typedef struct zipkin__origin {
    impact_message_walk resource; /* its attributes */
    impact_text service_name;
    impact_scope_view scope;
} zipkin__origin;

/* Write it as one object, where an item has begun. Room for texts is `scratch`, whose failure is
 * the outline's too. */
void zipkin__span_write(impact__outline *outline, impact__buffer *scratch,
                        const zipkin__origin *origin, const impact_span_view *span);

#endif
