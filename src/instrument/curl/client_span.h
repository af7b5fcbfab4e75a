/* The CLIENT span of one request (semantic conventions, http-spans "HTTP client span"). */
#ifndef IMPACT_INSTRUMENT_CURL_CLIENT_SPAN_H
#define IMPACT_INSTRUMENT_CURL_CLIENT_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include <impact/context.h>
#include <impact/span.h>

/* A request as it is known when its span starts. Everything may be zero: not known, not so. */
typedef struct impact__client_request {
    const char *url;
    long port; /* CURLOPT_PORT */
    const char *method;
    const impact_context *context; /* where its parent is; NULL: the current one */
    long resend_count;             /* requests that were sent before it for the same transfer */
    uint64_t start_unix_ns;        /* 0: now */
} impact__client_request;

/* Start its span, with all of that. */
impact_span *impact__client_span_start(const impact__client_request *request);

/* Correct its method, and its URL if there is one: what libcurl is about to send wins. */
void impact__client_span_set_request(impact_span *span, const impact__client_request *request);

/* Whom it was sent to. A NULL or empty address is nobody. */
void impact__client_span_set_peer(impact_span *span, const char *address, long port);

/* The answer to the request that the handle sent last: its status and its protocol. False: no
 * answer. */
bool impact__client_span_set_response(impact_span *span, CURL *easy);

/* It failed, or not: CURLE_OK. A failure that libcurl makes of a status says less than that. */
void impact__client_span_set_result(impact_span *span, CURLcode code);

/* It failed for a reason that is no CURLcode. */
void impact__client_span_fail(impact_span *span, const char *type, const char *description);

#endif
