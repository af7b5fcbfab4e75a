/* What is recorded into a live span: names, attributes, events, links, status; and its end. */
#include "base/alloc.h"
#include "base/text.h"
#include "signal/encode.h"
#include "signal/encode_short.h"
#include "trace/provider.h"
#include "trace/span.h"
#include "trace/thread_state.h"
#include "trace/trace_state.h"

enum {
    name_character_limit = 4096, /* a longer name is data that lost its way: it is cut */
    short_name_limit = 96,
};

/* ---- room ---- */

static bool grow(impact_span *span, size_t needed)
{
    if (needed > impact__span_size_limit)
        return false;
    size_t capacity = span->capacity ? span->capacity : impact__span_first_capacity;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > impact__span_size_limit)
        capacity = impact__span_size_limit; /* who finds room without asking keeps to it too */
    uint8_t *bytes = impact__resize(NULL, span->bytes, capacity);
    if (!bytes)
        return false;
    span->bytes = bytes;
    span->capacity = (uint32_t)capacity;
    return true;
}

/* Room for `size` more bytes at the end, or NULL. */
static uint8_t *reserve(impact_span *span, size_t size)
{
    if (size > impact__span_size_limit)
        return NULL;
    const size_t needed = span->size + size;
    if (needed > span->capacity && !grow(span, needed))
        return NULL;
    return span->bytes + span->size;
}

/* What lies at `from` or behind it moves. */
static void move_offsets(impact_span *span, size_t from, int64_t by)
{
    for (uint32_t i = 0; i < span->attribute_count; i++)
        if (span->places[i].offset >= from)
            span->places[i].offset = (uint32_t)(span->places[i].offset + by);
    if (span->status_offset && span->status_offset >= from)
        span->status_offset = (uint32_t)(span->status_offset + by);
}

/* Room for `size` bytes at `offset` in the place of `old_size` that are there, or NULL. */
static uint8_t *splice(impact_span *span, uint32_t offset, size_t old_size, size_t size)
{
    if (size > old_size && !reserve(span, size - old_size))
        return NULL;
    uint8_t *at = span->bytes + offset;
    if (size != old_size) {
        memmove(at + size, at + old_size, span->size - offset - old_size);
        const int64_t by = (int64_t)size - (int64_t)old_size;
        span->size = (uint32_t)(span->size + by);
        move_offsets(span, offset + old_size, by);
    }
    return at;
}

/* The whole size of the length-prefixed field at `offset`: ours, with a tag of one byte. */
static size_t field_size_at(const impact_span *span, uint32_t offset)
{
    size_t size = 0;
    uint32_t i = offset + 1;
    for (int shift = 0;; shift += 7) {
        const uint8_t byte = span->bytes[i++];
        size |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return i - offset + size;
    }
}

/* ---- name and status ---- */

/* A new span's name, if it is short: its field stands first and nothing has to move. */
static bool record_short_name(impact_span *span, impact_text name)
{
    if (span->size != impact__span_head_room || name.size > short_name_limit)
        return false;
    uint8_t *to = span->bytes + span->size; /* the first bytes always have room for it */
    *to++ = IMPACT__TAG(IMPACT__SPAN_NAME, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)name.size;
    if (!impact__write_ascii(to, name.data, name.size))
        return false;
    span->name_size = (uint32_t)(2 + name.size);
    span->size += span->name_size;
    return true;
}

void impact__span_record_name(impact_span *span, impact_text name)
{
    if (record_short_name(span, name))
        return;
    const impact__string string = impact__string_of(name, name_character_limit);
    const size_t size = impact__field_size(IMPACT__SPAN_NAME, string.size);
    uint8_t *to = splice(span, impact__span_head_room, span->name_size, size);
    if (!to)
        return;
    (void)impact__write_string(to, IMPACT__SPAN_NAME, &string);
    span->name_size = (uint32_t)size;
}

void impact__span_record_trace_state(impact_span *span)
{
    const impact_text state = impact__shared_text_of(span->identity.trace_state);
    uint8_t *to =
        state.size ? reserve(span, impact__field_size(IMPACT__SPAN_TRACE_STATE, state.size)) : NULL;
    if (to)
        span->size =
            (uint32_t)(impact__write_field(to, IMPACT__SPAN_TRACE_STATE, state.data, state.size) -
                       span->bytes);
}

