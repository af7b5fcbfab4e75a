/* A request for a health path in an application's server.
 *
 * DESIGN: a handler that waits for checks keeps its thread from the application's own requests. So
 * how a request waits is the daemon's to allow:
 *
 *   a thread a connection                  in the handler: it delays nobody
 *   MHD_ALLOW_SUSPEND_RESUME               its connection is suspended, and resumed by the ticket's
 *                                          callback; libmicrohttpd then calls the handler again
 *   neither, or the daemon is run by the   not at all: it is answered with what is known
 *   application's loop and that cannot be
 *   woken
 *
 * (libmicrohttpd wakes its own threads when a connection is resumed, and no other loop.)
 *
 * libmicrohttpd never closes a suspended connection by itself, and ends the process when a daemon
 * is stopped that has one. So each stands in a list, and is resumed by whoever takes it out, under
 * the lock that guards the list: the callback, or the drain before the stop. After the drain none
 * is suspended. libmicrohttpd's own lock is taken under ours and never the other way round: it
 * calls the handler and the completed callback of such a request without it.
 *
 * A response that is queued before the body was read costs the connection, so the ticket is begun
 * with the headers and looked at behind the body.
 */
#include "instrument/microhttpd/health_request.h"

#include <assert.h>
#include <string.h>

#include "base/thread.h"
#include "instrument/microhttpd/answer.h"

/* ---- the list ---- */

static void lock(impact__suspended *suspended)
{
    (void)pthread_mutex_lock(&suspended->lock); /* cannot fail for a normal lock; likewise below */
}

static void unlock(impact__suspended *suspended)
{
    (void)pthread_mutex_unlock(&suspended->lock);
}

static void before_fork(void *suspended)
{
    lock(suspended);
}

static void after_fork_in_parent(void *suspended)
{
    unlock(suspended);
}

/* The connections are the parent's, and so is the daemon. */
static void after_fork_in_child(void *userdata)
{
    impact__suspended *suspended = userdata;
    suspended->first = NULL;
    unlock(suspended);
}

impact_status impact__suspended_open(impact__suspended *suspended, void (*wake)(void *wake_cls),
                                     void *wake_cls)
{
    *suspended = (impact__suspended){.wake = wake, .wake_cls = wake_cls};
    (void)pthread_mutex_init(&suspended->lock, NULL);
    const impact_status status = impact_fork_add(
        &suspended->fork_member,
        IMPACT_FORK_HANDLERS(.before = before_fork, .in_parent = after_fork_in_parent,
                             .in_child = after_fork_in_child, .userdata = suspended));
    if (status)
        (void)pthread_mutex_destroy(&suspended->lock); /* cannot fail: nobody has it */
    return status;
}

void impact__suspended_close(impact__suspended *suspended)
{
    impact_fork_remove(suspended->fork_member);
    (void)pthread_mutex_destroy(&suspended->lock); /* as above */
}

/* Without the lock: it is the application's function. */
static void wake(const impact__suspended *suspended)
{
    if (suspended->wake)
        suspended->wake(suspended->wake_cls);
}

/* Under the lock. */
static void suspend(impact__suspended *suspended, impact__health_request *request)
{
    assert(impact__lock_is_held(&suspended->lock));
    assert(!request->is_suspended && !suspended->is_drained);
    request->is_suspended = true;
    request->previous = NULL;
    request->next = suspended->first;
    if (request->next)
        request->next->previous = request;
    suspended->first = request;
    MHD_suspend_connection(request->connection);
}

/* Under the lock. */
static void resume(impact__suspended *suspended, impact__health_request *request)
{
    assert(impact__lock_is_held(&suspended->lock));
    assert(request->is_suspended);
    *(request->previous ? &request->previous->next : &suspended->first) = request->next;
    if (request->next)
        request->next->previous = request->previous;
    request->is_suspended = false;
    MHD_resume_connection(request->connection);
}

void impact__suspended_drain(impact__suspended *suspended)
{
    lock(suspended);
    suspended->is_drained = true;
    while (suspended->first)
        resume(suspended, suspended->first);
    unlock(suspended);
    wake(suspended);
}

