/* A TLS connection for checks that speak something else than HTTP. */
#ifndef IMPACT_INSTRUMENT_CURL_TLS_STREAM_H
#define IMPACT_INSTRUMENT_CURL_TLS_STREAM_H

#include <impact/tls.h>

extern const impact_tls impact__curl_tls;

#endif
