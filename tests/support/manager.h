/* A service manager, as far as a service sees it: a socket that takes its messages. */
#ifndef IMPACT_TESTS_MANAGER_H
#define IMPACT_TESTS_MANAGER_H

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/check.h"

typedef struct manager {
    char folder[32];
    char path[48];
    int socket;
    char message[1024]; /* the last that was taken */
} manager;

static inline void manager_listen(manager *m)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", m->path);
    m->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(bind(m->socket, (const struct sockaddr *)&address, sizeof address) == 0);
}

/* With NOTIFY_SOCKET set to where it will listen. */
static inline void manager_prepare(manager *m)
{
    *m = (manager){.folder = "/tmp/impact-manager-XXXXXX", .socket = -1};
    CHECK(mkdtemp(m->folder) != NULL);
    (void)snprintf(m->path, sizeof m->path, "%s/notify", m->folder);
    CHECK(setenv("NOTIFY_SOCKET", m->path, 1) == 0);
    CHECK(unsetenv("WATCHDOG_USEC") == 0 && unsetenv("WATCHDOG_PID") == 0);
}

static inline void manager_open(manager *m)
{
    manager_prepare(m);
    manager_listen(m);
}

static inline void manager_close(manager *m)
{
    (void)close(m->socket);
    (void)unlink(m->path);
    CHECK(rmdir(m->folder) == 0);
}

/* Take the next message, within so many milliseconds. False: none has come, and it is "". */
static inline bool manager_take(manager *m, int timeout_ms)
{
    struct pollfd readable = {.fd = m->socket, .events = POLLIN};
    m->message[0] = 0;
    if (poll(&readable, 1, timeout_ms) != 1)
        return false;
    const ssize_t size = recv(m->socket, m->message, sizeof m->message - 1, 0);
    m->message[size > 0 ? size : 0] = 0;
    return size > 0;
}

/* A line of the last message. */
static inline bool manager_was_told(const manager *m, const char *line)
{
    char whole[sizeof m->message + 2];
    char wanted[sizeof m->message + 2];
    (void)snprintf(whole, sizeof whole, "\n%s\n", m->message);
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return strstr(whole, wanted) != NULL;
}

#endif
