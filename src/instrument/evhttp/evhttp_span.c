/* A SERVER span for each request that an application's evhttp callback answers.
 *
 * DESIGN: a callback may answer at once or much later, and its client may leave before. libevent
 * tells of the one by the request's on-complete callback and of the other by the connection's close
 * callback, one of which comes, before either is freed. All of it is on the thread of the base.
 */
#include <impact/evhttp.h>

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/request_target.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/request_span.h"

static _Atomic(impact_tracer *) tracer;

typedef struct traced {
    impact__request_span served;
    struct evhttp_request *request;
    struct evhttp_connection *connection;
} traced;

/* ---- the end ---- */

static void end(traced *t, int status)
{
    evhttp_request_set_on_complete_cb(t->request, NULL, NULL);
    evhttp_connection_set_closecb(t->connection, NULL, NULL);
    impact__request_span_end(&t->served, status);
    impact__free(NULL, t);
}

static void be_answered(struct evhttp_request *request, void *userdata)
{
    end(userdata, evhttp_request_get_response_code(request));
}

/* The request lives on until the application answers it, and tells nobody of that. */
static void be_left(struct evhttp_connection *connection, void *userdata)
{
    traced *t = userdata;
    (void)connection; /* it is the request's */
    impact__request_span_fail(&t->served, "connection_closed");
    end(t, 0);
}

/* ---- the beginning ---- */

static const char *name_of(enum evhttp_cmd_type method)
{
    static const char *const names[] = {"GET",     "POST",  "HEAD",    "PUT",  "DELETE",
                                        "OPTIONS", "TRACE", "CONNECT", "PATCH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (method == 1U << i) /* event2/http.h numbers them so, in this order */
            return names[i];
    return "";
}

static void walk_headers(const void *request, impact__header_visit_fn visit, void *userdata)
{
    const struct evkeyvalq *headers =
        evhttp_request_get_input_headers((struct evhttp_request *)(uintptr_t)request);
    for (const struct evkeyval *each = headers->tqh_first; each; each = each->next.tqe_next)
        if (!visit(userdata, impact_text_of(each->key), impact_text_of(each->value)))
            return;
}

static void start(traced *t)
{
    char version[16];
    char *peer = NULL;
    uint16_t peer_port = 0;
    struct evhttp_request *request = t->request;
    const impact__request_target target =
        impact__request_target_of(impact_text_of(evhttp_request_get_uri(request)), false);
    (void)snprintf(version, sizeof version, "%d.%d", request->major, request->minor); /* digits */
    evhttp_connection_get_peer(t->connection, &peer, &peer_port);
    impact__request_span_start(&t->served, impact__tracer_get(&tracer, "impact.evhttp"),
                               &(impact__request_facts){
                                   .method = name_of(evhttp_request_get_command(request)),
                                   .path = target.path,
                                   .query = target.query,
                                   .authority = target.authority,
                                   .version = version,
                                   .peer = peer,
                                   .peer_port = peer_port,
                                   .headers = {walk_headers, request},
                               });
    evhttp_request_set_on_complete_cb(request, be_answered, t);
    evhttp_connection_set_closecb(t->connection, be_left, t);
}

/* The callback may answer, which frees `t`: now, or when the answer is written. */
static void call_in(const traced *t, impact_evhttp_callback_fn callback, void *userdata)
{
    const impact__request_span here = {
        .span = t->served.span,
        .context = impact_context_retain(t->served.context),
        .method = t->served.method,
    };
    const impact__request_visit visit = impact__request_span_enter(&here);
    callback(t->request, userdata);
    impact__request_span_leave(visit);
    impact_context_release(here.context);
}

void impact_evhttp_trace(struct evhttp_request *request, impact_evhttp_callback_fn callback,
                         void *userdata)
{
    if (!request || !callback)
        return;
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    traced *t = connection ? impact__alloc(NULL, sizeof *t) : NULL;
    if (!t) {
        callback(request, userdata);
        return;
    }
    t->request = request;
    t->connection = connection;
    start(t);
    call_in(t, callback, userdata);
}

void impact_evhttp_set_route(const char *route)
{
    impact__request_span_set_route(route);
}
