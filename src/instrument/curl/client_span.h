/* The CLIENT span of a transfer (semantic conventions, http-spans "HTTP client"). */
#ifndef IMPACT_INSTRUMENT_CURL_CLIENT_SPAN_H
#define IMPACT_INSTRUMENT_CURL_CLIENT_SPAN_H

#include <stdbool.h>

#include <curl/curl.h>

#include <impact/span.h>

/* The URL is of http or https; one without a scheme counts, as libcurl guesses http for most. */
bool impact__client_span_is_for(const char *url);

/* Start the span of a transfer that is about to be performed, with what `url` tells as it is asked for
 * (NULL: not known). */
impact_span *impact__client_span_start(const char *url);

/* Describe it from the handle, and end it. `url` is that of the start. */
void impact__client_span_end(impact_span *span, CURL *easy, const char *url, CURLcode code);

#endif
