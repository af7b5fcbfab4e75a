/* impact-view: receives traces, and shows them in a browser and on the terminal.
 *
 * One thread waits for the ports, for keys, and for the signals that end it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/authority.h"
#include "base/clock.h"
#include "base/text.h"
#include "export/descriptor.h"
#include "follow.h"
#include "grpc_server.h"
#include "keep.h"
#include "load.h"
#include "serve/listener.h"
#include "server.h"
#include "tui.h"
#include "view_arguments.h"

/* What ends it, and with a full screen a terminal's end, its sizes and its stop, as something to
 * wait for; -1: it cannot be. */
static int open_signals(bool has_screen)
{
    sigset_t signals;
    (void)sigemptyset(&signals); /* these cannot fail */
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    if (has_screen) {
        (void)sigaddset(&signals, SIGHUP);
        (void)sigaddset(&signals, SIGWINCH);
        (void)sigaddset(&signals, SIGTSTP);
    }
    if (sigprocmask(SIG_BLOCK, &signals, NULL))
        return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What is open. */
typedef struct ports {
    int signals;
    view_server *http;
    view_grpc_server *grpc;
    view_outlet out; /* standard output */
    view_tui *tui;   /* NULL: there is no full screen */
    view_keep keep;
} ports;

/* The sooner of two, of which -1 is never. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Take a signal; true: it asks for the end. */
static bool take_signal(const ports *open)
{
    struct signalfd_siginfo signal;
    if (read(open->signals, &signal, sizeof signal) != (ssize_t)sizeof signal)
        return false; /* it was another's */
    if (signal.ssi_signo == SIGWINCH)
        view_tui_resized(open->tui);
    else if (signal.ssi_signo == SIGTSTP)
        view_tui_stop(open->tui);
    else
        return true;
    return false;
}

static int timeout_of(const ports *open, int next_ms)
{
    const int ports_ms =
        sooner(view_server_timeout_ms(open->http), view_grpc_server_timeout_ms(open->grpc));
    const int own_ms = open->tui ? view_tui_timeout_ms(open->tui) : -1;
    return sooner(ports_ms, sooner(own_ms, next_ms));
}

/* False: somebody has left, or the terminal has. */
static bool run_screen(view_tui *tui, short events)
{
    return !tui || (!(events & (POLLHUP | POLLERR)) && view_tui_run(tui, events & POLLIN));
}

/* What a signal and a key are waited for at stands first. */
static int wait_for(const ports *open, short *signals, short *keys, int timeout_ms)
{
    struct pollfd waited[] = {
        {.fd = open->signals, .events = POLLIN},
        {.fd = open->tui ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = view_server_descriptor(open->http), .events = POLLIN},
        {.fd = view_grpc_server_descriptor(open->grpc), .events = POLLIN},
        {.fd = view_outlet_awaited(&open->out), .events = POLLOUT},
        {.fd = view_outlet_awaited(&open->keep.told), .events = POLLOUT},
    };
    const int count = poll(waited, sizeof waited / sizeof *waited, timeout_ms);
    *signals = count > 0 ? waited[0].revents : 0;
    *keys = count > 0 ? waited[1].revents : 0;
    return count;
}

static void serve(ports *open, view_store *store, bool follows)
{
    const bool in_colour = impact__descriptor_may_colour(STDOUT_FILENO);
    int next_ms = 0;
    short signals = 0;
    short keys = 0;
    do {
        if (wait_for(open, &signals, &keys, timeout_of(open, next_ms)) < 0 && errno != EINTR)
            return;
        if (signals & POLLIN && take_signal(open))
            return;
        view_server_run(open->http);
        view_grpc_server_run(open->grpc);
        view_outlet_send(&open->out);
        view_outlet_send(&open->keep.told);
        next_ms = -1;
        if (follows)
            next_ms = view_follow(store, &open->out, in_colour, impact__clock_monotonic_ns());
    } while (run_screen(open->tui, keys));
}

/* Whether nobody outside this machine can reach it. */
static bool is_loopback(const char *address)
{
    const impact_text host = impact__authority_of(impact_text_of(address)).host;
    return impact__text_begins_with(host, "127.") || impact__text_equal_string(host, "::1") ||
           impact__text_equal_string(host, "localhost") ||
           strncmp(address, "unix:", sizeof "unix:" - 1) == 0;
}

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "impact view: %s: %s\n", what, why);
    return 1;
}

/* False: it cannot be, and that is said. */
static bool listen_at(impact__listener *listener, const char *address)
{
    errno = 0;
    const impact_status status = impact__listen_open(listener, address);
    if (status)
        (void)fail(address, errno ? strerror(errno) : impact_status_text(status));
    return !status;
}

