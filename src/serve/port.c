/* A port of one's own: one thread that serves HTTP on a socket.
 *
 * DESIGN: probes have to be answered while the application is stuck, while others are slow, and
 * while there is nothing left of what the process may have. So there is one thread, which is there
 * from the start and never waits but in epoll_wait, and a fixed number of places (connections.h).
 *
 * New connections come in while there is a place. When there is none, or no descriptor, the one
 * whose client has been waited for longest gives way, if that was more than `patience_ms`; else the
 * new ones wait in the backlog. Whatever 10,000 slow clients do, a probe waits for at most so many
 * of those as are in the backlog before it, and they pass by as fast as they can be accepted.
 *
 * Who watches is told what is another when there is news, and once a second all are looked after at
 * once, so that checks that nobody else asks for are run, once for all of them.
 *
 * Forks: the thread stays behind. A child closes all descriptors at once: else clients would reach
 * a socket that nobody accepts from when the parent ends.
 */
#include "serve/port.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"
#include "process/fork.h"
#include "serve/connections.h"
#include "serve/exchange.h"
#include "serve/listener.h"

enum {
    client_ms = 5000, /* for a whole request, and for taking an answer */
    patience_ms = 20, /* a request is here by then, unless its sender is slow */
    look_ms = 1000,   /* between two runs of the checks for those who watch */
    pause_ms = 100,   /* before accepting is tried again that cannot be */
    event_limit = 64,
    accept_limit = 64, /* in a row: then those who are here already */
};

struct impact__port {
    impact__service service;
    impact__listener listener;
    int epoll;
    int wake; /* an eventfd */
    impact__fork_member fork_member;
    impact__connections connections;
    uint64_t paused_until_ns; /* 0: connections are accepted */
    uint64_t look_ns;         /* when it is time to look for those who watch; 0: nobody does */
    bool hears_news;
    atomic_bool has_news;
    atomic_bool is_stopping;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t ended;
    bool has_ended;
};

/* ---- descriptors ---- */

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0)
        (void)close(*descriptor); /* nothing was written */
    *descriptor = -1;
}

static bool watch(const impact__port *port, int descriptor, const void *tag, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = (void *)(uintptr_t)tag};
    return epoll_ctl(port->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void watch_listener(impact__port *port, bool is_watched)
{
    struct epoll_event event = {.events = is_watched ? EPOLLIN : 0, .data.ptr = &port->listener};
    (void)epoll_ctl(port->epoll, EPOLL_CTL_MOD, port->listener.descriptor,
                    &event); /* it is there */
}

/* A quarter of what the process may have: the rest is the application's. */
static size_t count_of_places(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit); /* it cannot fail */
    const rlim_t quarter = limit.rlim_cur / 4;
    const rlim_t few = quarter ? quarter : 1;
    return few < impact__connection_limit ? (size_t)few : (size_t)impact__connection_limit;
}

/* ---- accepting ---- */

static void pause_accepting(impact__port *port, uint64_t now_ns, uint64_t ms)
{
    port->paused_until_ns = now_ns + ms * IMPACT__NS_PER_MS;
    watch_listener(port, false);
}

static void resume_accepting(impact__port *port, uint64_t now_ns)
{
    if (!port->paused_until_ns || now_ns < port->paused_until_ns)
        return;
    port->paused_until_ns = 0;
    watch_listener(port, true);
}

/* End the connection whose client has been waited for longest. False: none for long. */
static bool make_place(impact__port *port, uint64_t now_ns)
{
    impact__connection *oldest = port->connections.first;
    if (!oldest || now_ns - oldest->since_ns < patience_ms * IMPACT__NS_PER_MS)
        return false;
    impact__exchange_drop(&port->service, oldest);
    return true;
}

/* Whether a failed accept is worth another try now. */
static bool may_accept_again(impact__port *port, int error, uint64_t now_ns)
{
    switch (error) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        if (impact__connections_open_reserve(&port->connections) || make_place(port, now_ns))
            return true;
        pause_accepting(port, now_ns, pause_ms);
        return false;
    default: /* of a connection that is gone by now (accept(2)) */
        return true;
    }
}

