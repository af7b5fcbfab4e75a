/* Any bytes as a span in JSON: text that is UTF-8, and whose brackets outside of strings match. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "export/span_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_brackets(impact_text text)
{
    long depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth < 0)
            abort();
    }
    if (depth != 0 || in_string)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text input = impact_text_from((const char *)data, size);
    impact__buffer page = IMPACT__BUFFER(NULL);
    if (impact__span_json_append(&page, input, input)) {
        const impact_text text = impact__buffer_text(&page);
        if (impact__utf8_valid_prefix(text) != text.size)
            abort();
        check_brackets(text);
    }
    impact__buffer_close(&page);
    return 0;
}
