/* Finished spans, read: the decoder of opentelemetry.proto.trace.v1 and common.v1.
 *
 * DESIGN: a message is read in one pass that keeps its scalars; of its repeated fields only the
 * place is kept, and a walk finds them one by one. So nothing is allocated, nothing recurses, and
 * each byte is looked at a fixed number of times, whatever the bytes are. A known field number with
 * another wire type is an unknown field, as protobuf.dev "Updating A Message Type" has it.
 */
#include <impact/span_view.h>

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/protobuf.h"

/* trace.proto: Span.flags, SpanFlags */
enum {
    flags_trace_mask = 0xFF,
    flags_has_is_remote = 0x100,
    flags_is_remote = 0x200,
};

typedef bool read_field_fn(void *view, const impact__field *field);

/* Give every field of `message` to `read`. False on bytes that are no message, or that `read`
 * refuses. */
static bool read_message(impact_text message, read_field_fn *read, void *view)
{
    impact_text rest = impact_text_from(message.data, message.size);
    impact__field field;
    while (impact__read_field(&field, &rest))
        if (!read(view, &field))
            return false;
    return rest.size == 0;
}

static impact_message_walk walk_of(impact_text message, uint32_t field)
{
    return (impact_message_walk){impact_text_from(message.data, message.size), field};
}

/* A place for a number and a wire type in one switch. */
#define VARINT(number)  IMPACT__TAG(number, IMPACT__WIRE_VARINT)
#define FIXED64(number) IMPACT__TAG(number, IMPACT__WIRE_FIXED64)
#define FIXED32(number) IMPACT__TAG(number, IMPACT__WIRE_FIXED32)
#define LENGTH(number)  IMPACT__TAG(number, IMPACT__WIRE_LENGTH)

static uint32_t tag_of(const impact__field *field)
{
    return IMPACT__TAG(field->number, field->wire_type);
}

/* ---- ids, flags and enums ---- */

/* An id of another size is not valid: it reads as all zero (trace.proto, Span.trace_id). */
static impact_trace_id trace_id_of(impact_text bytes)
{
    impact_trace_id id = {{0}};
    if (bytes.size == sizeof id.bytes)
        memcpy(id.bytes, bytes.data, sizeof id.bytes);
    return id;
}

static impact_span_id span_id_of(impact_text bytes)
{
    impact_span_id id = {{0}};
    if (bytes.size == sizeof id.bytes)
        memcpy(id.bytes, bytes.data, sizeof id.bytes);
    return id;
}

static bool is_remote(uint64_t flags)
{
    return (flags & flags_has_is_remote) && (flags & flags_is_remote);
}

/* Enums are open: a number from a later version reads as the unset value. */
static impact_span_kind kind_of(uint64_t number)
{
    return number <= IMPACT_SPAN_KIND_CONSUMER ? (impact_span_kind)number : IMPACT_SPAN_KIND_UNSET;
}

static impact_span_status status_of(uint64_t number)
{
    return number <= IMPACT_SPAN_STATUS_ERROR ? (impact_span_status)number
                                              : IMPACT_SPAN_STATUS_UNSET;
}

/* ---- Span ---- */

static bool read_status_field(void *view, const impact__field *field)
{
    impact_span_view *span = view;
    switch (tag_of(field)) {
    case LENGTH(2):
        span->status_description = field->bytes;
        break;
    case VARINT(3):
        span->status = status_of(field->value);
        break;
    default:
        break;
    }
    return true;
}

static bool read_span_bytes(impact_span_view *span, const impact__field *field)
{
    switch (field->number) {
    case 1:
        span->context.trace_id = trace_id_of(field->bytes);
        break;
    case 2:
        span->context.span_id = span_id_of(field->bytes);
        break;
    case 3:
        span->context.trace_state = field->bytes;
        break;
    case 4:
        span->parent_span_id = span_id_of(field->bytes);
        break;
    case 5:
        span->name = field->bytes;
        break;
    case 15:
        return read_message(field->bytes, read_status_field, span);
    default:
        break;
    }
    return true;
}

