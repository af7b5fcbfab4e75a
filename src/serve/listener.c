/* A listening socket from an address. */
#include "serve/listener.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/authority.h"

enum {
    host_limit = 255, /* RFC 1035 2.3.4 */
    backlog = 4096,   /* what the system allows of it: new connections wait there */
};

static const char unix_prefix[] = "unix:";

/* The address in two parts; `host` is empty for every address. */
typedef struct parts {
    char host[host_limit + 1];
    char port[12]; /* any int */
} parts;

/* Not blocking: whoever accepts last must not wait for a client that has left. -1: none. */
static int open_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ---- hosts and ports ---- */

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
    const int descriptor = open_socket(info->ai_family, info->ai_socktype);
    if (descriptor < 0 || bind_and_listen(descriptor, info))
        return descriptor;
    (void)close(descriptor); /* nothing was written; likewise below */
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

static impact_status open_internet(impact__listener *listener, const char *address)
{
    parts read;
    if (!read_parts(&read, address))
        return IMPACT_EINVAL;
    impact__listener opened = {.descriptor = -1};
    const impact_status status = open_parts(&opened.descriptor, &read);
    if (status)
        return status;
    if (!read_port(&opened.port, opened.descriptor)) {
        (void)close(opened.descriptor);
        return IMPACT_ESYSTEM;
    }
    *listener = opened;
    return IMPACT_OK;
}

/* ---- Unix sockets ---- */

typedef struct unix_address {
    struct sockaddr_un name;
    socklen_t size;
    bool is_file;
} unix_address;

/* An @ is the NUL of the abstract names (unix(7)). */
static bool read_unix(unix_address *to, const char *path)
{
    const size_t size = strlen(path);
    *to = (unix_address){.name.sun_family = AF_UNIX, .is_file = path[0] == '/'};
    if (size < 2 || size >= sizeof to->name.sun_path || (!to->is_file && path[0] != '@'))
        return false;
    memcpy(to->name.sun_path, path, size);
    if (!to->is_file)
        to->name.sun_path[0] = '\0';
    to->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + to->is_file);
    return true;
}

/* Not blocking, so that a backlog that is full is no wait. */
static bool is_refused(const unix_address *address)
{
    const int asking = open_socket(AF_UNIX, SOCK_STREAM);
    const bool is_there = asking >= 0;
    const bool was_refused =
        is_there && connect(asking, (const struct sockaddr *)&address->name, address->size) < 0 &&
        errno == ECONNREFUSED;
    if (is_there)
        (void)close(asking);
    return was_refused;
}

/* Whether the file is a socket that nobody listens at: what a process leaves that was killed. Any
 * other file refuses a connection too. */
static bool is_left_over(const unix_address *address)
{
    struct stat file;
    return lstat(address->name.sun_path, &file) == 0 && S_ISSOCK(file.st_mode) &&
           is_refused(address);
}

static bool bind_unix(int descriptor, const unix_address *address)
{
    const struct sockaddr *name = (const struct sockaddr *)&address->name;
    if (bind(descriptor, name, address->size) == 0)
        return true;
    return errno == EADDRINUSE && address->is_file && is_left_over(address) &&
           unlink(address->name.sun_path) == 0 && bind(descriptor, name, address->size) == 0;
}

static void note_file(impact__listener *listener, const unix_address *address)
{
    struct stat file;
    if (!address->is_file || stat(address->name.sun_path, &file))
        return;
    memcpy(listener->path, address->name.sun_path, sizeof listener->path);
    listener->device = file.st_dev;
    listener->file = file.st_ino;
}

static impact_status open_unix(impact__listener *listener, const char *path)
{
    unix_address address;
    if (!read_unix(&address, path))
        return IMPACT_EINVAL;
    impact__listener opened = {.descriptor = open_socket(AF_UNIX, SOCK_STREAM)};
    if (opened.descriptor < 0)
        return IMPACT_ESYSTEM;
    if (!bind_unix(opened.descriptor, &address)) {
        (void)close(opened.descriptor);
        return IMPACT_ESYSTEM;
    }
    note_file(&opened, &address);
    if (listen(opened.descriptor, backlog)) {
        impact__listen_close(&opened);
        return IMPACT_ESYSTEM;
    }
    *listener = opened;
    return IMPACT_OK;
}

/* ---- both ---- */

impact_status impact__listen_open(impact__listener *listener, const char *address)
{
    const size_t size = sizeof unix_prefix - 1;
    if (!address)
        return IMPACT_EINVAL;
    return strncmp(address, unix_prefix, size) == 0 ? open_unix(listener, address + size)
                                                    : open_internet(listener, address);
}

void impact__listen_close(impact__listener *listener)
{
    struct stat file;
    if (*listener->path && stat(listener->path, &file) == 0 && file.st_dev == listener->device &&
        file.st_ino == listener->file)
        (void)unlink(listener->path); /* whoever comes next replaces it */
    if (listener->descriptor >= 0)
        (void)close(listener->descriptor);
    *listener = (impact__listener){.descriptor = -1};
}
