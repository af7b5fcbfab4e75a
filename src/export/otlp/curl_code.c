/* How a transfer ended, by libcurl's word for it. */
#include "export/otlp/curl_code.h"

impact_status otlp__curl_status(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return IMPACT_OK;
    case CURLE_WRITE_ERROR: /* take_body found no memory */
    case CURLE_OUT_OF_MEMORY:
        return IMPACT_ENOMEM;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_OPERATION_TIMEDOUT:
        return IMPACT_ESYSTEM;
    default:
        return IMPACT_EEXPORT;
    }
}

bool otlp__curl_is_unreachable(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_CONNECT;
}
