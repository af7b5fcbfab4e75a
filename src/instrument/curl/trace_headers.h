/* The trace context's header lines before a header list of the application's. */
#ifndef IMPACT_INSTRUMENT_CURL_TRACE_HEADERS_H
#define IMPACT_INSTRUMENT_CURL_TRACE_HEADERS_H

#include <curl/curl.h>

#include <impact/propagation.h>

/* Bytes of a tracestate that are sent; a longer one is left out (W3C Trace Context 3.3.1.5: at least
 * 512 should be). */
enum { impact__trace_state_limit = 1024 };

/* Two nodes that stand before the application's first: its list is not copied, and not changed. */
typedef struct impact__trace_headers {
    struct curl_slist parent_node;
    struct curl_slist state_node;
    char parent[sizeof "traceparent: " + IMPACT_TRACEPARENT_SIZE];
    char state[sizeof "tracestate: " + impact__trace_state_limit];
} impact__trace_headers;

/* The list to send: `headers` borrows `list`, and both are borrowed for the transfer. It is `list`
 * itself when the application sends a traceparent of its own, or asks for none to be sent. */
struct curl_slist *impact__trace_headers_before(impact__trace_headers *headers,
                                                struct curl_slist *list,
                                                const impact_span_context *context);

#endif
