/* The method of a handle's next request. */
#ifndef IMPACT_INSTRUMENT_CURL_REQUEST_METHOD_H
#define IMPACT_INSTRUMENT_CURL_REQUEST_METHOD_H

#include <stdbool.h>

#include <curl/curl.h>

/* Zero is a new handle's. */
typedef struct impact__request_method {
    const char *word; /* static; NULL: GET */
    bool has_no_body; /* HEAD, whatever the word is */
    bool is_custom;   /* libcurl has a copy of it, and tells it at any time */
} impact__request_method;

/* An option was set, to a value other than 0 and NULL or not. False: it chooses no method. */
bool impact__request_method_follow(impact__request_method *method, CURLoption option, bool is_set);

/* Borrowed from the handle, or static. */
const char *impact__request_method_of(const impact__request_method *method, CURL *easy);

#endif
