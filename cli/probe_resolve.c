/* Addresses that need no resolver. */
#include "probe_resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool visit_v4(const char *host, uint16_t port, probe_address_fn visit, void *userdata)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        return false;
    (void)visit(userdata, (const struct sockaddr *)&v4, sizeof v4); /* there is no other */
    return true;
}

static bool visit_v6(const char *host, uint16_t port, probe_address_fn visit, void *userdata)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
        return false;
    (void)visit(userdata, (const struct sockaddr *)&v6, sizeof v6); /* as above */
    return true;
}

static void visit_localhost(uint16_t port, probe_address_fn visit, void *userdata)
{
    const struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (!visit(userdata, (const struct sockaddr *)&v4, sizeof v4))
        (void)visit(userdata, (const struct sockaddr *)&v6, sizeof v6); /* there is no other */
}

bool probe_resolve_literal(const char *host, uint16_t port, probe_address_fn visit, void *userdata)
{
    if (strcmp(host, "localhost") == 0) {
        visit_localhost(port, visit, userdata);
        return true;
    }
    return visit_v4(host, port, visit, userdata) || visit_v6(host, port, visit, userdata);
}
