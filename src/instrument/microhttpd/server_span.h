/* The SERVER span of a request to libmicrohttpd. */
#ifndef IMPACT_INSTRUMENT_MICROHTTPD_SERVER_SPAN_H
#define IMPACT_INSTRUMENT_MICROHTTPD_SERVER_SPAN_H

#include <microhttpd.h>

#include "instrument/common/request_span.h"
#include "instrument/microhttpd/target.h"

/* Start the span of a request whose headers have been read. */
void impact__server_span_start(impact__request_span *request, struct MHD_Connection *connection,
                               const char *method, const char *version,
                               const impact__target *target);

/* After each call of the application's handler: a connection that has been upgraded, as to a
 * WebSocket, no longer tells the status that it was upgraded with. */
void impact__server_span_note_upgrade(const impact__request_span *request,
                                      struct MHD_Connection *connection);

/* End it with the response's status code, or the reason why there is none. */
void impact__server_span_end(impact__request_span *request, struct MHD_Connection *connection,
                             enum MHD_RequestTerminationCode toe);

#endif
