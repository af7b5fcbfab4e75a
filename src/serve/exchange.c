/* Requests and answers on one connection.
 *
 *            head and body             not done                    all sent, to be kept
 *     reads ----------------> (ticket) --------> waits --> writes ----------------------> reads
 *                                 \______done______________/  \___ all sent, not kept: gone; it
 *                                                                   lingers when it was refused
 *
 * One that speaks HTTP/2 talks from its first bytes on: requests come and answers go side by side
 * (talk.h).
 *
 * Nothing here waits. A request that is refused may have more behind it: to close at once would
 * reset the connection, and take the answer away from the client before he has read it (RFC 9112
 * 9.6). So such a connection lingers.
 */
#include "serve/exchange.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/request_target.h"
#include "base/text.h"
#include "process/diagnostics.h"
#include "serve/request_head.h"
#include "serve/response_bytes.h"
#include "serve/talk.h"

enum {
    head_limit = 16 * 1024, /* bytes of a request line and its fields */
    body_limit = 1 << 20,   /* of a body that is read and thrown away */
};

static void enter(impact__connection *c, impact__connection_phase phase)
{
    c->phase = phase;
    if (phase == impact__connection_waits)
        impact__connections_unlist(c->owner, c);
    else
        impact__connections_list(c->owner, c, impact__clock_monotonic_ns());
}

/* ---- answers ---- */

/* What is to be sent is in c->out. */
static impact__connection_step begin_sending(impact__connection *c)
{
    if (c->out.has_failed)
        return IMPACT__CONNECTION_CLOSES;
    c->sent = 0;
    enter(c, impact__connection_writes);
    return IMPACT__CONNECTION_GOES_ON;
}

static impact__connection_step begin_answer(impact__connection *c,
                                            const impact_http_response *response)
{
    impact__response_append(&c->out, response, c->is_head, c->keeps_alive, time(NULL));
    return begin_sending(c);
}

/* No cache may keep it: the path may be there tomorrow (RFC 9111 4.2.2 lets one guess for 404). */
static impact__connection_step answer_constant(impact__connection *c, int status, const char *body)
{
    const impact_http_response response = {
        .size = sizeof response,
        .status = status,
        .headers = {{"Cache-Control", "no-cache, no-store"}, {"Content-Type", "application/json"}},
        .header_count = 2,
        .body = impact_text_of(body),
    };
    return begin_answer(c, &response);
}

/* What follows is not looked at. */
static impact__connection_step refuse(impact__connection *c, int status)
{
    c->keeps_alive = false;
    c->body_left = UINT64_MAX; /* unknown */
    return answer_constant(c, status, impact__response_refusal(status));
}

/* The words of HAProxy's agent-check: "ready" takes an earlier "drain" back. */
static impact__connection_step answer_agent(const impact__service *service, impact__connection *c,
                                            int status)
{
    const bool is_draining = status != 200 && service->is_draining(service->health);
    impact__buffer_append_string(&c->out, status == 200 ? "up ready\n"
                                          : is_draining ? "drain\n"
                                                        : "down\n");
    return begin_sending(c);
}

static impact__connection_step finish_ticket(const impact__service *service, impact__connection *c)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_status status = service->finish(c->ticket, &response);
    c->ticket = NULL;
    if (c->is_agent) {
        const impact__connection_step next =
            answer_agent(service, c, status ? 503 : response.status);
        impact_http_response_clear(&response);
        return next;
    }
    if (status)
        return answer_constant(c, 503, "{\"error\":\"no memory\"}\n");
    const impact__connection_step next = begin_answer(c, &response);
    impact_http_response_clear(&response);
    return next;
}

/* ---- requests ---- */

/* Forget the first bytes of what came. */
static void consume(impact__connection *c, size_t size)
{
    assert(size <= c->in.size);
    c->in.size -= size;
    if (c->in.size)
        memmove(c->in.data, c->in.data + size, c->in.size);
}

