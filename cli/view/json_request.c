/* An ExportTraceServiceRequest in JSON, read.
 *
 * DESIGN: one pass over the pieces of the document, led by the table of messages that otlp_json.c
 * writes from. Objects and arrays around the place that is read are a stack, as nothing recurses on
 * input. A message's length is known at its end: then what was written of it makes room for it.
 */
#include "json_request.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/protobuf.h"
#include "base/text.h"
#include "export/otlp/json_reader.h"
#include "json_number.h"

typedef view_json_frame frame;
typedef view_json_reader reader;

/* ---- scalars ---- */

static void write_tag(impact__buffer *to, uint32_t field, impact__wire_type type)
{
    uint8_t *at = (uint8_t *)impact__buffer_reserve(to, IMPACT__VARINT_SIZE_MOST);
    if (at)
        to->size += (size_t)(impact__write_varint(at, IMPACT__TAG(field, type)) - at);
}

static void write_varint(impact__buffer *to, uint32_t field, uint64_t value)
{
    write_tag(to, field, IMPACT__WIRE_VARINT);
    uint8_t *at = (uint8_t *)impact__buffer_reserve(to, IMPACT__VARINT_SIZE_MOST);
    if (at)
        to->size += (size_t)(impact__write_varint(at, value) - at);
}

static void write_fixed64(impact__buffer *to, uint32_t field, uint64_t value)
{
    uint8_t bytes[sizeof value];
    write_tag(to, field, IMPACT__WIRE_FIXED64);
    (void)impact__write_fixed64(bytes, value); /* its end is known */
    impact__buffer_append(to, bytes, sizeof bytes);
}

static void write_fixed32(impact__buffer *to, uint32_t field, uint32_t value)
{
    uint8_t bytes[sizeof value];
    write_tag(to, field, IMPACT__WIRE_FIXED32);
    (void)impact__write_fixed32(bytes, value); /* as above */
    impact__buffer_append(to, bytes, sizeof bytes);
}

/* Put the length before what was written from `start` on. */
static void close_length(impact__buffer *to, size_t start)
{
    const size_t size = to->size - start;
    const size_t prefix = impact__varint_size(size);
    if (to->has_failed || !impact__buffer_reserve(to, prefix))
        return;
    if (size)
        memmove(to->data + start + prefix, to->data + start, size);
    (void)impact__write_varint((uint8_t *)to->data + start, size); /* its size is known */
    to->size += prefix;
}

static void append_unescaped(impact__buffer *to, impact_text text)
{
    char character[4];
    for (size_t size; (size = otlp__json_next_character(character, &text));)
        impact__buffer_append(to, character, size);
}

/* Without a backslash it is what it says. */
static void write_string(impact__buffer *to, uint32_t field, impact_text text)
{
    write_tag(to, field, IMPACT__WIRE_LENGTH);
    const size_t start = to->size;
    if (text.size && memchr(text.data, '\\', text.size))
        append_unescaped(to, text);
    else
        impact__buffer_append_text(to, text);
    close_length(to, start);
}

