/* A SERVER span for each request of a FastCGI application: on the thread that answers it, from
 * beginning to end. */
#include <impact/fastcgi.h>

#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/request_span.h"
#include "instrument/fastcgi/fastcgi_request.h"

static _Atomic(impact_tracer *) tracer;

/* ---- headers ---- */

/* The header of a parameter "HTTP_USER_AGENT=..." (RFC 3875 4.1.18). False: it is none. */
static bool read_header(char name[impact__fastcgi_name_limit], impact_text *header,
                        impact_text *value, const char *parameter)
{
    static const char start[] = "HTTP_";
    const char *equals = strchr(parameter, '=');
    if (!equals || strncmp(parameter, start, sizeof start - 1) != 0)
        return false;
    parameter += sizeof start - 1;
    const size_t size = (size_t)(equals - parameter);
    if (size >= impact__fastcgi_name_limit)
        return false;
    for (size_t i = 0; i < size; i++)
        name[i] = parameter[i] == '_' ? '-' : impact__to_lower_case(parameter[i]);
    *header = impact_text_from(name, size);
    *value = impact_text_of(equals + 1);
    return true;
}

static void walk_headers(const void *request, impact__header_visit_fn visit, void *userdata)
{
    const FCGX_Request *asked = request;
    char name[impact__fastcgi_name_limit];
    impact_text header;
    impact_text value;
    for (char **each = asked->envp; *each; each++)
        if (read_header(name, &header, &value, *each) && !visit(userdata, header, value))
            return;
}

/* ---- a request ---- */

static const char *text_or_null(impact_text text)
{
    return text.size ? text.data : NULL;
}

/* nginx says "unix:" of a client that came over a Unix socket. */
static void find_peer(impact__request_facts *facts, const FCGX_Request *request)
{
    uint64_t port = 0;
    const impact_text address = impact__fastcgi_parameter(request, "REMOTE_ADDR");
    if (!address.size || impact__text_equal_string(address, "unix:"))
        return;
    facts->peer = address.data;
    if (impact__text_parse_uint(&port, impact__fastcgi_parameter(request, "REMOTE_PORT"),
                                UINT16_MAX))
        facts->peer_port = (uint16_t)port;
}

static bool is_https(const FCGX_Request *request)
{
    return impact__text_equal_string(impact__fastcgi_parameter(request, "REQUEST_SCHEME"),
                                     "https") ||
           impact__text_equal_string(impact__fastcgi_parameter(request, "HTTPS"), "on");
}

static void start(impact__request_span *served, const FCGX_Request *request)
{
    char room[impact__fastcgi_path_limit];
    const impact_text method = impact__fastcgi_parameter(request, "REQUEST_METHOD");
    impact__request_facts facts = {
        .method = method.size ? method.data : "",
        .query = impact__fastcgi_parameter(request, "QUERY_STRING"),
        .version = text_or_null(impact__fastcgi_parameter(request, "SERVER_PROTOCOL")),
        .is_https = is_https(request),
        .headers = {walk_headers, request},
    };
    (void)impact__fastcgi_find_path(&facts.path, room, request); /* else it has none */
    find_peer(&facts, request);
    impact__request_span_start(served, impact__tracer_get(&tracer, "impact.fastcgi"), &facts);
}

int impact_fastcgi_trace(FCGX_Request *request, impact_fastcgi_handler_fn handler, void *userdata)
{
    impact__request_span served;
    if (!request || !request->envp || !handler)
        return 0;
    start(&served, request);
    const impact__request_visit visit = impact__request_span_enter(&served);
    const int status = handler(request, userdata);
    impact__request_span_leave(visit);
    impact__request_span_end(&served, status);
    return status;
}

void impact_fastcgi_set_route(const char *route)
{
    impact__request_span_set_route(route);
}