/* The handler gives the headers of a GET to a HEAD, so that the length is right (RFC 9110 8.6). */
static impact__connection_step begin_request(const impact__service *service, impact__connection *c,
                                             impact__request_head *head)
{
    const impact__request_target target = impact__request_target_of(head->target, false);
    c->is_head = impact__text_equal_string(head->method, "HEAD");
    c->keeps_alive = head->keeps_alive;
    c->body_left = head->body_size;
    const impact_http_request request = {
        .size = sizeof request,
        .method = c->is_head ? impact_text_of("GET") : head->method,
        .path = target.path,
        .query = target.query,
        .header = impact__request_head_field,
        .carrier = head,
    };
    const impact_status status = service->begin(&c->ticket, service->health, &request);
    consume(c, head->size);
    if (status && c->body_left)
        c->keeps_alive = false;
    if (status == IMPACT_ENOENT)
        return answer_constant(c, 404, "{\"error\":\"there is nothing here\"}\n");
    return status ? answer_constant(c, 503, "{\"error\":\"no memory\"}\n")
                  : IMPACT__CONNECTION_GOES_ON;
}

/* The line that agent-send is told to send, with its end; 0: it is another, or not whole. */
static size_t agent_line_size(impact_text text)
{
    static const char line[] = "agent";
    const size_t size = sizeof line - 1;
    if (text.size <= size || memcmp(text.data, line, size) != 0)
        return 0;
    if (text.data[size] == '\n')
        return size + 1;
    return text.data[size] == '\r' && text.size > size + 1 && text.data[size + 1] == '\n' ? size + 2
                                                                                          : 0;
}

/* Ready is what a load balancer wants to know. */
static impact__connection_step begin_agent(const impact__service *service, impact__connection *c,
                                           size_t size)
{
    static const impact_http_request ready = {
        .size = sizeof ready,
        .method = {"GET", 3},
        .path = {"/readyz", 7},
    };
    c->is_agent = true;
    consume(c, size);
    return service->begin(&c->ticket, service->health, &ready) ? answer_agent(service, c, 503)
                                                               : IMPACT__CONNECTION_GOES_ON;
}

/* On a thread of the library: pairs with the exchange in the port's loop. */
static void complete(void *connection)
{
    impact__connection *c = connection;
    const uint64_t one = 1;
    atomic_store_explicit(&c->is_completed, true, memory_order_release);
    (void)!write(c->owner->wake, &one, sizeof one); /* full: it is awake */
}

static impact__connection_step begin_talk(const impact__service *service, impact__connection *c)
{
    if (!impact__talk_open(service, c, complete))
        return refuse(c, 505);
    enter(c, impact__connection_talks);
    return impact__talk_hear(c);
}

static impact__connection_step read_head(const impact__service *service, impact__connection *c)
{
    const impact__preface preface = impact__http2_preface_of(impact__buffer_text(&c->in));
    if (preface == IMPACT__PREFACE_CUT)
        return IMPACT__CONNECTION_WAITS;
    if (preface == IMPACT__PREFACE_WHOLE)
        return begin_talk(service, c);
    const size_t agent_size = agent_line_size(impact__buffer_text(&c->in));
    if (agent_size)
        return begin_agent(service, c, agent_size);
    impact__request_head head;
    if (!impact__request_head_parse(&head, impact__buffer_text(&c->in)))
        return c->in.size < head_limit ? IMPACT__CONNECTION_WAITS : refuse(c, 431);
    if (head.refusal)
        return refuse(c, head.refusal);
    if (head.body_size > body_limit || (head.body_size && head.wants_no_body_read))
        return refuse(c, 413);
    return begin_request(service, c, &head);
}

static void throw_body_away(impact__connection *c)
{
    const size_t size = c->body_left < c->in.size ? (size_t)c->body_left : c->in.size;
    consume(c, size);
    c->body_left -= size;
}

/* The whole request is here: answer it, or wait. */
static impact__connection_step settle(const impact__service *service, impact__connection *c)
{
    atomic_store_explicit(&c->is_completed, false, memory_order_relaxed); /* nobody else yet */
    if (service->is_done(c->ticket))
        return finish_ticket(service, c);
    enter(c, impact__connection_waits);
    if (!service->notify(c->ticket, complete, c))
        return finish_ticket(service, c);
    impact__connection_wait_for(c, 0);
    return IMPACT__CONNECTION_WAITS;
}

