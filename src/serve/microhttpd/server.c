/* A server of our own: a libmicrohttpd daemon with a thread a connection.
 *
 * DESIGN: A probe may wait for checks, and must not hold up another: so each connection has a
 * thread, at most connection_limit of them, and is closed after its answer, so that an idle client
 * holds none. The thread waits on the ticket; suspending the connection instead would save it for
 * the time of a probe, and not for that of a slow client, and the handler would have to know
 * tickets. The registry makes all tickets done before it closes its server, so that no thread waits
 * then.
 * The daemon is ours, so the request's closure is: MHD_OPTION_URI_LOG_CALLBACK makes it from the
 * raw request line, before libmicrohttpd decodes that in place.
 *
 * Forks: the threads stay behind. A child closes the listening socket at once: else clients would
 * reach a socket that nobody accepts from when the parent ends.
 */
#include "serve/microhttpd/server.h"

#include <microhttpd.h>
#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <impact/process.h>

#include "base/alloc.h"
#include "base/thread.h"
#include "serve/microhttpd/answer.h"
#include "serve/microhttpd/listener.h"
#include "serve/microhttpd/target.h"

enum {
    connection_limit = 256,        /* more are refused at once, a ping too */
    connection_memory = 32 * 1024, /* bytes for a request line and headers; above: 414 or 431 */
    idle_seconds = 5,
    stack_size = 512 * 1024,
};

struct impact_server {
    struct MHD_Daemon *daemon;
    int descriptor;    /* it listens; closed by the daemon, and by forked children */
    bool is_inherited; /* this is a forked child: no thread of the daemon is here */
    impact_http_handler_fn handler;
    void *userdata;
    impact_server *next;
    impact_server *previous;
};

/* ---- the list of servers, for forks ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list; held over a fork */
static impact_server *first;

static void before_fork(void *unused)
{
    (void)unused;                    /* there is one list; likewise below */
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
}

static void after_fork_in_parent(void *unused)
{
    (void)unused;
    assert(impact__lock_is_held(&lock));
    (void)pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void *unused)
{
    for (impact_server *server = first; server; server = server->next) {
        if (!server->is_inherited)
            (void)close(server->descriptor); /* the parent's stays open */
        server->is_inherited = true;
    }
    after_fork_in_parent(unused);
}

static bool is_watching;

/* When the library is loaded: there is no first use that could race with a fork. */
__attribute__((constructor)) static void watch_forks(void)
{
    static impact_fork_member *member; /* never removed: the library stays loaded */
    is_watching = impact_fork_add(&member, IMPACT_FORK_HANDLERS(.before = before_fork,
                                                                .in_parent = after_fork_in_parent,
                                                                .in_child = after_fork_in_child)) ==
                  IMPACT_OK;
}

static void link_server(impact_server *server)
{
    (void)pthread_mutex_lock(&lock);
    server->next = first;
    if (first)
        first->previous = server;
    first = server;
    (void)pthread_mutex_unlock(&lock);
}

static void unlink_server(impact_server *server)
{
    (void)pthread_mutex_lock(&lock);
    if (server->next)
        server->next->previous = server->previous;
    if (server->previous)
        server->previous->next = server->next;
    else
        first = server->next;
    (void)pthread_mutex_unlock(&lock);
}

/* ---- a request ---- */

typedef struct request {
    impact__target target;
    bool has_begun;
    size_t body_size; /* thrown away */
} request;

static void *begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)cls; /* a request is the same for all servers */
    (void)connection;
    request *r = impact__alloc(NULL, sizeof *r);
    if (r && impact__target_open_raw(&r->target, uri))
        return r;
    impact__free(NULL, r);
    return NULL;
}

static void end(void *cls, struct MHD_Connection *connection, void **req_cls,
                enum MHD_RequestTerminationCode toe)
{
    (void)cls; /* nothing of the server, and no matter how it ended */
    (void)connection;
    (void)toe;
    request *r = *req_cls;
    if (!r)
        return;
    impact__target_close(&r->target);
    impact__free(NULL, r);
    *req_cls = NULL;
}

