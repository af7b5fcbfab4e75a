/* What every answer has: a status, headers that keep it from caches, and a body. */
#ifndef IMPACT_HEALTH_REPLY_H
#define IMPACT_HEALTH_REPLY_H

#include <impact/http.h>

#include "base/buffer.h"

/* Begin an answer. No answer of any code may be kept by a cache: the next one can differ. */
void impact__reply_begin(impact_http_response *response, int status);

/* Both are borrowed for the life of the response. */
void impact__reply_add_header(impact_http_response *response, const char *name, const char *value);

/* A body that is static. */
void impact__reply_constant(impact_http_response *response, int status, const char *content_type,
                            const char *body);

/* As JSON. */
void impact__reply_error(impact_http_response *response, int status, const char *body);

/* A body that was written: gives the buffer's memory to the response. With the name of the service
 * that answers, for a checker whose address may be another service's by now; NULL: it has none. */
void impact__reply_buffer(impact_http_response *response, int status, const char *content_type,
                          impact__buffer *buffer, const char *service_id);

/* Forbid a page to load anything, to be shown in another one's frame, and to tell where it was
 * found: that may have the secret in it. */
void impact__reply_page(impact_http_response *response);

/* Say which methods there are. */
void impact__reply_allow(impact_http_response *response);

#endif
