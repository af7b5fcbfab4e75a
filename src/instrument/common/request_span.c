/* The SERVER span of a request, in whatever server. */
#include "instrument/common/request_span.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "instrument/common/http_semconv.h"

enum {
    name_limit = 256,   /* bytes of a span's name that is made of a route */
    query_limit = 2048, /* bytes of url.query that are recorded */
    first_status = 100, /* RFC 9110 15 */
    first_error = 500   /* for a server (http-spans, "Status") */
};

static _Thread_local const impact__request_span *running;

/* ---- attributes ---- */

/* What a request says of itself, before its span starts; and room for what has to be written for
 * it. */
typedef struct described {
    impact__start_attributes attributes;
    char query[query_limit];
} described;

static void add(described *to, impact_attribute attribute)
{
    impact__start_attributes_add(&to->attributes, attribute);
}

static void add_text(described *to, const char *key, impact_text text)
{
    if (text.data)
        add(to, impact_string_n(key, text.data, text.size));
}

static void add_url(described *to, const impact__request_facts *facts)
{
    add(to, impact_string("url.scheme", facts->is_https ? "https" : "http"));
    if (facts->path.size)
        add_text(to, "url.path", facts->path);
    if (!facts->query.size)
        return;
    const size_t size = impact__http_redact_query(to->query, sizeof to->query, facts->query);
    add(to,
        impact_string_n("url.query", to->query, size < sizeof to->query ? size : sizeof to->query));
}

/* An absolute target's authority replaces the Host header (RFC 9112 3.2.2). */
static void add_server(described *to, const impact__request_facts *facts)
{
    impact_text host;
    long port;
    const impact_text authority =
        facts->authority.size ? facts->authority : impact__request_header(&facts->headers, "host");
    if (!impact__http_split_authority(authority, facts->is_https ? 443 : 80, &host, &port))
        return;
    add_text(to, "server.address", host);
    add(to, impact_int("server.port", port));
}

/* A socket for both versions shows who speaks the old one as ::ffff:127.0.0.1. */
static const char *as_it_speaks(const char *address)
{
    static const char mapped[] = "::ffff:";
    const bool is_mapped =
        strncasecmp(address, mapped, sizeof mapped - 1) == 0 && strchr(address, '.');
    return is_mapped ? address + sizeof mapped - 1 : address;
}

/* The client is the peer: what X-Forwarded-For says is anybody's word. */
static void add_peer(described *to, const impact__request_facts *facts)
{
    if (!facts->peer)
        return;
    const char *address = as_it_speaks(facts->peer);
    add(to, impact_string("client.address", address));
    add(to, impact_string("network.peer.address", address));
    if (facts->peer_port)
        add(to, impact_int("network.peer.port", facts->peer_port));
}

static void add_protocol(described *to, const char *version)
{
    static const char name[] = "HTTP/";
    if (!version)
        return;
    const bool is_named = strncmp(version, name, sizeof name - 1) == 0;
    add(to, impact_string("network.protocol.version", version + (is_named ? sizeof name - 1 : 0)));
}

static void describe(described *to, const impact__request_facts *facts)
{
    impact__http_add_method(&to->attributes, facts->method);
    add_url(to, facts);
    add_server(to, facts);
    add_peer(to, facts);
    add_protocol(to, facts->version);
    add_text(to, "user_agent.original", impact__request_header(&facts->headers, "user-agent"));
}

/* ---- start and end ---- */

void impact__request_span_start(impact__request_span *request, impact_tracer *tracer,
                                const impact__request_facts *facts)
{
    described d;
    impact__request_headers headers = facts->headers;
    d.attributes.count = 0;
    if (impact_tracer_is_enabled(tracer))
        describe(&d, facts);
    const impact_context *came = impact_propagation_extract(
        impact_context_root(), &impact__request_headers_getter, &headers);
    impact_span *span =
        impact_span_start(tracer, impact__http_method_name(facts->method),
                          IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_SERVER, .context = came,
                                              .attributes = d.attributes.items,
                                              .attribute_count = d.attributes.count));
    *request = (impact__request_span){
        .span = span,
        .context = span ? impact_context_with_span(came, span) : impact_context_retain(came),
        .method = facts->method,
    };
    impact_context_release(came);
}

impact__request_visit impact__request_span_enter(const impact__request_span *request)
{
    const impact__request_visit visit = {impact_context_attach(request->context), running};
    running = request;
    return visit;
}

void impact__request_span_leave(impact__request_visit visit)
{
    running = visit.before;
    impact_scope_leave(visit.scope);
}

void impact__request_span_set_route(const char *route)
{
    if (!route || !running || !impact_span_is_recording(running->span))
        return;
    impact_span_set(running->span, impact_string("http.route", route));
    char name[name_limit];
    const int size =
        snprintf(name, sizeof name, "%s %s", impact__http_method_name(running->method), route);
    if (size > 0 && (size_t)size < sizeof name)
        impact_span_set_name(running->span, name);
}

void impact__request_span_fail(const impact__request_span *request, const char *reason)
{
    impact_span_set(request->span, impact_string("error.type", reason));
    impact_span_set_status(request->span, IMPACT_SPAN_STATUS_ERROR, NULL);
}

void impact__request_span_end(impact__request_span *request, int status)
{
    if (status >= first_status && impact_span_is_recording(request->span))
        impact__http_set_status_code(request->span, status, first_error);
    impact_span_end(request->span);
    impact_context_release(request->context);
    *request = (impact__request_span){0};
}
