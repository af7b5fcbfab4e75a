/* What is remembered of an easy handle: what the application set, and the transfer that is under
 * way.
 *
 * DESIGN: CURLOPT_HTTPHEADER and CURLOPT_PREREQFUNCTION hold one thing each, which libcurl borrows
 * and does not tell. So what the application sets is remembered, before libcurl gets it; for the
 * time of a transfer libcurl has ours, which begins with our lines and goes on with the
 * application's list, or calls the application's function; afterwards it has the application's
 * again. A handle of which nothing was remembered may have any, and keeps what it has.
 * CURLOPT_PRIVATE stays the application's.
 *
 * A handle is used by one thread at a time, so what is here needs no lock.
 */
#ifndef IMPACT_INSTRUMENT_CURL_CURL_HANDLE_H
#define IMPACT_INSTRUMENT_CURL_CURL_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include <impact/context.h>
#include <impact/span.h>

#include "instrument/common/table.h"
#include "instrument/curl/request_method.h"
#include "instrument/curl/trace_headers.h"

/* What the application set. */
typedef struct impact__curl_settings {
    struct curl_slist *headers; /* borrowed */
    char *url;                  /* owned; NULL: not known */
    CURLU *url_handle;          /* borrowed; wins over the URL; NULL: none */
    long port;                  /* 0: the URL's */
    bool is_connect_only;
    impact__request_method method;
    curl_prereq_callback prereq; /* NULL: none */
    void *prereq_data;
} impact__curl_settings;

/* A transfer is one request or more: where it was redirected to, what answers a challenge, what was
 * sent again because a connection had died. */
typedef struct impact__transfer {
    bool is_under_way;
    char *url;                     /* of the first request; owned; NULL: not known */
    bool is_watched;               /* libcurl tells of each request */
    const impact_context *context; /* where the spans' parents are; owned; NULL: is not watched */
    impact__trace_headers lines;
    bool has_lines;
    bool is_list_new; /* the application set a list since: libcurl has that one, without them */

    /* Of the request that is under way. */
    impact_span *span;
    long resend_count;
    bool is_sent;
    long header_size;       /* bytes of headers that had come before it, in the whole transfer */
    curl_off_t redirect_us; /* when the one before gave way to it, after start_unix_ns */
    uint64_t start_unix_ns; /* when libcurl's clock began to run; known once a request is sent */
} impact__transfer;

typedef struct impact__curl_handle {
    impact__table_entry entry; /* by handle */
    CURL *easy;
    bool is_known; /* options pass through us */
    impact__curl_settings settings;
    impact__transfer transfer;
    _Atomic(CURLM *)
        multi; /* drives the transfer; NULL: curl_easy_perform, or none is under way. Other
                               threads look at it: see impact__curl_handle_find_in */
} impact__curl_handle;

/* The one of that handle; NULL: nothing is remembered of it. */
impact__curl_handle *impact__curl_handle_find(CURL *easy);

/* The same, made where there is none. NULL: no memory. */
impact__curl_handle *impact__curl_handle_get(CURL *easy);

/* One whose transfer that multi handle drives; NULL: there is none. */
impact__curl_handle *impact__curl_handle_find_in(CURLM *multi);

/* Remember nothing of it any more. No transfer may be under way. */
void impact__curl_handle_forget(impact__curl_handle *handle);

/* Remember of another handle what the application set here. False: no memory. */
bool impact__curl_handle_copy(CURL *to, const impact__curl_handle *handle);

/* The multi handle that drives its transfer, as its own thread sees it. */
static inline CURLM *impact__curl_handle_multi(const impact__curl_handle *handle)
{
    return atomic_load_explicit(&handle->multi, memory_order_relaxed);
}

/* The URL of the next request; owned. NULL: not known. */
char *impact__curl_handle_copy_url(const impact__curl_handle *handle);

#endif
