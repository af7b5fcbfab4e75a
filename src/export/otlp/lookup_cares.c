/* The addresses of a host, by c-ares.
 *
 * DESIGN: a channel lives as long as one look-up: it reads resolv.conf and /etc/hosts anew, so that
 * a host that has moved to another network is no matter, and between two look-ups there is no
 * socket, no timer and nothing for a fork to go through. Its sockets stand in the epoll of whoever
 * drives the transfer (sockets.h). c-ares has the process's allocator, as libcurl has: there is one
 * for all who use it in a process, and a host may be among them.
 */
#include "export/otlp/lookup.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ares.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"

/* An answer may have thousands. Behind so many that do not take a connection nobody waits for the
 * next one. */
enum { address_limit = 16 };

struct otlp__lookup {
    otlp__sockets *sockets;
    ares_channel channel;
    int status; /* c-ares's, once it is over */
    bool is_over;
    bool is_unheard; /* a socket could not be waited for */
    uint32_t ttl_s;
    impact__buffer addresses;
};

bool otlp__lookup_is_there(void)
{
    return true;
}

/* Never undone: the host may use c-ares, too. What it fails at are other systems' libraries. */
void otlp__lookup_prepare(void)
{
    (void)ares_library_init(ARES_LIB_INIT_ALL);
}

/* ---- its sockets ---- */

/* A program that the host starts must not inherit them: c-ares would say so a moment too late. */
static ares_socket_t open_socket(int family, int type, int protocol, void *unused)
{
    (void)unused;
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static int close_socket(ares_socket_t descriptor, void *unused)
{
    (void)unused;
    return close(descriptor);
}

static int connect_socket(ares_socket_t descriptor, const struct sockaddr *address,
                          ares_socklen_t size, void *unused)
{
    (void)unused;
    return connect(descriptor, address, size);
}

static ares_ssize_t receive(ares_socket_t descriptor, void *data, size_t size, int flags,
                            struct sockaddr *address, ares_socklen_t *address_size, void *unused)
{
    (void)unused;
    return recvfrom(descriptor, data, size, flags, address, address_size);
}

static ares_ssize_t send_parts(ares_socket_t descriptor, const struct iovec *parts, int count,
                               void *unused)
{
    (void)unused;
    /* The parts are not written to: the type is for those who receive. */
    const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
    open_socket, close_socket, connect_socket, receive, send_parts,
};

/* c-ares wants to hear of a socket, or no more. */
static void watch(void *userdata, ares_socket_t descriptor, int reads, int writes)
{
    otlp__lookup *lookup = userdata;
    if (!otlp__sockets_watch(lookup->sockets, descriptor, reads, writes))
        lookup->is_unheard = true;
}

static void go_on(void *userdata, int descriptor, bool may_read, bool may_write)
{
    const otlp__lookup *lookup = userdata;
    ares_process_fd(lookup->channel, may_read ? descriptor : ARES_SOCKET_BAD,
                    may_write ? descriptor : ARES_SOCKET_BAD);
}

/* ---- its answer ---- */

static void append_address(impact__buffer *to, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const bool is_newer = address->sa_family == AF_INET6;
    const void *bytes = is_newer ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                                 : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    (void)inet_ntop(address->sa_family, bytes, text, sizeof text); /* they are of the two kinds */
    impact__buffer_append_string(to, to->size ? "," : "");
    impact__buffer_append_string(to, is_newer ? "[" : "");
    impact__buffer_append_string(to, text);
    impact__buffer_append_string(to, is_newer ? "]" : "");
}

/* A number on the wire of which the highest bit means nothing good (RFC 2181 8). */
static uint32_t earlier_s(uint32_t ttl_s, int other_s)
{
    const uint32_t known_s = other_s > 0 ? (uint32_t)other_s : 0;
    return known_s < ttl_s ? known_s : ttl_s;
}

static void take_addresses(otlp__lookup *lookup, const struct ares_addrinfo *result)
{
    int count = 0;
    lookup->ttl_s = UINT32_MAX;
    for (const struct ares_addrinfo_cname *name = result->cnames; name; name = name->next)
        lookup->ttl_s = earlier_s(lookup->ttl_s, name->ttl);
    for (const struct ares_addrinfo_node *node = result->nodes; node && count < address_limit;
         node = node->ai_next, count++) {
        append_address(&lookup->addresses, node->ai_addr);
        lookup->ttl_s = earlier_s(lookup->ttl_s, node->ai_ttl);
    }
    if (!count)
        lookup->status = ARES_ENODATA;
    if (lookup->addresses.has_failed)
        lookup->status = ARES_ENOMEM;
}

static void take_answer(void *userdata, int status, int timeouts, struct ares_addrinfo *result)
{
    otlp__lookup *lookup = userdata;
    (void)timeouts; /* whatever it took */
    lookup->is_over = true;
    lookup->status = status;
    if (status == ARES_SUCCESS)
        take_addresses(lookup, result);
    if (result)
        ares_freeaddrinfo(result);
}

/* ---- a look-up ---- */

static impact_status status_of(int status)
{
    if (status == ARES_SUCCESS)
        return IMPACT_OK;
    return status == ARES_ENOMEM ? IMPACT_ENOMEM : IMPACT_ESYSTEM;
}

static int open_channel(otlp__lookup *lookup)
{
    struct ares_options options = {.sock_state_cb = watch, .sock_state_cb_data = lookup};
    const int status = ares_init_options(&lookup->channel, &options, ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS)
        ares_set_socket_functions(lookup->channel, &socket_functions, NULL);
    return status;
}

impact_status otlp__lookup_begin(otlp__lookup **lookup, const impact_allocator *allocator,
                                 const char *name, otlp__sockets *sockets)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    otlp__lookup *begun = impact__alloc(allocator, sizeof *begun);
    if (!begun)
        return IMPACT_ENOMEM;
    begun->sockets = sockets;
    begun->addresses = IMPACT__BUFFER(allocator);
    const int status = open_channel(begun);
    if (status != ARES_SUCCESS) {
        impact__free(allocator, begun);
        return status_of(status);
    }
    otlp__sockets_invite(sockets, go_on, begun);
    ares_getaddrinfo(begun->channel, name, NULL, &hints, take_answer, begun);
    *lookup = begun;
    return IMPACT_OK;
}

