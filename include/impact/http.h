/* A request and its answer, without a server: what a host glues to the functions that answer. */
#ifndef IMPACT_HTTP_H
#define IMPACT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/allocator.h>
#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything is borrowed for the call. `path` and `query` are as they came, still percent-encoded;
 * `query` is without its question mark. */
typedef struct impact_http_request {
    size_t size;
    impact_text method;
    impact_text path;
    impact_text query;
    /* The value of header `name` (lower case; compare without case), empty when absent; may be
     * NULL. */
    impact_text (*header)(void *carrier, const char *name);
    void *carrier;
} impact_http_request;

typedef struct impact_http_header {
    const char *name;  /* borrowed, static */
    const char *value; /* borrowed from the response */
} impact_http_header;

#define IMPACT_HTTP_HEADER_LIMIT 8

/* An answer. A HEAD request's has an empty body and the headers of the GET, Content-Length apart.
 * Its size is set by the caller, before it is filled. */
typedef struct impact_http_response {
    size_t size;
    int status;
    impact_http_header headers[IMPACT_HTTP_HEADER_LIMIT];
    size_t header_count;
    impact_text body;                  /* owned by the response */
    void *memory;                      /* what clear gives back */
    const impact_allocator *allocator; /* through this door */
} impact_http_response;

/* An empty answer, to be filled. */
#define IMPACT_HTTP_RESPONSE ((impact_http_response){.size = sizeof(impact_http_response)})

/* Give back what the response owns; it may be filled again. It may be all zero; NULL is
 * accepted. */
IMPACT_API void impact_http_response_clear(impact_http_response *response);

/* Answers one request. True: `response` is filled, and cleared by the caller. False: the path is
 * not this handler's, and `response` is untouched. */
typedef bool (*impact_http_handler_fn)(void *userdata, const impact_http_request *request,
                                       impact_http_response *response);

#ifdef __cplusplus
}
#endif

#endif
