/* POST /v1/traces (protocol/otlp "OTLP/HTTP"). */
#ifndef IMPACT_CLI_VIEW_RECEIVE_H
#define IMPACT_CLI_VIEW_RECEIVE_H

#include "answer.h"

/* Into an empty response. */
void view_receive(view_response *response, view_store *store, const view_request *request);

#endif
