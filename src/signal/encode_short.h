/* The quick way for most attributes: all lengths fit one byte, all text is ASCII, and one pass writes what
 * encode.c writes after measuring. Inline: this is where a span's time goes. */
#ifndef IMPACT_SIGNAL_ENCODE_SHORT_H
#define IMPACT_SIGNAL_ENCODE_SHORT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/attribute.h>

#include "base/protobuf.h"
#include "signal/encode_value.h"

enum {
    impact__short_key_limit = 48,
    impact__short_string_limit = 48,
    impact__short_size = 2 + (2 + impact__short_key_limit) + 2 + (2 + impact__short_string_limit),
};

/* ---- short attributes ---- */

#define IMPACT__NOT_ASCII UINT64_C(0x8080808080808080)

/* Copy text while looking at it: NULL when not all of it is ASCII. What was written then is void. Texts of up
 * to 16 bytes, which most are, are two moves that may overlap. */
static inline uint8_t *impact__write_ascii(uint8_t *to, const char *from, size_t size)
{
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t seen = 0;
    if (size < 8) {
        for (size_t i = 0; i < size; i++)
            seen |= to[i] = (uint8_t)from[i];
        return seen & 0x80 ? NULL : to + size;
    }
    for (size_t i = 0; i + 8 < size; i += 8) {
        memcpy(&first, from + i, 8);
        memcpy(to + i, &first, 8);
        seen |= first;
    }
    memcpy(&last, from + size - 8, 8);
    memcpy(to + size - 8, &last, 8);
    return (seen | last) & IMPACT__NOT_ASCII ? NULL : to + size;
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

/* The whole field; `to` has room for impact__short_size bytes. NULL: the attribute is not short, and what
 * was written is void. */
static inline uint8_t *impact__write_short(uint8_t *to, uint32_t field, const impact_attribute *a,
                                           uint32_t value_length_limit)
{
    uint8_t *start = to;
    if (a->key.size == 0 || a->key.size > impact__short_key_limit || !a->key.data)
        return NULL;
    *to = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_LENGTH);
    to += 2; /* the length follows below, when it is known */
    *to++ = IMPACT__TAG(IMPACT__KEY_VALUE_KEY, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)a->key.size;
    uint8_t *value = impact__write_ascii(to, a->key.data, a->key.size);
    if (!value)
        return NULL;
    *value = IMPACT__TAG(IMPACT__KEY_VALUE_VALUE, IMPACT__WIRE_LENGTH);
    to = impact__write_short_value(value + 2, &a->value, value_length_limit);
    if (!to)
        return NULL;
    value[1] = (uint8_t)(to - value - 2);
    start[1] = (uint8_t)(to - start - 2);
    return to;
}

#endif