/* False: no more now. */
static bool accept_one(impact__port *port, uint64_t now_ns)
{
    impact__connections *all = &port->connections;
    if (!all->free && !make_place(port, now_ns)) {
        pause_accepting(port, now_ns, patience_ms);
        return false;
    }
    const int socket = accept4(port->listener.descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0)
        return may_accept_again(port, errno, now_ns);
    impact__connection *c = impact__connections_take(all, socket);
    if (!c) {
        (void)close(socket); /* nothing was written */
        return true;
    }
    impact__connections_list(all, c, now_ns);
    impact__exchange_go_on(&port->service, c, EPOLLIN); /* a probe has sent its request by now */
    return true;
}

static void accept_some(impact__port *port)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    for (int i = 0; i < accept_limit && accept_one(port, now_ns); i++) {
    }
}

/* ---- the loop ---- */

/* Pairs with the store in the ticket's callback. */
static void complete_some(impact__port *port)
{
    uint64_t count;
    (void)!read(port->wake, &count, sizeof count); /* nothing there: nothing lost */
    for (size_t i = 0; i < port->connections.limit; i++) {
        impact__connection *c = &port->connections.places[i];
        if ((c->ticket || c->http2) &&
            atomic_exchange_explicit(&c->is_completed, false, memory_order_acquire))
            impact__exchange_complete(&port->service, c);
    }
}

/* On a thread of the library: pairs with the exchange below. */
static void note_news(void *userdata)
{
    impact__port *port = userdata;
    const uint64_t one = 1;
    atomic_store_explicit(&port->has_news, true, memory_order_release);
    (void)!write(port->wake, &one, sizeof one); /* full: it is awake */
}

static void ask_again(impact__port *port, impact__occasion occasion)
{
    for (size_t i = 0; i < port->connections.limit; i++) {
        impact__connection *c = &port->connections.places[i];
        if (atomic_load_explicit(&c->socket, memory_order_relaxed) >= 0) /* this thread's */
            impact__exchange_ask_again(&port->service, c, occasion);
    }
}

/* News are wanted from the first client on that watches. */
static void look_after_watchers(impact__port *port, uint64_t now_ns)
{
    const bool has_news = atomic_exchange_explicit(&port->has_news, false, memory_order_acquire);
    const bool is_watched = port->connections.watching > 0;
    if (is_watched && !port->hears_news)
        port->service.begin_news(port->service.health, note_news, port);
    port->hears_news |= is_watched;
    if (is_watched && has_news)
        ask_again(port, IMPACT__OCCASION_NEWS);
    if (is_watched && port->look_ns && now_ns >= port->look_ns)
        ask_again(port, IMPACT__OCCASION_TIME);
    if (!is_watched || now_ns >= port->look_ns)
        port->look_ns = is_watched ? now_ns + look_ms * IMPACT__NS_PER_MS : 0;
}

static void take_event(impact__port *port, const struct epoll_event *event)
{
    impact__connection *c = event->data.ptr;
    if (event->data.ptr == &port->listener)
        accept_some(port);
    else if (event->data.ptr == &port->wake)
        complete_some(port);
    else if (atomic_load_explicit(&c->socket, memory_order_relaxed) >= 0) /* this thread's */
        impact__exchange_go_on(&port->service, c, event->events);
}

static void expire_some(impact__port *port, uint64_t now_ns)
{
    impact__connection *c;
    while ((c = port->connections.first) && now_ns - c->since_ns >= client_ms * IMPACT__NS_PER_MS)
        impact__exchange_expire(&port->service, c);
}

/* Milliseconds until something has to be done without an event; -1: nothing has. */
static int next_timeout(const impact__port *port)
{
    const impact__connection *first = port->connections.first;
    uint64_t deadline = first ? first->since_ns + client_ms * IMPACT__NS_PER_MS : UINT64_MAX;
    if (port->paused_until_ns && port->paused_until_ns < deadline)
        deadline = port->paused_until_ns;
    if (port->look_ns && port->look_ns < deadline)
        deadline = port->look_ns;
    return deadline == UINT64_MAX ? -1 : (int)impact__remaining_ms(deadline);
}

static void turn(impact__port *port)
{
    struct epoll_event events[event_limit];
    const int count = epoll_wait(port->epoll, events, event_limit, next_timeout(port));
    for (int i = 0; i < count; i++)
        take_event(port, &events[i]);
    const uint64_t now_ns = impact__clock_monotonic_ns();
    expire_some(port, now_ns);
    resume_accepting(port, now_ns);
    look_after_watchers(port, now_ns);
}

