/* The SERVER span of a request, in whatever server (semantic conventions, http-spans "HTTP
 * server"). */
#ifndef IMPACT_INSTRUMENT_COMMON_REQUEST_SPAN_H
#define IMPACT_INSTRUMENT_COMMON_REQUEST_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/context.h>
#include <impact/trace.h>

#include "instrument/common/request_headers.h"

/* What a server says of a request; all borrowed. */
typedef struct impact__request_facts {
    const char *method;
    impact_text path;      /* as it travels; empty: none that may be shown */
    impact_text query;     /* without its question mark */
    impact_text authority; /* of an absolute target, or empty: it is the Host header's */
    const char *version;   /* "HTTP/1.1", "1.1"; NULL: not known */
    const char *peer;      /* its address; NULL: it has none */
    uint16_t peer_port;
    bool is_https;
    impact__request_headers headers;
} impact__request_facts;

/* A request that is under way. All zero: nothing of it is recorded. */
typedef struct impact__request_span {
    impact_span *span;
    const impact_context *context; /* what it is to be handled in; owned */
    const char *method;            /* borrowed until it ends */
} impact__request_span;

/* Start one below the context that its headers carry: what is current on this thread is not its
 * parent. */
void impact__request_span_start(impact__request_span *request, impact_tracer *tracer,
                                const impact__request_facts *facts);

/* A handler runs on this thread, with the span as the current one. One may itself serve another
 * request. */
typedef struct impact__request_visit {
    impact_scope scope;
    const impact__request_span *before;
} impact__request_visit;

impact__request_visit impact__request_span_enter(const impact__request_span *request);
void impact__request_span_leave(impact__request_visit visit);

/* Name the route of the request whose handler runs on this thread; NULL, or without one, it does
 * nothing. */
void impact__request_span_set_route(const char *route);

/* There is no response, for this reason. */
void impact__request_span_fail(const impact__request_span *request, const char *reason);

/* End it with the response's status; what is none (below 100) is not known. */
void impact__request_span_end(impact__request_span *request, int status);

#endif
