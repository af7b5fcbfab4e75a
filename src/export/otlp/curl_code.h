/* How a transfer ended, by libcurl's word for it. */
#ifndef IMPACT_EXPORT_OTLP_CURL_CODE_H
#define IMPACT_EXPORT_OTLP_CURL_CODE_H

#include <stdbool.h>

#include <curl/curl.h>

#include <impact/status.h>

/* IMPACT_OK: there was an answer. IMPACT_ESYSTEM: the connection failed, and another try may do
 * better. IMPACT_ENOMEM, IMPACT_EEXPORT: it would not. */
impact_status otlp__curl_status(CURLcode code);

/* Nobody was there: no name, or no connection. */
bool otlp__curl_is_unreachable(CURLcode code);

#endif
