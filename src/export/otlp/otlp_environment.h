/* Where to send to and how: from the code's options, and from the OTEL_EXPORTER_OTLP_* variables
 * where those say nothing (OpenTelemetry specification, protocol/exporter). */
#ifndef IMPACT_EXPORT_OTLP_OTLP_ENVIRONMENT_H
#define IMPACT_EXPORT_OTLP_OTLP_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/exporter.h>

#include "export/otlp/otlp_endpoint.h"
#include "export/otlp/otlp_headers.h"

typedef enum otlp__protocol {
    OTLP__HTTP_PROTOBUF,
    OTLP__HTTP_JSON,
    OTLP__GRPC,
    OTLP__ZIPKIN, /* not OTLP at all, but sent as it is */
} otlp__protocol;

/* All text is NUL-terminated and owned. */
typedef struct otlp__settings {
    const impact_allocator *allocator;
    otlp__protocol protocol;
    bool has_gzip; /* requests are compressed */
    otlp__endpoint endpoint;
    char *certificate;        /* a file of trusted certificates; NULL: the system's */
    char *client_certificate; /* a file of our own one; NULL: we have none */
    char *client_key;         /* a file; NULL: the key stands in the certificate's file */
    char *product;            /* what stands before our own in User-Agent; NULL: nothing */
    otlp__headers headers;
    uint32_t timeout_ms;   /* of one export with all its retries; 0: none */
    size_t request_limit;  /* bytes */
    size_t response_limit; /* bytes */
} otlp__settings;

/* `options` may be NULL. What is not valid in the environment is reported and counts as unset, but
 * for an endpoint: nothing is sent to another one. IMPACT_EINVAL: that, or the options are not
 * valid; IMPACT_ELIMIT: too many headers; IMPACT_ENOMEM. */
impact_status otlp__settings_open(otlp__settings *settings, const impact_otlp_options *options,
                                  const impact_allocator *allocator);
void otlp__settings_close(otlp__settings *settings);

#endif
