/* Bodies of refusals: what is told is one line of UTF-8 within its limit, and an escaped character
 * of JSON is never more than four bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "export/otlp/json_reader.h"
#include "export/otlp/reason.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const otlp__reason *reason)
{
    const size_t size = strnlen(reason->text, sizeof reason->text);
    const impact_text text = impact_text_from(reason->text, size);
    if (size > OTLP__REASON_LIMIT || impact__utf8_valid_prefix(text) != size)
        abort();
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7F)
            abort();
    if (size && (text.data[0] == ' ' || text.data[size - 1] == ' ' || strstr(text.data, "  ")))
        abort();
}

static void check_member(impact_text document)
{
    impact_text inside;
    char character[4];
    if (!otlp__json_string_member(&inside, document, "message"))
        return;
    if (inside.data < document.data || inside.data + inside.size > document.data + document.size)
        abort();
    for (size_t before = inside.size, size; (size = otlp__json_next_character(character, &inside));
         before = inside.size)
        if (size > sizeof character || inside.size >= before)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text body = impact_text_from((const char *)data, size);
    const otlp__reason of_text = otlp__reason_of_text(body);
    const otlp__reason of_body = otlp__reason_of_body(body);
    check(&of_text);
    check(&of_body);
    check_member(body);
    return 0;
}
