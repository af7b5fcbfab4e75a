/* HTTP/2 on the health port: what the library and the plugin that speaks it (impact_plugin_http2)
 * ask of each other. For plugins; programs need nothing of this. */
#ifndef IMPACT_HTTP2_H
#define IMPACT_HTTP2_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/health.h>
#include <impact/http.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_http2_session impact_http2_session; /* one connection */

/* Who answers. Borrowed, and fixed, for the life of a session. */
typedef struct impact_http2_host {
    size_t size;
    void *service;    /* of begin */
    void *connection; /* of done */

    /* As impact_health_begin_answer, with the request's body, borrowed for the call. The ticket is
     * done, finished and abandoned by impact_health_is_done and its like. */
    impact_status (*begin)(void *service, impact_health_ticket **ticket,
                           const impact_http_request *request, impact_text body);

    /* A ticket is done: for impact_health_notify. On any thread. */
    impact_health_done_fn done;
} impact_http2_host;

/* How a session is driven, by one thread. A header of a response whose name begins with "grpc-" is
 * sent behind its body. */
typedef struct impact_http2 {
    size_t size;
    impact_status (*open)(impact_http2_session **session, const impact_http2_host *host);

    /* Read what has come, the client's preface included. False: it is no HTTP/2, and the connection
     * ends when what is to be sent was sent. */
    bool (*receive)(impact_http2_session *session, impact_text bytes);

    /* Answer the requests whose tickets are done. Returns how many still wait for one, or for the
     * next message: a response of gRPC that has no grpc-status is one of a stream. */
    size_t (*answer)(impact_http2_session *session);

    /* The next bytes to be sent, borrowed until the next call; empty: none now. */
    impact_text (*next)(impact_http2_session *session);

    /* Nothing more will be read or sent. */
    bool (*is_over)(impact_http2_session *session);

    /* Abandons the tickets. NULL is accepted. */
    void (*close)(impact_http2_session *session);

    /* Begin anew whatever has had a message of a stream, and send what is another. */
    void (*ask_again)(impact_http2_session *session);

    /* Have the client show that it is there. */
    void (*ping)(impact_http2_session *session);

    /* The client has something to do, when all of `next` was sent: to take what does not fit into
     * its window, or to answer a ping. */
    bool (*owes)(impact_http2_session *session);

    /* Ask a last time for what goes on, and say that the connection ends. */
    void (*end)(impact_http2_session *session);
} impact_http2;

#ifdef __cplusplus
}
#endif

#endif
