/* What is recorded into a live span: name, status, attributes. Events and links are in events.c. */
#include "trace/recorder.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/text.h"
#include "signal/encode.h"
#include "signal/encode_short.h"
#include "trace/access.h"
#include "trace/provider.h"
#include "trace/room.h"

enum {
    name_character_limit = 4096, /* a longer name is data that lost its way: it is cut */
    short_name_limit = 96,
    first_place_count = 16,
};

/* ---- name and status ---- */

/* A new span's name, if it is short: its field stands first and nothing has to move. */
static bool record_short_name(impact__span *span, impact_text name)
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

/* Apart, so that the short way does not pay for its frame. */
__attribute__((noinline)) static void record_long_name(impact__span *span, impact_text name)
{
    impact__string string = impact__string_of(name, name_character_limit);
    const size_t room = impact__room_left(span, IMPACT__ROOM_ORDINARY, span->name_size);
    if (impact__field_size(IMPACT__SPAN_NAME, string.size) > room) {
        impact__string_cut(&string, IMPACT__SPAN_NAME, room);
        span->cut_count++;
    }
    const size_t size = impact__field_size(IMPACT__SPAN_NAME, string.size);
    uint8_t *to = string.size || !name.size
                      ? impact__room_splice(span, impact__span_head_room, span->name_size, size,
                                            IMPACT__ROOM_ORDINARY)
                      : NULL;
    if (!to)
        return; /* better the old one than none */
    (void)impact__write_string(to, IMPACT__SPAN_NAME, &string);
    span->name_size = (uint32_t)size;
}

void impact__span_record_name(impact__span *span, impact_text name)
{
    if (!record_short_name(span, name))
        record_long_name(span, name);
}

void impact__span_record_trace_state(impact__span *span)
{
    const impact_text state = impact__shared_text_of(span->trace_state);
    const size_t size = impact__field_size(IMPACT__SPAN_TRACE_STATE, state.size);
    uint8_t *to = impact__room_reserve(span, size, IMPACT__ROOM_ORDINARY);
    if (!to)
        return;
    (void)impact__write_field(to, IMPACT__SPAN_TRACE_STATE, state.data, state.size);
    span->size += (uint32_t)size;
}

void impact_span_set_name_n(impact_span *span, const char *name, size_t size)
{
    impact__access access;
    impact__span *live = name ? impact__access_begin(&access, span) : NULL;
    if (!live)
        return;
    impact__span_record_name(live, impact_text_from(name, size));
    impact__access_end(&access, live);
}

void impact_span_set_name(impact_span *span, const char *name)
{
    impact_span_set_name_n(span, name, name ? strlen(name) : 0);
}

/* A description has what is left for all, and what is kept for it. */
static impact__string description_of(impact__span *span, impact_text text, size_t old_size)
{
    enum { around = impact__status_code_size + 4 };
    impact__string description = impact__string_of(text, IMPACT__ANY_LENGTH);
    const size_t kept = impact__room_left(span, IMPACT__ROOM_STATUS, old_size) -
                        impact__room_left(span, IMPACT__ROOM_EXCEPTION, old_size);
    const size_t room = impact__room_left(span, IMPACT__ROOM_ORDINARY, old_size) + kept;
    if (impact__status_field_size(&description) <= room)
        return description;
    impact__string_cut(&description, IMPACT__STATUS_MESSAGE, room > around ? room - around : 0);
    span->cut_count++;
    return description;
}

static bool write_status(impact__span *span, impact_span_status status,
                         const impact__string *description)
{
    assert(span->status != IMPACT_SPAN_STATUS_OK); /* that one is final */
    const bool is_first = span->status_offset == 0;
    const uint32_t offset = is_first ? span->size : span->status_offset;
    uint8_t *to =
        impact__room_splice(span, offset, is_first ? 0 : impact__room_field_size(span, offset),
                            impact__status_field_size(description), IMPACT__ROOM_STATUS);
    if (!to)
        return false;
    (void)impact__write_status(to, status, description);
    span->status_offset = offset;
    span->status = (uint8_t)status;
    return true;
}

