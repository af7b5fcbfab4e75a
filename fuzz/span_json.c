/* Any bytes as a span in JSON: UTF-8, and a document that a strict reader takes, with the span's
 * name in it. That Python's reader takes it too is in tests/integration/test_json.py. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/span_view.h>

#include "base/text.h"
#include "export/otlp/json_reader.h"
#include "export/span_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What `inside` stands for is `text`, ill-formed bytes replaced. */
static bool says(impact_text inside, impact_text text)
{
    const size_t size = impact__utf8_repaired_size(text);
    char *repaired = malloc(size + 1);
    char character[4];
    size_t read = 0;
    bool is_same = true;
    if (!repaired)
        return true;
    impact__utf8_repair(repaired, text);
    for (size_t step; is_same && (step = otlp__json_next_character(character, &inside));
         read += step)
        is_same = read + step <= size && memcmp(repaired + read, character, step) == 0;
    free(repaired);
    return is_same && read == size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text input = impact_text_from((const char *)data, size);
    impact__buffer page = IMPACT__BUFFER(NULL);
    impact_span_view view;
    impact_text name;
    if (impact__span_json_append(&page, input, input)) {
        const impact_text text = impact__buffer_text(&page);
        if (impact__utf8_valid_prefix(text) != text.size)
            abort();
        if (!otlp__json_string_member(&name, text, "name"))
            abort(); /* it reads the document to its end */
        if (!impact_span_view_parse(&view, input) || !says(name, view.name))
            abort();
    }
    impact__buffer_close(&page);
    return 0;
}
