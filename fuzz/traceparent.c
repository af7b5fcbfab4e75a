/* traceparent: what is accepted is valid, and is written as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/propagation.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    const impact_span_context before = {.trace_flags = 0x5A};
    impact_span_context context = before;
    char written[IMPACT_TRACEPARENT_SIZE];
    if (!impact_traceparent_parse(&context, text)) {
        if (memcmp(&context, &before, sizeof context) != 0)
            abort(); /* untouched on failure */
        return 0;
    }
    if (!impact_span_context_is_valid(&context) || !context.is_remote || context.trace_flags > 3)
        abort();
    impact_traceparent_format(written, &context);
    if (size < 55 || memcmp(written + 2, text.data + 2, 51) != 0) /* all but version and flags */
        abort();
    impact_span_context again;
    if (!impact_traceparent_parse(&again, impact_text_of(written)) ||
        memcmp(&again.trace_id, &context.trace_id, sizeof again.trace_id) != 0 ||
        memcmp(&again.span_id, &context.span_id, sizeof again.span_id) != 0 ||
        again.trace_flags != context.trace_flags)
        abort();
    return 0;
}
