/* The CLIENT span of a transfer.
 *
 * DESIGN: samplers are to see what a span starts with, so what the URL tells is given then, where it is
 * known. All else libcurl tells afterwards, the method too: before, it is that of the handle's last
 * transfer. One span covers a transfer with its redirects; its url.full is what was asked for, not where
 * it ended (http-spans, url.full).
 */
#include "instrument/curl/client_span.h"

#include <string.h>
#include <strings.h>

#include "instrument/common/http_semconv.h"
#include "instrument/common/own_tracer.h"
#include "instrument/curl/error_word.h"

enum { query_limit = 2048 }; /* bytes of a query that are recorded */

static _Atomic(impact_tracer *) tracer;

bool impact__client_span_is_for(const char *url)
{
    if (!url || !strstr(url, "://"))
        return true;
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* ---- the URL ---- */

/* Replace a part by "REDACTED" when it is there. False: libcurl could not, and it may still be. */
static bool hide_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    const bool is_there = curl_url_get(url, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return !is_there || curl_url_set(url, part, "REDACTED", 0) == CURLUE_OK;
}

static bool redact_query(CURLU *url)
{
    char *query = NULL;
    if (curl_url_get(url, CURLUPART_QUERY, &query, 0) != CURLUE_OK)
        return true;
    char redacted[query_limit + 1];
    const size_t size = impact__http_redact_query(redacted, query_limit, impact_text_of(query));
    curl_free(query);
    redacted[size < query_limit ? size : query_limit] = 0;
    return curl_url_set(url, CURLUPART_QUERY, redacted, 0) == CURLUE_OK;
}

/* What a URL tells; libcurl's copies live until it is cleared. */
typedef struct url_facts {
    impact__start_attributes attributes;
    char *host;
    char *port;
    char *full;
} url_facts;

static void add_server(url_facts *to, CURLU *url)
{
    impact_text name;
    long unused;
    if (curl_url_get(url, CURLUPART_HOST, &to->host, 0) == CURLUE_OK &&
        impact__http_split_authority(impact_text_of(to->host), 0, &name, &unused))
        impact__start_attributes_add(&to->attributes,
                                     impact_string_n("server.address", name.data, name.size));
    if (curl_url_get(url, CURLUPART_PORT, &to->port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return;
    long number = 0;
    for (const char *digit = to->port; *digit; digit++)
        number = number * 10 + (*digit - '0'); /* libcurl has held it to 65535 */
    impact__start_attributes_add(&to->attributes, impact_int("server.port", number));
}

static void add_full(url_facts *to, CURLU *url)
{
    const bool is_clean =
        hide_part(url, CURLUPART_USER) && hide_part(url, CURLUPART_PASSWORD) && redact_query(url);
    if (is_clean && curl_url_get(url, CURLUPART_URL, &to->full, 0) == CURLUE_OK)
        impact__start_attributes_add(&to->attributes, impact_string("url.full", to->full));
}

/* A URL that libcurl cannot read is not recorded: there is no telling what is in it. */
static void url_facts_read(url_facts *to, const char *url)
{
    CURLU *parsed = curl_url();
    const unsigned flags = CURLU_GUESS_SCHEME | CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME;
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, flags) == CURLUE_OK) {
        add_server(to, parsed);
        add_full(to, parsed);
    }
    curl_url_cleanup(parsed);
}

static void url_facts_clear(url_facts *facts)
{
    curl_free(facts->host);
    curl_free(facts->port);
    curl_free(facts->full);
}

/* ---- start ---- */

impact_span *impact__client_span_start(const char *url)
{
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.curl");
    url_facts facts = {.attributes.count = 0};
    if (url && impact_tracer_is_enabled(own))
        url_facts_read(&facts, url);
    impact_span *span = impact_span_start(
        own, "HTTP",
        IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_CLIENT, .attributes = facts.attributes.items,
                            .attribute_count = facts.attributes.count));
    url_facts_clear(&facts);
    return span;
}

/* ---- the transfer ---- */

static void set_method(impact_span *span, CURL *easy)
{
    char *method = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_METHOD, &method) != CURLE_OK || !method)
        return;
    impact__start_attributes attributes = {.count = 0};
    impact__http_add_method(&attributes, method);
    impact_span_set_all(span, attributes.items, attributes.count);
    impact_span_set_name(span, impact__http_method_name(method));
}

static void set_peer(impact_span *span, CURL *easy)
{
    char *address = NULL;
    long port = 0;
    if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) != CURLE_OK || !address || !*address)
        return;
    impact_span_set(span, impact_string("network.peer.address", address));
    if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port > 0)
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

static void set_result(impact_span *span, CURL *easy, CURLcode code)
{
    long status = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0)
        impact__http_set_status_code(span, status, 400);
    /* CURLOPT_FAILONERROR makes a failure of the status, which tells more (http-spans, error.type). */
    if (code == CURLE_OK || (code == CURLE_HTTP_RETURNED_ERROR && status >= 400))
        return;
    impact_span_set(span, impact_string("error.type", impact__curl_error_word(code)));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, curl_easy_strerror(code));
}

/* Where no URL is known to have been asked for, the last one stands for it when it was the only one. */
static void set_last_url(impact_span *span, CURL *easy)
{
    long redirects = 0;
    char *url = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects) != CURLE_OK || redirects > 0 ||
        curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || !url || !*url)
        return;
    url_facts facts = {.attributes.count = 0};
    url_facts_read(&facts, url);
    impact_span_set_all(span, facts.attributes.items, facts.attributes.count);
    url_facts_clear(&facts);
}

void impact__client_span_end(impact_span *span, CURL *easy, const char *url, CURLcode code)
{
    if (impact_span_is_recording(span)) {
        if (!url)
            set_last_url(span, easy);
        set_method(span, easy);
        set_peer(span, easy);
        set_protocol(span, easy);
        set_result(span, easy, code);
    }
    impact_span_end(span);
}