/* The handler's paths are all that is here. As for its own answers, no cache may keep this one: the
 * path may be there tomorrow (RFC 9111 4.2.2 lets a cache guess for 404). */
static impact_http_response not_found(void)
{
    static const char body[] = "{\"error\":\"there is nothing here\"}\n";
    return (impact_http_response){
        .size = sizeof(impact_http_response),
        .status = MHD_HTTP_NOT_FOUND,
        .headers = {{"Cache-Control", "no-cache, no-store"}, {"Content-Type", "application/json"}},
        .header_count = 2,
        .body = impact_text_of(body), /* not sent to a HEAD */
    };
}

static enum MHD_Result answer(const impact_server *server, struct MHD_Connection *connection,
                              const char *method, const request *r)
{
    const impact_http_request asked = impact__answer_request(connection, method, &r->target);
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    if (!server->handler(server->userdata, &asked, &response))
        response = not_found();
    const enum MHD_Result result = impact__answer_queue(connection, &response, true);
    impact_http_response_clear(&response);
    return result;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)url; /* decoded: the target has it as it came */
    (void)version;
    (void)upload_data;
    request *r = *req_cls;
    if (!r)
        return MHD_NO; /* there was no memory for it */
    if (!r->has_begun) {
        r->has_begun = true;
        return MHD_YES;
    }
    if (*upload_data_size) {
        r->body_size += *upload_data_size;
        *upload_data_size = 0;
        return r->body_size <= impact__body_limit ? MHD_YES : MHD_NO;
    }
    return answer(cls, connection, method, r);
}

/* ---- a server ---- */

static struct MHD_Daemon *start_daemon(impact_server *server)
{
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, server->descriptor,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)connection_limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)connection_memory, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)idle_seconds,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)stack_size, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_END);
}

/* Its threads inherit the mask. */
static struct MHD_Daemon *start_daemon_without_signals(impact_server *server)
{
    sigset_t before;
    impact__signals_block(&before);
    struct MHD_Daemon *daemon = start_daemon(server);
    impact__signals_restore(&before);
    return daemon;
}

/* A daemon that could not be started has closed the socket, or has not: that depends on how far it
 * came. What has the number now may be another thread's. */
static void close_if_it_is_still(int descriptor, const struct stat *socket)
{
    struct stat now;
    if (fstat(descriptor, &now) == 0 && now.st_dev == socket->st_dev &&
        now.st_ino == socket->st_ino)
        (void)close(descriptor); /* nothing was written */
}

static impact_status start(impact_server *server, const char *address, uint16_t *port)
{
    uint16_t bound = 0;
    struct stat socket = {.st_ino = 0};
    const impact_status status = impact__listen_open(&server->descriptor, &bound, address);
    if (status)
        return status;
    (void)fstat(server->descriptor, &socket); /* it is open */
    server->daemon = start_daemon_without_signals(server);
    if (!server->daemon) {
        close_if_it_is_still(server->descriptor, &socket);
        return IMPACT_ESYSTEM;
    }
    *port = bound;
    return IMPACT_OK;
}

impact_status impact__server_open(impact_server **server, const char *address,
                                  impact_http_handler_fn handler, void *userdata, uint16_t *port)
{
    if (!server || !address || !handler || !port)
        return IMPACT_EINVAL;
    impact_server *opened = is_watching ? impact__alloc(NULL, sizeof *opened) : NULL;
    if (!opened)
        return IMPACT_ENOMEM;
    opened->handler = handler;
    opened->userdata = userdata;
    const impact_status status = start(opened, address, port);
    if (status) {
        impact__free(NULL, opened);
        return status;
    }
    link_server(opened);
    *server = opened;
    return IMPACT_OK;
}

void impact__server_close(impact_server *server)
{
    if (!server)
        return;
    unlink_server(server);
    /* In a child the daemon's threads cannot be joined: what it holds is left to the process's
     * end. */
    if (!server->is_inherited)
        MHD_stop_daemon(server->daemon);
    impact__free(NULL, server);
}
