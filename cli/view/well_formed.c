/* Whether bytes are an ExportTraceServiceRequest.
 *
 * DESIGN: one walk, led by the table of messages. Those around the place that is looked at are a
 * stack, as nothing recurses on input.
 */
#include "well_formed.h"

#include "base/protobuf.h"

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

void view_check_begin(view_check *check, impact_text request)
{
    check->frames[0] = (view_check_frame){&impact__otlp_request, request};
    check->depth = 1;
}

/* A field, or the end of a message. False: it is none. */
static bool step(view_check *check)
{
    view_check_frame *in = &check->frames[check->depth - 1];
    impact__field field;
    if (!impact__read_field(&field, &in->rest)) {
        check->depth--;
        return !in->rest.size;
    }
    const impact__otlp_message *inner = message_in(in->of, &field);
    if (inner && check->depth < IMPACT__OTLP_DEPTH_LIMIT)
        check->frames[check->depth++] = (view_check_frame){inner, field.bytes};
    return true;
}

view_progress view_check_some(view_check *check, view_slice *slice)
{
    do {
        if (!check->depth)
            return view_is_done;
        if (!step(check))
            return view_has_failed;
    } while (!view_slice_is_over(slice));
    return view_goes_on;
}

bool view_is_well_formed(impact_text request)
{
    view_check check;
    view_check_begin(&check, request);
    return view_check_some(&check, &VIEW_WHOLE_SLICE) == view_is_done;
}
