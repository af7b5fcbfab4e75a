/* A process that is the one name server of this one, in a network of its own. */
#ifndef IMPACT_TESTS_NAME_SERVER_H
#define IMPACT_TESTS_NAME_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { name_server_head_size = 12, name_server_port = 53, name_server_kind_a = 1 };

/* Shared by the two processes. */
typedef struct name_server {
    atomic_bool is_silent;
    atomic_uint address; /* of each name, as a number of 32 bits; of IPv6 there is none */
    atomic_uint ttl_s;
    atomic_uint asked;
} name_server;

static inline bool name_server_write(const char *path, const char *text)
{
    const int file = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
    const bool is_written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0)
        (void)close(file);
    return is_written;
}

/* Put `text` in the place of a file that others have. */
static inline bool name_server_cover(const char *path, const char *text)
{
    char own[] = "/tmp/impact-names-XXXXXX";
    const int file = mkstemp(own);
    if (file < 0)
        return false;
    (void)close(file);
    const bool is_covered =
        name_server_write(own, text) && mount(own, path, NULL, MS_BIND, NULL) == 0;
    (void)unlink(own);
    return is_covered;
}

static inline bool name_server_raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool is_up = any >= 0 && ioctl(any, SIOCSIFFLAGS, &request) == 0;
    (void)close(any);
    return is_up;
}

/* Whoever is not root is in a world of its own. */
static inline bool name_server_leave_others(void)
{
    char map[32];
    const uid_t user = geteuid();
    (void)snprintf(map, sizeof map, "0 %u 1", (unsigned)user);
    if (unshare((user ? CLONE_NEWUSER : 0) | CLONE_NEWNS | CLONE_NEWNET) ||
        (user && !name_server_write("/proc/self/uid_map", map)))
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && name_server_raise_loopback();
}

static inline size_t name_server_put(unsigned char *to, size_t at, uint32_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[at + i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    return at + size;
}

/* Makes the answer of the question, with one address if it is for that; its size. */
static inline size_t name_server_answer(name_server *of, unsigned char *message)
{
    size_t at = name_server_head_size;
    while (message[at])
        at += 1 + (size_t)message[at];
    const bool is_there = message[at + 2] == name_server_kind_a;
    at += 1 + 4; /* its kind and class */
    (void)name_server_put(message, 2, 0x8180, 2);
    (void)name_server_put(message, 4, 1, 2);
    (void)name_server_put(message, 6, is_there, 2);
    (void)name_server_put(message, 8, 0, 4);
    if (!is_there)
        return at;
    at = name_server_put(message, at, 0xC00C, 2); /* the name in the question */
    at = name_server_put(message, at, name_server_kind_a << 16 | 1, 4);
    at = name_server_put(message, at, atomic_load(&of->ttl_s), 4);
    at = name_server_put(message, at, 4, 2);
    return name_server_put(message, at, atomic_load(&of->address), 4);
}

static inline void name_server_serve(name_server *of, int own)
{
    unsigned char message[1024];
    struct sockaddr_in peer;
    for (;;) {
        socklen_t size = sizeof peer;
        if (recvfrom(own, message, sizeof message / 2, 0, (struct sockaddr *)&peer, &size) <= 0)
            continue;
        atomic_fetch_add(&of->asked, 1);
        if (!atomic_load(&of->is_silent))
            (void)sendto(own, message, name_server_answer(of, message), 0, (struct sockaddr *)&peer,
                         size);
    }
}

/* It ends with this process. `hosts` are the lines of /etc/hosts. */
static inline name_server *name_server_start(const char *hosts)
{
    const struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_port = htons(name_server_port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (!name_server_leave_others() || !name_server_cover("/etc/hosts", hosts) ||
        !name_server_cover("/etc/resolv.conf",
                           "nameserver 127.0.0.1\noptions retrans:200 timeout:1\n"))
        check_skip("no namespaces here");
    name_server *of =
        mmap(NULL, sizeof *of, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const int own = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (of == MAP_FAILED || bind(own, (const struct sockaddr *)&here, sizeof here))
        check_skip("no name server may be here");
    atomic_store(&of->address, INADDR_LOOPBACK);
    atomic_store(&of->ttl_s, 300);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            name_server_serve(of, own);
        _exit(0);
    }
    (void)close(own);
    return of;
}

#endif
