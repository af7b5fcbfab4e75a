/* The HTTP port: libmicrohttpd, driven by the caller's loop.
 *
 * DESIGN: one thread does everything, so the store needs no lock. A body is collected until it is
 * whole; one that is too large, or for which there is no room beside those that come at the same
 * time, is read to its end and thrown away, so that the client hears why. One that takes longer
 * than a slice waits in a line, and its connection sleeps meanwhile.
 */
#include "server.h"

#include <limits.h>
#include <microhttpd.h>
#include <string.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/request_target.h"
#include "work.h"

enum { connection_limit = 200, patience_s = 60 };

static const size_t bodies_limit = (size_t)256 << 20; /* of all requests together */

struct view_server {
    view_store *store;
    struct MHD_Daemon *daemon;
    bool is_local;
    size_t bodies_size;
    view_work work;
};

/* A request that is coming in. */
typedef struct exchange {
    view_server *server;
    impact__buffer body;
    bool is_too_large;
    bool has_begun;
    bool is_received; /* or will be when it is asked for again */
    view_job job;
    struct MHD_Connection *connection; /* that sleeps */
    char target[];                     /* as it came */
} exchange;

/* ---- bodies ---- */

static void drop_body(exchange *e)
{
    e->server->bodies_size -= e->body.size;
    impact__buffer_close(&e->body);
}

static void collect(exchange *e, const char *data, size_t size)
{
    view_server *server = e->server;
    if (e->is_too_large)
        return;
    if (size > view_body_limit - e->body.size || size > bodies_limit - server->bodies_size) {
        e->is_too_large = true;
        drop_body(e);
        return;
    }
    const size_t before = e->body.size;
    impact__buffer_append(&e->body, data, size);
    server->bodies_size += e->body.size - before;
}

/* ---- answers ---- */

static impact_text header(void *carrier, const char *name)
{
    return impact_text_of(MHD_lookup_connection_value(carrier, MHD_HEADER_KIND, name));
}

static void add_headers(struct MHD_Response *to, const view_response *response)
{
    /* NULL and no memory: it leaves without. */
    (void)MHD_add_response_header(to, "Content-Type", response->type);
    (void)MHD_add_response_header(to, "Cache-Control", "no-store");
    (void)MHD_add_response_header(to, "X-Content-Type-Options", "nosniff");
    if (response->policy)
        (void)MHD_add_response_header(to, "Content-Security-Policy", response->policy);
    if (response->allow)
        (void)MHD_add_response_header(to, "Allow", response->allow);
}

static enum MHD_Result send_response(struct MHD_Connection *connection,
                                     const view_response *response)
{
    struct MHD_Response *made = MHD_create_response_from_buffer(
        response->body.size, response->body.data, MHD_RESPMEM_MUST_COPY);
    if (!made)
        return MHD_NO;
    add_headers(made, response);
    const enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, made);
    MHD_destroy_response(made); /* the connection has it */
    return result;
}

static view_request request_of(struct MHD_Connection *connection, const char *method,
                               const exchange *e)
{
    const bool is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    const impact__request_target target =
        impact__request_target_of(impact_text_of(e->target), false);
    return (view_request){
        .method = impact_text_of(is_head ? MHD_HTTP_METHOD_GET : method),
        .path = target.path,
        .query = target.query,
        .header = header,
        .carrier = connection,
        .body = impact__buffer_text(&e->body),
        .is_too_large = e->is_too_large || e->body.has_failed,
    };
}

static void wake(void *userdata)
{
    const exchange *e = userdata;
    MHD_resume_connection(e->connection);
}

/* False: it goes on, and the connection sleeps until it is over. */
static bool receive(struct MHD_Connection *connection, const view_request *request, exchange *e)
{
    if (e->is_received)
        return true;
    e->is_received = true;
    e->connection = connection;
    e->job.done = wake;
    e->job.userdata = e;
    if (view_work_begin(&e->server->work, &e->job, e->server->store, request))
        return true;
    MHD_suspend_connection(connection);
    return false;
}

