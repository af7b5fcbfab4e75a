/* The HTTP port: libmicrohttpd, driven by the caller's loop. */
#ifndef IMPACT_CLI_VIEW_SERVER_H
#define IMPACT_CLI_VIEW_SERVER_H

#include "store.h"

typedef struct view_server view_server;

/* In PEM, of NUL-terminated text; NULL: there is no TLS. */
typedef struct view_tls {
    const char *certificate;
    const char *key;
} view_tls;

/* `listening` is a socket that listens; it is taken. NULL: it cannot be started, or certificate and
 * key are none. */
view_server *view_server_open(view_store *store, int listening, bool is_local, const view_tls *tls);
void view_server_close(view_server *server); /* accepts NULL */

/* What to wait for: until it can be read, or so many milliseconds (-1: for ever) have passed. Then
 * run. */
int view_server_descriptor(const view_server *server);
int view_server_timeout_ms(const view_server *server);
void view_server_run(view_server *server);

#endif
