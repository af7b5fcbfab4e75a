/* What gRPC puts around a message and behind it (grpc.io, "gRPC over HTTP2"). */
#ifndef IMPACT_EXPORT_OTLP_GRPC_H
#define IMPACT_EXPORT_OTLP_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

#include "export/otlp/reason.h"

enum { OTLP__GRPC_HEAD_SIZE = 5 }; /* before a message: whether it is compressed, and its size */

/* Write it. */
void otlp__grpc_write_head(char to[OTLP__GRPC_HEAD_SIZE], bool is_compressed, size_t size);

/* The one message in the body of an answer; `is_compressed` as its head says. False, and nothing
 * set: there is none, or not one whole. Borrowed from the body. */
bool otlp__grpc_message(impact_text *message, bool *is_compressed, impact_text body);

/* What the trailers said: all zero before they came. */
typedef struct otlp__grpc_status {
    bool is_there; /* without it the server has not ended the call */
    uint32_t code;
    otlp__reason message;
    bool asks_to_wait; /* google.rpc.RetryInfo was in the details */
    uint64_t wait_ms;
} otlp__grpc_status;

/* Take a header or trailer, if it is one of gRPC's. */
void otlp__grpc_take(otlp__grpc_status *status, impact_text name, impact_text value);

/* True for the codes that may go better another time (OTLP 1.x, "Failures": gRPC). */
bool otlp__grpc_may_retry(const otlp__grpc_status *status);

/* True when it is the size of the request that was refused, which has no code of its own. */
bool otlp__grpc_is_too_large(const otlp__grpc_status *status);

/* The code's name, "UNAVAILABLE"; "?" when it has none. */
const char *otlp__grpc_code_name(uint32_t code);

#endif
