/* Where Zipkin is: the OTEL_EXPORTER_ZIPKIN_* variables (specification,
 * configuration/sdk-environment-variables "Zipkin Exporter"). */
#ifndef IMPACT_EXPORT_ZIPKIN_ZIPKIN_ENVIRONMENT_H
#define IMPACT_EXPORT_ZIPKIN_ZIPKIN_ENVIRONMENT_H

#include "export/otlp/otlp_environment.h"

/* Closed as those of OTLP are. IMPACT_EINVAL: the endpoint is none, which is reported, and nothing
 * is sent to another one; IMPACT_ENOMEM. */
impact_status zipkin__settings_open(otlp__settings *settings, const impact_allocator *allocator);

#endif
