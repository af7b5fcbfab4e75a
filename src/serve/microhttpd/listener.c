/* A listening socket from "host:port". */
#include "serve/microhttpd/listener.h"

#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/authority.h"

enum {
    host_limit = 255, /* RFC 1035 2.3.4 */
    backlog = 128,
};

/* The address in two parts; `host` is empty for every address. */
typedef struct parts {
    char host[host_limit + 1];
    char port[12]; /* any int */
} parts;

static bool read_parts(parts *to, const char *text)
{
    const impact__authority address = impact__authority_of(impact_text_of(text));
    const bool is_empty_bracket = address.is_bracketed && !address.host.size;
    if (!address.is_whole || address.port < 0 || is_empty_bracket || address.host.size > host_limit)
        return false;
    *to = (parts){.port = ""};
    if (address.host.size)
        memcpy(to->host, address.host.data, address.host.size);
    (void)snprintf(to->port, sizeof to->port, "%d", (int)address.port); /* it fits */
    return true;
}

static bool bind_and_listen(int descriptor, const struct addrinfo *info)
{
    static const int yes = 1;
    static const int no = 0;
    /* Best efforts: a restart soon after, and both families at once. */
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (info->ai_family == AF_INET6)
        (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    return bind(descriptor, info->ai_addr, info->ai_addrlen) == 0 &&
           listen(descriptor, backlog) == 0;
}

/* -1 when it cannot be. */
static int open_one(const struct addrinfo *info)
{
    /* Not blocking: whoever accepts last must not wait for a client that has left. */
    const int type = info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int descriptor = socket(info->ai_family, type, info->ai_protocol);
    if (descriptor < 0)
        return -1;
    if (bind_and_listen(descriptor, info))
        return descriptor;
    (void)close(descriptor); /* nothing was written */
    return -1;
}

static bool read_port(uint16_t *port, int descriptor)
{
    struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof bound;
    if (getsockname(descriptor, (struct sockaddr *)&bound, &size))
        return false;
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    memcpy(&v6, &bound, sizeof v6);
    memcpy(&v4, &bound, sizeof v4);
    *port = ntohs(bound.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
    return true;
}

static impact_status status_of_lookup(int failure)
{
    switch (failure) {
    case 0:
        return IMPACT_OK;
    case EAI_MEMORY:
        return IMPACT_ENOMEM;
    case EAI_SYSTEM:
    case EAI_AGAIN:
        return IMPACT_ESYSTEM;
    default:
        return IMPACT_EINVAL;
    }
}

/* The first address that can be bound. */
static impact_status open_first(int *descriptor, const parts *address, const char *host)
{
    assert(host && *address->port);
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *found = NULL;
    const impact_status status = status_of_lookup(getaddrinfo(host, address->port, &hints, &found));
    if (status)
        return status;
    int opened = -1;
    for (const struct addrinfo *info = found; info && opened < 0; info = info->ai_next)
        opened = open_one(info);
    freeaddrinfo(found);
    if (opened < 0)
        return IMPACT_ESYSTEM;
    *descriptor = opened;
    return IMPACT_OK;
}

static impact_status open_parts(int *descriptor, const parts *address)
{
    if (*address->host)
        return open_first(descriptor, address, address->host);
    const impact_status status = open_first(descriptor, address, "::");
    return status ? open_first(descriptor, address, "0.0.0.0") : IMPACT_OK;
}

impact_status impact__listen_open(int *descriptor, uint16_t *port, const char *address)
{
    parts read;
    if (!address || !read_parts(&read, address))
        return IMPACT_EINVAL;
    int opened = -1;
    const impact_status status = open_parts(&opened, &read);
    if (status)
        return status;
    if (!read_port(port, opened)) {
        (void)close(opened); /* nothing was written */
        return IMPACT_ESYSTEM;
    }
    *descriptor = opened;
    return IMPACT_OK;
}
