/* An application's libmicrohttpd server: a SERVER span a request, and the health paths beside its
 * own.
 *
 * DESIGN: libmicrohttpd calls the handler several times a request: once after the headers, then for
 * each piece of the body, then for the response. The first call is the one whose connection is not
 * in the table yet; the closure of the request belongs to the application. Health paths are
 * answered before a span is started (health_request.c).
 */
#include <impact/microhttpd.h>

#include "base/alloc.h"
#include "base/options.h"
#include "instrument/common/table.h"
#include "instrument/microhttpd/health_request.h"
#include "instrument/microhttpd/server_span.h"
#include "instrument/microhttpd/target.h"

struct impact_microhttpd {
    impact_microhttpd_options options;
    impact__suspended suspended;
};

typedef struct request {
    impact__table_entry entry;     /* by connection */
    impact__request_span served;   /* of the application's requests */
    bool is_ours;                  /* a health path: the application never sees it */
    impact__health_request health; /* of ours */
} request;

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
    const impact_status status =
        impact__suspended_open(&opened->suspended, read.wake, read.wake_cls);
    if (status) {
        impact__free(NULL, opened);
        return status;
    }
    *instrumentation = opened;
    return IMPACT_OK;
}

void impact_microhttpd_drain(impact_microhttpd *instrumentation)
{
    if (instrumentation)
        impact__suspended_drain(&instrumentation->suspended);
}

void impact_microhttpd_close(impact_microhttpd *instrumentation)
{
    if (!instrumentation)
        return;
    impact__suspended_close(&instrumentation->suspended);
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

/* In the request's context. */
static enum MHD_Result call_application_in(const request *r, const impact_microhttpd *web,
                                           const handler_call *call)
{
    const impact__request_visit visit = impact__request_span_enter(&r->served);
    const enum MHD_Result result = call_application(web, call);
    impact__request_span_leave(visit);
    impact__server_span_note_upgrade(&r->served, call->connection);
    return result;
}

/* ---- every request ---- */

static void forget(request *r)
{
    impact__health_request_end(&r->health);
    impact__free(NULL, r);
}

/* The first call of a request. Whether it is ours is decided here, and once. */
static enum MHD_Result begin(const impact_microhttpd *web, const handler_call *call, request *r,
                             const impact__target *target)
{
    r->is_ours =
        web->options.health && impact__health_request_begin(&r->health, web->options.health,
                                                            call->connection, call->method, target);
    impact__table_add(&r->entry, call->connection);
    if (r->is_ours)
        return MHD_YES;
    impact__server_span_start(&r->served, call->connection, call->method, call->version, target);
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
    impact_microhttpd *web = instrumentation;
    if (!web || !connection)
        return MHD_NO;
    const handler_call call = {connection,       url,    method, version, upload_data,
                               upload_data_size, req_cls};
    request *r = (request *)impact__table_find(connection);
    if (!r)
        return first_call(web, &call);
    if (r->is_ours)
        return impact__health_request_continue(&r->health, &web->suspended, upload_data_size);
    return call_application_in(r, web, &call);
}

void impact_microhttpd_completed(void *instrumentation, struct MHD_Connection *connection,
                                 void **req_cls, enum MHD_RequestTerminationCode toe)
{
    const impact_microhttpd *web = instrumentation;
    if (!web || !connection)
        return;
    request *r = (request *)impact__table_remove(connection);
    /* Of ours the application knows only when its own MHD_OPTION_URI_LOG_CALLBACK has left
     * something. */
    const bool is_known = !r || !r->is_ours || (req_cls && *req_cls);
    if (web->options.completed && is_known)
        web->options.completed(web->options.completed_cls, connection, req_cls, toe);
    if (!r)
        return;
    impact__server_span_end(&r->served, connection, toe);
    forget(r);
}

void impact_microhttpd_set_route(const char *route)
{
    impact__request_span_set_route(route);
}
