/* event_loop: a server with one thread, whose own loop exports its spans. It tells the time
 * (RFC 867).
 *
 *     OTEL_TRACES_EXPORTER=tree ./event_loop 127.0.0.1:8013
 *     nc 127.0.0.1 8013
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <impact/trace.h>

/* "127.0.0.1:8013" */
static int open_listener(const char *where)
{
    char host[16] = "127.0.0.1";
    unsigned port = 0;
    if (where && sscanf(where, "%15[0-9.]:%u", host, &port) != 2)
        return -1;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        return -1;
    printf("%s:%u\n", host, ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* SIGTERM and SIGINT, as a descriptor like the others. */
static int open_signals(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    return signalfd(-1, &ends, SFD_CLOEXEC);
}

static void answer(int client)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    IMPACT_SPAN(span, "tell the time");
    const size_t size = strftime(text, sizeof text, "%FT%TZ\r\n", gmtime_r(&now, &parts));
    impact_span_set(span, impact_int("time.unix", now));
    if (send(client, text, size, MSG_NOSIGNAL) < 0)
        impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "the client is gone");
}

static void serve(int listener)
{
    const int client = accept(listener, NULL, NULL);
    if (client < 0)
        return;
    answer(client);
    close(client);
}

int main(int argc, char **argv)
{
    enum { listener, signals, tracing, count };
    if (impact_trace_init(
            IMPACT_TRACE_OPTIONS(.service_name = "event_loop", .starts_no_thread = true)))
        return 1;
    struct pollfd ready[count] = {
        [listener] = {.fd = open_listener(argc > 1 ? argv[1] : NULL), .events = POLLIN},
        [signals] = {.fd = open_signals(), .events = POLLIN},
        [tracing] = {.fd = impact_trace_get_descriptor(), .events = POLLIN},
    };
    if (ready[listener].fd < 0)
        return 1;
    while (!ready[signals].revents) {
        const uint32_t wait_ms = impact_trace_pump(); /* it may be called more often than it asks */
        if (poll(ready, count, wait_ms < 60000 ? (int)wait_ms : 60000) > 0 &&
            ready[listener].revents)
            serve(ready[listener].fd);
    }
    return impact_trace_shutdown(5000) ? 1 : 0; /* pumps until all is exported */
}