static void record_status(impact__span *span, impact_span_status status, impact_text text)
{
    static const impact__string none;
    const size_t old_size =
        span->status_offset ? impact__room_field_size(span, span->status_offset) : 0;
    const impact__string description = description_of(span, text, old_size);
    if (write_status(span, status, &description))
        return;
    span->cut_count++; /* no memory: what matters has room */
    (void)write_status(span, status, &none);
}

void impact_span_set_status(impact_span *span, impact_span_status status, const char *description)
{
    impact__access access;
    if (status != IMPACT_SPAN_STATUS_OK && status != IMPACT_SPAN_STATUS_ERROR)
        return;
    impact__span *live = impact__access_begin(&access, span);
    if (!live)
        return;
    const bool is_error = status == IMPACT_SPAN_STATUS_ERROR;
    if (live->status != IMPACT_SPAN_STATUS_OK)
        record_status(live, status, impact_text_of(is_error ? description : NULL));
    impact__access_end(&access, live);
}

/* ---- attributes ---- */

/* A number that most other keys do not have; `key` is not empty. */
static inline uint32_t print_of(impact_text key)
{
    const unsigned char *k = (const unsigned char *)key.data;
    if (key.size < 4)
        return (uint32_t)key.size << 24 | (uint32_t)k[0] << 16 | (uint32_t)k[key.size / 2] << 8 |
               (uint32_t)k[key.size - 1];
    const uint32_t middle = impact__load_4(key.data + key.size / 2 - 2);
    return impact__load_4(key.data) + middle * 3 + impact__load_4(key.data + key.size - 4) * 9 +
           (uint32_t)key.size;
}

/* The key of the attribute at `offset`, as encode.c writes it: tag, length, tag, length, key. */
static bool has_key_at(const impact__span *span, uint32_t offset, impact_text key)
{
    impact_text rest = impact_text_from((const char *)span->bytes + offset, span->size - offset);
    impact__field attribute;
    impact__field field;
    return impact__read_field(&attribute, &rest) && impact__read_field(&field, &attribute.bytes) &&
           impact__text_equal(field.bytes, key);
}

static inline impact__attribute_place *place_of(const impact__span *span, impact_text key,
                                                uint32_t print)
{
    for (uint32_t i = 0; i < span->attribute_count; i++)
        if (span->places[i].print == print && has_key_at(span, span->places[i].offset, key))
            return &span->places[i];
    return NULL;
}

static bool has_room_for_a_place(impact__span *span)
{
    if (span->attribute_count < span->place_capacity)
        return true;
    const uint32_t capacity = span->place_capacity ? span->place_capacity * 2 : first_place_count;
    impact__attribute_place *places = impact__resize(NULL, span->places, capacity * sizeof *places);
    if (!places)
        return false;
    span->places = places;
    span->place_capacity = capacity;
    impact__room_set_short_count(span);
    return true;
}

typedef struct measured {
    impact__key_value *kv;
    size_t room;
} measured;

static bool fits(void *item, uint32_t value_length_limit)
{
    const measured *m = item;
    return impact__key_value_of(m->kv, m->kv->attribute, value_length_limit) &&
           impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, m->kv) <= m->room;
}

/* Cut the value to the room: a string to all of it, the texts and bytes within another to one
 * length. */
static bool cut(impact__span *span, impact__key_value *kv, size_t room)
{
    span->cut_count++;
    if (kv->attribute->value.type == IMPACT_VALUE_STRING)
        return impact__key_value_cut(kv, IMPACT__SPAN_ATTRIBUTES, room);
    assert(kv->size > 0);
    measured m = {kv, room};
    const uint32_t limit = span->provider->limits.value_length_limit;
    const uint32_t most = limit < room ? limit : (uint32_t)room;
    const uint32_t length = impact__room_most(most, fits, &m);
    return length && fits(&m, length);
}

/* Write it in the place of `old_size` bytes at `offset`. */
static bool put_attribute(impact__span *span, impact__key_value *kv, uint32_t offset,
                          size_t old_size)
{
    const size_t room = impact__room_left(span, IMPACT__ROOM_ORDINARY, old_size);
    if (impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, kv) > room && !cut(span, kv, room))
        return false;
    uint8_t *to = impact__room_splice(span, offset, old_size,
                                      impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, kv),
                                      IMPACT__ROOM_ORDINARY);
    if (to)
        (void)impact__write_key_value(to, IMPACT__SPAN_ATTRIBUTES, kv);
    return to != NULL;
}

