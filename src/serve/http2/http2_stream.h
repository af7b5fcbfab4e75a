/* A stream of HTTP/2: one request and its answer. */
#ifndef IMPACT_SERVE_HTTP2_HTTP2_STREAM_H
#define IMPACT_SERVE_HTTP2_HTTP2_STREAM_H

#include <stdint.h>

#include <impact/http2.h>

#include "base/buffer.h"

typedef struct http2__stream http2__stream;
struct http2__stream {
    int32_t id;
    http2__stream *next; /* of its session */
    impact__buffer head; /* names and values, each with its NUL */
    impact__buffer body;
    int refusal; /* the status that answers what is too long; 0: it is not */
    bool is_head;
    impact_health_ticket *ticket;  /* while the checks run */
    impact_http_response response; /* owned; of a stream of messages the last one */
    size_t sent;                   /* of its body */
    bool has_begun;                /* the response is on its way */
    bool is_due;                   /* it is to be asked again when it can be */
};

/* NULL: no memory. */
http2__stream *http2__stream_open(int32_t id);
void http2__stream_close(http2__stream *stream);

/* Keep a field or a piece of the body; what is too long is refused. */
void http2__stream_add_field(http2__stream *stream, impact_text name, impact_text value);
void http2__stream_add_body(http2__stream *stream, impact_text piece);

/* The request is whole: begin to answer it. True: the response is there; false: its ticket
 * waits. */
bool http2__stream_begin(http2__stream *stream, const impact_http2_host *host);

/* Whether its ticket is done by now, and the response there; of a stream of messages, whether that
 * is another than the last. */
bool http2__stream_look(http2__stream *stream);

/* Its response is a message behind which others may come. */
bool http2__stream_goes_on(const http2__stream *stream);

/* It goes on: ask for the next message. True: it is there, and another. What cannot be asked now,
 * for the client has not taken the last one or the checks run, becomes due. */
bool http2__stream_ask_again(http2__stream *stream, const impact_http2_host *host);

/* The client has not taken all of its body. */
bool http2__stream_is_stuck(const http2__stream *stream);

#endif
