/* A CURLcode as a word for error.type. */
#ifndef IMPACT_INSTRUMENT_CURL_ERROR_WORD_H
#define IMPACT_INSTRUMENT_CURL_ERROR_WORD_H

#include <curl/curl.h>

/* Its name without CURLE_ in lower case: "couldnt_connect". "_OTHER" for those that no HTTP
 * transfer ends with. Borrowed, static. */
const char *impact__curl_error_word(CURLcode code);

#endif
