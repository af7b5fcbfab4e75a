/* UTF-8: what is repaired is valid, as long as foretold, and repaired no further. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    const size_t valid = impact__utf8_valid_prefix(text);
    const size_t repaired_size = impact__utf8_repaired_size(text);
    char *to = malloc(repaired_size + !repaired_size);
    if (!to)
        return 0;
    impact__utf8_repair(to, text);
    const impact_text repaired = impact_text_from(to, repaired_size);
    if (valid > size || (valid == size) != (repaired_size == size)) /* a repair adds two bytes */
        abort();
    if (impact__utf8_valid_prefix(repaired) != repaired_size)
        abort();
    for (size_t limit = 0; limit < 4; limit++) {
        const size_t prefix = impact__utf8_prefix_of_characters(repaired, limit);
        if (prefix > repaired_size || prefix > 4 * limit ||
            impact__utf8_valid_prefix(impact_text_from(to, prefix)) != prefix)
            abort();
    }
    free(to);
    return 0;
}
