/* The spans of a transfer, and the header lines that it sends.
 *
 * DESIGN: the conventions ask for a span a request (http-spans, "HTTP client span"), and a transfer
 * may be several: what it was redirected to, what answers a challenge, what is sent again because a
 * connection had died. libcurl calls CURLOPT_PREREQFUNCTION before each of them, when the
 * connection stands: the request before it is over then, and all that is still told is told of that
 * one; what the new one will be is told as well. So one span ends there and the next starts, each
 * with lines of its own. Three questions remain:
 *
 * - When was the one over and the other begun? libcurl notes when it followed,
 *   CURLINFO_REDIRECT_TIME_T, on a clock that begins with the transfer. Where that was is known
 *   from the first call: the connection has just been made, which took CURLINFO_CONNECT_TIME_T.
 * - Was there an answer? A status stays until the next one. It is of the request that is under way
 * if
 *   headers have come since it was sent.
 * - Was the last request never sent, because no connection was made? Then libcurl followed, and did
 * not
 *   call.
 *
 * Where the function is the application's and unknown, the transfer has one span, with what libcurl
 * tells in the end: of the last request.
 */
#include "instrument/curl/transfer.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "instrument/curl/client_span.h"
#include "instrument/curl/url_facts.h"

enum { ns_per_us = 1000 };

/* ---- what libcurl tells ---- */

static long told_long(CURL *easy, CURLINFO info)
{
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static curl_off_t told_size(CURL *easy, CURLINFO info)
{
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/* NULL for an empty one, too. */
static const char *told_text(CURL *easy, CURLINFO info)
{
    char *value = NULL;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK && value && *value ? value : NULL;
}

/* ---- lines ---- */

/* The application's list again, for one that it set meanwhile too. */
static void remove_lines(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    if (!transfer->has_lines)
        return;
    transfer->has_lines = false;
    (void)curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER,
                           handle->settings.headers); /* it was taken before */
    impact__trace_headers_close(&transfer->lines);
}

/* Those of the current context. */
static void add_lines(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    assert(transfer->is_under_way && !transfer->has_lines);
    transfer->is_list_new = false;
    impact__trace_headers_open(&transfer->lines, handle->settings.headers);
    transfer->has_lines =
        transfer->lines.first != handle->settings.headers &&
        curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, transfer->lines.first) == CURLE_OK;
    if (!transfer->has_lines)
        impact__trace_headers_close(&transfer->lines);
}

/* Without a span, as without a provider, what is current is handed through. */
static void add_lines_of_span(impact__curl_handle *handle)
{
    if (!handle->transfer.span) {
        add_lines(handle);
        return;
    }
    const impact_scope scope = impact_scope_enter(handle->transfer.span);
    add_lines(handle);
    impact_scope_leave(scope);
}

/* ---- one request after the other ---- */

/* Headers of its own: a status stays until the next one. */
static bool has_headers(const impact__transfer *transfer, CURL *easy)
{
    return transfer->is_sent && told_long(easy, CURLINFO_HEADER_SIZE) > transfer->header_size;
}

/* libcurl repeats what got no answer without a word. */
static void end_for_another(impact__transfer *transfer, CURL *easy, uint64_t end_unix_ns)
{
    if (has_headers(transfer, easy))
        (void)impact__client_span_set_response(transfer->span,
                                               easy); /* a proxy's takes its place */
    else
        impact__client_span_set_result(transfer->span, CURLE_GOT_NOTHING);
    impact_span_end_at(transfer->span, end_unix_ns);
    transfer->span = NULL;
}

/* When libcurl followed last. Not in the future, should the beginning have been guessed too
 * late. */
static uint64_t followed_unix_ns(const impact__transfer *transfer)
{
    const uint64_t now = impact__clock_unix_ns();
    const uint64_t then = transfer->start_unix_ns + (uint64_t)transfer->redirect_us * ns_per_us;
    return then < now ? then : now;
}

static void start_next(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    assert(transfer->is_sent && transfer->is_watched);
    transfer->redirect_us = told_size(handle->easy, CURLINFO_REDIRECT_TIME_T);
    transfer->resend_count++;
    const impact__client_request request = {
        .url = told_text(handle->easy, CURLINFO_EFFECTIVE_URL),
        .method = told_text(handle->easy, CURLINFO_EFFECTIVE_METHOD),
        .context = transfer->context,
        .resend_count = transfer->resend_count,
        .start_unix_ns = followed_unix_ns(transfer),
    };
    end_for_another(transfer, handle->easy, request.start_unix_ns);
    transfer->is_sent = false;
    if (impact__url_is_http(request.url))
        transfer->span = impact__client_span_start(&request);
}

