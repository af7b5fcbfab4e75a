/* The SERVER span of a request (semantic conventions, http-spans "HTTP server"). */
#ifndef IMPACT_INSTRUMENT_MICROHTTPD_SERVER_SPAN_H
#define IMPACT_INSTRUMENT_MICROHTTPD_SERVER_SPAN_H

#include <microhttpd.h>

#include <impact/context.h>

#include "instrument/microhttpd/target.h"

/* Start the span of a request whose headers have been read, below the context that they carry.
 * `context` gets what the request is to be handled in: that context with the span; release it. */
impact_span *impact__server_span_start(const impact_context **context,
                                       struct MHD_Connection *connection, const char *method,
                                       const char *version, const impact__target *target);

/* After each call of the application's handler: a connection that has been upgraded, as to a
 * WebSocket, no longer tells the status that it was upgraded with. */
void impact__server_span_note_upgrade(impact_span *span, struct MHD_Connection *connection);

/* End it with the response's status code, or the reason why there is none. */
void impact__server_span_end(impact_span *span, struct MHD_Connection *connection,
                             enum MHD_RequestTerminationCode toe);

#endif
