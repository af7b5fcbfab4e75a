/* libcurl's wake-up sockets, kept from programs that the host starts. */
#ifndef IMPACT_EXPORT_OTLP_WAKEUP_H
#define IMPACT_EXPORT_OTLP_WAKEUP_H

#include <curl/curl.h>

/* As curl_multi_init, and nothing that it opened is inherited over execve. */
CURLM *otlp__multi_open(void);

#endif
