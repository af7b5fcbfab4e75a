/* A fact that holds whatever the input. */
#ifndef IMPACT_FUZZ_MUST_H
#define IMPACT_FUZZ_MUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <impact/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool fact)
{
    if (!fact)
        abort();
}

/* What was read lies in what was given. */
static inline void must_lie_in(impact_text part, const uint8_t *data, size_t size)
{
    const char *start = (const char *)data;
    must(part.size <= size);
    must(!part.size || (part.data >= start && part.data + part.size <= start + size));
}

#endif