/* False: it is dropped. */
static bool add_attribute(impact__span *span, impact__key_value *kv, uint32_t print)
{
    if (span->attribute_count >= span->provider->limits.attribute_limit ||
        !has_room_for_a_place(span))
        return false;
    assert(span->attribute_count < span->place_capacity);
    const uint32_t offset = span->size;
    if (!put_attribute(span, kv, offset, 0))
        return false;
    span->places[span->attribute_count++] = (impact__attribute_place){print, offset};
    return true;
}

/* Perhaps the key of one that is there. */
static inline bool has_print(const impact__span *span, uint32_t print)
{
    for (uint32_t i = 0; i < span->attribute_count; i++)
        if (span->places[i].print == print)
            return true;
    return false;
}

/* Most attributes: short, new, and there is room. False: it takes the long way. */
static inline bool record_short(impact__span *span, const impact_attribute *attribute)
{
    const uint32_t count = span->attribute_count;
    if (count >= span->short_count || span->size + impact__short_size > span->short_end)
        return false;
    uint8_t *to = span->bytes + span->size;
    const uint8_t *end = impact__write_short(to, IMPACT__SPAN_ATTRIBUTES, attribute,
                                             span->provider->limits.value_length_limit);
    if (!end)
        return false;
    const uint32_t print = print_of(attribute->key);
    if (has_print(span, print))
        return false;
    span->places[count] = (impact__attribute_place){print, span->size};
    span->attribute_count = count + 1;
    span->size += (uint32_t)(end - to);
    return true;
}

/* Apart, too. */
__attribute__((noinline)) static void record_long(impact__span *span,
                                                  const impact_attribute *attribute)
{
    impact__key_value kv;
    if (impact__is_ignored(attribute))
        return;
    bool is_kept = false;
    if (impact__key_value_of(&kv, attribute, span->provider->limits.value_length_limit)) {
        const uint32_t print = print_of(attribute->key);
        const impact__attribute_place *place = place_of(span, attribute->key, print);
        is_kept = place ? put_attribute(span, &kv, place->offset,
                                        impact__room_field_size(span, place->offset))
                        : add_attribute(span, &kv, print);
    }
    if (!is_kept)
        span->dropped_attribute_count++;
}

void impact__span_record_attributes(impact__span *span, const impact_attribute *attributes,
                                    size_t attribute_count)
{
    for (size_t i = 0; i < attribute_count; i++)
        if (!record_short(span, &attributes[i]))
            record_long(span, &attributes[i]);
}

/* The two below are apart, too. They come last, so that what calls them keeps nothing. */
__attribute__((noinline)) static void record_rest(const impact__thread_state *state,
                                                  impact__span *span,
                                                  const impact_attribute *attributes,
                                                  size_t attribute_count)
{
    impact__span_record_attributes(span, attributes, attribute_count);
    impact__access_end_own(state);
}

__attribute__((noinline)) static void
set_all_slowly(impact_span *span, const impact_attribute *attributes, size_t attribute_count)
{
    impact__access access;
    impact__span *live = impact__access_begin(&access, span);
    if (!live)
        return;
    impact__span_record_attributes(live, attributes, attribute_count);
    impact__access_end(&access, live);
}

void impact_span_set_all(impact_span *span, const impact_attribute *attributes,
                         size_t attribute_count)
{
    const uintptr_t name = (uintptr_t)span;
    if (!attributes || !attribute_count || !(name & IMPACT__NAME_RECORDING))
        return;
    impact__thread_state *state = impact__thread_state_peek();
    impact__span *live = impact__access_begin_own(state, name);
    if (__builtin_expect(!live, 0)) {
        set_all_slowly(span, attributes, attribute_count);
        return;
    }
    const size_t first = record_short(live, attributes);
    if (first == attribute_count) /* one, as nearly always */
        impact__access_end_own(state);
    else
        record_rest(state, live, attributes + first, attribute_count - first);
}
