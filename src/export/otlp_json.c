/* OTLP in JSON.
 *
 * DESIGN: one walk over the bytes, led by the table of messages, which is all that it knows of
 * them. JSON wants the items of an array side by side, protobuf has them anywhere: so a message is
 * looked through once for each of the fields that it has. The messages around the place that is
 * written are a stack, as nothing recurses on input.
 */
#include "export/otlp_json.h"

#include <assert.h>
#include <math.h>

#include "base/json.h"
#include "base/protobuf.h"
#include "base/text.h"
#include "export/otlp_schema.h"

/* A message that is being written. */
typedef struct frame {
    const impact__otlp_message *of;
    impact_text bytes;
    uint64_t present; /* a bit a field number: those without it need not be looked for */
    size_t next;      /* of its fields: the one that is looked for */
    impact_text rest; /* behind the last of that field that was found */
    bool has_member;
    bool is_in_array;
} frame;

typedef struct writer {
    impact__buffer *buffer;
    size_t depth;
    bool is_malformed;
    frame frames[IMPACT__OTLP_DEPTH_LIMIT];
} writer;

/* ---- values ---- */

static void write_id(impact__buffer *buffer, impact_text bytes)
{
    char digits[2];
    impact__buffer_append_char(buffer, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        impact__hex_format(digits, (const uint8_t *)bytes.data + i, 1);
        impact__buffer_append(buffer, digits, sizeof digits);
    }
    impact__buffer_append_char(buffer, '"');
}

/* protobuf.dev, "JSON Mapping": what is not finite has a name. */
static void write_double(impact__buffer *buffer, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    if (isnan(value))
        impact__buffer_append_string(buffer, "\"NaN\"");
    else if (isinf(value))
        impact__buffer_append_string(buffer, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        impact__json_double(buffer, value);
}

static void write_number(impact__buffer *buffer, const impact__otlp_field *of, uint64_t value)
{
    const bool is_wide = of->kind == IMPACT__OTLP_INT || of->kind == IMPACT__OTLP_FIXED;
    if (!is_wide) { /* an int32 or uint32: the lower half of what stands there */
        impact__buffer_append_uint(buffer, (uint32_t)value);
        return;
    }
    const bool is_negative = of->kind == IMPACT__OTLP_INT && value > INT64_MAX;
    impact__buffer_append_string(buffer, is_negative ? "\"-" : "\"");
    impact__buffer_append_uint(buffer, is_negative ? 0 - value : value);
    impact__buffer_append_char(buffer, '"');
}

static void write_value(impact__buffer *buffer, const impact__otlp_field *of,
                        const impact__field *found)
{
    switch (of->kind) {
    case IMPACT__OTLP_STRING:
        impact__json_string(buffer, found->bytes);
        return;
    case IMPACT__OTLP_ID:
        write_id(buffer, found->bytes);
        return;
    case IMPACT__OTLP_BYTES:
        impact__json_base64(buffer, found->bytes);
        return;
    case IMPACT__OTLP_BOOL:
        impact__buffer_append_string(buffer, found->value ? "true" : "false");
        return;
    case IMPACT__OTLP_DOUBLE:
        write_double(buffer, found->value);
        return;
    default:
        write_number(buffer, of, found->value);
    }
}

/* ---- messages ---- */

static uint64_t fields_of(writer *to, impact_text bytes)
{
    uint64_t present = 0;
    impact__field field;
    while (impact__read_field(&field, &bytes))
        present |= field.number < 64 ? UINT64_C(1) << field.number : 0;
    to->is_malformed = to->is_malformed || bytes.size;
    return present;
}

/* What lies too deep is an empty message. */
static void begin_message(writer *to, const impact__otlp_message *of, impact_text bytes)
{
    if (to->depth == IMPACT__OTLP_DEPTH_LIMIT) {
        impact__buffer_append_string(to->buffer, "{}");
        return;
    }
    to->frames[to->depth++] =
        (frame){.of = of, .bytes = bytes, .present = fields_of(to, bytes), .rest = bytes};
    impact__buffer_append_char(to->buffer, '{');
}

static void end_message(writer *to)
{
    assert(to->depth > 0);
    to->depth--;
    impact__buffer_append_char(to->buffer, '}');
}

static impact__wire_type wire_type_of(impact__otlp_kind kind)
{
    switch (kind) {
    case IMPACT__OTLP_BOOL:
    case IMPACT__OTLP_INT:
    case IMPACT__OTLP_NUMBER:
        return IMPACT__WIRE_VARINT;
    case IMPACT__OTLP_FIXED:
    case IMPACT__OTLP_DOUBLE:
        return IMPACT__WIRE_FIXED64;
    case IMPACT__OTLP_FLAGS:
        return IMPACT__WIRE_FIXED32;
    default:
        return IMPACT__WIRE_LENGTH;
    }
}

/* The next of a field that is repeated; the last of one that is not, which counts. */
static bool find_next(frame *in, impact__field *found)
{
    const impact__otlp_field *of = &in->of->fields[in->next];
    impact__field field;
    bool is_found = false;
    while (!(is_found && of->is_repeated) && impact__read_field(&field, &in->rest)) {
        if (field.number != of->number || field.wire_type != wire_type_of(of->kind))
            continue;
        *found = field;
        is_found = true;
    }
    return is_found;
}

static void begin_member(impact__buffer *buffer, frame *in)
{
    const impact__otlp_field *of = &in->of->fields[in->next];
    if (in->has_member)
        impact__buffer_append_char(buffer, ',');
    in->has_member = true;
    if (in->is_in_array)
        return;
    impact__buffer_append_char(buffer, '"');
    impact__buffer_append_string(buffer, of->name);
    impact__buffer_append_string(buffer, of->is_repeated ? "\":[" : "\":");
    in->is_in_array = of->is_repeated;
}

static void end_field(impact__buffer *buffer, frame *in)
{
    if (in->is_in_array)
        impact__buffer_append_char(buffer, ']');
    in->is_in_array = false;
    in->rest = in->bytes;
    in->next++;
}

static void skip_absent(frame *in)
{
    while (in->next < in->of->count && !(in->present >> in->of->fields[in->next].number & 1))
        in->next++;
}

static void step(writer *to)
{
    frame *in = &to->frames[to->depth - 1];
    impact__field found;
    skip_absent(in);
    if (in->next == in->of->count) {
        end_message(to);
        return;
    }
    if (!find_next(in, &found)) {
        end_field(to->buffer, in);
        return;
    }
    const impact__otlp_field *of = &in->of->fields[in->next];
    begin_member(to->buffer, in);
    if (of->kind == IMPACT__OTLP_MESSAGE)
        begin_message(to, of->message, found.bytes);
    else
        write_value(to->buffer, of, &found);
}

bool impact__otlp_json_append(impact__buffer *buffer, impact_text request)
{
    assert(request.data || request.size == 0);
    const size_t before = buffer->size;
    writer to;
    to.buffer = buffer;
    to.depth = 0;
    to.is_malformed = false;
    begin_message(&to, &impact__otlp_request, request);
    while (to.depth && !to.is_malformed && !buffer->has_failed)
        step(&to);
    if (to.is_malformed)
        buffer->size = before;
    return !to.is_malformed;
}
