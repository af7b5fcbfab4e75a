/* The connections of a port. */
#include "serve/connections.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int load(const _Atomic int *descriptor)
{
    return atomic_load_explicit(descriptor, memory_order_relaxed); /* a number; likewise below */
}

static void store(_Atomic int *descriptor, int value)
{
    atomic_store_explicit(descriptor, value, memory_order_relaxed);
}

/* ---- places ---- */

void impact__connections_open(impact__connections *all, size_t limit, int epoll, int wake)
{
    all->limit = limit < impact__connection_limit ? limit : impact__connection_limit;
    all->epoll = epoll;
    all->wake = wake;
    for (size_t i = all->limit; i-- > 0;) {
        impact__connection *c = &all->places[i];
        store(&c->socket, -1);
        c->owner = all;
        c->next = all->free;
        all->free = c;
    }
    for (size_t i = 0; i < impact__reserve_limit; i++)
        store(&all->reserve[i], fcntl(wake, F_DUPFD_CLOEXEC, 0)); /* -1: without */
}

impact__connection *impact__connections_take(impact__connections *all, int socket)
{
    impact__connection *c = all->free;
    if (!c)
        return NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(all->epoll, EPOLL_CTL_ADD, socket, &event))
        return NULL;
    all->free = c->next;
    all->count++;
    *c = (impact__connection){
        .socket = -1,
        .owner = all,
        .events = EPOLLIN,
        .in = IMPACT__BUFFER(NULL),
        .out = IMPACT__BUFFER(NULL),
    };
    store(&c->socket, socket);
    return c;
}

/* ---- the reserve ---- */

static _Atomic int *find_reserve(impact__connections *all, bool is_there)
{
    for (size_t i = 0; i < impact__reserve_limit; i++)
        if ((load(&all->reserve[i]) >= 0) == is_there)
            return &all->reserve[i];
    return NULL;
}

bool impact__connections_open_reserve(impact__connections *all)
{
    _Atomic int *one = find_reserve(all, true);
    if (!one)
        return false;
    const int descriptor = load(one);
    store(one,
          -1); /* first: a child that is forked now must not close a number of somebody else's */
    (void)close(descriptor); /* nothing was written */
    return true;
}

/* The socket is closed either way: its number becomes part of the reserve, or anybody's. */
static void close_into_reserve(impact__connections *all, int socket)
{
    _Atomic int *missing = find_reserve(all, false);
    if (missing && dup3(all->wake, socket, O_CLOEXEC) >= 0)
        store(missing, socket);
    else
        (void)close(socket); /* it is shut down */
}

void impact__connections_release(impact__connections *all, impact__connection *c)
{
    const int socket = load(&c->socket);
    assert(socket >= 0 && !c->ticket && !c->http2);
    impact__connections_unlist(all, c);
    all->watching -= c->watches;
    impact__buffer_close(&c->in);
    impact__buffer_close(&c->out);
    store(&c->socket, -1);
    /* A forked child may have it as well: closing alone would not end it, nor its events. */
    (void)epoll_ctl(all->epoll, EPOLL_CTL_DEL, socket, NULL); /* it is there; likewise below */
    (void)shutdown(socket, SHUT_RDWR);
    close_into_reserve(all, socket);
    c->next = all->free;
    all->free = c;
    all->count--;
}

void impact__connections_close_all(impact__connections *all)
{
    for (size_t i = 0; i < all->limit; i++) {
        const int socket = load(&all->places[i].socket);
        if (socket >= 0)
            (void)close(socket); /* the parent's stays open */
        store(&all->places[i].socket, -1);
    }
    for (size_t i = 0; i < impact__reserve_limit; i++) {
        const int descriptor = load(&all->reserve[i]);
        if (descriptor >= 0)
            (void)close(descriptor); /* as above */
        store(&all->reserve[i], -1);
    }
}

/* ---- watching ---- */

bool impact__connections_may_watch(const impact__connections *all, const impact__connection *c)
{
    return c->watches || 2 * (all->watching + 1) <= all->limit;
}

void impact__connections_watch(impact__connections *all, impact__connection *c)
{
    all->watching += !c->watches;
    c->watches = true;
}

/* ---- the list ---- */

void impact__connections_unlist(impact__connections *all, impact__connection *c)
{
    if (!c->is_listed)
        return;
    *(c->previous ? &c->previous->next : &all->first) = c->next;
    *(c->next ? &c->next->previous : &all->last) = c->previous;
    c->next = c->previous = NULL;
    c->is_listed = false;
}

void impact__connections_list(impact__connections *all, impact__connection *c, uint64_t now_ns)
{
    impact__connections_unlist(all, c);
    c->since_ns = now_ns;
    c->previous = all->last;
    c->next = NULL;
    *(all->last ? &all->last->next : &all->first) = c;
    all->last = c;
    c->is_listed = true;
}
