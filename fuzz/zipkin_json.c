/* Any bytes as Zipkin's JSON: a document that a strict reader takes, in UTF-8, on one line; or
 * nothing at all. */
#include "export/zipkin/zipkin_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "export/otlp/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reader takes objects. */
static void check_document(impact__buffer *page)
{
    impact__buffer whole = IMPACT__BUFFER(NULL);
    impact__buffer_append_string(&whole, "{\"spans\": ");
    impact__buffer_append_text(&whole, impact__buffer_text(page));
    impact__buffer_append_char(&whole, '}');
    const impact_text text = impact__buffer_text(&whole);
    if (whole.has_failed || impact__utf8_valid_prefix(text) != text.size ||
        memchr(text.data, '\n', text.size) || !otlp__json_is_object(text))
        abort();
    impact__buffer_close(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer page = IMPACT__BUFFER(NULL);
    if (zipkin__json_append(&page, impact_text_from((const char *)data, size)))
        check_document(&page);
    else if (page.size)
        abort();
    impact__buffer_close(&page);
    return 0;
}
