/* What a libcurl handle is told of the settings: where to send, how, and with which headers. */
#ifndef IMPACT_EXPORT_OTLP_CURL_OPTIONS_H
#define IMPACT_EXPORT_OTLP_CURL_OPTIONS_H

#include <stdbool.h>

#include <curl/curl.h>

#include "export/otlp/otlp_environment.h"

/* Owned by the caller; NULL: no memory. */
struct curl_slist *otlp__curl_headers(const otlp__settings *settings);

/* `headers` are borrowed as long as the handle is used. False: libcurl cannot do it. */
bool otlp__curl_configure(CURL *easy, const otlp__settings *settings, struct curl_slist *headers);

/* A handle's CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t otlp__curl_open_socket(void *unused, curlsocktype purpose,
                                     struct curl_sockaddr *address);

/* To the backend, or to a proxy on the way. */
bool otlp__curl_speaks_tls(const otlp__settings *settings);

#endif
