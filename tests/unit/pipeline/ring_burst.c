/* A burst into the ring, wherever its head and tail stand. */
#include "support/ring_fixture.h"

static uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 7;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % limit;
}

enum { burst_record = 900, kept_count = 6 }; /* four to an extent, with little room left */

/* Move on by so many records, with a few unread at all times, so that nothing begins anew. */
static void move_on(uint64_t *first, uint64_t *next, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        CHECK_EQUAL(put((*next)++, burst_record), IMPACT__RING_TAKEN);
        if (*next - *first > kept_count) {
            CHECK(take_is((*first)++));
            release();
        }
    }
}

/* How many wait when the ring is full. */
static uint64_t fill(uint64_t first, uint64_t *next)
{
    while (put(*next, burst_record) == IMPACT__RING_TAKEN)
        (*next)++;
    return *next - first;
}

static void take_all(uint64_t first, uint64_t next)
{
    for (; first < next; first++)
        CHECK(take_is(first));
    release();
    CHECK(is_empty());
}

TEST(a_burst_has_as_much_room_as_in_an_empty_ring_wherever_the_reader_is)
{
    const uint64_t whole = area_size / impact__ring_extent_size * 4;
    const uint64_t ragged = 2 * 4; /* the extent that is being read, and one at the area's end */
    for (uint64_t before = 0; before < 4 * whole; before += 3) {
        uint64_t first = 0;
        uint64_t next = 0;
        open_ring(4000, area_size);
        move_on(&first, &next, before);
        CHECK(fill(first, &next) >= whole - ragged);
        take_all(first, next);
        close_ring();
    }
}

TEST(bursts_that_follow_each_other_find_it_too)
{
    const uint64_t whole = area_size / impact__ring_extent_size * 4;
    uint64_t first = 0;
    uint64_t next = 0;
    open_ring(4000, area_size);
    for (int round = 0; round < 400; round++) {
        move_on(&first, &next, random_below(100));
        const uint64_t waiting = fill(first, &next);
        CHECK(waiting >= whole / 2);
        for (uint64_t left = random_below((uint32_t)waiting); next - first > left; first++)
            CHECK(take_is(first));
        release();
        while (next - first > kept_count)
            CHECK(take_is(first++));
        release();
    }
    take_all(first, next);
    close_ring();
}