static bool write_hex(impact__buffer *to, uint32_t field, impact_text text)
{
    write_tag(to, field, IMPACT__WIRE_LENGTH);
    const size_t start = to->size;
    for (size_t i = 0; i + 1 < text.size; i += 2) {
        const int high = impact__hex_value(text.data[i]);
        const int low = impact__hex_value(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        impact__buffer_append_char(to, (char)(high << 4 | low));
    }
    close_length(to, start);
    return text.size % 2 == 0;
}

static bool write_base64(impact__buffer *to, uint32_t field, impact_text text)
{
    size_t size = 0;
    write_tag(to, field, IMPACT__WIRE_LENGTH);
    const size_t start = to->size;
    char *room = text.size ? impact__buffer_reserve(to, text.size) : NULL;
    if (room && !impact__base64_decode(room, &size, text))
        return false;
    to->size += size;
    close_length(to, start);
    return true;
}

static bool write_bool(impact__buffer *to, uint32_t field, impact_text text)
{
    const bool is_true = impact__text_equal_string(text, "true");
    write_varint(to, field, is_true);
    return is_true || impact__text_equal_string(text, "false");
}

static bool write_number(impact__buffer *to, const impact__otlp_field *of, impact_text text)
{
    const bool is_signed = of->kind == IMPACT__OTLP_INT || of->kind == IMPACT__OTLP_NUMBER;
    uint64_t value = 0;
    if (of->kind == IMPACT__OTLP_DOUBLE ? !view_parse_double(&value, text)
                                        : !view_parse_integer(&value, text, is_signed))
        return false;
    if (of->kind == IMPACT__OTLP_FLAGS)
        write_fixed32(to, of->number, (uint32_t)value);
    else if (of->kind == IMPACT__OTLP_FIXED || of->kind == IMPACT__OTLP_DOUBLE)
        write_fixed64(to, of->number, value);
    else
        write_varint(to, of->number, value);
    return true;
}

static bool write_scalar(impact__buffer *to, const impact__otlp_field *of, impact_text text,
                         bool is_string)
{
    switch (of->kind) {
    case IMPACT__OTLP_STRING:
        if (is_string)
            write_string(to, of->number, text);
        return is_string;
    case IMPACT__OTLP_ID:
        return is_string && write_hex(to, of->number, text);
    case IMPACT__OTLP_BYTES:
        return is_string && write_base64(to, of->number, text);
    case IMPACT__OTLP_BOOL:
        return !is_string && write_bool(to, of->number, text);
    case IMPACT__OTLP_MESSAGE:
        return false;
    default:
        return write_number(to, of, text);
    }
}

/* ---- pieces ---- */

static frame *top(reader *r)
{
    return r->depth ? &r->frames[r->depth - 1] : NULL;
}

/* What the next value is of: the last key's in an object, the array's own in an array. */
static const impact__otlp_field *awaited(const frame *in)
{
    return in->is_array ? in->field : in->pending;
}

static void push(reader *r, frame opened)
{
    opened.start = r->to->size;
    r->frames[r->depth++] = opened;
}

static bool open_array(reader *r)
{
    const frame *in = top(r);
    const impact__otlp_field *field = in && !in->is_array ? in->pending : NULL;
    if (!in || (field && !field->is_repeated) || (in->is_array && in->field))
        return false; /* the document itself, one for a single value, one in an array */
    push(r, (frame){.field = field, .is_array = true});
    return true;
}

static bool open_object(reader *r)
{
    const frame *in = top(r);
    if (!in) {
        push(r, (frame){.of = &impact__otlp_request});
        return true;
    }
    const impact__otlp_field *field = awaited(in);
    if (field && (field->kind != IMPACT__OTLP_MESSAGE || field->is_repeated != in->is_array))
        return false;
    if (field)
        write_tag(r->to, field->number, IMPACT__WIRE_LENGTH);
    push(r, (frame){.of = field ? field->message : NULL, .field = field});
    return true;
}

static void close_one(reader *r)
{
    const frame closed = r->frames[--r->depth];
    if (closed.of && closed.field)
        close_length(r->to, closed.start);
}

static void take_key(reader *r, impact_text key)
{
    frame *in = top(r);
    in->pending = NULL;
    for (size_t i = 0; in->of && i < in->of->count; i++)
        if (impact__text_equal_string(key, in->of->fields[i].name))
            in->pending = &in->of->fields[i];
}

/* null stands for the value that a field has when it is not there. */
static bool take_scalar(reader *r, impact_text text, bool is_string)
{
    const frame *in = top(r);
    if (!in)
        return false;
    const impact__otlp_field *field = awaited(in);
    if (!field || (!is_string && impact__text_equal_string(text, "null")))
        return !(field && in->is_array);
    return !field->is_repeated && write_scalar(r->to, field, text, is_string);
}

static bool take_piece(reader *r, probe_json_kind kind, impact_text text)
{
    switch (kind) {
    case probe_json_open:
        return r->json.is_object[r->json.depth] ? open_object(r) : open_array(r);
    case probe_json_close:
        close_one(r);
        return true;
    case probe_json_key:
        take_key(r, text);
        return true;
    case probe_json_string:
    case probe_json_word:
        return take_scalar(r, text, kind == probe_json_string);
    default:
        return false;
    }
}

void view_json_begin(view_json_reader *r, impact__buffer *to, impact_text document)
{
    r->to = to;
    r->json = PROBE_JSON(document);
    r->depth = 0;
}

view_progress view_json_some(view_json_reader *r, view_slice *slice)
{
    impact_text text;
    do {
        const probe_json_kind kind = probe_json_next(&r->json, &text);
        if (kind == probe_json_end && !r->to->has_failed)
            return view_is_done;
        if (r->to->has_failed || !take_piece(r, kind, text))
            return view_has_failed;
    } while (!view_slice_is_over(slice));
    return view_goes_on;
}

bool view_json_request(impact__buffer *to, impact_text document)
{
    view_json_reader r;
    view_json_begin(&r, to, document);
    return view_json_some(&r, &VIEW_WHOLE_SLICE) == view_is_done;
}
