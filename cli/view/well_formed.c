/* Whether bytes are an ExportTraceServiceRequest.
 *
 * DESIGN: one walk, led by the table of messages. Those around the place that is looked at are a
 * stack, as nothing recurses on input.
 */
#include "well_formed.h"

#include <stddef.h>

#include "base/protobuf.h"
#include "export/otlp_schema.h"

typedef struct frame {
    const impact__otlp_message *of;
    impact_text rest;
} frame;

/* The message that a field holds; NULL: it holds none that is known. */
static const impact__otlp_message *message_in(const impact__otlp_message *of,
                                              const impact__field *field)
{
    if (field->wire_type != IMPACT__WIRE_LENGTH)
        return NULL;
    for (size_t i = 0; i < of->count; i++)
        if (of->fields[i].number == field->number)
            return of->fields[i].message;
    return NULL;
}

bool view_is_well_formed(impact_text request)
{
    frame frames[IMPACT__OTLP_DEPTH_LIMIT];
    size_t depth = 1;
    frames[0] = (frame){&impact__otlp_request, impact_text_from(request.data, request.size)};
    while (depth) {
        frame *in = &frames[depth - 1];
        impact__field field;
        if (!impact__read_field(&field, &in->rest)) {
            if (in->rest.size)
                return false;
            depth--;
            continue;
        }
        const impact__otlp_message *inner = message_in(in->of, &field);
        if (inner && depth < IMPACT__OTLP_DEPTH_LIMIT)
            frames[depth++] = (frame){inner, field.bytes};
    }
    return true;
}