/* The ticket's callback, and for a ticket that was done before it could be asked for one. */
static void resume_once(void *userdata)
{
    impact__health_request *request = userdata;
    impact__suspended *suspended = request->suspended;
    lock(suspended);
    const bool is_mine = request->is_suspended;
    if (is_mine)
        resume(suspended, request);
    unlock(suspended); /* the request may be gone from here on */
    if (is_mine)
        wake(suspended);
}

/* ---- how it waits ---- */

static unsigned flags_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
    const union MHD_DaemonInfo *flags =
        info ? MHD_get_daemon_info(info->daemon, MHD_DAEMON_INFO_FLAGS) : NULL;
    return flags ? (unsigned)flags->flags : 0;
}

/* MHD_ALLOW_SUSPEND_RESUME is this and a way to wake a thread, which a daemon without one does not
 * keep. */
enum { allows_suspending = MHD_ALLOW_SUSPEND_RESUME & ~MHD_USE_ITC };

static bool may_suspend(unsigned flags, const impact__suspended *suspended)
{
    return (flags & allows_suspending) &&
           ((flags & MHD_USE_INTERNAL_POLLING_THREAD) || suspended->wake);
}

/* False: the server is about to stop. */
static bool try_to_suspend(impact__health_request *request, impact__suspended *suspended)
{
    request->suspended = suspended;
    lock(suspended);
    const bool is_open = !suspended->is_drained;
    if (is_open)
        suspend(suspended, request);
    unlock(suspended);
    return is_open;
}

/* True: it is suspended, and the handler is called again. */
static bool suspend_until_done(impact__health_request *request, impact__suspended *suspended)
{
    if (request->has_been_suspended || impact_health_is_done(request->ticket))
        return false;
    request->has_been_suspended = true;
    if (!try_to_suspend(request, suspended))
        return false;
    if (!impact_health_notify(request->ticket, resume_once, request))
        resume_once(request);
    return true;
}

/* True: it waits, and the handler is called again. */
static bool waits(impact__health_request *request, impact__suspended *suspended)
{
    const unsigned flags = flags_of(request->connection);
    if (flags & MHD_USE_THREAD_PER_CONNECTION) {
        impact_health_wait(request->ticket);
        return false;
    }
    return may_suspend(flags, suspended) && suspend_until_done(request, suspended);
}

/* ---- a request ---- */

bool impact__health_request_begin(impact__health_request *request, impact_health *health,
                                  struct MHD_Connection *connection, const char *method,
                                  const impact__target *target)
{
    /* libmicrohttpd sends no body to a HEAD, but the length of the one that it is given: it shall
     * be that of the GET's (RFC 9110 8.6). */
    const bool is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    const impact_http_request asked =
        impact__answer_request(connection, is_head ? MHD_HTTP_METHOD_GET : method, target);
    request->connection = connection;
    const impact_status status = impact_health_begin_answer(&request->ticket, health, &asked);
    return status != IMPACT_ENOENT && status != IMPACT_EINVAL;
}

static impact_http_response no_memory(void)
{
    return (impact_http_response){
        .size = sizeof(impact_http_response),
        .status = MHD_HTTP_SERVICE_UNAVAILABLE,
        .headers = {{"Cache-Control", "no-cache, no-store"}, {"Content-Type", "application/json"}},
        .header_count = 2,
        .body = impact_text_of("{\"error\":\"no memory\"}\n"),
    };
}

static enum MHD_Result answer(impact__health_request *request)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_status status = impact_health_finish_answer(request->ticket, &response);
    request->ticket = NULL;
    if (status)
        response = no_memory();
    const enum MHD_Result result = impact__answer_queue(request->connection, &response);
    impact_http_response_clear(&response);
    return result;
}

enum MHD_Result impact__health_request_continue(impact__health_request *request,
                                                impact__suspended *suspended,
                                                size_t *upload_data_size)
{
    if (*upload_data_size) {
        request->body_size += *upload_data_size;
        *upload_data_size = 0;
        return request->body_size <= impact__body_limit ? MHD_YES : MHD_NO;
    }
    return waits(request, suspended) ? MHD_YES : answer(request);
}

void impact__health_request_end(impact__health_request *request)
{
    impact_health_abandon(request->ticket);
    request->ticket = NULL;
}
