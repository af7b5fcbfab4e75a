/* The port of OTLP/gRPC: sockets, driven by the caller's loop. */
#ifndef IMPACT_CLI_VIEW_GRPC_SERVER_H
#define IMPACT_CLI_VIEW_GRPC_SERVER_H

#include "store.h"

typedef struct view_grpc_server view_grpc_server;

/* `listening` is a socket that listens and does not block; it is taken. NULL: it cannot be
 * started. */
view_grpc_server *view_grpc_server_open(view_store *store, int listening);
void view_grpc_server_close(view_grpc_server *server); /* accepts NULL */

/* What to wait for: until it can be read, or so many milliseconds (-1: for ever) have passed. Then
 * run. */
int view_grpc_server_descriptor(const view_grpc_server *server);
int view_grpc_server_timeout_ms(const view_grpc_server *server);
void view_grpc_server_run(view_grpc_server *server);

#endif
