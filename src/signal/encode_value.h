/* Values as protobuf bytes: opentelemetry.proto.common.v1.AnyValue, and the text in it. */
#ifndef IMPACT_SIGNAL_ENCODE_VALUE_H
#define IMPACT_SIGNAL_ENCODE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>

#include "base/protobuf.h"

/* Field numbers of the messages that are written here (common.proto). */
enum {
    IMPACT__KEY_VALUE_KEY = 1,
    IMPACT__KEY_VALUE_VALUE = 2,
    IMPACT__ANY_VALUE_STRING = 1,
    IMPACT__ANY_VALUE_BOOL = 2,
    IMPACT__ANY_VALUE_INT = 3,
    IMPACT__ANY_VALUE_DOUBLE = 4,
    IMPACT__ANY_VALUE_ARRAY = 5,
    IMPACT__ANY_VALUE_MAP = 6,
    IMPACT__ANY_VALUE_BYTES = 7,
    IMPACT__ARRAY_VALUE_VALUES = 1,
    IMPACT__KEY_VALUE_LIST_VALUES = 1,
};

enum {
    /* A larger value is refused: no request has as much (opentelemetry-proto, OTLP/gRPC servers
     * take 4 MiB by default; we send at most 64 MiB). */
    impact__value_size_limit = 64 * 1024 * 1024,
    /* A key is looked for among so many members of a map behind it: each is compared with each. */
    impact__member_window = 1024,
};

/* ---- text ---- */

/* Of a limit in characters: there is none. */
#define IMPACT__ANY_LENGTH UINT32_MAX

/* Text that is to be written: cut to a number of characters, repaired where it is not UTF-8. */
typedef struct impact__string {
    impact_text text;
    size_t size; /* once repaired */
} impact__string;

impact__string impact__string_of(impact_text text, uint32_t character_limit);
uint8_t *impact__write_string(uint8_t *to, uint32_t field, const impact__string *string);

/* Cut it, at the border of a character, so that its field has at most `field_size` bytes. */
void impact__string_cut(impact__string *string, uint32_t field, size_t field_size);

/* ---- AnyValue messages, without their length ---- */

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

/* True unless nothing can be said of it: no value, an unknown type, items that were promised and
 * are not there. Inside arrays and maps such a value is null. */
bool impact__value_is_writable(const impact_value *value);

/* The size of a writable value's message; strings and bytes are cut to `length_limit` characters or
 * bytes (IMPACT__ANY_LENGTH: not cut), wherever they lie. False: it would be larger than
 * impact__value_size_limit. */
bool impact__value_measure(size_t *size, const impact_value *value, uint32_t length_limit);

/* Write the message that was measured to have `size` bytes. */
uint8_t *impact__write_value(uint8_t *to, size_t size, const impact_value *value,
                             uint32_t length_limit);

#endif