static impact__connection_step read_request(const impact__service *service, impact__connection *c)
{
    if (!c->ticket) {
        const impact__connection_step next = read_head(service, c);
        if (next != IMPACT__CONNECTION_GOES_ON || c->phase != impact__connection_reads)
            return next;
    }
    throw_body_away(c);
    return c->body_left ? IMPACT__CONNECTION_WAITS : settle(service, c);
}

/* ---- bytes ---- */

static impact__connection_step end_answer(impact__connection *c)
{
    if (c->keeps_alive) {
        impact__connection_wait_for(c, EPOLLIN);
        enter(c, impact__connection_reads);
        return IMPACT__CONNECTION_GOES_ON;
    }
    if (!c->body_left)
        return IMPACT__CONNECTION_CLOSES;
    (void)shutdown(impact__connection_socket(c),
                   SHUT_WR); /* it has gone away: the next read tells */
    impact__connection_wait_for(c, EPOLLIN);
    enter(c, impact__connection_lingers);
    return IMPACT__CONNECTION_WAITS;
}

static impact__connection_step send_answer(impact__connection *c)
{
    const impact__connection_step sent = impact__connection_send(c);
    return sent == IMPACT__CONNECTION_GOES_ON ? end_answer(c) : sent;
}

static impact__connection_step linger(impact__connection *c)
{
    impact__buffer_clear(&c->in);
    return impact__connection_receive(c) == IMPACT__CONNECTION_CLOSES ? IMPACT__CONNECTION_CLOSES
                                                                      : IMPACT__CONNECTION_WAITS;
}

/* ---- from outside ---- */

static impact__connection_step take_step(const impact__service *service, impact__connection *c)
{
    switch (c->phase) {
    case impact__connection_reads:
        return read_request(service, c);
    case impact__connection_writes:
        return send_answer(c);
    default:
        return IMPACT__CONNECTION_WAITS;
    }
}

static void go(const impact__service *service, impact__connection *c, impact__connection_step next)
{
    while (next == IMPACT__CONNECTION_GOES_ON)
        next = take_step(service, c);
    if (next == IMPACT__CONNECTION_CLOSES)
        impact__exchange_drop(service, c);
}

void impact__exchange_go_on(const impact__service *service, impact__connection *c, uint32_t events)
{
    if (c->phase == impact__connection_waits) {
        if (events & (EPOLLERR | EPOLLHUP))
            impact__exchange_drop(service, c);
    } else if (c->phase == impact__connection_lingers) {
        go(service, c, linger(c));
    } else if (c->phase == impact__connection_talks) {
        go(service, c, impact__talk_go_on(c, events));
    } else {
        go(service, c,
           c->phase == impact__connection_reads ? impact__connection_receive(c)
                                                : IMPACT__CONNECTION_GOES_ON);
    }
}

void impact__exchange_complete(const impact__service *service, impact__connection *c)
{
    if (c->phase == impact__connection_talks)
        go(service, c, impact__talk(c));
    else if (c->phase == impact__connection_waits)
        go(service, c, finish_ticket(service, c));
}

void impact__exchange_ask_again(const impact__service *service, impact__connection *c,
                                impact__occasion occasion)
{
    if (c->phase == impact__connection_talks && c->watches)
        go(service, c, impact__talk_ask_again(c, occasion));
}

void impact__exchange_expire(const impact__service *service, impact__connection *c)
{
    if (c->watches)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "health port", "watcher",
                                  "a client that watches the health is let go of: it takes nothing "
                                  "or is not there any more");
    impact__exchange_drop(service, c);
    impact__diagnostics_say();
}

void impact__exchange_drop(const impact__service *service, impact__connection *c)
{
    service->abandon(c->ticket);
    c->ticket = NULL;
    impact__http2_exchange_close(c->http2);
    c->http2 = NULL;
    impact__connections_release(c->owner, c);
}

void impact__exchange_conclude(const impact__service *service, impact__connection *c)
{
    c->keeps_alive = false;
    if (c->phase == impact__connection_waits &&
        finish_ticket(service, c) == IMPACT__CONNECTION_GOES_ON)
        (void)send_answer(c); /* what the socket takes at once; likewise below */
    else if (c->phase == impact__connection_talks)
        (void)impact__talk_ask_again(c, IMPACT__OCCASION_END);
    impact__exchange_drop(service, c);
}
