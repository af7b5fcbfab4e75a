/* The quick way for most attributes: all lengths fit one byte, all text is ASCII, and one pass
 * writes what encode.c writes after measuring. Inline: this is where a span's time goes. */
#ifndef IMPACT_SIGNAL_ENCODE_SHORT_H
#define IMPACT_SIGNAL_ENCODE_SHORT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/attribute.h>

#include "base/protobuf.h"
#include "signal/encode_value.h"
#include "signal/span_fields.h"

enum {
    impact__short_key_limit = 48,
    impact__short_string_limit = 48,
    impact__short_size = 2 + (2 + impact__short_key_limit) + 2 + (2 + impact__short_string_limit),
};

/* ---- short attributes ---- */

#define IMPACT__NOT_ASCII UINT64_C(0x8080808080808080)

static inline uint64_t impact__load_8(const char *from)
{
    uint64_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

static inline uint32_t impact__load_4(const char *from)
{
    uint32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/* The two below copy `size` bytes and return them all, one over the other. Most texts have up to
 * 16: that is two moves, which may overlap. */
static inline uint64_t impact__copy_to_8(uint8_t *to, const char *from, size_t size)
{
    if (size >= 4) {
        const uint32_t first = impact__load_4(from);
        const uint32_t last = impact__load_4(from + size - 4);
        memcpy(to, &first, sizeof first);
        memcpy(to + size - 4, &last, sizeof last);
        return first | last;
    }
    if (size == 0)
        return 0;
    const uint8_t first = (uint8_t)from[0];
    const uint8_t middle = (uint8_t)from[size / 2];
    const uint8_t last = (uint8_t)from[size - 1];
    to[0] = first;
    to[size / 2] = middle;
    to[size - 1] = last;
    return first | middle | last;
}

static inline uint64_t impact__copy_from_8(uint8_t *to, const char *from, size_t size)
{
    const uint64_t last = impact__load_8(from + size - 8);
    uint64_t seen = last;
    for (size_t i = 0; i + 8 < size; i += 8) {
        const uint64_t next = impact__load_8(from + i);
        memcpy(to + i, &next, sizeof next);
        seen |= next;
    }
    memcpy(to + size - 8, &last, sizeof last);
    return seen;
}

/* Copy text while looking at it: NULL when not all of it is ASCII. What was written then is
 * void. */
static inline uint8_t *impact__write_ascii(uint8_t *to, const char *from, size_t size)
{
    const uint64_t seen =
        size < 8 ? impact__copy_to_8(to, from, size) : impact__copy_from_8(to, from, size);
    return seen & IMPACT__NOT_ASCII ? NULL : to + size;
}

/* NULL: the value is not short. */
static inline uint8_t *impact__write_short_value(uint8_t *to, const impact_value *v,
                                                 uint32_t value_length_limit)
{
    switch (v->type) {
    case IMPACT_VALUE_INT:
        return impact__write_int_value(to, v->integer);
    case IMPACT_VALUE_BOOL:
        return impact__write_bool_value(to, v->boolean);
    case IMPACT_VALUE_DOUBLE:
        return impact__write_double_value(to, v->real);
    case IMPACT_VALUE_STRING:
        if (v->count > impact__short_string_limit || (!v->string && v->count) ||
            v->count > value_length_limit)
            return NULL;
        *to++ = IMPACT__TAG(IMPACT__ANY_VALUE_STRING, IMPACT__WIRE_LENGTH);
        *to++ = (uint8_t)v->count;
        return impact__write_ascii(to, v->string, v->count);
    default:
        return NULL;
    }
}

/* The whole field, whose number is below 16; `to` has room for impact__short_size bytes. NULL: the
 * attribute is not short, and what was written is void. */
static inline uint8_t *impact__write_short(uint8_t *to, uint32_t field, const impact_attribute *a,
                                           uint32_t value_length_limit)
{
    const impact_text key = a->key;
    if (key.size == 0 || key.size > impact__short_key_limit || !key.data)
        return NULL;
    /* Four bytes at once; the second is the length, which follows below, when it is known. */
    const uint32_t tags = IMPACT__TAG(field, IMPACT__WIRE_LENGTH) |
                          IMPACT__TAG(IMPACT__KEY_VALUE_KEY, IMPACT__WIRE_LENGTH) << 16;
    uint8_t *text = impact__write_fixed32(to, tags | (uint32_t)key.size << 24);
    uint8_t *value = impact__write_ascii(text, key.data, key.size);
    if (!value)
        return NULL;
    *value = IMPACT__TAG(IMPACT__KEY_VALUE_VALUE, IMPACT__WIRE_LENGTH);
    uint8_t *end = impact__write_short_value(value + 2, &a->value, value_length_limit);
    if (!end)
        return NULL;
    value[1] = (uint8_t)(end - value - 2);
    to[1] = (uint8_t)(end - to - 2);
    return end;
}

/* ---- short events ---- */

/* An event without attributes, likewise. */
static inline uint8_t *impact__write_short_event(uint8_t *to, uint32_t field, impact_text name,
                                                 uint64_t unix_ns)
{
    enum { around = 1 + 8 + 2 }; /* the time, and the name's tag and length */
    if (name.size == 0 || name.size > impact__short_string_limit)
        return NULL;
    *to++ = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)(around + name.size);
    *to++ = IMPACT__TAG(IMPACT__EVENT_TIME, IMPACT__WIRE_FIXED64);
    to = impact__write_fixed64(to, unix_ns);
    *to++ = IMPACT__TAG(IMPACT__EVENT_NAME, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)name.size;
    return impact__write_ascii(to, name.data, name.size);
}

#endif
