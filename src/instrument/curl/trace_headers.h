/* The current context's header lines before a header list of the application's. */
#ifndef IMPACT_INSTRUMENT_CURL_TRACE_HEADERS_H
#define IMPACT_INSTRUMENT_CURL_TRACE_HEADERS_H

#include <curl/curl.h>

/* Lines that stand before the application's first: its list is not copied, and not changed. */
typedef struct impact__trace_headers {
    struct curl_slist *first;       /* ours, then the application's */
    struct curl_slist *application; /* borrowed */
} impact__trace_headers;

/* Make the list to send, `headers->first`: whatever fields the process's propagator sets, without
 * those that the application sends itself or asks not to be sent. Borrows `list` for the transfer;
 * it is `list` itself when there is nothing to add. A line that there is no memory for is left
 * out. */
void impact__trace_headers_open(impact__trace_headers *headers, struct curl_slist *list);
void impact__trace_headers_close(impact__trace_headers *headers);

#endif
