/* Whom a span called, as Zipkin wants to know it: `remoteEndpoint`. */
#ifndef IMPACT_EXPORT_ZIPKIN_REMOTE_ENDPOINT_H
#define IMPACT_EXPORT_ZIPKIN_REMOTE_ENDPOINT_H

#include <stdbool.h>

#include <impact/span_view.h>

typedef struct zipkin__remote_endpoint {
    const char *member; /* of an Endpoint, that `text` is: "serviceName", "ipv4", "ipv6" */
    impact_text text;   /* borrowed */
    uint16_t port;      /* 0: none is known */
} zipkin__remote_endpoint;

/* From the attribute of the first rank that is there. False: none is. */
bool zipkin__remote_endpoint_find(zipkin__remote_endpoint *endpoint,
                                  impact_message_walk attributes);

#endif
