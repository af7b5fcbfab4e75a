/* The SERVER span of a request. */
#include "instrument/microhttpd/server_span.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <impact/propagation.h>

#include "instrument/common/http_semconv.h"
#include "instrument/common/own_tracer.h"

enum { query_limit = 2048 }; /* bytes of url.query that are recorded */

static _Atomic(impact_tracer *) tracer;

/* ---- the context that came ---- */

/* One question to a request's headers. */
typedef struct header_walk {
    const char *name; /* NULL: every header's name is asked for */
    impact_carrier_visit_fn visit;
    void *userdata;
} header_walk;

static enum MHD_Result walk_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_size, const char *value, size_t value_size)
{
    (void)kind; /* only headers are asked for */
    const header_walk *walk = cls;
    impact_text text = impact_text_from(key, key_size);
    if (walk->name) {
        if (key_size != strlen(walk->name) || strncasecmp(key, walk->name, key_size) != 0)
            return MHD_YES;
        text = impact_text_from(value ? value : "", value ? value_size : 0);
    }
    return walk->visit(walk->userdata, text) ? MHD_YES : MHD_NO;
}

static void get_all(void *carrier, const char *name, impact_carrier_visit_fn visit, void *userdata)
{
    header_walk walk = {name, visit, userdata};
    (void)MHD_get_connection_values_n(carrier, MHD_HEADER_KIND, walk_header, &walk);
}

static void get_names(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    header_walk walk = {NULL, visit, userdata};
    (void)MHD_get_connection_values_n(carrier, MHD_HEADER_KIND, walk_header, &walk);
}

static bool take_first(void *userdata, impact_text text)
{
    *(impact_text *)userdata = text;
    return false;
}

static impact_text get_first(void *carrier, const char *name)
{
    impact_text value = {NULL, 0};
    get_all(carrier, name, take_first, &value);
    return value;
}

static const impact_carrier_getter headers = {
    .size = sizeof headers, .get = get_first, .get_all = get_all, .keys = get_names};

/* ---- attributes ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_encrypted(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL);
    return info && info->protocol != 0;
}

/* What a request says of itself, before its span starts; and room for what has to be written for
 * it. */
typedef struct request_facts {
    impact__start_attributes attributes;
    char query[query_limit];
    char peer[INET6_ADDRSTRLEN];
} request_facts;

static void add(request_facts *to, impact_attribute attribute)
{
    impact__start_attributes_add(&to->attributes, attribute);
}

static void add_url(request_facts *to, const impact__target *target, bool is_https)
{
    add(to, impact_string("url.scheme", is_https ? "https" : "http"));
    if (target->path.size)
        add(to, impact_string_n("url.path", target->path.data, target->path.size));
    if (!target->query.size)
        return;
    const size_t size = impact__http_redact_query(to->query, sizeof to->query, target->query);
    add(to,
        impact_string_n("url.query", to->query, size < sizeof to->query ? size : sizeof to->query));
}

/* An absolute target's authority replaces the Host header (RFC 9112 3.2.2). */
static void add_server(request_facts *to, impact_text of_target, const char *host_header,
                       bool is_https)
{
    impact_text host;
    long port;
    const impact_text authority = of_target.size ? of_target : impact_text_of(host_header);
    if (!impact__http_split_authority(authority, is_https ? 443 : 80, &host, &port))
        return;
    add(to, impact_string_n("server.address", host.data, host.size));
    add(to, impact_int("server.port", port));
}

/* A socket for both versions shows who speaks the old one as ::ffff:127.0.0.1. */
static bool print_v6(const struct in6_addr *v6, char address[INET6_ADDRSTRLEN])
{
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(v6);
    const void *bytes = is_v4 ? v6->s6_addr + 12 : v6->s6_addr;
    return inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, address, INET6_ADDRSTRLEN) != NULL;
}

/* The address and port of a peer; false when it is no internet address. */
static bool read_peer(const struct sockaddr *peer, char address[INET6_ADDRSTRLEN], uint16_t *port)
{
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        *port = ntohs(v4.sin_port);
        return inet_ntop(AF_INET, &v4.sin_addr, address, INET6_ADDRSTRLEN) != NULL;
    }
    if (peer->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, peer, sizeof v6);
    *port = ntohs(v6.sin6_port);
    return print_v6(&v6.sin6_addr, address);
}

/* The client is the peer: what X-Forwarded-For says is anybody's word. */
static void add_peer(request_facts *to, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    uint16_t port;
    if (!info || !info->client_addr || !read_peer(info->client_addr, to->peer, &port))
        return;
    add(to, impact_string("client.address", to->peer));
    add(to, impact_string("network.peer.address", to->peer));
    add(to, impact_int("network.peer.port", port));
}

static void add_protocol(request_facts *to, const char *version)
{
    if (strncmp(version, "HTTP/", 5) == 0)
        add(to, impact_string("network.protocol.version", version + 5));
}

static void describe(request_facts *to, struct MHD_Connection *connection, const char *method,
                     const char *version, const impact__target *target)
{
    const bool is_https = is_encrypted(connection);
    impact__http_add_method(&to->attributes, method);
    add_url(to, target, is_https);
    add_server(to, target->authority, header(connection, "host"), is_https);
    add_peer(to, connection);
    add_protocol(to, version);
    add(to, impact_string("user_agent.original", header(connection, "user-agent")));
}

/* ---- start and end ---- */

impact_span *impact__server_span_start(const impact_context **context,
                                       struct MHD_Connection *connection, const char *method,
                                       const char *version, const impact__target *target)
{
    request_facts facts;
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.microhttpd");
    facts.attributes.count = 0;
    if (impact_tracer_is_enabled(own))
        describe(&facts, connection, method, version, target);
    /* What is current on this thread is not the request's parent. */
    const impact_context *came =
        impact_propagation_extract(impact_context_root(), &headers, connection);
    impact_span *span =
        impact_span_start(own, impact__http_method_name(method),
                          IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_SERVER, .context = came,
                                              .attributes = facts.attributes.items,
                                              .attribute_count = facts.attributes.count));
    *context = span ? impact_context_with_span(came, span) : impact_context_retain(came);
    impact_context_release(came);
    return span;
}

static const char *reason_of(enum MHD_RequestTerminationCode toe)
{
    switch (toe) {
    case MHD_REQUEST_TERMINATED_TIMEOUT_REACHED:
        return "timeout";
    case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
        return "shutdown";
    case MHD_REQUEST_TERMINATED_READ_ERROR:
        return "read_error";
    case MHD_REQUEST_TERMINATED_CLIENT_ABORT:
        return "client_abort";
    default:
        return "connection_closed";
    }
}

static unsigned status_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? info->http_status : 0; /* no response yet, or, once it is upgraded, no more */
}

void impact__server_span_note_upgrade(impact_span *span, struct MHD_Connection *connection)
{
    if (impact_span_is_recording(span) && status_of(connection) == MHD_HTTP_SWITCHING_PROTOCOLS)
        impact__http_set_status_code(span, MHD_HTTP_SWITCHING_PROTOCOLS, 500);
}

void impact__server_span_end(impact_span *span, struct MHD_Connection *connection,
                             enum MHD_RequestTerminationCode toe)
{
    if (impact_span_is_recording(span)) {
        if (toe != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
            impact_span_set(span, impact_string("error.type", reason_of(toe)));
            impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, NULL);
        }
        const unsigned status = status_of(connection);
        if (status) /* none when the client left before there was a response */
            impact__http_set_status_code(span, status, 500);
    }
    impact_span_end(span);
}
