/* Zipkin's list of spans, from a request of OTLP. */
#include "export/zipkin/zipkin_json.h"

#include <assert.h>
#include <stdint.h>

#include "base/protobuf.h"
#include "base/text.h"
#include "export/zipkin/zipkin_span.h"

/* trace_service.proto, trace.proto */
enum {
    request_resource_spans = 1,
    resource_spans_resource = 1,
    resource_spans_scope_spans = 2,
    scope_spans_scope = 1,
    scope_spans_spans = 2,
};

typedef struct list {
    impact__outline outline;
    impact__buffer scratch;
    zipkin__origin origin; /* of the spans that are written */
} list;

typedef bool take_fn(void *context, impact_text message);

/* Hand each message of that number to `take`. False: something is malformed. */
static bool each(impact_text message, uint32_t number, take_fn *take, void *context)
{
    impact__field field;
    while (impact__read_field(&field, &message))
        if (field.number == number && field.wire_type == IMPACT__WIRE_LENGTH &&
            !take(context, field.bytes))
            return false;
    return message.size == 0;
}

static bool keep(void *place, impact_text message)
{
    *(impact_text *)place = message;
    return true;
}

static bool take_span(void *context, impact_text message)
{
    list *to = context;
    impact_span_view span;
    if (!impact_span_view_parse(&span, message))
        return false;
    impact__outline_item(&to->outline);
    zipkin__span_write(&to->outline, &to->scratch, &to->origin, &span);
    return true;
}

static bool take_scope_spans(void *context, impact_text message)
{
    list *to = context;
    impact_text scope = {NULL, 0};
    return each(message, scope_spans_scope, keep, &scope) &&
           impact_scope_view_parse(&to->origin.scope, scope) &&
           each(message, scope_spans_spans, take_span, to);
}

/* Our own resources always have one (trace/sdk_exporters/zipkin "Service name"). */
static impact_text service_name_of(impact_message_walk resource)
{
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&resource, &key, &value))
        if (impact__text_equal_string(key, "service.name") && value.type == IMPACT_VALUE_STRING)
            return value.string;
    return impact_text_of("unknown_service");
}

static bool take_resource_spans(void *context, impact_text message)
{
    list *to = context;
    impact_text resource = {NULL, 0};
    if (!each(message, resource_spans_resource, keep, &resource) ||
        !impact_resource_view_parse(&to->origin.resource, resource))
        return false;
    to->origin.service_name = service_name_of(to->origin.resource);
    return each(message, resource_spans_scope_spans, take_scope_spans, to);
}

bool zipkin__json_append(impact__buffer *buffer, impact_text request)
{
    assert(request.data || request.size == 0);
    const size_t size = buffer->size;
    list to = {
        .outline = {.buffer = buffer, .is_empty = true, .is_one_line = true},
        .scratch = IMPACT__BUFFER(buffer->allocator),
    };
    impact__outline_open(&to.outline, '[');
    const bool is_made = each(request, request_resource_spans, take_resource_spans, &to);
    impact__outline_close(&to.outline, ']');
    impact__buffer_close(&to.scratch);
    if (!is_made)
        buffer->size = size;
    return is_made;
}
