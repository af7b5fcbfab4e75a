/* The server that requests go to, as metrics name it (semantic conventions, "server.address"). */
#ifndef IMPACT_EXPORT_OTLP_SERVER_H
#define IMPACT_EXPORT_OTLP_SERVER_H

#include <stdint.h>

#include "export/otlp/otlp_endpoint.h"

enum { otlp__server_address_size = 256 };

/* The host without a user and brackets, and the port that is meant; or the path of a socket, and 0.
 * An address that is longer is empty: a part of one would be another's. */
typedef struct otlp__server {
    char address[otlp__server_address_size];
    uint32_t port;
} otlp__server;

otlp__server otlp__server_of(const otlp__endpoint *endpoint);

#endif