/* Append a file, and a NUL. False: it cannot be read, and that is said. */
static bool read_pem(impact__buffer *to, const char *name)
{
    errno = ENOMEM;
    if (view_read_file(to, name)) {
        impact__buffer_append_char(to, 0);
        if (!to->has_failed)
            return true;
    }
    return fail(name, strerror(errno)) == 0;
}

/* Without a certificate it is HTTP. */
static bool start_http(ports *to, view_store *store, const impact__listener *listener,
                       const view_arguments *arguments)
{
    impact__buffer certificate = IMPACT__BUFFER(store->allocator);
    impact__buffer key = IMPACT__BUFFER(store->allocator);
    const bool is_read = !arguments->key || (read_pem(&certificate, arguments->certificate) &&
                                             read_pem(&key, arguments->key));
    const view_tls tls = {.certificate = certificate.data, .key = key.data};
    if (is_read)
        to->http =
            view_server_open(store, listener->descriptor, is_loopback(arguments->listen), &tls);
    impact__buffer_close(&certificate);
    impact__buffer_close(&key);
    return to->http || (is_read && fail(arguments->key ? arguments->key : arguments->listen,
                                        "it cannot be served") == 0);
}

static bool open_http(ports *to, uint16_t *number, view_store *store,
                      const view_arguments *arguments)
{
    impact__listener listener;
    if (!listen_at(&listener, arguments->listen))
        return false;
    *number = listener.port;
    return start_http(to, store, &listener, arguments);
}

static bool open_grpc(ports *to, uint16_t *number, view_store *store, const char *address)
{
    impact__listener listener;
    if (!listen_at(&listener, address))
        return false;
    *number = listener.port;
    to->grpc = view_grpc_server_open(store, listener.descriptor);
    return to->grpc || fail(address, "it cannot be served") == 0;
}

/* What cannot be read is told, and the rest is shown all the same. */
static void load_files(const view_arguments *arguments, view_store *store)
{
    for (int i = 0; i < arguments->file_count; i++)
        (void)view_load_file(store, arguments->files[i]);
}

static bool open_ports(ports *to, const view_arguments *arguments, view_store *store)
{
    uint16_t http = 0;
    uint16_t grpc = 0;
    char address[64];
    const char *scheme = arguments->key ? "https" : "http";
    if (to->signals < 0 || !open_http(to, &http, store, arguments) ||
        !open_grpc(to, &grpc, store, arguments->grpc))
        return false;
    load_files(arguments, store);
    view_outlet_open(&to->out, STDOUT_FILENO, store->allocator);
    impact__buffer_printf(&to->out.bytes,
                          "impact view: %s://localhost:%d/ shows what comes there by OTLP/HTTP, "
                          "and to localhost:%d by OTLP/gRPC\n",
                          scheme, http, grpc);
    view_outlet_send(&to->out);
    if (!arguments->has_screen)
        return true;
    (void)snprintf(address, sizeof address, "%s://localhost:%d (HTTP), localhost:%d (gRPC)", scheme,
                   http, grpc); /* it fits */
    to->tui = view_tui_open(store, &to->out, address);
    return to->tui != NULL;
}

static int run(const view_arguments *arguments, view_store *store)
{
    ports open = {.signals = open_signals(arguments->has_screen), .keep = {.descriptor = -1}};
    const bool is_open = (!arguments->keep || view_keep_open(&open.keep, store, arguments->keep)) &&
                         open_ports(&open, arguments, store);
    if (is_open)
        serve(&open, store, arguments->follows);
    view_tui_close(open.tui);
    view_outlet_close(&open.out);
    view_server_close(open.http);
    view_grpc_server_close(open.grpc);
    (void)close(open.signals); /* it was only read */
    view_keep_close(&open.keep);
    return is_open ? 0 : 1;
}

int main(int argc, char **argv)
{
    view_arguments arguments;
    view_store store;
    view_arguments_parse(&arguments, argc - 1, argv + 1);
    if (arguments.problem) {
        (void)fprintf(stderr, "impact view: %s: %s\nimpact view --help says more\n",
                      arguments.problem_word, arguments.problem);
        return 2;
    }
    if (arguments.wants_help || arguments.wants_version)
        return fputs(arguments.wants_help ? view_usage : "impact " IMPACT_VERSION "\n", stdout) < 0;
    const view_store_options options = {.span_limit = arguments.span_limit,
                                        .size_limit = arguments.size_limit};
    const bool is_open = !view_store_open(&store, &options);
    const int result = is_open ? run(&arguments, &store) : fail("memory", strerror(ENOMEM));
    view_store_close(&store);
    return result;
}
