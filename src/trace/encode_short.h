/* The quick way for most attributes: all lengths fit one byte, all text is ASCII, and one pass writes what
 * encode.c writes after measuring. Inline: this is where a span's time goes. */
#ifndef IMPACT_TRACE_ENCODE_SHORT_H
#define IMPACT_TRACE_ENCODE_SHORT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/attribute.h>

#include "core/protobuf.h"
#include "core/text.h"
#include "trace/encode.h"

enum {
    impact__short_key_limit = 48,
    impact__short_string_limit = 48,
    impact__short_size = 2 + (2 + impact__short_key_limit) + 2 + (2 + impact__short_string_limit),
};

/* ---- AnyValue messages of scalars, without their length ---- */

static inline uint8_t *impact__write_bool_value(uint8_t *to, bool value)
{
    *to++ = IMPACT__TAG(IMPACT__ANY_VALUE_BOOL, IMPACT__WIRE_VARINT);
    *to++ = value;
    return to;
}

static inline uint8_t *impact__write_int_value(uint8_t *to, int64_t value)
{
    *to++ = IMPACT__TAG(IMPACT__ANY_VALUE_INT, IMPACT__WIRE_VARINT);
    return impact__write_varint(to, (uint64_t)value);
}

static inline uint8_t *impact__write_double_value(uint8_t *to, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    *to++ = IMPACT__TAG(IMPACT__ANY_VALUE_DOUBLE, IMPACT__WIRE_FIXED64);
    return impact__write_fixed64(to, bits);
}

/* ---- short attributes ---- */

static inline bool impact__is_short(const impact_attribute *a, uint32_t value_length_limit)
{
    if (a->key.size == 0 || a->key.size > impact__short_key_limit || !impact__text_is_ascii(a->key))
        return false;
    if (a->type == IMPACT_VALUE_STRING)
        return a->count <= impact__short_string_limit &&
               (value_length_limit == 0 || a->count <= value_length_limit) &&
               impact__text_is_ascii(impact_text_from(a->value.string, a->count));
    return a->type == IMPACT_VALUE_BOOL || a->type == IMPACT_VALUE_INT ||
           a->type == IMPACT_VALUE_DOUBLE;
}

static inline uint8_t *impact__write_short_value(uint8_t *to, const impact_attribute *a)
{
    if (a->type == IMPACT_VALUE_INT)
        return impact__write_int_value(to, a->value.integer);
    if (a->type == IMPACT_VALUE_BOOL)
        return impact__write_bool_value(to, a->value.boolean);
    if (a->type == IMPACT_VALUE_DOUBLE)
        return impact__write_double_value(to, a->value.real);
    *to++ = IMPACT__TAG(IMPACT__ANY_VALUE_STRING, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)a->count;
    return impact__write_bytes(to, a->value.string, a->count);
}

/* The whole field; `to` has room for impact__short_size bytes. */
static inline uint8_t *impact__write_short(uint8_t *to, uint32_t field, const impact_attribute *a)
{
    uint8_t *start = to;
    *to = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_LENGTH);
    to += 2; /* the length follows below, when it is known */
    *to++ = IMPACT__TAG(IMPACT__KEY_VALUE_KEY, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)a->key.size;
    to = impact__write_bytes(to, a->key.data, a->key.size);
    uint8_t *value = to;
    *to = IMPACT__TAG(IMPACT__KEY_VALUE_VALUE, IMPACT__WIRE_LENGTH);
    to = impact__write_short_value(to + 2, a);
    value[1] = (uint8_t)(to - value - 2);
    start[1] = (uint8_t)(to - start - 2);
    return to;
}

#endif
