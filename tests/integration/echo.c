/* A libmicrohttpd server that tells what it was asked. */
#include "echo.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"

enum { large_size = 3 << 20 };

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "-";
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const void *body,
                             size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    const char *to = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "to");
    if (status >= 300 && status < 400)
        (void)MHD_add_response_header(response, "Location", to ? to : "/status/200");
    if (status == MHD_HTTP_UNAUTHORIZED)
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"echo\"");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_large(struct MHD_Connection *connection)
{
    char *body = calloc(1, large_size);
    const enum MHD_Result result = reply(connection, 200, body, large_size);
    free(body);
    return result;
}

static bool has_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name) != NULL;
}

static unsigned status_for(struct MHD_Connection *connection, const char *url)
{
    unsigned status = 200;
    if (strcmp(url, "/redirect") == 0)
        return MHD_HTTP_FOUND;
    if (strcmp(url, "/secret") == 0)
        return has_header(connection, "Authorization") ? 200 : MHD_HTTP_UNAUTHORIZED;
    if (sscanf(url, "/redirect/%u", &status) == 1 || sscanf(url, "/status/%u", &status) == 1)
        return status;
    return 200;
}

static void write_log(echo *server, const char *body)
{
    (void)pthread_mutex_lock(&server->lock);
    char *line = server->log[server->log_size++ % echo_log_limit];
    const size_t size = strnlen(body, echo_line_limit - 1);
    memcpy(line, body, size);
    line[size] = 0;
    (void)pthread_mutex_unlock(&server->lock);
}

size_t echo_log_size(echo *server)
{
    (void)pthread_mutex_lock(&server->lock);
    const size_t size = server->log_size;
    (void)pthread_mutex_unlock(&server->lock);
    return size;
}

const char *echo_logged(echo *server, size_t nth)
{
    return nth < echo_log_size(server) ? server->log[nth % echo_log_limit] : "";
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)version;
    (void)upload_data;
    echo *server = cls;
    if (!*req_cls || *upload_data_size) {
        *req_cls = cls;
        *upload_data_size = 0;
        return MHD_YES;
    }
    char byte;
    if (strcmp(url, "/hang") == 0 && read(server->pipe_ends[0], &byte, 1) != 0)
        return MHD_NO;
    if (strcmp(url, "/large") == 0)
        return reply_large(connection);
    if (strncmp(url, "/header/", 8) == 0) {
        const char *value = header(connection, url + 8);
        return reply(connection, 200, value, strlen(value));
    }
    char body[2048];
    const int size = snprintf(body, sizeof body, "%s %s %s|%s|%s", method, url,
                              header(connection, "traceparent"), header(connection, "tracestate"),
                              header(connection, "x-mine"));
    write_log(server, body);
    return reply(connection, status_for(connection, url), body, (size_t)size);
}

void echo_open(echo *server)
{
    *server = (echo){.lock = PTHREAD_MUTEX_INITIALIZER};
    CHECK_EQUAL(pipe(server->pipe_ends), 0);
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    server->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL,
                         NULL, handle, server, MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_END);
    CHECK(server->daemon != NULL);
    server->port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void echo_close(echo *server)
{
    (void)close(server->pipe_ends[1]);
    MHD_stop_daemon(server->daemon);
    (void)close(server->pipe_ends[0]);
}
