/* An answer as libcurl brings it, and what the end of its transfer makes of it. */
#ifndef IMPACT_EXPORT_OTLP_RECEPTION_H
#define IMPACT_EXPORT_OTLP_RECEPTION_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include <impact/status.h>

#include "base/buffer.h"
#include "export/otlp/otlp_answer.h"
#include "export/otlp/otlp_environment.h"

typedef struct otlp__reception {
    const otlp__settings *settings; /* borrowed */
    size_t header_size;             /* as far as it is here */
    impact__buffer body;
    char error[CURL_ERROR_SIZE]; /* libcurl's words */
    otlp__answer answer;         /* of which body and error may be the two above */
} otlp__reception;

void otlp__reception_open(otlp__reception *received, const otlp__settings *settings);
void otlp__reception_close(otlp__reception *received);

/* Have a handle's transfers received here. False: there is no memory. */
bool otlp__reception_configure(otlp__reception *received, CURL *easy);

/* Before each post: nothing is here. */
void otlp__reception_begin(otlp__reception *received);

/* The transfer has ended like that. IMPACT_OK: `answer` is one. Else as otlp__curl_status. */
impact_status otlp__reception_end(otlp__reception *received, CURL *easy, CURLcode code,
                                  size_t request_size);

#endif
