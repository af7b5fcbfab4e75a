/* The spans of a transfer, and the header lines that it sends. */
#ifndef IMPACT_INSTRUMENT_CURL_TRANSFER_H
#define IMPACT_INSTRUMENT_CURL_TRANSFER_H

#include "instrument/curl/curl_handle.h"

/* A transfer is about to begin, in the current context: start the span of its first request and put
 * the lines in place. `multi` drives it; NULL: curl_easy_perform on this thread. Does nothing for
 * what is no HTTP request. None may be under way. */
void impact__transfer_begin(impact__curl_handle *handle, CURLM *multi);

/* The transfer is over, and that came of it: end the span of its last request, and give the handle
 * back what the application set. Nothing happens when none is under way. The handle may be
 * forgotten by this: one of which nothing else was known. */
void impact__transfer_end(impact__curl_handle *handle, CURLcode code);

/* The same, when the application takes the handle away before it asked what came of it. */
void impact__transfer_abandon(impact__curl_handle *handle);

#endif
