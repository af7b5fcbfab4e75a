/* POST /v1/traces (protocol/otlp "OTLP/HTTP"), received piece by piece. */
#ifndef IMPACT_CLI_VIEW_RECEIVE_H
#define IMPACT_CLI_VIEW_RECEIVE_H

#include "answer.h"
#include "inflate.h"
#include "ingest.h"
#include "json_request.h"

/* What is done with the bytes now. */
typedef enum view_reception_step {
    view_reception_inflates,
    view_reception_reads, /* JSON */
    view_reception_ingests,
    view_reception_is_over,
} view_reception_step;

typedef struct view_reception {
    view_store *store;
    view_reception_step step;
    view_response response; /* when it is over */
    view_inflation inflation;
    view_json_reader reader;
    impact__buffer message; /* that was in JSON */
    view_ingestion ingestion;
} view_reception;

/* The request's body is borrowed until the end, the rest for the call. */
void view_receive_begin(view_reception *reception, view_store *store, const view_request *request);

/* True: it is over. What has come into the store until then is seen before that. */
bool view_receive_some(view_reception *reception, view_slice *slice);

/* Also before it is over; what has come into the store stays. Accepts one that was never begun. */
void view_receive_end(view_reception *reception);

#endif
