/* The room of a span: its bytes grow up to a limit, and the last of them are kept for what says
 * that something went wrong.
 *
 *     | head | name, attributes, events, links ...      | exceptions too | the status too |
 *     0                                    limit - both              limit - one      limit
 *
 * What does not fit is cut to the room that is left: text at the border of a character; it is
 * counted, and said when the span ends.
 */
#ifndef IMPACT_TRACE_ROOM_H
#define IMPACT_TRACE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/live_span.h"
#include "trace/provider.h"

/* What may use how much of it. */
typedef enum impact__room_use {
    IMPACT__ROOM_ORDINARY,
    IMPACT__ROOM_EXCEPTION,
    IMPACT__ROOM_STATUS,
} impact__room_use;

enum { impact__status_code_size = 4 }; /* of a status without a description: there is always room */

/* Up to where short attributes may be written unasked: again when the capacity is another one. */
static inline void impact__room_set_short_end(impact__span *span)
{
    const uint32_t end = span->capacity - impact__status_code_size;
    const uint32_t most = span->provider->ordinary_room;
    span->short_end = end < most ? end : most;
}

/* Up to how many of them: again when there are more places. */
static inline void impact__room_set_short_count(impact__span *span)
{
    const uint32_t limit = span->provider->limits.attribute_limit;
    span->short_count = limit < span->place_capacity ? limit : span->place_capacity;
}

/* Bytes that may be added at the end, beside `freed` that go away: as the limit allows. */
size_t impact__room_left(const impact__span *span, impact__room_use use, size_t freed);

/* Room for `size` more bytes at the end, or NULL: over the limit, or no memory. */
uint8_t *impact__room_grow(impact__span *span, size_t size, size_t kept);

static inline uint8_t *impact__room_reserve(impact__span *span, size_t size, impact__room_use use)
{
    const size_t kept = use == IMPACT__ROOM_STATUS ? 0 : impact__status_code_size;
    if (size + kept <= span->capacity - span->size)
        return span->bytes + span->size;
    return impact__room_grow(span, size, kept);
}

/* Room for `size` bytes at `offset` in the place of `old_size` that are there, or NULL. */
uint8_t *impact__room_splice(impact__span *span, uint32_t offset, size_t old_size, size_t size,
                             impact__room_use use);

/* The whole size of the length-prefixed field at `offset`: ours, with a tag of one byte. */
size_t impact__room_field_size(const impact__span *span, uint32_t offset);

/* The most that `fits` finds small enough, for an item that is larger the larger the number: from 1
 * to `most`. 0: not even 1 fits. */
uint32_t impact__room_most(uint32_t most, bool (*fits)(void *item, uint32_t number), void *item);

#endif
