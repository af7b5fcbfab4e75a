/* What a backend's answer means for the spans that it answers. */
#ifndef IMPACT_EXPORT_OTLP_OTLP_ANSWER_H
#define IMPACT_EXPORT_OTLP_OTLP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/text.h>

#include "export/otlp/grpc.h"
#include "export/otlp/otlp_environment.h"

/* What came back. */
typedef struct otlp__answer {
    otlp__protocol protocol;
    long http_status;
    otlp__grpc_status grpc;
    impact_text body;  /* borrowed until the next post */
    bool is_too_large; /* the body was not read to its end */
    bool is_cut;       /* the connection ended amid the answer, behind its status */
    bool is_unended;   /* of gRPC: the message is there, whole, and no status behind it */
    bool is_reset;     /* of gRPC: the request was not read to its end, and nothing was said */
    bool asks_to_wait; /* Retry-After or RetryInfo was there and could be read */
    uint64_t wait_ms;
    bool is_unreachable; /* nobody was there: no name, or no connection */
    const char *error;   /* of a post that failed: borrowed likewise, one line */
} otlp__answer;

/* What a backend made of a request. */
typedef struct otlp__verdict {
    size_t rejected;
    bool is_too_large; /* HTTP 413 and its like: none was taken; smaller requests may be */
} otlp__verdict;

/* A header or a trailer has come: "name: value", or another line. */
void otlp__answer_take_header(otlp__answer *answer, impact_text line);

/* True when asking again, for as many spans, would not change it. */
bool otlp__answer_is_final(const otlp__answer *answer, size_t span_count);

/* Judge an answer that is final, and report what was not taken. */
otlp__verdict otlp__answer_judge(const otlp__answer *answer, size_t span_count,
                                 const impact_allocator *allocator);

/* Report that no final answer was to be had. */
void otlp__answer_report_failure(const otlp__answer *answer, size_t span_count);

#endif