void impact_span_set_name_n(impact_span *span, const char *name, size_t size)
{
    if (span && span->is_recording && name)
        impact__span_record_name(span, impact_text_from(name, size));
}

void impact_span_set_name(impact_span *span, const char *name)
{
    impact_span_set_name_n(span, name, name ? strlen(name) : 0);
}

static void record_status(impact_span *span, impact_span_status status, impact_text text)
{
    const impact__string description = impact__string_of(text, 0);
    const size_t size = impact__status_field_size(&description);
    const bool is_first = span->status_offset == 0;
    const uint32_t offset = is_first ? span->size : span->status_offset;
    uint8_t *to = splice(span, offset, is_first ? 0 : field_size_at(span, offset), size);
    if (!to)
        return;
    (void)impact__write_status(to, status, &description);
    span->status_offset = offset;
    span->status = (uint8_t)status;
}

void impact_span_set_status(impact_span *span, impact_span_status status, const char *description)
{
    if (!span || !span->is_recording || span->status == IMPACT_SPAN_STATUS_OK)
        return;
    if (status != IMPACT_SPAN_STATUS_OK && status != IMPACT_SPAN_STATUS_ERROR)
        return;
    const bool is_error = status == IMPACT_SPAN_STATUS_ERROR;
    record_status(span, status, impact_text_of(is_error ? description : NULL));
}

/* ---- attributes ---- */

static uint32_t print_of(impact_text key)
{
    const unsigned char *k = (const unsigned char *)key.data;
    return (uint32_t)key.size << 24 | (uint32_t)k[0] << 16 | (uint32_t)k[key.size / 2] << 8 |
           (uint32_t)k[key.size - 1];
}

/* The key of the attribute at `offset`, as encode.c writes it: tag, length, tag, length, key. */
static bool has_key_at(const impact_span *span, uint32_t offset, impact_text key)
{
    impact_text rest = impact_text_from((const char *)span->bytes + offset, span->size - offset);
    impact__field attribute;
    impact__field field;
    return impact__read_field(&attribute, &rest) && impact__read_field(&field, &attribute.bytes) &&
           impact__text_equal(field.bytes, key);
}

static inline impact__attribute_place *place_of(const impact_span *span, impact_text key,
                                                uint32_t print)
{
    for (uint32_t i = 0; i < span->attribute_count; i++)
        if (span->places[i].print == print && has_key_at(span, span->places[i].offset, key))
            return &span->places[i];
    return NULL;
}

static bool has_room_for_a_place(impact_span *span)
{
    if (span->attribute_count < span->place_capacity)
        return true;
    const uint32_t capacity = span->place_capacity ? span->place_capacity * 2 : 16;
    impact__attribute_place *places = impact__resize(NULL, span->places, capacity * sizeof *places);
    if (!places)
        return false;
    span->places = places;
    span->place_capacity = capacity;
    return true;
}

/* False: it is dropped. */
static bool add_attribute(impact_span *span, const impact__key_value *kv, uint32_t print)
{
    const size_t size = impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, kv);
    if (span->attribute_count >= span->provider->limits.attribute_limit ||
        !has_room_for_a_place(span))
        return false;
    uint8_t *to = reserve(span, size);
    if (!to)
        return false;
    (void)impact__write_key_value(to, IMPACT__SPAN_ATTRIBUTES, kv);
    span->places[span->attribute_count++] =
        (impact__attribute_place){.print = print, .offset = span->size};
    span->size += (uint32_t)size;
    return true;
}

static bool replace_attribute(impact_span *span, const impact__key_value *kv, uint32_t offset)
{
    const size_t size = impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, kv);
    uint8_t *to = splice(span, offset, field_size_at(span, offset), size);
    if (to)
        (void)impact__write_key_value(to, IMPACT__SPAN_ATTRIBUTES, kv);
    return to != NULL;
}

