/* The names that a post stands on. */
#include "export/otlp/names.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <impact/diagnostics.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "export/otlp/curl_options.h"

/* However long a name server says that an address holds: so long libcurl keeps those that it looks
 * up (CURLOPT_DNS_CACHE_TIMEOUT), and a backend that moved is found again within a minute. */
enum { kept_limit_s = 60, ms_per_s = 1000 };

/* No host is addressed so (RFC 1122 3.2.1.3). */
static const char backend_unknown[] = "0.1.0.1";
static const char proxy_unknown[] = "0.1.0.2";

void otlp__names_open(otlp__names *names, const otlp__settings *settings)
{
    *names = (otlp__names){
        .settings = settings,
        .backend.addresses = IMPACT__BUFFER(settings->allocator),
        .proxy.addresses = IMPACT__BUFFER(settings->allocator),
    };
}

void otlp__names_close(otlp__names *names)
{
    curl_slist_free_all(names->told);
    impact__buffer_close(&names->backend.addresses);
    impact__buffer_close(&names->proxy.addresses);
}

/* ---- which names there are ---- */

/* As libcurl reads them: an empty one is none. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* As libcurl finds it, which knows the variable of http in small letters only. NULL: there is
 * none. */
static const char *proxy_of(const char *url)
{
    const bool has_tls = strncasecmp(url, "https:", 6) == 0;
    const char *proxy = variable(has_tls ? "https_proxy" : "http_proxy");
    if (!proxy && has_tls)
        proxy = variable("HTTPS_PROXY");
    if (!proxy)
        proxy = variable("all_proxy");
    return proxy ? proxy : variable("ALL_PROXY");
}

/* libcurl's own ports, where a proxy's URL has none. */
static const char *proxy_port_of(CURLU *parts)
{
    char *scheme = NULL;
    (void)curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0); /* or it stays NULL */
    const bool has_tls = scheme && strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return has_tls ? "443" : "1080";
}

/* A part that is longer than libcurl takes in CURLOPT_RESOLVE is none. */
static void set_part(char *part, size_t size, const char *text)
{
    part[0] = 0;
    if (text && strlen(text) < size)
        memcpy(part, text, strlen(text) + 1);
}

static void read_parts(otlp__name *name, CURLU *parts, bool is_proxy)
{
    char *host = NULL;
    char *port = NULL;
    (void)curl_url_get(parts, CURLUPART_HOST, &host, CURLU_URLDECODE); /* or they stay NULL */
    (void)curl_url_get(parts, CURLUPART_PORT, &port, is_proxy ? 0 : CURLU_DEFAULT_PORT);
    if (host && strcasecmp(host, name->host) != 0)
        impact__buffer_clear(&name->addresses); /* they are another's */
    set_part(name->host, sizeof name->host, host);
    set_part(name->port, sizeof name->port, port || !is_proxy ? port : proxy_port_of(parts));
    curl_free(host);
    curl_free(port);
}

/* As libcurl reads it. Without a URL, or where that cannot be read, there is no name: libcurl will
 * not do with it either. */
static impact_status read_name(otlp__name *name, const char *url, bool is_proxy)
{
    const unsigned flags = is_proxy ? CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME : 0;
    CURLU *parts = curl_url();
    const CURLUcode code =
        parts ? curl_url_set(parts, CURLUPART_URL, url ? url : "", flags) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OK)
        read_parts(name, parts, is_proxy);
    else
        name->host[0] = 0;
    curl_url_cleanup(parts);
    return code == CURLUE_OUT_OF_MEMORY ? IMPACT_ENOMEM : IMPACT_OK;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    const size_t end_size = strlen(end);
    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

/* Otherwise libcurl knows the address at once, or there is nothing to know. */
static bool is_name(const otlp__name *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *host = name->host;
    return host[0] && host[0] != '[' && strcasecmp(host, "localhost") != 0 &&
           !ends_with(host, ".localhost") && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

/* It is looked up here. What else there may be in a name has a meaning in CURLOPT_RESOLVE, or is
 * translated by libcurl. */
static bool is_ours(const otlp__name *name)
{
    if (!otlp__lookup_is_there() || !is_name(name) || !name->port[0])
        return false;
    for (const char *c = name->host; *c; c++)
        if (!impact__is_alphanumeric_or(*c, c == name->host ? "_" : "-._"))
            return false;
    return true;
}

static bool is_left_to_libcurl(const otlp__name *name)
{
    return is_name(name) && !is_ours(name);
}

static void report_look_up(otlp__names *names, const otlp__name *name)
{
    if (!names->has_told)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "look-up",
                                  "libcurl looks up \"%s\" in a thread of its own, or waits for it",
                                  name->host);
    names->has_told = true;
}

/* ---- a post ---- */

void otlp__names_guard(otlp__names *names)
{
    /* An endpoint that is a socket of this machine needs no address. */
    names->are_guarded =
        !names->settings->endpoint.unix_path && !curl_version_info(CURLVERSION_NOW)->ares;
}

static void forget_if_old(otlp__name *name)
{
    if (impact__clock_monotonic_ns() >= name->end_ns)
        impact__buffer_clear(&name->addresses);
}

/* Such a proxy is told the backend's address, whoever finds it. */
static bool is_told_the_address(const char *proxy)
{
    return proxy &&
           (strncasecmp(proxy, "socks4:", 7) == 0 || strncasecmp(proxy, "socks5:", 7) == 0);
}

