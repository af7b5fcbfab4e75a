/* Whom a probe asks: a port, a host, a URL or a Unix socket, read from one word. */
#ifndef IMPACT_CLI_PROBE_TARGET_H
#define IMPACT_CLI_PROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

enum {
    probe_host_limit = 253, /* bytes: RFC 1035 2.3.4 less the root's two */
    probe_path_limit = 1024,
};

typedef struct probe_target {
    bool is_unix;
    bool is_bracketed;               /* the host is an IPv6 address */
    char host[probe_host_limit + 1]; /* of a Unix socket: where it is, a name or an @ and a name */
    uint16_t port;
    char path[probe_path_limit + 1]; /* of the request, with its query; begins with a slash */
} probe_target;

/* "8081", ":8081", "host:8081", "http://host:8081/path?query", "/run/orders.sock",
 * "unix:/run/orders.sock". The path is /health/ unless it is said. Returns NULL, or what is wrong
 * with it; then the target is untouched. */
const char *probe_target_parse(probe_target *to, const char *text);

/* Set the path and query of the request; as above. */
const char *probe_target_set_path(probe_target *to, const char *path);

/* Add "checks=a%2Cb" to the query. False: there is no room. */
bool probe_target_add(probe_target *to, const char *name, const char *value);

#endif
