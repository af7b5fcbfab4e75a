/* A server that reads every request and answers 200. */
#include "sink.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **request)
{
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    if (!*request || *upload_data_size) {
        *request = &seen;
        *upload_data_size = 0; /* read, and forgotten */
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/x-protobuf");
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* Serves until the other end of `life` is closed. */
static void serve(int port_out, int life)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(256 * 1024), MHD_OPTION_END);
    if (!daemon)
        abort();
    const uint16_t port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    char byte;
    if (write(port_out, &port, sizeof port) != sizeof port || read(life, &byte, 1) != 0)
        abort();
    MHD_stop_daemon(daemon);
}

uint16_t sink_start(void)
{
    int ports[2], life[2];
    uint16_t port = 0;
    if (pipe(ports) || pipe(life))
        abort();
    const pid_t child = fork();
    if (child == 0) {
        (void)close(life[1]);
        serve(ports[1], life[0]);
        _exit(0);
    }
    if (child < 0 || read(ports[0], &port, sizeof port) != sizeof port)
        abort();
    return port;
}