static enum MHD_Result answer_export(struct MHD_Connection *connection, const view_request *request,
                                     exchange *e)
{
    if (!receive(connection, request, e))
        return MHD_YES;
    view_settle(&e->job.reception.response);
    const enum MHD_Result result = send_response(connection, &e->job.reception.response);
    view_receive_end(&e->job.reception);
    drop_body(e);
    return result;
}

static enum MHD_Result answer(struct MHD_Connection *connection, const view_request *request,
                              exchange *e)
{
    view_response response;
    if (view_is_export(request))
        return answer_export(connection, request, e);
    view_answer(&response, e->server->store, request, e->server->is_local);
    drop_body(e);
    const enum MHD_Result result = send_response(connection, &response);
    impact__buffer_close(&response.body);
    return result;
}

/* ---- libmicrohttpd's callbacks ---- */

/* Before anything is decoded: the exchange begins with the request's target as it came. */
static void *begin(void *userdata, const char *target, struct MHD_Connection *connection)
{
    view_server *server = userdata;
    (void)connection;
    const size_t size = strlen(target) + 1;
    exchange *e = impact__alloc(server->store->allocator, sizeof *e + size);
    if (!e)
        return NULL;
    e->server = server;
    e->body = IMPACT__BUFFER(server->store->allocator);
    memcpy(e->target, target, size);
    return e;
}

static enum MHD_Result take(void *userdata, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *data, size_t *size,
                            void **state)
{
    exchange *e = *state;
    (void)userdata;
    (void)url; /* it is decoded, and has no query */
    (void)version;
    if (!e)
        return MHD_NO; /* no memory */
    if (!e->has_begun) {
        e->has_begun = true;
        return MHD_YES; /* the body comes, or an empty one */
    }
    if (*size) {
        collect(e, data, *size);
        *size = 0;
        return MHD_YES;
    }
    const view_request request = request_of(connection, method, e);
    return answer(connection, &request, e);
}

static void end(void *userdata, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode code)
{
    view_server *server = userdata;
    exchange *e = *state;
    (void)connection;
    (void)code;
    if (e) {
        view_work_drop(&server->work, &e->job);
        drop_body(e);
    }
    impact__free(server->store->allocator, e);
    *state = NULL;
}

/* ---- a server's life ---- */

/* Options end where they say so: without TLS at its first. */
static struct MHD_Daemon *start(view_server *server, int listening, const view_tls *tls)
{
    const struct MHD_OptionItem secrets[] = {
        {tls->key ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, (void *)tls->key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)tls->certificate},
        {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls->key ? MHD_USE_TLS : 0),
                            0, NULL, NULL, take, server, MHD_OPTION_LISTEN_SOCKET, listening,
                            MHD_OPTION_URI_LOG_CALLBACK, begin, server, MHD_OPTION_NOTIFY_COMPLETED,
                            end, server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)connection_limit,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)patience_s,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 << 10, MHD_OPTION_ARRAY,
                            secrets, MHD_OPTION_END);
}

view_server *view_server_open(view_store *store, int listening, bool is_local, const view_tls *tls)
{
    view_server *server = impact__alloc(store->allocator, sizeof *server);
    if (!server)
        return NULL;
    server->store = store;
    server->is_local = is_local;
    server->work.slice_ns = view_slice_ms * IMPACT__NS_PER_MS;
    server->daemon = start(server, listening, tls);
    if (server->daemon)
        return server;
    impact__free(store->allocator, server);
    return NULL;
}

void view_server_close(view_server *server)
{
    if (!server)
        return;
    for (const view_job *job = server->work.first; job; job = job->next)
        job->done(job->userdata); /* no connection may sleep when the daemon stops */
    MHD_stop_daemon(server->daemon);
    impact__free(server->store->allocator, server);
}

int view_server_descriptor(const view_server *server)
{
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int view_server_timeout_ms(const view_server *server)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (server->work.first)
        return 0;
    if (MHD_get_timeout(server->daemon, &ms) != MHD_YES)
        return -1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

void view_server_run(view_server *server)
{
    view_work_run(&server->work);  /* first: whom it wakes, nothing else may */
    (void)MHD_run(server->daemon); /* what fails is one connection's */
}
