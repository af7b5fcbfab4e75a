/* Any bytes as OTLP in JSON: a document that a strict reader takes, in UTF-8, on one line; or
 * nothing at all. */
#include "export/otlp_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "export/otlp/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_document(impact_text text)
{
    if (impact__utf8_valid_prefix(text) != text.size || memchr(text.data, '\n', text.size))
        abort();
    /* The reader goes less deep than the writer. */
    if (!otlp__json_is_object(text) && !strstr(text.data, "kvlistValue") &&
        !strstr(text.data, "arrayValue"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer page = IMPACT__BUFFER(NULL);
    if (impact__otlp_json_append(&page, impact_text_from((const char *)data, size))) {
        impact__buffer_append_char(&page, 0);
        check_document(impact_text_from(page.data, page.size - 1));
    } else if (page.size) {
        abort();
    }
    impact__buffer_close(&page);
    return 0;
}
