/* A SERVER span for each request that a handler in a CivetWeb server answers: on the thread that
 * answers it, from beginning to end. */
#include <impact/civetweb.h>

#include "base/options.h"
#include "instrument/civetweb/civetweb_request.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/request_span.h"

static _Atomic(impact_tracer *) tracer;

static void walk_headers(const void *request, impact__header_visit_fn visit, void *userdata)
{
    const struct mg_request_info *info = request;
    for (int i = 0; i < info->num_headers; i++)
        if (!visit(userdata, impact_text_of(info->http_headers[i].name),
                   impact_text_of(info->http_headers[i].value)))
            return;
}

static void start(impact__request_span *request, const struct mg_request_info *info)
{
    char room[impact__civetweb_path_limit];
    impact__request_facts facts = {
        .method = info->request_method,
        .query = impact_text_of(info->query_string),
        .version = info->http_version,
        .peer = info->remote_addr[0] ? info->remote_addr : NULL,
        .peer_port = (uint16_t)info->remote_port,
        .is_https = info->is_ssl != 0,
        .headers = {walk_headers, info},
    };
    (void)impact__civetweb_find_path(&facts.path, room, info); /* else it has none */
    impact__request_span_start(request, impact__tracer_get(&tracer, "impact.civetweb"), &facts);
}

int impact_civetweb_trace(struct mg_connection *connection, void *traced)
{
    impact_civetweb_traced known;
    impact__request_span request;
    const struct mg_request_info *info = connection ? mg_get_request_info(connection) : NULL;
    if (!info || !traced || !impact__struct_read(&known, sizeof known, traced) || !known.handler)
        return 0;
    start(&request, info);
    const impact__request_visit visit = impact__request_span_enter(&request);
    const int status = known.handler(connection, known.userdata);
    impact__request_span_leave(visit);
    impact__request_span_end(&request, status);
    return status;
}

void impact_civetweb_set_route(const char *route)
{
    impact__request_span_set_route(route);
}