static void conclude(impact__port *port)
{
    for (size_t i = 0; i < port->connections.limit; i++) {
        impact__connection *c = &port->connections.places[i];
        if (atomic_load_explicit(&c->socket, memory_order_relaxed) >= 0) /* this thread's */
            impact__exchange_conclude(&port->service, c);
    }
}

static void *serve(void *argument)
{
    impact__port *port = argument;
    impact__thread_set_name("impact-port");
    while (!atomic_load_explicit(&port->is_stopping, memory_order_acquire)) /* with the close's */
        turn(port);
    conclude(port);
    if (port->hears_news)
        port->service.end_news(port->service.health);
    (void)pthread_mutex_lock(&port->lock); /* cannot fail for a normal lock; likewise below */
    port->has_ended = true;
    (void)pthread_cond_signal(&port->ended); /* cannot fail */
    (void)pthread_mutex_unlock(&port->lock);
    return NULL;
}

/* ---- forks ---- */

static void do_nothing(void *owner)
{
    (void)owner; /* what a child closes are numbers, which no lock guards */
}

static void close_in_child(void *owner)
{
    impact__port *port = owner;
    impact__connections_close_all(&port->connections);
    close_if_open(&port->listener.descriptor);
    close_if_open(&port->epoll);
    close_if_open(&port->wake);
}

/* ---- a port's life ---- */

static bool open_descriptors(impact__port *port)
{
    port->epoll = epoll_create1(EPOLL_CLOEXEC);
    port->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return port->epoll >= 0 && port->wake >= 0 &&
           watch(port, port->listener.descriptor, &port->listener, EPOLLIN) &&
           watch(port, port->wake, &port->wake, EPOLLIN);
}

static void close_descriptors(impact__port *port)
{
    impact__connections_close_all(&port->connections);
    impact__listen_close(&port->listener);
    close_if_open(&port->epoll);
    close_if_open(&port->wake);
}

static impact_status start(impact__port *port)
{
    port->fork_member = (impact__fork_member){
        .prepare = do_nothing,
        .in_parent = do_nothing,
        .in_child = close_in_child,
        .owner = port,
    };
    impact_status status = impact__condition_open(&port->ended);
    if (status)
        return status;
    (void)pthread_mutex_init(&port->lock, NULL); /* cannot fail for a normal lock */
    status = impact__fork_add(&port->fork_member);
    if (!status)
        status = impact__thread_start(serve, port);
    if (!status)
        return IMPACT_OK;
    impact__fork_remove(&port->fork_member);
    (void)pthread_mutex_destroy(&port->lock); /* nobody has it; likewise below */
    (void)pthread_cond_destroy(&port->ended);
    return status;
}

impact_status impact__port_open(impact__port **port, uint16_t *number, const char *address,
                                const impact__service *service)
{
    impact__port *opened = impact__alloc(NULL, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->service = *service;
    opened->epoll = opened->wake = -1;
    impact_status status = impact__listen_open(&opened->listener, address);
    if (status) {
        impact__free(NULL, opened);
        return status;
    }
    status = open_descriptors(opened) ? IMPACT_OK : IMPACT_ESYSTEM;
    impact__connections_open(&opened->connections, count_of_places(), opened->epoll, opened->wake);
    if (!status)
        status = start(opened);
    if (status) {
        close_descriptors(opened);
        impact__free(NULL, opened);
        return status;
    }
    *number = opened->listener.port;
    *port = opened;
    return IMPACT_OK;
}

void impact__port_close(impact__port *port)
{
    const uint64_t one = 1;
    if (!port)
        return;
    impact__fork_remove(&port->fork_member);
    atomic_store_explicit(&port->is_stopping, true, memory_order_release); /* with the loop's */
    (void)!write(port->wake, &one, sizeof one);                            /* full: it is awake */
    (void)pthread_mutex_lock(&port->lock);
    while (!port->has_ended)
        impact__condition_wait(&port->ended, &port->lock);
    (void)pthread_mutex_unlock(&port->lock);
    close_descriptors(port);
    (void)pthread_mutex_destroy(&port->lock); /* nobody has it; likewise below */
    (void)pthread_cond_destroy(&port->ended);
    impact__free(NULL, port);
}
