/* The SERVER span of a request. */
#include "instrument/microhttpd/server_span.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "instrument/common/http_semconv.h"
#include "instrument/common/own_tracer.h"

static _Atomic(impact_tracer *) tracer;

/* ---- headers ---- */

typedef struct header_walk {
    impact__header_visit_fn visit;
    void *userdata;
} header_walk;

static enum MHD_Result show_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_size, const char *value, size_t value_size)
{
    (void)kind; /* only headers are asked for */
    const header_walk *walk = cls;
    const impact_text name = impact_text_from(key, key_size);
    return walk->visit(walk->userdata, name, impact_text_from(value, value ? value_size : 0))
               ? MHD_YES
               : MHD_NO;
}

static void walk_headers(const void *connection, impact__header_visit_fn visit, void *userdata)
{
    header_walk walk = {visit, userdata};
    (void)MHD_get_connection_values_n((struct MHD_Connection *)(uintptr_t)connection,
                                      MHD_HEADER_KIND, show_header, &walk);
}

/* ---- what is known of a request ---- */

static bool is_encrypted(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL);
    return info && info->protocol != 0;
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
    return inet_ntop(AF_INET6, &v6.sin6_addr, address, INET6_ADDRSTRLEN) != NULL;
}

static bool find_peer(struct MHD_Connection *connection, char address[INET6_ADDRSTRLEN],
                      uint16_t *port)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info && info->client_addr && read_peer(info->client_addr, address, port);
}

void impact__server_span_start(impact__request_span *request, struct MHD_Connection *connection,
                               const char *method, const char *version,
                               const impact__target *target)
{
    char peer[INET6_ADDRSTRLEN];
    uint16_t peer_port = 0;
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.microhttpd");
    const bool has_peer = impact_tracer_is_enabled(own) && find_peer(connection, peer, &peer_port);
    impact__request_span_start(request, own,
                               &(impact__request_facts){
                                   .method = method,
                                   .path = target->path,
                                   .query = target->query,
                                   .authority = target->authority,
                                   .version = version,
                                   .peer = has_peer ? peer : NULL,
                                   .peer_port = peer_port,
                                   .is_https = is_encrypted(connection),
                                   .headers = {walk_headers, connection},
                               });
}

/* ---- the end ---- */

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

void impact__server_span_note_upgrade(const impact__request_span *request,
                                      struct MHD_Connection *connection)
{
    if (impact_span_is_recording(request->span) &&
        status_of(connection) == MHD_HTTP_SWITCHING_PROTOCOLS)
        impact__http_set_status_code(request->span, MHD_HTTP_SWITCHING_PROTOCOLS, 500);
}

void impact__server_span_end(impact__request_span *request, struct MHD_Connection *connection,
                             enum MHD_RequestTerminationCode toe)
{
    if (toe != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        impact__request_span_fail(request, reason_of(toe));
    /* There is none when the client left before there was a response. */
    impact__request_span_end(request, (int)status_of(connection));
}
