/* libcurl's wake-up sockets, kept from programs that the host starts.
 *
 * DESIGN: a multi handle has a pair of sockets for curl_multi_wakeup. Up to libcurl 8.9 it is
 * inherited by every program that the host starts, and there is no option for it and no question
 * that names it. But it can be recognised: each wake-up puts one byte into one end, which the other
 * one has to read. Among the descriptors that were the lowest free ones, those of which this is
 * true in every round are the pair, and no other socket of the host's is touched. Newer ones have
 * no such pair, and nothing is found.
 */
#include "export/otlp/wakeup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    round_count = 4,
    range_limit = 64, /* descriptors that are looked at */
};

static bool is_local_socket(int descriptor)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* What an end has to read, and what the other end has not read of it; -1: it is not that. */
static int unread(int descriptor)
{
    int count = -1;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

static int unsent(int descriptor)
{
    int count = -1;
    return ioctl(descriptor, TIOCOUTQ, &count) == 0 ? count : -1;
}

/* An end of the pair, as far as it can be told after `round` wake-ups; `before` is kept between
 * rounds. */
static bool follows(int descriptor, int round, int *before)
{
    const int sent = unsent(descriptor);
    const bool is_written = unread(descriptor) == 0 && (round ? sent > *before : sent == 0);
    const bool is_read = unread(descriptor) == round && sent == 0;
    *before = sent;
    return is_written || is_read;
}

static void keep_candidates(bool *candidates, int *before, int first, int round)
{
    for (int i = 0; i < range_limit; i++)
        candidates[i] = candidates[i] && follows(first + i, round, &before[i]);
}

static void hide_pair(CURLM *multi, int first)
{
    bool candidates[range_limit];
    int before[range_limit];
    for (int i = 0; i < range_limit; i++)
        candidates[i] = is_local_socket(first + i);
    for (int round = 0; round <= round_count; round++) {
        if (round && curl_multi_wakeup(multi))
            return;
        keep_candidates(candidates, before, first, round);
    }
    for (int i = 0; i < range_limit; i++)
        if (candidates[i] && (unread(first + i) || unsent(first + i)))
            (void)fcntl(first + i, F_SETFD, FD_CLOEXEC); /* it is open */
    (void)curl_multi_poll(multi, NULL, 0, 0, NULL);      /* reads the bytes */
}

CURLM *otlp__multi_open(void)
{
    const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (lowest >= 0)
        (void)close(lowest); /* nothing was written */
    CURLM *multi = curl_multi_init();
    if (multi && lowest >= 0)
        hide_pair(multi, lowest);
    return multi;
}
