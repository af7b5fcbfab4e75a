/* A SERVER span for each request that a callback in a ulfius server answers: on the thread of its
 * connection. */
#include <impact/ulfius.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/options.h"
#include "base/request_target.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/request_span.h"
#include "instrument/ulfius/ulfius_request.h"

static _Atomic(impact_tracer *) tracer;

/* NULL: it is no internet address. */
static const char *read_peer(const struct sockaddr *peer, char address[INET6_ADDRSTRLEN],
                             uint16_t *port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (peer && peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        *port = ntohs(v4.sin_port);
        return inet_ntop(AF_INET, &v4.sin_addr, address, INET6_ADDRSTRLEN);
    }
    if (!peer || peer->sa_family != AF_INET6)
        return NULL;
    memcpy(&v6, peer, sizeof v6);
    *port = ntohs(v6.sin6_port);
    return inet_ntop(AF_INET6, &v6.sin6_addr, address, INET6_ADDRSTRLEN);
}

static void start(impact__request_span *served, const struct _u_request *request)
{
    char address[INET6_ADDRSTRLEN];
    uint16_t port = 0;
    const char *peer = read_peer(request->client_address, address, &port);
    const impact__request_target target =
        impact__request_target_of(impact_text_of(request->http_url), false);
    impact__request_span_start(served, impact__tracer_get(&tracer, "impact.ulfius"),
                               &(impact__request_facts){
                                   .method = request->http_verb ? request->http_verb : "",
                                   .path = target.path,
                                   .query = target.query,
                                   .authority = target.authority,
                                   .version = request->http_protocol,
                                   .peer = peer,
                                   .peer_port = port,
                                   .headers = impact__ulfius_headers(request),
                               });
}

/* For two results ulfius answers by itself. */
static int status_of(int result, const struct _u_response *response)
{
    if (result == U_CALLBACK_ERROR)
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    return result == U_CALLBACK_UNAUTHORIZED ? MHD_HTTP_UNAUTHORIZED : (int)response->status;
}

int impact_ulfius_trace(const struct _u_request *request, struct _u_response *response,
                        void *traced)
{
    impact_ulfius_traced known;
    impact__request_span served;
    if (!request || !response || !traced || !impact__struct_read(&known, sizeof known, traced) ||
        !known.callback)
        return U_CALLBACK_CONTINUE;
    start(&served, request);
    const impact__request_visit visit = impact__request_span_enter(&served);
    const int result = known.callback(request, response, known.userdata);
    impact__request_span_leave(visit);
    impact__request_span_end(&served, status_of(result, response));
    return result;
}

void impact_ulfius_set_route(const char *route)
{
    impact__request_span_set_route(route);
}