/* Lines of its own for a request that is about to be sent; what is current meanwhile is what was so
 * when the transfer began. The callbacks of curl_easy_perform run in its span, which ends with the
 * first one's scope. */
static void renew_lines(impact__curl_handle *handle)
{
    const impact_scope scope = impact_context_attach(handle->transfer.context);
    remove_lines(handle);
    if (handle->transfer.span)
        add_lines_of_span(handle);
    (void)impact_context_detach(scope); /* it is the last one */
    if (!impact__curl_handle_multi(handle) && handle->transfer.span)
        (void)impact_scope_enter(handle->transfer.span);
}

/* libcurl has made its connection now, for which it needed that long. */
static uint64_t began_unix_ns(CURL *easy)
{
    const curl_off_t connect_us = told_size(easy, CURLINFO_CONNECT_TIME_T);
    const curl_off_t tls_us = told_size(easy, CURLINFO_APPCONNECT_TIME_T);
    const curl_off_t us = connect_us > tls_us ? connect_us : tls_us;
    return impact__clock_unix_ns() - (uint64_t)us * ns_per_us;
}

/* What libcurl made of URL and method wins: a scheme it guessed, or knows to be https only. Of a
 * URL handle it tells nothing. */
static void correct_first(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    const char *url = told_text(handle->easy, CURLINFO_EFFECTIVE_URL);
    const bool is_as_asked =
        handle->settings.url_handle || (url && transfer->url && strcmp(url, transfer->url) == 0);
    transfer->start_unix_ns = began_unix_ns(handle->easy);
    impact__client_span_set_request(
        transfer->span, &(const impact__client_request){
                            .url = is_as_asked ? NULL : url,
                            .port = handle->settings.port,
                            .method = told_text(handle->easy, CURLINFO_EFFECTIVE_METHOD),
                        });
}

static void before_request(impact__curl_handle *handle, const char *address, int port)
{
    impact__transfer *transfer = &handle->transfer;
    if (transfer->is_sent) {
        start_next(handle);
        renew_lines(handle);
    } else {
        correct_first(handle);
        if (transfer->is_list_new)
            renew_lines(handle);
    }
    transfer->is_sent = true;
    transfer->header_size = told_long(handle->easy, CURLINFO_HEADER_SIZE);
    impact__client_span_set_peer(transfer->span, address, port);
}

static int on_request(void *userdata, char *peer_address, char *local_address, int peer_port,
                      int local_port)
{
    impact__curl_handle *handle = userdata;
    before_request(handle, peer_address, peer_port);
    return handle->settings.prereq
               ? handle->settings.prereq(handle->settings.prereq_data, peer_address, local_address,
                                         peer_port, local_port)
               : CURL_PREREQFUNC_OK;
}

static void watch_requests(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    if (!handle->is_known || !impact_span_is_recording(transfer->span) ||
        curl_easy_setopt(handle->easy, CURLOPT_PREREQDATA, handle) != CURLE_OK)
        return;
    transfer->is_watched =
        curl_easy_setopt(handle->easy, CURLOPT_PREREQFUNCTION, on_request) == CURLE_OK;
    if (transfer->is_watched)
        transfer->context = impact_context_current();
}

static void unwatch_requests(impact__curl_handle *handle)
{
    if (!handle->transfer.is_watched)
        return;
    /* They were taken before. */
    (void)curl_easy_setopt(handle->easy, CURLOPT_PREREQFUNCTION, handle->settings.prereq);
    (void)curl_easy_setopt(handle->easy, CURLOPT_PREREQDATA, handle->settings.prereq_data);
}

/* ---- begin ---- */

static impact_span *start_first(const impact__curl_handle *handle)
{
    return impact__client_span_start(&(const impact__client_request){
        .url = handle->transfer.url,
        .port = handle->settings.port,
        .method = handle->is_known
                      ? impact__request_method_of(&handle->settings.method, handle->easy)
                      : NULL,
    });
}