/* Most attributes: short, new, and there is room. False: it takes the long way. */
static inline bool record_short(impact_span *span, const impact_attribute *attribute)
{
    const impact_span_limits *limits = &span->provider->limits;
    if (span->attribute_count >= limits->attribute_limit ||
        span->attribute_count >= span->place_capacity ||
        span->capacity - span->size < impact__short_size)
        return false;
    uint8_t *to = span->bytes + span->size;
    uint8_t *end =
        impact__write_short(to, IMPACT__SPAN_ATTRIBUTES, attribute, limits->value_length_limit);
    if (!end)
        return false;
    const uint32_t print = print_of(attribute->key);
    if (place_of(span, attribute->key, print))
        return false;
    span->places[span->attribute_count++] = (impact__attribute_place){print, span->size};
    span->size += (uint32_t)(end - to);
    return true;
}

/* Apart, so that the short way does not pay for its frame. */
__attribute__((noinline)) static void record_long(impact_span *span,
                                                  const impact_attribute *attribute)
{
    impact__key_value kv;
    if (impact__is_ignored(attribute))
        return;
    bool is_kept = false;
    if (impact__key_value_of(&kv, attribute, span->provider->limits.value_length_limit)) {
        const uint32_t print = print_of(attribute->key);
        const impact__attribute_place *place = place_of(span, attribute->key, print);
        is_kept =
            place ? replace_attribute(span, &kv, place->offset) : add_attribute(span, &kv, print);
    }
    if (!is_kept)
        span->dropped_attribute_count++;
}

void impact_span_set_all(impact_span *span, const impact_attribute *attributes,
                         size_t attribute_count)
{
    if (!span || !span->is_recording || !attributes)
        return;
    for (size_t i = 0; i < attribute_count; i++)
        if (!record_short(span, &attributes[i]))
            record_long(span, &attributes[i]);
}

/* ---- events and links ---- */

static impact__attribute_list list_of(const impact_span *span, const impact_attribute *attributes,
                                      size_t count, uint32_t count_limit)
{
    return (impact__attribute_list){
        .attributes = attributes,
        .count = attributes ? count : 0,
        .count_limit = count_limit,
        .value_length_limit = span->provider->limits.value_length_limit,
    };
}

static uint64_t now(const impact_span *span)
{
    return impact__clock_monotonic_ns() + span->anchor_ns;
}

/* `attributes` is a list that list_of made. */
static void record_event(impact_span *span, const char *name, uint64_t unix_ns,
                         const impact__attribute_list *attributes)
{
    impact__event event = {
        .unix_ns = unix_ns ? unix_ns : now(span),
        .name = impact__string_of(impact_text_of(name), 0),
        .attributes = *attributes,
    };
    const size_t size = impact__event_field_size(&event);
    uint8_t *to =
        span->event_count < span->provider->limits.event_limit ? reserve(span, size) : NULL;
    if (!to) {
        span->dropped_event_count++;
        return;
    }
    (void)impact__write_event(to, &event);
    span->size += (uint32_t)size;
    span->event_count++;
}

void impact_span_add_event(impact_span *span, const char *name, uint64_t unix_ns,
                           const impact_attribute *attributes, size_t attribute_count)
{
    if (!span || !span->is_recording || !name)
        return;
    const impact__attribute_list list =
        list_of(span, attributes, attribute_count, span->provider->limits.event_attribute_limit);
    record_event(span, name, unix_ns, &list);
}

void impact_span_record_exception(impact_span *span, const char *type, const char *message,
                                  const char *stacktrace, const impact_attribute *attributes,
                                  size_t attribute_count)
{
    if (!span || !span->is_recording)
        return;
    const impact_attribute defaults[] = {
        impact_string("exception.type", type), /* those without a text are ignored */
        impact_string("exception.message", message),
        impact_string("exception.stacktrace", stacktrace),
    };
    impact__attribute_list list =
        list_of(span, attributes, attribute_count, span->provider->limits.event_attribute_limit);
    list.defaults = defaults;
    list.default_count = sizeof defaults / sizeof *defaults;
    record_event(span, "exception", 0, &list);
}

