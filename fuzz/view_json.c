/* Any text as OTLP in JSON: what is read is a message that is well-formed, and says the same when
 * it is written and read once more. */
#include "json_request.h"

#include <string.h>

#include "export/otlp_json.h"
#include "must.h"
#include "well_formed.h"

/* A step at a time it is the same. */
static void check_steps(impact_text document, bool is_read, const impact__buffer *message)
{
    static view_json_reader reader;
    impact__buffer steps = IMPACT__BUFFER(NULL);
    view_slice slice = view_slice_of(0);
    view_progress progress = view_goes_on;
    view_json_begin(&reader, &steps, document);
    while (progress == view_goes_on)
        progress = view_json_some(&reader, &slice);
    must((progress == view_is_done) == is_read);
    must(!is_read || (steps.size == message->size &&
                      (!steps.size || memcmp(steps.data, message->data, steps.size) == 0)));
    impact__buffer_close(&steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer message = IMPACT__BUFFER(NULL);
    impact__buffer text = IMPACT__BUFFER(NULL);
    impact__buffer again = IMPACT__BUFFER(NULL);
    const impact_text document = impact_text_from((const char *)data, size);
    const bool is_read = view_json_request(&message, document);
    check_steps(document, is_read, &message);
    if (is_read) {
        impact__buffer_append_char(&text, ' ');
        must(view_is_well_formed(impact__buffer_text(&message)));
        must(impact__otlp_json_append(&text, impact__buffer_text(&message)));
        must(view_json_request(&again, impact__buffer_text(&text)));
        impact__buffer_clear(&message);
        impact__buffer_append_char(&message, ' ');
        must(impact__otlp_json_append(&message, impact__buffer_text(&again)));
        must(message.size == text.size && memcmp(message.data, text.data, text.size) == 0);
    }
    impact__buffer_close(&message);
    impact__buffer_close(&text);
    impact__buffer_close(&again);
    return 0;
}
