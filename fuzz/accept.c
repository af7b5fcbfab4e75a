/* The header Accept: whether anything is acceptable does not depend on what is preferred, and what
 * is chosen is a format. */
#include "health/accept.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool fact)
{
    if (!fact)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text accept = impact_text_from((const char *)data, size);
    bool first_is_there = false;
    for (unsigned i = 0; i < IMPACT__FORMAT_COUNT; i++) {
        impact__format format = IMPACT__FORMAT_COUNT;
        const bool is_there = impact__accept_read(&format, accept, (impact__format)i);
        require(is_there == (format < IMPACT__FORMAT_COUNT));
        require(i == 0 || is_there == first_is_there);
        first_is_there = is_there;
    }
    return 0;
}
