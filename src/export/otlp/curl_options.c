/* What a libcurl handle is told of the settings. */
#include "export/otlp/curl_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum { user_agent_size = 256 }; /* the product, and what is ours */

/* ---- headers ---- */

static bool add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer)
        *list = longer;
    return longer;
}

/* What the body is: each list ends with NULL. */
static const char *const *headers_of(const otlp__settings *settings)
{
    static const char *const of[][2][4] = {
        [OTLP__HTTP_PROTOBUF] = {{"Content-Type: application/x-protobuf"},
                                 {"Content-Type: application/x-protobuf",
                                  "Content-Encoding: gzip"}},
        [OTLP__HTTP_JSON] = {{"Content-Type: application/json"},
                             {"Content-Type: application/json", "Content-Encoding: gzip"}},
        [OTLP__ZIPKIN] = {{"Content-Type: application/json"}}, /* never compressed */
        [OTLP__GRPC] = {{"Content-Type: application/grpc", "TE: trailers"},
                        {"Content-Type: application/grpc", "TE: trailers", "grpc-encoding: gzip"}},
    };
    return of[settings->protocol][settings->has_gzip];
}

struct curl_slist *otlp__curl_headers(const otlp__settings *settings)
{
    struct curl_slist *headers = NULL;
    /* No "Expect: 100-continue", which costs a second with backends that do not know it. */
    bool are_added = add_header(&headers, "Expect:");
    for (const char *const *line = headers_of(settings); *line && are_added; line++)
        are_added = add_header(&headers, *line);
    const otlp__headers *given = &settings->headers;
    for (size_t i = 0; i < given->count && are_added; i++)
        are_added = add_header(&headers, given->lines[i]);
    if (are_added)
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

/* ---- the handle ---- */

/* A program that the host starts must not inherit our connection. */
curl_socket_t otlp__curl_open_socket(void *unused, curlsocktype purpose,
                                     struct curl_sockaddr *address)
{
    (void)unused;
    (void)purpose; /* there is one */
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool begins_with_https(const char *url)
{
    return url && strncasecmp(url, "https:", 6) == 0;
}

static unsigned configure_files(CURL *easy, const otlp__settings *settings)
{
    unsigned failed = 0;
    if (settings->certificate)
        failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->certificate);
    if (settings->client_certificate) /* PEM; without a key it holds that too */
        failed |= curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->client_certificate);
    if (settings->client_key)
        failed |= curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->client_key);
    if (settings->endpoint.unix_path)
        failed |= curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, settings->endpoint.unix_path);
    return failed;
}

/* libcurl before 8.0.0 begins HTTP/2 anew on a connection that speaks it already, when that has no
 * TLS (curl/curl#10643): there each request gets a connection of its own. */
static bool is_reuse_broken(void)
{
    return curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
}

/* gRPC is HTTP/2 from the first byte on, also without TLS, and through a proxy by a tunnel. */
static unsigned configure_version(CURL *easy, const otlp__settings *settings)
{
    if (settings->protocol != OTLP__GRPC)
        return 0;
    const bool has_tls = begins_with_https(settings->endpoint.url);
    unsigned failed = 0;
    failed |=
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                         has_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    if (!has_tls && is_reuse_broken())
        failed |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    return failed;
}

/* protocol/exporter, "User Agent". libcurl copies it. */
static unsigned configure_user_agent(CURL *easy, const otlp__settings *settings)
{
    char agent[user_agent_size];
    const char *kind = settings->protocol == OTLP__ZIPKIN ? "Zipkin" : "OTLP";
    const char *product = settings->product ? settings->product : "";
    (void)snprintf(agent, sizeof agent, "%s%sOTel-%s-Exporter-C/" IMPACT_VERSION, product,
                   *product ? " " : "", kind); /* it fits */
    return curl_easy_setopt(easy, CURLOPT_USERAGENT, agent);
}

bool otlp__curl_configure(CURL *easy, const otlp__settings *settings, struct curl_slist *headers)
{
    unsigned failed = configure_files(easy, settings) | configure_version(easy, settings);
    failed |= curl_easy_setopt(easy, CURLOPT_URL, settings->endpoint.url);
    failed |=
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* "/a/../b" too is what was asked for */
    failed |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    failed |= configure_user_agent(easy, settings);
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, otlp__curl_open_socket);
    /* Giving up on a name that does not resolve must not wait for the thread that asks. */
    failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    return failed == 0;
}

/* libcurl knows the first of the variables in small letters only. */
bool otlp__curl_speaks_tls(const otlp__settings *settings)
{
    return begins_with_https(settings->endpoint.url) || begins_with_https(getenv("http_proxy")) ||
           begins_with_https(getenv("all_proxy")) || begins_with_https(getenv("ALL_PROXY"));
}
