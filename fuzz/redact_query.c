/* Queries: what is redacted is as long as it was said to be, and has nothing more to hide. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "instrument/common/http_semconv.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

/* To be freed. */
static impact_text redact(impact_text query)
{
    const size_t size = impact__http_redact_query(NULL, 0, query);
    char *to = malloc(size ? size : 1);
    must(to != NULL);
    must(impact__http_redact_query(to, size, query) == size);
    return impact_text_from(to, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text once = redact(impact_text_from((const char *)data, size));
    const impact_text twice = redact(once);
    must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    char *cut = malloc(size / 2 ? size / 2 : 1);
    must(cut != NULL);
    (void)impact__http_redact_query(cut, size / 2, impact_text_from((const char *)data, size));
    must(size / 2 > once.size || memcmp(cut, once.data, size / 2) == 0);
    free(cut);
    free((char *)once.data);
    free((char *)twice.data);
    return 0;
}