impact_status otlp__lookup_look(otlp__lookup *lookup)
{
    if (!lookup->is_over)
        ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its timeouts */
    if (lookup->is_over)
        return status_of(lookup->status);
    return lookup->is_unheard ? IMPACT_ENOMEM : IMPACT_EAGAIN;
}

uint64_t otlp__lookup_moment(const otlp__lookup *lookup)
{
    struct timeval wait;
    if (lookup->is_over)
        return 0;
    if (!ares_timeout(lookup->channel, NULL, &wait))
        return UINT64_MAX;
    /* Behind it: c-ares has nothing to do before, and has cut off what is below a millisecond. */
    return impact__deadline_after_ms((uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 +
                                     1);
}

impact_text otlp__lookup_addresses(const otlp__lookup *lookup)
{
    assert(lookup->is_over && lookup->status == ARES_SUCCESS);
    return impact__buffer_text(&lookup->addresses);
}

uint32_t otlp__lookup_ttl_s(const otlp__lookup *lookup)
{
    return lookup->ttl_s;
}

const char *otlp__lookup_error(const otlp__lookup *lookup)
{
    return ares_strerror(lookup->status);
}

void otlp__lookup_end(otlp__lookup *lookup)
{
    if (!lookup)
        return;
    ares_destroy(lookup->channel); /* what is asked ends with take_answer */
    otlp__sockets_invite(lookup->sockets, NULL, NULL);
    impact__buffer_close(&lookup->addresses);
    impact__free(lookup->addresses.allocator, lookup);
}