impact_status otlp__names_begin(otlp__names *names)
{
    const char *url = names->settings->endpoint.url;
    if (!names->are_guarded)
        return IMPACT_OK;
    const char *proxy = proxy_of(url);
    if (read_name(&names->backend, url, false) || read_name(&names->proxy, proxy, true))
        return IMPACT_ENOMEM;
    forget_if_old(&names->backend);
    forget_if_old(&names->proxy);
    if (is_left_to_libcurl(&names->backend) || is_left_to_libcurl(&names->proxy))
        report_look_up(names, is_left_to_libcurl(&names->proxy) ? &names->proxy : &names->backend);
    names->wanted = NULL;
    if (is_told_the_address(proxy) && is_ours(&names->backend) && !names->backend.addresses.size)
        names->wanted = &names->backend;
    return IMPACT_OK;
}

/* ---- what libcurl is told ---- */

/* To an address that nobody has libcurl is not to connect: it is wanted then. */
static curl_socket_t open_socket(void *userdata, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    otlp__names *names = userdata;
    char text[INET_ADDRSTRLEN] = "";
    const struct sockaddr_in *to = (const struct sockaddr_in *)&address->addr;
    if (address->family == AF_INET)
        (void)inet_ntop(AF_INET, &to->sin_addr, text, sizeof text); /* it is one, and fits */
    if (!names->proxy.addresses.size && strcmp(text, proxy_unknown) == 0)
        names->wanted = &names->proxy;
    if (!names->backend.addresses.size && strcmp(text, backend_unknown) == 0)
        names->wanted = &names->backend;
    return names->wanted ? CURL_SOCKET_BAD : otlp__curl_open_socket(NULL, purpose, address);
}

/* libcurl knows no address of a host. Where it was told one of each, it names one in another way
 * than we do. */
static int note_miss(void *state, void *reserved, void *userdata)
{
    otlp__names *names = userdata;
    (void)state;
    (void)reserved;
    names->is_missed |=
        is_ours(&names->backend) && (!names->proxy.host[0] || is_ours(&names->proxy));
    return 0; /* it may */
}

/* libcurl copies the text. */
static bool add_entry(struct curl_slist **list, const char *entry)
{
    struct curl_slist *longer = curl_slist_append(*list, entry);
    if (longer)
        *list = longer;
    return longer;
}

static bool add_name(struct curl_slist **list, const otlp__name *name, const char *unknown)
{
    impact__buffer entry = IMPACT__BUFFER(name->addresses.allocator);
    if (!is_ours(name))
        return true;
    impact__buffer_append_string(&entry, name->host);
    impact__buffer_append_char(&entry, ':');
    impact__buffer_append_string(&entry, name->port);
    impact__buffer_append_char(&entry, ':');
    if (name->addresses.size)
        impact__buffer_append_text(&entry, impact__buffer_text(&name->addresses));
    else
        impact__buffer_append_string(&entry, unknown);
    impact__buffer_append_char(&entry, '\0');
    const bool is_added = !entry.has_failed && add_entry(list, entry.data);
    impact__buffer_close(&entry);
    return is_added;
}

bool otlp__names_tell(otlp__names *names, CURL *easy)
{
    struct curl_slist *list = NULL;
    unsigned failed = 0;
    if (!names->are_guarded)
        return true;
    if (!add_name(&list, &names->backend, backend_unknown) ||
        !add_name(&list, &names->proxy, proxy_unknown)) {
        curl_slist_free_all(list);
        return false;
    }
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, names);
    failed |= curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, note_miss);
    failed |= curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, names);
    failed |= curl_easy_setopt(easy, CURLOPT_RESOLVE, list);
    curl_slist_free_all(names->told);
    names->told = list;
    return failed == 0;
}

/* ---- a look-up ---- */

bool otlp__names_are_wanted(const otlp__names *names)
{
    return names->wanted;
}

static impact_status fail(otlp__names *names, const char *why)
{
    (void)snprintf(names->error, sizeof names->error, "no address of %s: %s", names->wanted->host,
                   why); /* cut where it does not fit */
    return IMPACT_ESYSTEM;
}

impact_status otlp__names_look_up(otlp__names *names, otlp__sockets *sockets)
{
    assert(names->wanted && !names->lookup);
    const impact_status status = otlp__lookup_begin(&names->lookup, names->settings->allocator,
                                                    names->wanted->host, sockets);
    return status == IMPACT_ESYSTEM ? fail(names, "the system's name servers are not known")
                                    : status;
}

static impact_status keep(otlp__name *name, const otlp__lookup *lookup)
{
    const uint32_t ttl_s = otlp__lookup_ttl_s(lookup);
    const uint32_t kept_s = ttl_s < kept_limit_s ? ttl_s : kept_limit_s;
    impact__buffer_clear(&name->addresses);
    impact__buffer_append_text(&name->addresses, otlp__lookup_addresses(lookup));
    name->end_ns = impact__deadline_after_ms((uint64_t)kept_s * ms_per_s);
    return name->addresses.has_failed ? IMPACT_ENOMEM : IMPACT_OK;
}

impact_status otlp__names_look(otlp__names *names)
{
    impact_status status = otlp__lookup_look(names->lookup);
    if (status == IMPACT_ESYSTEM)
        return fail(names, otlp__lookup_error(names->lookup));
    if (status == IMPACT_OK)
        status = keep(names->wanted, names->lookup);
    if (status == IMPACT_OK)
        otlp__names_stop(names);
    return status;
}

uint64_t otlp__names_moment(const otlp__names *names)
{
    return names->lookup ? otlp__lookup_moment(names->lookup) : UINT64_MAX;
}

void otlp__names_stop(otlp__names *names)
{
    if (names->is_missed)
        report_look_up(names, &names->backend);
    otlp__lookup_end(names->lookup);
    otlp__names_forget(names);
}

void otlp__names_forget(otlp__names *names)
{
    names->is_missed = false;
    names->wanted = NULL;
    names->lookup = NULL;
}
