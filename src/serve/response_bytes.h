/* A response as it travels. */
#ifndef IMPACT_SERVE_RESPONSE_BYTES_H
#define IMPACT_SERVE_RESPONSE_BYTES_H

#include <stdbool.h>
#include <time.h>

#include <impact/http.h>

#include "base/buffer.h"

/* Append head and body. To a HEAD goes the length of the body, and no body. `now`: of the Date. */
void impact__response_append(impact__buffer *to, const impact_http_response *response, bool is_head,
                             bool keeps_alive, time_t now);

/* The body that goes with a request which is refused, in JSON. */
const char *impact__response_refusal(int status);

#endif
