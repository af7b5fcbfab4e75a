/* An answer as gRPC has it (grpc.health.v1). */
#ifndef IMPACT_HEALTH_GRPC_ANSWER_H
#define IMPACT_HEALTH_GRPC_ANSWER_H

#include <stdbool.h>

#include <impact/http.h>

/* Codes of gRPC (doc/statuscodes.md). */
typedef enum impact__grpc_code {
    IMPACT__GRPC_OK = 0,
    IMPACT__GRPC_INVALID_ARGUMENT = 3,
    IMPACT__GRPC_NOT_FOUND = 5,
    IMPACT__GRPC_RESOURCE_EXHAUSTED = 8,
    IMPACT__GRPC_UNIMPLEMENTED = 12,
    IMPACT__GRPC_UNAVAILABLE = 14,
    IMPACT__GRPC_UNAUTHENTICATED = 16
} impact__grpc_code;

/* SERVING, or NOT_SERVING. Of who watches it is one message, without an end. */
void impact__grpc_answer_verdict(impact_http_response *response, bool is_healthy, bool is_watched);

/* What cannot be answered. */
void impact__grpc_answer_error(impact_http_response *response, impact__grpc_code code);

/* The error that a refused request of HTTP would have been; what was in the response is given
 * back. Who watches what there is not gets the message SERVICE_UNKNOWN: it may come. */
void impact__grpc_answer_refused(impact_http_response *response, bool is_watched);

#endif
