/* The CLIENT span of one request. */
#include "instrument/curl/client_span.h"

#include <assert.h>

#include "instrument/common/http_semconv.h"
#include "instrument/common/own_tracer.h"
#include "instrument/curl/error_word.h"
#include "instrument/curl/url_facts.h"

static _Atomic(impact_tracer *) tracer;

/* Samplers are to see what a span starts with (http-spans, "at span creation time"). */
impact_span *impact__client_span_start(const impact__client_request *request)
{
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.curl");
    impact__url_facts facts = {NULL, NULL, NULL};
    impact__start_attributes attributes = {.count = 0};
    if (impact_tracer_is_enabled(own)) {
        if (request->method)
            impact__http_add_method(&attributes, request->method);
        impact__url_facts_open(&facts, &attributes, request->url, request->port);
        if (request->resend_count > 0)
            impact__start_attributes_add(
                &attributes, impact_int("http.request.resend_count", request->resend_count));
    }
    impact_span *span = impact_span_start(
        own, request->method ? impact__http_method_name(request->method) : "HTTP",
        IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_CLIENT, .attributes = attributes.items,
                            .attribute_count = attributes.count, .context = request->context,
                            .start_unix_ns = request->start_unix_ns));
    impact__url_facts_close(&facts);
    return span;
}

void impact__client_span_set_request(impact_span *span, const impact__client_request *request)
{
    impact__url_facts facts;
    impact__start_attributes attributes = {.count = 0};
    if (request->method) {
        impact__http_add_method(&attributes, request->method);
        impact_span_set_name(span, impact__http_method_name(request->method));
    }
    impact__url_facts_open(&facts, &attributes, request->url, request->port);
    impact_span_set_all(span, attributes.items, attributes.count);
    impact__url_facts_close(&facts);
}

void impact__client_span_set_peer(impact_span *span, const char *address, long port)
{
    if (!address || !*address)
        return;
    impact_span_set(span, impact_string("network.peer.address", address));
    if (port > 0)
        impact_span_set(span, impact_int("network.peer.port", port));
}

static void set_protocol(impact_span *span, CURL *easy)
{
    static const char *const versions[] = {
        [CURL_HTTP_VERSION_1_0] = "1.0",
        [CURL_HTTP_VERSION_1_1] = "1.1",
        [CURL_HTTP_VERSION_2_0] = "2",
        [CURL_HTTP_VERSION_3] = "3",
    };
    long version = 0;
    if (curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK && version > 0 &&
        version < (long)(sizeof versions / sizeof versions[0]))
        impact_span_set(span, impact_string("network.protocol.version", versions[version]));
}

/* An interim answer, such as 100, is no answer; 101 is one (RFC 9110 15.2). */
static bool is_final(long status)
{
    return status == 101 || status >= 200;
}

bool impact__client_span_set_response(impact_span *span, CURL *easy)
{
    long status = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || !is_final(status))
        return false;
    set_protocol(span, easy);
    impact__http_set_status_code(span, status, 400);
    return true;
}

void impact__client_span_set_result(impact_span *span, CURLcode code)
{
    /* CURLOPT_FAILONERROR makes a failure of the status, which tells more (http-spans,
     * error.type). */
    if (code != CURLE_OK && code != CURLE_HTTP_RETURNED_ERROR)
        impact__client_span_fail(span, impact__curl_error_word(code), curl_easy_strerror(code));
}

void impact__client_span_fail(impact_span *span, const char *type, const char *description)
{
    assert(type && description);
    impact_span_set(span, impact_string("error.type", type));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, description);
}
