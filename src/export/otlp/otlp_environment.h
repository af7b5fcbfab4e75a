/* Where to send to and how, from the OTEL_EXPORTER_OTLP_* variables
 * (OpenTelemetry specification, protocol/exporter). */
#ifndef IMPACT_EXPORT_OTLP_OTLP_ENVIRONMENT_H
#define IMPACT_EXPORT_OTLP_OTLP_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/status.h>

enum { OTLP__HEADER_LIMIT = 64 };

/* All text is NUL-terminated and owned. */
typedef struct otlp__settings {
    const impact_allocator *allocator;
    char *url;
    char *certificate;                 /* a file of trusted certificates; NULL: the system's */
    char *headers[OTLP__HEADER_LIMIT]; /* "name: value" */
    size_t header_count;
    uint32_t timeout_ms; /* of one export with all its retries; 0: none */
} otlp__settings;

/* Read the environment. What is not valid is reported and ignored. */
impact_status otlp__settings_open(otlp__settings *settings, const impact_allocator *allocator);
void otlp__settings_close(otlp__settings *settings);

#endif