void impact_span_add_link(impact_span *span, const impact_link *link)
{
    if (!span || !span->is_recording || !link || !impact_span_context_is_valid(link->context))
        return;
    const impact_span_limits *limits = &span->provider->limits;
    char state[impact__trace_state_limit];
    impact__link encoded = {
        .context = link->context,
        .trace_state = impact__trace_state_to_send(state, link->context->trace_state),
        .attributes =
            list_of(span, link->attributes, link->attribute_count, limits->link_attribute_limit),
    };
    const size_t size = impact__link_field_size(&encoded);
    uint8_t *to = span->link_count < limits->link_limit ? reserve(span, size) : NULL;
    if (!to) {
        span->dropped_link_count++;
        return;
    }
    (void)impact__write_link(to, &encoded);
    span->size += (uint32_t)size;
    span->link_count++;
}

/* ---- the end ---- */

static uint32_t span_flags(const impact_span *span)
{
    return span->identity.trace_flags | (uint32_t)IMPACT__FLAGS_HAS_IS_REMOTE |
           (span->is_parent_remote ? (uint32_t)IMPACT__FLAGS_IS_REMOTE : 0);
}

enum { fixed_head_size = 18 + 10 + 6 + 2 + 9 + 9, parent_size = 10 };

static size_t count_size(uint32_t count)
{
    return count ? 1 + impact__varint_size(count) : 0;
}

static uint8_t *write_count(uint8_t *to, uint32_t field, uint32_t count)
{
    if (!count)
        return to;
    *to++ = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_VARINT);
    return impact__write_varint(to, count);
}

/* Ids have known sizes: their fields are written without a call. */
static uint8_t *write_span_id(uint8_t *to, uint32_t field, const impact_span_id *id)
{
    *to++ = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_LENGTH);
    *to++ = sizeof *id;
    memcpy(to, id, sizeof *id);
    return to + sizeof *id;
}

static uint8_t *write_trace_id(uint8_t *to, const impact_trace_id *id)
{
    *to++ = IMPACT__TAG(IMPACT__SPAN_TRACE_ID, IMPACT__WIRE_LENGTH);
    *to++ = sizeof *id;
    memcpy(to, id, sizeof *id);
    return to + sizeof *id;
}

static void write_head(uint8_t *to, const impact_span *span, uint64_t end_unix_ns)
{
    to = write_trace_id(to, &span->identity.trace_id);
    to = write_span_id(to, IMPACT__SPAN_SPAN_ID, &span->identity.span_id);
    if (span->has_parent)
        to = write_span_id(to, IMPACT__SPAN_PARENT_SPAN_ID, &span->parent_span_id);
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__SPAN_FLAGS, IMPACT__WIRE_FIXED32));
    to = impact__write_fixed32(to, span_flags(span));
    *to++ = IMPACT__TAG(IMPACT__SPAN_KIND, IMPACT__WIRE_VARINT);
    *to++ = span->kind;
    *to++ = IMPACT__TAG(IMPACT__SPAN_START, IMPACT__WIRE_FIXED64);
    to = impact__write_fixed64(to, span->start_unix_ns);
    *to++ = IMPACT__TAG(IMPACT__SPAN_END, IMPACT__WIRE_FIXED64);
    to = impact__write_fixed64(to, end_unix_ns);
    to = write_count(to, IMPACT__SPAN_DROPPED_ATTRIBUTES, span->dropped_attribute_count);
    to = write_count(to, IMPACT__SPAN_DROPPED_EVENTS, span->dropped_event_count);
    (void)write_count(to, IMPACT__SPAN_DROPPED_LINKS, span->dropped_link_count);
}

void impact__span_finish(impact_span *span, uint64_t end_unix_ns)
{
    const size_t head_size = fixed_head_size + (span->has_parent ? (size_t)parent_size : 0) +
                             count_size(span->dropped_attribute_count) +
                             count_size(span->dropped_event_count) +
                             count_size(span->dropped_link_count);
    const uint32_t span_offset = (uint32_t)(impact__span_head_room - head_size);
    write_head(span->bytes + span_offset, span, end_unix_ns);

    const uint32_t size = span->size - span_offset;
    span->record_offset = span_offset - 1 - (uint32_t)impact__varint_size(size);
    uint8_t *to = span->bytes + span->record_offset;
    *to++ = IMPACT__TAG(IMPACT__SCOPE_SPANS_SPANS, IMPACT__WIRE_LENGTH);
    (void)impact__write_varint(to, size);
}
