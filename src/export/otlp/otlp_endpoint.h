/* Where requests go: a URL, and perhaps a socket of this machine (protocol/exporter "Endpoint URLs
 * for OTLP/HTTP"). */
#ifndef IMPACT_EXPORT_OTLP_OTLP_ENDPOINT_H
#define IMPACT_EXPORT_OTLP_OTLP_ENDPOINT_H

#include <stdbool.h>

#include <impact/allocator.h>
#include <impact/status.h>
#include <impact/text.h>

/* Both NUL-terminated and owned. */
typedef struct otlp__endpoint {
    char *url;       /* http or https, with the path that is asked for */
    char *unix_path; /* NULL: the URL's host is connected to */
} otlp__endpoint;

/* What is made of the text. */
typedef enum otlp__endpoint_form {
    OTLP__ENDPOINT_WHOLE, /* it is the URL */
    OTLP__ENDPOINT_BASE,  /* it gets the path of traces over HTTP */
    OTLP__ENDPOINT_GRPC,  /* its scheme and host get the path of the method; "host:port" will do */
} otlp__endpoint_form;

/* Read an http or https URL, or "unix:" and the path of a socket. `is_insecure` says how gRPC
 * speaks to one without a scheme. IMPACT_EINVAL: it is none of these. */
impact_status otlp__endpoint_open(otlp__endpoint *endpoint, const impact_allocator *allocator,
                                  impact_text text, otlp__endpoint_form form, bool is_insecure);
void otlp__endpoint_close(otlp__endpoint *endpoint, const impact_allocator *allocator);

#endif
