/* What ulfius says of a request, as both its answers and its spans need it. */
#ifndef IMPACT_INSTRUMENT_ULFIUS_ULFIUS_REQUEST_H
#define IMPACT_INSTRUMENT_ULFIUS_ULFIUS_REQUEST_H

#include <ulfius.h>

#include "instrument/common/request_headers.h"

impact__request_headers impact__ulfius_headers(const struct _u_request *request);

#endif
