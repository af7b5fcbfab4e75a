/* One connection of OTLP/gRPC: bytes in, bytes out (HTTP/2 by libnghttp2; no socket is known here).
 */
#ifndef IMPACT_CLI_VIEW_GRPC_SESSION_H
#define IMPACT_CLI_VIEW_GRPC_SESSION_H

#include <stdbool.h>

#include "work.h"

/* What all connections have together. */
typedef struct view_grpc {
    view_store *store;
    size_t bodies_size;
    view_work work;   /* whoever has this runs it */
    bool has_answers; /* that came of it: sessions have something to send */
} view_grpc;

typedef struct view_grpc_session view_grpc_session;

/* NULL: no memory. */
view_grpc_session *view_grpc_session_open(view_grpc *grpc);
void view_grpc_session_close(view_grpc_session *session); /* accepts NULL */

/* False: it is no HTTP/2 any more. */
bool view_grpc_session_receive(view_grpc_session *session, impact_text bytes);

/* What is to be sent next; borrowed until the next call. Empty: nothing now. */
impact_text view_grpc_session_send(view_grpc_session *session);

/* Nothing is to be sent or received any more. */
bool view_grpc_session_is_over(const view_grpc_session *session);

#endif
