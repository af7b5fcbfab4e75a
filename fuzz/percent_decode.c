/* Percent-decoding: whatever comes, what is written fits, and text without signs stays as it is. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    char *to = malloc(size + !size); /* no byte more than promised */
    if (!to)
        return 0;
    for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
        size_t written = 0;
        const bool done = impact__percent_decode(to, &written, text, plus_is_space);
        const bool has_sign = size && memchr(data, '%', size);
        if (written > size || (!has_sign && (!done || written != size)))
            abort();
    }
    free(to);
    return 0;
}
