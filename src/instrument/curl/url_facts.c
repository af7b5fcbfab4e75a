/* What a URL tells a client's span. */
#include "instrument/curl/url_facts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "instrument/common/http_semconv.h"

enum { pairs_limit = 2048 }; /* bytes of a query, and of a fragment, that are recorded */

bool impact__url_is_http(const char *url)
{
    if (!url || !strstr(url, "://"))
        return true;
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Replace a part by "REDACTED" when it is there. False: libcurl could not, and it may still be. */
static bool hide_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    const bool is_there = curl_url_get(url, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return !is_there || curl_url_set(url, part, "REDACTED", 0) == CURLUE_OK;
}

/* A fragment is not sent, but may be all that a query is, as where tokens are handed over. */
static bool redact_pairs(CURLU *url, CURLUPart part)
{
    char *pairs = NULL;
    if (curl_url_get(url, part, &pairs, 0) != CURLUE_OK)
        return true;
    char redacted[pairs_limit + 1];
    const size_t size = impact__http_redact_query(redacted, pairs_limit, impact_text_of(pairs));
    curl_free(pairs);
    redacted[size < pairs_limit ? size : pairs_limit] = 0;
    return curl_url_set(url, part, redacted, 0) == CURLUE_OK;
}

static void add_server(impact__url_facts *facts, impact__start_attributes *to, CURLU *url)
{
    impact_text name;
    long unused;
    if (curl_url_get(url, CURLUPART_HOST, &facts->host, 0) == CURLUE_OK &&
        impact__http_split_authority(impact_text_of(facts->host), 0, &name, &unused))
        impact__start_attributes_add(to, impact_string_n("server.address", name.data, name.size));
    if (curl_url_get(url, CURLUPART_PORT, &facts->port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return;
    long number = 0;
    for (const char *digit = facts->port; *digit; digit++)
        number = number * 10 + (*digit - '0'); /* libcurl has held it to 65535 */
    impact__start_attributes_add(to, impact_int("server.port", number));
}

static void add_full(impact__url_facts *facts, impact__start_attributes *to, CURLU *url)
{
    const bool is_clean = hide_part(url, CURLUPART_USER) && hide_part(url, CURLUPART_PASSWORD) &&
                          redact_pairs(url, CURLUPART_QUERY) &&
                          redact_pairs(url, CURLUPART_FRAGMENT);
    if (is_clean && curl_url_get(url, CURLUPART_URL, &facts->full, 0) == CURLUE_OK)
        impact__start_attributes_add(to, impact_string("url.full", facts->full));
}

/* CURLOPT_PORT is where the request goes, whatever the URL says. */
static bool set_port(CURLU *url, long port)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%ld", port); /* it fits */
    return port <= 0 || curl_url_set(url, CURLUPART_PORT, text, 0) == CURLUE_OK;
}

void impact__url_facts_open(impact__url_facts *facts, impact__start_attributes *to, const char *url,
                            long port)
{
    *facts = (impact__url_facts){NULL, NULL, NULL};
    CURLU *parsed = url ? curl_url() : NULL;
    const unsigned flags = CURLU_GUESS_SCHEME | CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME;
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, flags) == CURLUE_OK &&
        set_port(parsed, port)) {
        add_server(facts, to, parsed);
        add_full(facts, to, parsed);
    }
    curl_url_cleanup(parsed);
}

void impact__url_facts_close(impact__url_facts *facts)
{
    curl_free(facts->host);
    curl_free(facts->port);
    curl_free(facts->full);
}