static bool read_span_field(void *view, const impact__field *field)
{
    impact_span_view *span = view;
    if (field->wire_type == IMPACT__WIRE_LENGTH)
        return read_span_bytes(span, field);
    switch (tag_of(field)) {
    case VARINT(6):
        span->kind = kind_of(field->value);
        break;
    case FIXED64(7):
        span->start_unix_ns = field->value;
        break;
    case FIXED64(8):
        span->end_unix_ns = field->value;
        break;
    case VARINT(10):
        span->dropped_attribute_count = (uint32_t)field->value;
        break;
    case VARINT(12):
        span->dropped_event_count = (uint32_t)field->value;
        break;
    case VARINT(14):
        span->dropped_link_count = (uint32_t)field->value;
        break;
    case FIXED32(16):
        span->context.trace_flags = (uint8_t)(field->value & flags_trace_mask);
        span->is_parent_remote = is_remote(field->value);
        break;
    default:
        break;
    }
    return true;
}

bool impact_span_view_parse(impact_span_view *view, impact_text span)
{
    impact_span_view read = {
        .attributes = walk_of(span, 9),
        .events = walk_of(span, 11),
        .links = walk_of(span, 13),
    };
    if (!view || !read_message(span, read_span_field, &read))
        return false;
    read.has_parent = !impact__is_zero(&read.parent_span_id, sizeof read.parent_span_id);
    *view = read;
    return true;
}

/* ---- Resource and InstrumentationScope ---- */

static bool skip_field(void *view, const impact__field *field)
{
    (void)view; /* the message is only checked */
    (void)field;
    return true;
}

bool impact_resource_view_parse(impact_message_walk *attributes, impact_text resource)
{
    if (!attributes || !read_message(resource, skip_field, NULL))
        return false;
    *attributes = walk_of(resource, 1);
    return true;
}

static bool read_scope_field(void *view, const impact__field *field)
{
    impact_scope_view *scope = view;
    if (tag_of(field) == LENGTH(1))
        scope->name = field->bytes;
    else if (tag_of(field) == LENGTH(2))
        scope->version = field->bytes;
    else if (tag_of(field) == VARINT(4))
        scope->dropped_attribute_count = (uint32_t)field->value;
    return true;
}

bool impact_scope_view_parse(impact_scope_view *view, impact_text scope)
{
    impact_scope_view read = {.attributes = walk_of(scope, 3)};
    if (!view || !read_message(scope, read_scope_field, &read))
        return false;
    *view = read;
    return true;
}

/* ---- AnyValue ---- */

/* An array or a map: its items wait to be walked. */
static bool read_container(impact_value_view *value, impact_value_type type, impact_text bytes)
{
    assert(type == IMPACT_VALUE_ARRAY || type == IMPACT_VALUE_MAP);
    if (!read_message(bytes, skip_field, NULL))
        return false;
    *value = (impact_value_view){.type = type, .items = walk_of(bytes, 1)};
    return true;
}

/* A oneof: the last member that is there wins. */
static bool read_value_field(void *view, const impact__field *field)
{
    impact_value_view *value = view;
    switch (tag_of(field)) {
    case LENGTH(1):
        *value = (impact_value_view){.type = IMPACT_VALUE_STRING, .string = field->bytes};
        break;
    case VARINT(2):
        *value = (impact_value_view){.type = IMPACT_VALUE_BOOL, .boolean = field->value != 0};
        break;
    case VARINT(3):
        *value = (impact_value_view){.type = IMPACT_VALUE_INT, .integer = (int64_t)field->value};
        break;
    case FIXED64(4):
        *value = (impact_value_view){.type = IMPACT_VALUE_DOUBLE};
        memcpy(&value->real, &field->value, sizeof value->real);
        break;
    case LENGTH(5):
        return read_container(value, IMPACT_VALUE_ARRAY, field->bytes);
    case LENGTH(6):
        return read_container(value, IMPACT_VALUE_MAP, field->bytes);
    case LENGTH(7):
        *value = (impact_value_view){.type = IMPACT_VALUE_BYTES, .string = field->bytes};
        break;
    default:
        break;
    }
    return true;
}

