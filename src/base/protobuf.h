/* The protobuf wire format, both ways: tags, varints, fixed numbers and length-prefixed fields
 * (protobuf.dev, "Encoding"). Writers move a pointer that the caller has made room for. */
#ifndef IMPACT_BASE_PROTOBUF_H
#define IMPACT_BASE_PROTOBUF_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <impact/text.h>

typedef enum impact__wire_type {
    IMPACT__WIRE_VARINT = 0,
    IMPACT__WIRE_FIXED64 = 1,
    IMPACT__WIRE_LENGTH = 2,
    IMPACT__WIRE_FIXED32 = 5
} impact__wire_type;

#define IMPACT__TAG(field, wire_type) ((uint32_t)(field) << 3 | (uint32_t)(wire_type))

enum { IMPACT__VARINT_SIZE_MOST = 10 };

static inline size_t impact__varint_size(uint64_t value)
{
    /* 7 bits a byte: a seventh is close to 9/64. "| 1" because zero takes one byte too. */
    const unsigned last_bit = 63 - (unsigned)__builtin_clzll(value | 1);
    return (last_bit * 9 + 73) / 64;
}

static inline uint8_t *impact__write_varint(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

static inline uint8_t *impact__write_fixed64(uint8_t *to, uint64_t value)
{
    const uint64_t little_endian = htole64(value);
    memcpy(to, &little_endian, sizeof little_endian);
    return to + sizeof little_endian;
}

static inline uint8_t *impact__write_fixed32(uint8_t *to, uint32_t value)
{
    const uint32_t little_endian = htole32(value);
    memcpy(to, &little_endian, sizeof little_endian);
    return to + sizeof little_endian;
}

/* Keys and values are short: up to 16 bytes are two moves that may overlap, without a call. */
static inline uint8_t *impact__write_bytes(uint8_t *to, const void *data, size_t size)
{
    const uint8_t *from = (const uint8_t *)data;
    if (size > 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
    }
    return to + size;
}

/* A length-prefixed field with its tag. */
static inline uint8_t *impact__write_field(uint8_t *to, uint32_t field, const void *data,
                                           size_t size)
{
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, size);
    return impact__write_bytes(to, data, size);
}

static inline size_t impact__field_size(uint32_t field, size_t size)
{
    return impact__varint_size(IMPACT__TAG(field, IMPACT__WIRE_LENGTH)) +
           impact__varint_size(size) + size;
}

/* One field, read. */
typedef struct impact__field {
    uint32_t number;
    impact__wire_type wire_type;
    uint64_t value;    /* of a varint or a fixed number */
    impact_text bytes; /* of a length-prefixed field; borrowed */
} impact__field;

/* Cut the next field off `rest`. False at the end (rest.size is 0 then) or on malformed bytes. */
bool impact__read_field(impact__field *field, impact_text *rest);

#endif
