/* The room of a span. */
#include "trace/room.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

static size_t most_of(const impact__span *span, impact__room_use use)
{
    const uint32_t limit = span->provider->limits.span_bytes;
    return use == IMPACT__ROOM_ORDINARY    ? span->provider->ordinary_room
           : use == IMPACT__ROOM_EXCEPTION ? limit - impact__span_status_room(limit)
                                           : limit;
}

size_t impact__room_left(const impact__span *span, impact__room_use use, size_t freed)
{
    assert(freed <= span->size);
    const size_t most = most_of(span, use);
    const size_t used = span->size - freed;
    return most > used ? most - used : 0;
}

uint8_t *impact__room_grow(impact__span *span, size_t size, size_t kept)
{
    assert(span->bytes && span->size <= span->capacity);
    const size_t limit = span->provider->limits.span_bytes;
    if (size > limit || span->size + size + kept > limit)
        return NULL;
    size_t capacity = span->capacity;
    while (capacity < span->size + size + kept)
        capacity *= 2;
    if (capacity > limit)
        capacity = limit;
    uint8_t *bytes = impact__resize(NULL, span->bytes, capacity);
    if (!bytes)
        return NULL;
    span->bytes = bytes;
    span->capacity = (uint32_t)capacity;
    impact__room_set_short_end(span);
    return span->bytes + span->size;
}

/* What lies at `from` or behind it moves. */
static void move_offsets(impact__span *span, size_t from, int64_t by)
{
    for (uint32_t i = 0; i < span->attribute_count; i++)
        if (span->places[i].offset >= from)
            span->places[i].offset = (uint32_t)(span->places[i].offset + by);
    if (span->status_offset && span->status_offset >= from)
        span->status_offset = (uint32_t)(span->status_offset + by);
}

uint8_t *impact__room_splice(impact__span *span, uint32_t offset, size_t old_size, size_t size,
                             impact__room_use use)
{
    assert(offset >= impact__span_head_room && offset + old_size <= span->size);
    if (size > old_size && !impact__room_reserve(span, size - old_size, use))
        return NULL;
    uint8_t *at = span->bytes + offset;
    if (size != old_size && offset + old_size == span->size) {
        span->size = (uint32_t)(offset + size);
    } else if (size != old_size) {
        memmove(at + size, at + old_size, span->size - offset - old_size);
        const int64_t by = (int64_t)size - (int64_t)old_size;
        span->size = (uint32_t)(span->size + by);
        move_offsets(span, offset + old_size, by);
    }
    return at;
}

size_t impact__room_field_size(const impact__span *span, uint32_t offset)
{
    assert(offset >= impact__span_head_room && offset < span->size);
    size_t size = 0;
    uint32_t i = offset + 1;
    for (int shift = 0;; shift += 7) {
        const uint8_t byte = span->bytes[i++];
        size |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return i - offset + size;
    }
}

uint32_t impact__room_most(uint32_t most, bool (*fits)(void *item, uint32_t number), void *item)
{
    uint32_t good = 0;
    uint32_t bad = most < UINT32_MAX ? most + 1 : most;
    while (bad - good > 1) {
        const uint32_t middle = good + (bad - good) / 2;
        if (fits(item, middle))
            good = middle;
        else
            bad = middle;
    }
    return good;
}
