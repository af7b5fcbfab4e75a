/* Answers of a backend. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "export/otlp/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *begin = (const char *)data;
    otlp__response response;
    if (!otlp__response_parse(&response, impact_text_from(begin, size)))
        return 0;
    const impact_text message = response.error_message;
    if (response.rejected_spans > INT64_MAX)
        abort();
    if (message.size && (message.data < begin || message.data + message.size > begin + size))
        abort();
    return 0;
}
