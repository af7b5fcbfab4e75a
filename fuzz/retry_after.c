/* Values of Retry-After. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "export/otlp/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t year_ms = 366 * UINT64_C(86400) * 1000;
    uint64_t wait_ms = 0;
    const bool is_read = otlp__retry_after_parse(
        &wait_ms, impact_text_from((const char *)data, size), INT64_C(1700000000));
    if (is_read && (wait_ms > year_ms || size == 0))
        abort();
    return 0;
}
