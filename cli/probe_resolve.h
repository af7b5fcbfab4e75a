/* From a host's name to its addresses. */
#ifndef IMPACT_CLI_PROBE_RESOLVE_H
#define IMPACT_CLI_PROBE_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Called for each address until it returns true. */
typedef bool (*probe_address_fn)(void *userdata, const struct sockaddr *address, socklen_t size);

/* Numbers, and "localhost", which is this machine whatever a resolver says (RFC 6761 6.3). False:
 * it is neither. */
bool probe_resolve_literal(const char *host, uint16_t port, probe_address_fn visit, void *userdata);

/* A name, by the system's resolver; the static program has none. Returns NULL, or what went
 * wrong. */
const char *probe_resolve_name(const char *host, uint16_t port, probe_address_fn visit,
                               void *userdata);

#endif
