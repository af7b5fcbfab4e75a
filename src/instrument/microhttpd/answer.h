/* impact's own requests and responses over a libmicrohttpd connection. */
#ifndef IMPACT_INSTRUMENT_MICROHTTPD_ANSWER_H
#define IMPACT_INSTRUMENT_MICROHTTPD_ANSWER_H

#include <microhttpd.h>

#include <impact/http.h>

#include "instrument/microhttpd/target.h"

enum { impact__body_limit = 1 << 20 }; /* bytes of a request's body that are read and thrown away */

/* The request as handlers take it; it borrows all three. */
impact_http_request impact__answer_request(struct MHD_Connection *connection, const char *method,
                                           const impact__target *target);

/* Queue a response; its body is copied. MHD_NO: no memory, and the connection ends. */
enum MHD_Result impact__answer_queue(struct MHD_Connection *connection,
                                     const impact_http_response *response);

#endif
