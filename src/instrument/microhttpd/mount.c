/* An application's libmicrohttpd server: a SERVER span a request, and the health paths beside its own.
 *
 * DESIGN: libmicrohttpd calls the handler several times a request: once after the headers, then for
 * each piece of the body, then for the response. The first call is the one whose connection is not in
 * the table yet; the closure of the request belongs to the application. Health paths are answered
 * before a span is started. Their answer is made on the first call and queued on the last: a response
 * that is queued before the body was read costs the connection.
 */
#include <impact/microhttpd.h>

#include <stdio.h>
#include <string.h>

#include "instrument/common/http_semconv.h"
#include "base/alloc.h"
#include "base/options.h"
#include "instrument/common/table.h"
#include "serve/microhttpd/answer.h"
#include "instrument/microhttpd/server_span.h"
#include "serve/microhttpd/target.h"

enum { name_limit = 256 }; /* bytes of a span's name that is made of a route */

struct impact_microhttpd {
    impact_microhttpd_options options;
};

typedef struct request {
    impact__table_entry entry;     /* by connection */
    impact_span *span;             /* of the application's requests; may be NULL */
    const impact_context *context; /* likewise: what they are handled in; owned */
    bool is_ours;                  /* a health path: the application never sees it */
    impact_http_response response; /* of ours */
    size_t body_size;              /* of ours: what was thrown away */
} request;

/* What runs on this thread: for impact_microhttpd_set_route. */
typedef struct running_request {
    impact_span *span;
    const char *method;
} running_request;

static _Thread_local running_request running;

impact_status impact_microhttpd_open(impact_microhttpd **instrumentation,
                                     const impact_microhttpd_options *options)
{
    impact_microhttpd_options read;
    if (!instrumentation || !impact__struct_read(&read, sizeof read, options) || !read.handler)
        return IMPACT_EINVAL;
    impact_microhttpd *opened =
        impact__table_is_ready() ? impact__alloc(NULL, sizeof *opened) : NULL;
    if (!opened)
        return IMPACT_ENOMEM;
    opened->options = read;
    *instrumentation = opened;
    return IMPACT_OK;
}

void impact_microhttpd_close(impact_microhttpd *instrumentation)
{
    impact__free(NULL, instrumentation);
}

/* ---- the application's requests ---- */

typedef struct handler_call {
    struct MHD_Connection *connection;
    const char *url;
    const char *method;
    const char *version;
    const char *upload_data;
    size_t *upload_data_size;
    void **req_cls;
} handler_call;

static enum MHD_Result call_application(const impact_microhttpd *web, const handler_call *call)
{
    return web->options.handler(web->options.handler_cls, call->connection, call->url, call->method,
                                call->version, call->upload_data, call->upload_data_size,
                                call->req_cls);
}

/* In the request's context. A handler may itself serve another request on this thread. */
static enum MHD_Result call_application_in(const request *r, const impact_microhttpd *web,
                                           const handler_call *call)
{
    const running_request before = running;
    running = (running_request){r->span, call->method};
    const impact_scope scope = impact_context_attach(r->context);
    const enum MHD_Result result = call_application(web, call);
    impact_scope_leave(scope);
    running = before;
    return result;
}

/* ---- ours ---- */

/* Throw the body away, then answer. */
static enum MHD_Result continue_ours(request *r, const handler_call *call)
{
    if (*call->upload_data_size) {
        r->body_size += *call->upload_data_size;
        *call->upload_data_size = 0;
        return r->body_size <= impact__body_limit ? MHD_YES : MHD_NO;
    }
    return impact__answer_queue(call->connection, &r->response, false);
}

static bool answer_health(impact_health *health, const handler_call *call,
                          const impact__target *target, impact_http_response *response)
{
    /* libmicrohttpd sends no body to a HEAD, but the length of the one that it is given: it shall be
     * that of the GET's (RFC 9110 8.6). */
    const bool is_head = strcmp(call->method, MHD_HTTP_METHOD_HEAD) == 0;
    const impact_http_request asked = impact__answer_request(
        call->connection, is_head ? MHD_HTTP_METHOD_GET : call->method, target);
    *response = IMPACT_HTTP_RESPONSE;
    return health && impact_health_answer(health, &asked, response);
}

/* ---- every request ---- */

static void forget(request *r)
{
    impact_http_response_clear(&r->response);
    impact_context_release(r->context);
    impact__free(NULL, r);
}

/* The first call of a request. Whether it is ours is decided here, and once. */
static enum MHD_Result begin(const impact_microhttpd *web, const handler_call *call, request *r,
                             const impact__target *target)
{
    r->is_ours = answer_health(web->options.health, call, target, &r->response);
    impact__table_add(&r->entry, call->connection);
    if (r->is_ours)
        return MHD_YES;
    r->span = impact__server_span_start(&r->context, call->connection, call->method, call->version,
                                        target);
    return call_application_in(r, web, call);
}

/* Without memory a request is the application's alone. */
static enum MHD_Result first_call(const impact_microhttpd *web, const handler_call *call)
{
    impact__target target = {0};
    request *r = impact__alloc(NULL, sizeof *r);
    if (!r || !impact__target_open_decoded(&target, call->connection, call->url)) {
        impact__free(NULL, r);
        return call_application(web, call);
    }
    const enum MHD_Result result = begin(web, call, r, &target);
    impact__target_close(&target);
    return result;
}

enum MHD_Result impact_microhttpd_handle(void *instrumentation, struct MHD_Connection *connection,
                                         const char *url, const char *method, const char *version,
                                         const char *upload_data, size_t *upload_data_size,
                                         void **req_cls)
{
    const impact_microhttpd *web = instrumentation;
    if (!web || !connection)
        return MHD_NO;
    const handler_call call = {connection,       url,    method, version, upload_data,
                               upload_data_size, req_cls};
    request *r = (request *)impact__table_find(connection);
    if (!r)
        return first_call(web, &call);
    return r->is_ours ? continue_ours(r, &call) : call_application_in(r, web, &call);
}

void impact_microhttpd_completed(void *instrumentation, struct MHD_Connection *connection,
                                 void **req_cls, enum MHD_RequestTerminationCode toe)
{
    const impact_microhttpd *web = instrumentation;
    if (!web || !connection)
        return;
    request *r = (request *)impact__table_remove(connection);
    /* Of ours the application knows only when its own MHD_OPTION_URI_LOG_CALLBACK has left something. */
    const bool is_known = !r || !r->is_ours || (req_cls && *req_cls);
    if (web->options.completed && is_known)
        web->options.completed(web->options.completed_cls, connection, req_cls, toe);
    if (!r)
        return;
    impact__server_span_end(r->span, connection, toe);
    forget(r);
}

void impact_microhttpd_set_route(const char *route)
{
    if (!route || !impact_span_is_recording(running.span))
        return;
    impact_span_set(running.span, impact_string("http.route", route));
    char name[name_limit];
    const int size =
        snprintf(name, sizeof name, "%s %s", impact__http_method_name(running.method), route);
    if (size > 0 && (size_t)size < sizeof name)
        impact_span_set_name(running.span, name);
}
