/* What libcurl waits for, in one descriptor. */
#include "export/otlp/sockets.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/otlp/wakeup.h"

enum { event_limit = 8 }; /* at once; the others are told of the next time */

/* Beside a socket's number: it is the guest's. */
static const uint64_t guest_mark = UINT64_C(1) << 32;

static void close_descriptor(int descriptor)
{
    if (descriptor >= 0)
        (void)close(descriptor); /* nothing was written that matters */
}

static uint32_t events_of(int what)
{
    return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
           (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

/* Whether it is waited for already or not. */
static bool wait_for(const otlp__sockets *of, int socket, uint32_t events, uint64_t mark)
{
    struct epoll_event event = {.events = events, .data.u64 = mark | (uint32_t)socket};
    return epoll_ctl(of->descriptor, EPOLL_CTL_MOD, socket, &event) == 0 ||
           epoll_ctl(of->descriptor, EPOLL_CTL_ADD, socket, &event) == 0;
}

static void wait_no_more(const otlp__sockets *of, int socket)
{
    (void)epoll_ctl(of->descriptor, EPOLL_CTL_DEL, socket, NULL); /* it may be closed */
}

/* libcurl wants to hear of a socket, or no more. It does not say whether it did before. */
static int take_socket(CURL *easy, curl_socket_t socket, int what, void *userdata, void *unused)
{
    (void)easy;   /* there is one */
    (void)unused; /* the socket's own, which has nothing */
    if (what != CURL_POLL_REMOVE)
        return wait_for(userdata, socket, events_of(what), 0) ? 0 : -1;
    wait_no_more(userdata, socket);
    return 0;
}

static bool hang_bell(const otlp__sockets *of, int bell)
{
    return wait_for(of, bell, EPOLLIN, 0);
}

static bool tell_libcurl(CURLM *multi, otlp__sockets *of)
{
    return !curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, take_socket) &&
           !curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, of);
}

bool otlp__sockets_open(otlp__sockets *of)
{
    const int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    otlp__sockets opened = {
        .multi = otlp__multi_open(),
        .descriptor = epoll_create1(EPOLL_CLOEXEC),
    };
    atomic_init(&opened.bell, bell);
    if (!opened.multi || opened.descriptor < 0 || bell < 0 || !hang_bell(&opened, bell) ||
        !tell_libcurl(opened.multi, of)) {
        otlp__sockets_close(&opened);
        return false;
    }
    of->multi = opened.multi;
    of->descriptor = opened.descriptor;
    of->guest = NULL; /* a parent's */
    /* With the load in otlp__sockets_ring: whoever sees the bell sees it hung up. */
    atomic_store(&of->bell, bell);
    return true;
}

void otlp__sockets_close(otlp__sockets *of)
{
    (void)curl_multi_cleanup(of->multi); /* nothing is in it */
    close_descriptor(of->descriptor);
    close_descriptor(atomic_load(&of->bell));
    *of = (otlp__sockets){.descriptor = -1, .bell = -1};
}

bool otlp__sockets_hush(otlp__sockets *of)
{
    uint64_t count;
    const int bell = atomic_load(&of->bell);
    return read(bell, &count, sizeof count) >= 0 || errno == EAGAIN || errno == EINTR;
}

static int what_of(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

static void act_as_guest(const otlp__sockets *of, int socket, uint32_t events)
{
    const uint32_t failed = events & (EPOLLERR | EPOLLHUP);
    if (of->guest) /* or he has just gone */
        of->guest(of->guest_userdata, socket, events & EPOLLIN || failed,
                  events & EPOLLOUT || failed);
}

static bool act_as_libcurl(const otlp__sockets *of, int socket, uint32_t events, int *running)
{
    return socket == atomic_load(&of->bell) || /* which libcurl does not know */
           !curl_multi_socket_action(of->multi, socket, what_of(events), running);
}

bool otlp__sockets_act(otlp__sockets *of, int *running)
{
    struct epoll_event events[event_limit];
    const int count = epoll_wait(of->descriptor, events, event_limit, 0);
    for (int i = 0; i < count; i++) {
        const int socket = (int)(uint32_t)events[i].data.u64;
        if (events[i].data.u64 & guest_mark)
            act_as_guest(of, socket, events[i].events);
        else if (!act_as_libcurl(of, socket, events[i].events, running))
            return false;
    }
    const bool has_looked = count >= 0 || errno == EINTR;
    return has_looked && !curl_multi_socket_action(of->multi, CURL_SOCKET_TIMEOUT, 0, running);
}

void otlp__sockets_invite(otlp__sockets *of, otlp__guest_fn *guest, void *userdata)
{
    assert(!guest || !of->guest);
    of->guest = guest;
    of->guest_userdata = userdata;
}

bool otlp__sockets_watch(const otlp__sockets *of, int socket, bool reads, bool writes)
{
    const uint32_t events = (reads ? (uint32_t)EPOLLIN : 0) | (writes ? (uint32_t)EPOLLOUT : 0);
    if (events)
        return wait_for(of, socket, events, guest_mark);
    wait_no_more(of, socket);
    return true;
}

uint64_t otlp__sockets_moment(const otlp__sockets *of)
{
    long wait_ms = -1;
    if (curl_multi_timeout(of->multi, &wait_ms) || wait_ms < 0)
        return UINT64_MAX;
    return impact__deadline_after_ms((uint64_t)wait_ms);
}

void otlp__sockets_ring(otlp__sockets *of)
{
    const uint64_t once = 1;
    const int bell = atomic_load(&of->bell);
    if (bell >= 0)
        (void)!write(bell, &once, sizeof once); /* fails when it rings as loud as it can */
}

void otlp__sockets_wait(const otlp__sockets *of, uint64_t until_ns)
{
    const uint32_t left_ms = impact__remaining_ms(until_ns);
    struct pollfd readable = {.fd = of->descriptor, .events = POLLIN};
    (void)poll(&readable, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
}