void impact__transfer_begin(impact__curl_handle *handle, CURLM *multi)
{
    assert(!handle->transfer.is_under_way);
    impact__transfer *transfer = &handle->transfer;
    char *url = impact__curl_handle_copy_url(handle);
    if (handle->settings.is_connect_only || !impact__url_is_http(url)) {
        impact__free(NULL, url);
        return;
    }
    *transfer = (impact__transfer){.is_under_way = true, .url = url};
    atomic_store_explicit(&handle->multi, multi, memory_order_relaxed);
    transfer->span = start_first(handle);
    watch_requests(handle);
    if (handle->is_known)
        add_lines_of_span(handle);
}

/* ---- end ---- */

/* The last request was never sent, and the one before is over: as when a connection was refused. */
static void start_unsent(impact__curl_handle *handle)
{
    const impact__transfer *transfer = &handle->transfer;
    if (transfer->is_sent &&
        told_size(handle->easy, CURLINFO_REDIRECT_TIME_T) > transfer->redirect_us)
        start_next(handle);
}

static void set_told_peer(impact_span *span, CURL *easy)
{
    impact__client_span_set_peer(span, told_text(easy, CURLINFO_PRIMARY_IP),
                                 told_long(easy, CURLINFO_PRIMARY_PORT));
}

/* What was not told of before. Who the peer is that a connection could not be made to is told of
 * the first request only. True: it was answered; likewise below. */
static bool describe_watched(const impact__transfer *transfer, CURL *easy)
{
    if (!transfer->is_sent && transfer->resend_count == 0)
        set_told_peer(transfer->span, easy);
    return has_headers(transfer, easy) && impact__client_span_set_response(transfer->span, easy);
}

/* All is told of the last request, but the status, which may be of one before. */
static bool describe_unwatched(const impact__transfer *transfer, CURL *easy, bool has_failed)
{
    const long resend_count = told_long(easy, CURLINFO_REDIRECT_COUNT);
    impact__client_span_set_request(transfer->span,
                                    &(const impact__client_request){
                                        .url = told_text(easy, CURLINFO_EFFECTIVE_URL),
                                        .method = told_text(easy, CURLINFO_EFFECTIVE_METHOD),
                                    });
    set_told_peer(transfer->span, easy);
    if (resend_count > 0)
        impact_span_set(transfer->span, impact_int("http.request.resend_count", resend_count));
    return (resend_count == 0 || !has_failed) &&
           impact__client_span_set_response(transfer->span, easy);
}

static bool describe(impact__curl_handle *handle, bool has_failed)
{
    if (!impact_span_is_recording(handle->transfer.span))
        return false;
    if (!handle->transfer.is_watched)
        return describe_unwatched(&handle->transfer, handle->easy, has_failed);
    start_unsent(handle);
    return describe_watched(&handle->transfer, handle->easy);
}

/* The handle has what the application set, and may be used again, or is forgotten. */
static void close_transfer(impact__curl_handle *handle)
{
    impact__transfer *transfer = &handle->transfer;
    remove_lines(handle);
    unwatch_requests(handle);
    impact_span_end(transfer->span);
    impact_context_release(transfer->context);
    impact__free(NULL, transfer->url);
    *transfer = (impact__transfer){.is_under_way = false};
    atomic_store_explicit(&handle->multi, NULL, memory_order_relaxed);
    if (!handle->is_known)
        impact__curl_handle_forget(handle);
}

void impact__transfer_end(impact__curl_handle *handle, CURLcode code)
{
    if (handle->transfer.is_under_way) {
        (void)describe(handle, code != CURLE_OK); /* it may have failed nevertheless */
        impact__client_span_set_result(handle->transfer.span, code);
    }
    close_transfer(handle);
}

/* Some of the body, but less than was announced. A program that counts running transfers, and asks
 * for no results, removes those that went well, too. */
static bool is_cut_short(CURL *easy)
{
    const curl_off_t size = told_size(easy, CURLINFO_SIZE_DOWNLOAD_T);
    return size > 0 && size < told_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
}

void impact__transfer_abandon(impact__curl_handle *handle)
{
    if (handle->transfer.is_under_way && (!describe(handle, true) || is_cut_short(handle->easy)))
        impact__client_span_fail(handle->transfer.span, "removed",
                                 "removed before its result was read");
    close_transfer(handle);
}
