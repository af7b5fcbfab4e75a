/* Authorities: what is read lies in the text, and is what a text made of it is read as. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/authority.h"
#include "base/text.h"

enum { input_limit = 256 };

static void must(bool fact)
{
    if (!fact)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    const impact__authority read = impact__authority_of(text);
    must(read.port >= -1 && read.port <= UINT16_MAX);
    must(read.host.size <= size);
    must(!read.host.size ||
         (read.host.data >= text.data && read.host.data + read.host.size <= text.data + size));
    if (!read.is_whole || size > input_limit)
        return 0;
    char again[input_limit + 16];
    int written = snprintf(again, sizeof again, "%s", read.is_bracketed ? "[" : "");
    for (size_t i = 0; i < read.host.size; i++)
        again[written++] = read.host.data[i];
    if (read.is_bracketed)
        again[written++] = ']';
    if (read.port >= 0)
        written += snprintf(again + written, 8, ":%d", (int)read.port);
    const impact__authority second = impact__authority_of(impact_text_from(again, (size_t)written));
    must(second.is_whole && second.port == read.port && impact__text_equal(second.host, read.host));
    return 0;
}