bool impact_value_view_next(impact_message_walk *walk, impact_value_view *item)
{
    impact_text message;
    impact_value_view read = {.type = IMPACT_VALUE_NULL};
    if (!item || !impact_message_walk_next(walk, &message) ||
        !read_message(message, read_value_field, &read))
        return false;
    *item = read;
    return true;
}

/* ---- KeyValue ---- */

typedef struct attribute_view {
    impact_text key;
    impact_value_view value;
} attribute_view;

static bool read_attribute_field(void *view, const impact__field *field)
{
    attribute_view *attribute = view;
    if (tag_of(field) == LENGTH(1))
        attribute->key = field->bytes;
    else if (tag_of(field) == LENGTH(2))
        return read_message(field->bytes, read_value_field, &attribute->value);
    return true;
}

bool impact_attribute_view_next(impact_message_walk *walk, impact_text *key,
                                impact_value_view *value)
{
    impact_text message;
    attribute_view read = {.value.type = IMPACT_VALUE_NULL};
    if (!key || !value || !impact_message_walk_next(walk, &message) ||
        !read_message(message, read_attribute_field, &read))
        return false;
    *key = read.key;
    *value = read.value;
    return true;
}

/* ---- Span.Event and Span.Link ---- */

static bool read_event_field(void *view, const impact__field *field)
{
    impact_event_view *event = view;
    if (tag_of(field) == FIXED64(1))
        event->unix_ns = field->value;
    else if (tag_of(field) == LENGTH(2))
        event->name = field->bytes;
    else if (tag_of(field) == VARINT(4))
        event->dropped_attribute_count = (uint32_t)field->value;
    return true;
}

bool impact_event_view_next(impact_message_walk *walk, impact_event_view *event)
{
    impact_text message;
    if (!event || !impact_message_walk_next(walk, &message))
        return false;
    impact_event_view read = {.attributes = walk_of(message, 3)};
    if (!read_message(message, read_event_field, &read))
        return false;
    *event = read;
    return true;
}

static bool read_link_field(void *view, const impact__field *field)
{
    impact_link_view *link = view;
    impact_span_context_view *context = &link->context;
    switch (tag_of(field)) {
    case LENGTH(1):
        context->trace_id = trace_id_of(field->bytes);
        break;
    case LENGTH(2):
        context->span_id = span_id_of(field->bytes);
        break;
    case LENGTH(3):
        context->trace_state = field->bytes;
        break;
    case VARINT(5):
        link->dropped_attribute_count = (uint32_t)field->value;
        break;
    case FIXED32(6):
        context->trace_flags = (uint8_t)(field->value & flags_trace_mask);
        context->is_remote = is_remote(field->value);
        break;
    default:
        break;
    }
    return true;
}

bool impact_link_view_next(impact_message_walk *walk, impact_link_view *link)
{
    impact_text message;
    if (!link || !impact_message_walk_next(walk, &message))
        return false;
    impact_link_view read = {.attributes = walk_of(message, 4)};
    if (!read_message(message, read_link_field, &read))
        return false;
    *link = read;
    return true;
}

/* ---- walks ---- */

bool impact_message_walk_next(impact_message_walk *walk, impact_text *message)
{
    if (!walk || !message)
        return false;
    impact__field field;
    while (impact__read_field(&field, &walk->rest)) {
        if (field.number == walk->field && field.wire_type == IMPACT__WIRE_LENGTH) {
            *message = field.bytes;
            return true;
        }
    }
    return false;
}

impact_message_walk impact_message_walk_of(impact_text message, uint32_t field)
{
    return walk_of(message, field);
}
