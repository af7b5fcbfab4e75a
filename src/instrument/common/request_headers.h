/* A request's headers, as any server has them: the one reader, and a carrier for propagators. */
#ifndef IMPACT_INSTRUMENT_COMMON_REQUEST_HEADERS_H
#define IMPACT_INSTRUMENT_COMMON_REQUEST_HEADERS_H

#include <stdbool.h>

#include <impact/propagation.h>

/* One header. False: no more. */
typedef bool (*impact__header_visit_fn)(void *userdata, impact_text name, impact_text value);

/* A server's own way to show them all, in their order; texts are borrowed from the request. */
typedef struct impact__request_headers {
    void (*walk)(const void *request, impact__header_visit_fn visit, void *userdata);
    const void *request;
} impact__request_headers;

/* The first of this name, in whatever case; empty: there is none. */
impact_text impact__request_header(const impact__request_headers *headers, const char *name);

/* For a carrier that is an impact__request_headers. */
extern const impact_carrier_getter impact__request_headers_getter;

#endif
