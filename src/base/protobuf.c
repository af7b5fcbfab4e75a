/* Reading the protobuf wire format. */
#include "base/protobuf.h"

#include <assert.h>

static bool read_varint(uint64_t *value, impact_text *rest)
{
    uint64_t result = 0;
    for (size_t i = 0; i < rest->size && i < IMPACT__VARINT_SIZE_MOST; i++) {
        const uint8_t byte = (uint8_t)rest->data[i];
        result |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *rest = impact_text_from(rest->data + i + 1, rest->size - i - 1);
            *value = result;
            return true;
        }
    }
    return false;
}

static bool read_fixed(uint64_t *value, impact_text *rest, size_t size)
{
    assert(size == 4 || size == 8);
    if (rest->size < size)
        return false;
    *value = 0;
    for (size_t i = 0; i < size; i++)
        *value |= (uint64_t)(uint8_t)rest->data[i] << (8 * i);
    *rest = impact_text_from(rest->data + size, rest->size - size);
    return true;
}

static bool read_bytes(impact_text *bytes, impact_text *rest)
{
    uint64_t size = 0;
    if (!read_varint(&size, rest) || size > rest->size)
        return false;
    *bytes = impact_text_from(rest->data, (size_t)size);
    *rest = impact_text_from(rest->data + size, rest->size - (size_t)size);
    return true;
}

bool impact__read_field(impact__field *field, impact_text *rest)
{
    assert(rest->data || rest->size == 0);
    impact_text after = *rest;
    impact__field read = {0};
    uint64_t tag = 0;
    if (!read_varint(&tag, &after) || tag >> 3 == 0 || tag > UINT32_MAX)
        return false;
    read.number = (uint32_t)(tag >> 3);
    read.wire_type = (impact__wire_type)(tag & 7);
    bool is_read = false;
    if (read.wire_type == IMPACT__WIRE_VARINT)
        is_read = read_varint(&read.value, &after);
    else if (read.wire_type == IMPACT__WIRE_FIXED64)
        is_read = read_fixed(&read.value, &after, 8);
    else if (read.wire_type == IMPACT__WIRE_FIXED32)
        is_read = read_fixed(&read.value, &after, 4);
    else if (read.wire_type == IMPACT__WIRE_LENGTH)
        is_read = read_bytes(&read.bytes, &after);
    if (!is_read)
        return false;
    *field = read;
    *rest = after;
    return true;
}
