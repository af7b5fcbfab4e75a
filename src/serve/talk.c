/* A connection that speaks HTTP/2.
 *
 * DESIGN: a client is waited for when it has to ask, or to take what is sent; while it waits for a
 * check, or for news, it has not to do anything. One that watches may wait for ever, so it is
 * asked now and then whether it is still there, and has to answer within the time that all have.
 */
#include "serve/talk.h"

#include <sys/epoll.h>

#include "base/clock.h"

enum { looks_for_a_ping = 10 }; /* of the looks that time brings */

static void count_time(impact__connection *c, bool is_ours)
{
    const bool was_asked = impact__http2_exchange_was_asked(c->http2);
    if (is_ours)
        impact__connections_unlist(c->owner, c);
    else if (!c->is_listed || was_asked)
        impact__connections_list(c->owner, c, impact__clock_monotonic_ns());
}

/* Nothing is read while the client does not take what is sent. */
impact__connection_step impact__talk(impact__connection *c)
{
    for (;;) {
        const impact__connection_step sent = impact__connection_send(c);
        if (sent != IMPACT__CONNECTION_GOES_ON) {
            count_time(c, false);
            return sent;
        }
        const size_t waiting = impact__http2_exchange_answer(c->http2, &c->out);
        if (c->out.has_failed)
            return IMPACT__CONNECTION_CLOSES;
        if (c->out.size)
            continue;
        count_time(c, waiting > 0 && !impact__http2_exchange_owes(c->http2));
        impact__connection_wait_for(c, EPOLLIN);
        return impact__http2_exchange_is_over(c->http2) ? IMPACT__CONNECTION_CLOSES
                                                        : IMPACT__CONNECTION_WAITS;
    }
}

impact__connection_step impact__talk_hear(impact__connection *c)
{
    const bool is_http2 = impact__http2_exchange_receive(c->http2, impact__buffer_text(&c->in));
    impact__buffer_clear(&c->in);
    const impact__connection_step next = impact__talk(c);
    return is_http2 ? next : IMPACT__CONNECTION_CLOSES;
}

impact__connection_step impact__talk_go_on(impact__connection *c, uint32_t events)
{
    impact__connection_step next = IMPACT__CONNECTION_GOES_ON;
    if (events & (EPOLLERR | EPOLLHUP))
        next = IMPACT__CONNECTION_CLOSES;
    else if (events & EPOLLIN)
        next = impact__connection_receive(c);
    if (next != IMPACT__CONNECTION_GOES_ON)
        return next;
    return c->in.size ? impact__talk_hear(c) : impact__talk(c);
}

impact__connection_step impact__talk_ask_again(impact__connection *c, impact__occasion occasion)
{
    if (occasion == IMPACT__OCCASION_TIME && ++c->looks % looks_for_a_ping == 0)
        impact__http2_exchange_ping(c->http2);
    (void)impact__http2_exchange_answer(c->http2, &c->out); /* what is done came before */
    impact__http2_exchange_ask_again(c->http2, occasion);
    return impact__talk(c);
}

bool impact__talk_open(const impact__service *service, impact__connection *c,
                       impact_health_done_fn done)
{
    c->http2 = impact__http2_exchange_open(service, done, c);
    return c->http2;
}
