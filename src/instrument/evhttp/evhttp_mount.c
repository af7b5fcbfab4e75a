/* The health paths in an application's evhttp server.
 *
 * DESIGN: the base has one thread, and all here runs on it but for one function, the ticket's
 * callback. That sets a flag and wakes the base by an eventfd, so that libevent needs no locks of
 * its own (evthread). A request whose client has left stays valid until it is answered: libevent
 * takes its connection away and frees it then.
 */
#include <impact/evhttp.h>

#include <event2/buffer.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/request_target.h"

/* A request that waits for its ticket. */
typedef struct waiting {
    impact_evhttp *mount;
    struct evhttp_request *request;
    impact_health_ticket *ticket;
    atomic_bool is_done; /* set by the callback, pairs with the exchange in answer_done */
    struct waiting *next;
} waiting;

struct impact_evhttp {
    impact_health *health;
    int wake; /* an eventfd */
    struct event *woken;
    waiting *first;
};

/* ---- answers ---- */

static void add_headers(struct evhttp_request *request, const impact_http_response *response)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char length[24];
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        (void)evhttp_add_header(headers, response->headers[i].name, response->headers[i].value);
    (void)snprintf(length, sizeof length, "%zu", response->body.size); /* it fits */
    if (response->status != 204)
        (void)evhttp_add_header(headers, "Content-Length", length);
}

/* The answer is that of a GET: a HEAD has its length, and no body (RFC 9110 9.3.2). */
static void send_response(struct evhttp_request *request, const impact_http_response *response)
{
    const bool is_head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
    struct evbuffer *body = is_head ? NULL : evbuffer_new();
    add_headers(request, response);
    if (body)
        (void)evbuffer_add(body, response->body.data,
                           response->body.size); /* cut: the length tells */
    evhttp_send_reply(request, response->status, NULL, body);
    if (body)
        evbuffer_free(body);
}

static void finish(struct evhttp_request *request, impact_health_ticket *ticket)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    if (impact_health_finish_answer(ticket, &response)) {
        evhttp_send_reply(request, HTTP_SERVUNAVAIL, NULL, NULL);
        return;
    }
    send_response(request, &response);
    impact_http_response_clear(&response);
}

/* ---- waiting ---- */

/* On a thread of the library. */
static void wake(void *userdata)
{
    waiting *w = userdata;
    const uint64_t one = 1;
    const int descriptor = w->mount->wake;
    atomic_store_explicit(&w->is_done, true, memory_order_release);
    (void)!write(descriptor, &one, sizeof one); /* full: it is awake */
}

static void answer_one(waiting **at)
{
    waiting *w = *at;
    *at = w->next;
    finish(w->request, w->ticket);
    impact__free(NULL, w);
}

static void answer_done(evutil_socket_t descriptor, short events, void *userdata)
{
    impact_evhttp *mount = userdata;
    uint64_t count;
    (void)events;                                  /* only reading is waited for */
    (void)!read(descriptor, &count, sizeof count); /* nothing there: nothing lost */
    for (waiting **at = &mount->first; *at;) {
        if (atomic_load_explicit(&(*at)->is_done, memory_order_acquire))
            answer_one(at);
        else
            at = &(*at)->next;
    }
}

static void wait_for(impact_evhttp *mount, struct evhttp_request *request,
                     impact_health_ticket *ticket)
{
    waiting *w = impact__alloc(NULL, sizeof *w);
    if (!w) {
        finish(request, ticket); /* with what is known */
        return;
    }
    w->mount = mount;
    w->request = request;
    w->ticket = ticket;
    w->next = mount->first;
    mount->first = w;
    if (!impact_health_notify(ticket, wake, w))
        answer_one(&mount->first);
}

/* ---- requests ---- */

static const char *name_of(enum evhttp_cmd_type method)
{
    switch (method) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD:
        return "GET";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    default:
        return "POST"; /* one that is not allowed, whichever */
    }
}

static impact_text header(void *request, const char *name)
{
    return impact_text_of(evhttp_find_header(evhttp_request_get_input_headers(request), name));
}

bool impact_evhttp_handle(impact_evhttp *mount, struct evhttp_request *request)
{
    if (!mount || !request)
        return false;
    const impact__request_target target =
        impact__request_target_of(impact_text_of(evhttp_request_get_uri(request)), false);
    const impact_http_request asked = {
        .size = sizeof asked,
        .method = impact_text_of(name_of(evhttp_request_get_command(request))),
        .path = target.path,
        .query = target.query,
        .header = header,
        .carrier = request,
    };
    impact_health_ticket *ticket = NULL;
    const impact_status status = impact_health_begin_answer(&ticket, mount->health, &asked);
    if (status == IMPACT_ENOENT || status == IMPACT_EINVAL)
        return false;
    if (status)
        evhttp_send_reply(request, HTTP_SERVUNAVAIL, NULL, NULL);
    else if (impact_health_is_done(ticket))
        finish(request, ticket);
    else
        wait_for(mount, request, ticket);
    return true;
}

/* ---- a mount's life ---- */

impact_status impact_evhttp_open(impact_evhttp **mount, struct event_base *base,
                                 impact_health *health)
{
    if (!mount || !base || !health)
        return IMPACT_EINVAL;
    impact_evhttp *opened = impact__alloc(NULL, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->health = health;
    opened->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (opened->wake >= 0)
        opened->woken = event_new(base, opened->wake, EV_READ | EV_PERSIST, answer_done, opened);
    if (!opened->woken || event_add(opened->woken, NULL)) {
        impact_evhttp_close(opened);
        return IMPACT_ESYSTEM;
    }
    *mount = opened;
    return IMPACT_OK;
}

void impact_evhttp_close(impact_evhttp *mount)
{
    if (!mount)
        return;
    while (mount->first)
        answer_one(&mount->first);
    if (mount->woken)
        event_free(mount->woken);
    if (mount->wake >= 0)
        (void)close(mount->wake); /* nothing was written that is not read */
    impact__free(NULL, mount);
}
