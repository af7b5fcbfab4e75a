/* The ring read in several batches at once: freed up to marks, and what is struck out. */
#include "support/ring_fixture.h"

enum { range_limit = 4, list_limit = 8192 };

static uint64_t random_state = 11;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

/* A batch that was taken: what its records say, and where they lie. */
typedef struct range {
    impact__ring_mark begin;
    impact__ring_mark end;
    impact__ring_record records[64];
    uint64_t first;
    size_t count;
} range;

static range ranges[range_limit]; /* the oldest first */
static size_t range_count;
static uint64_t next_put;
static uint64_t next_taken;

static bool take_range(uint32_t most)
{
    range *taken = &ranges[range_count];
    *taken = (range){.begin = impact__ring_here(&reader), .first = next_taken};
    while (taken->count < most &&
           impact__ring_take(&reader, &taken->records[taken->count]) == IMPACT__RING_RECORD)
        taken->count++;
    impact__ring_return(&reader);
    taken->end = impact__ring_here(&reader);
    next_taken += taken->count;
    range_count += taken->count > 0;
    return taken->count > 0;
}

/* Nobody has written where they lie. */
static void check_whole(const range *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        CHECK(number_of(&taken->records[i]) == taken->first + i && is_whole(&taken->records[i]));
}

/* The oldest of them, so many at once. */
static void release_ranges(size_t count)
{
    for (size_t i = 0; i < range_count; i++)
        check_whole(&ranges[i]);
    impact__ring_release_to(&reader, &ranges[count - 1].end);
    range_count -= count;
    memmove(ranges, ranges + count, range_count * sizeof *ranges);
}

static void do_something(uint32_t limit)
{
    switch (random_below(16)) {
    case 0:
        if (range_count < range_limit)
            (void)take_range(1 + random_below(40));
        break;
    case 1:
        if (range_count)
            release_ranges(1 + random_below((uint32_t)range_count));
        break;
    default:
        next_put += put(next_put, random_below(8) ? 8 + random_below(500)
                                                  : 8 + random_below(9000)) == IMPACT__RING_TAKEN;
    }
    CHECK_EQUAL(impact__ring_waiting(&reader), next_put - next_taken);
    CHECK(impact__ring_reserved(&ring) <= limit);
}

TEST(records_of_several_batches_stay_as_they_are_until_their_own_is_released)
{
    static const uint32_t limits[] = {1, 3, 17, 63, 500};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        range_count = 0;
        next_put = next_taken = 0;
        open_ring(limits[i], area_size);
        for (int j = 0; j < 8000; j++)
            do_something(limits[i]);
        CHECK(next_taken > 100);
        close_ring();
    }
}

TEST(what_is_released_up_to_a_mark_is_room_again_and_what_lies_behind_it_is_not)
{
    open_ring(4000, area_size);
    uint64_t count = 0;
    while (put(count, 10000) == IMPACT__RING_TAKEN)
        count++;
    CHECK(take_range(4) && take_range(4));
    release_ranges(1);
    for (uint64_t i = 0; i < 4; i++)
        CHECK_EQUAL(put(count + i, 10000), IMPACT__RING_TAKEN);
    CHECK_EQUAL(put(0, 10000), IMPACT__RING_FULL);
    check_whole(&ranges[0]);
    release_ranges(1);
    CHECK_EQUAL(put(count + 4, 10000), IMPACT__RING_TAKEN);
    close_ring();
}

TEST(all_that_is_settled_is_told_when_nothing_is_left)
{
    open_ring(100, area_size);
    for (uint64_t i = 0; i < 20; i++)
        CHECK_EQUAL(put(i, 100), IMPACT__RING_TAKEN);
    CHECK(take_range(5) && take_range(15));
    release_ranges(1);
    CHECK(impact__ring_released(&reader) != impact__ring_last(&ring));
    release_ranges(1);
    CHECK_EQUAL(impact__ring_released(&reader), impact__ring_last(&ring));
    CHECK_EQUAL(put(20, 100), IMPACT__RING_TAKEN);
    CHECK(take_is(20));
    close_ring();
}

/* ---- struck out ---- */

/* As who takes the ring over from a process that was killed. */
static size_t count_left(uint64_t from, uint64_t until)
{
    impact__ring_reader after;
    impact__ring_record record;
    size_t count = 0;
    impact__ring_reader_open(&after, &ring);
    impact__ring_reader_step_over(&after);
    while (impact__ring_take(&after, &record) == IMPACT__RING_RECORD) {
        CHECK(number_of(&record) < from || number_of(&record) >= until);
        count++;
    }
    return count;
}

static void fill_and_strike(uint64_t count, uint32_t before, uint32_t struck)
{
    open_ring(1000, area_size);
    range_count = next_taken = 0;
    for (uint64_t i = 0; i < count; i++)
        CHECK_EQUAL(put(i, i % 9 ? 200 : 5000), IMPACT__RING_TAKEN);
    CHECK(take_range(before) && take_range(struck));
    impact__ring_strike(&reader, &ranges[1].begin, &ranges[1].end);
    CHECK_EQUAL(count_left(before, before + struck), count - struck);
    CHECK(struck == 40 || take_is(before + struck)); /* the reader itself has gone on */
    close_ring();
}

TEST(records_that_are_struck_out_are_not_there_for_who_comes_after)
{
    for (uint32_t before = 1; before < 40; before++)
        for (uint32_t struck = 1; struck < 40; struck++)
            fill_and_strike(100, before, struck);
}

TEST(striking_out_stays_within_a_file_whose_rows_lie)
{
    static const uint32_t lies[] = {0, 1, 63, 4096, 4097, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        for (uint64_t number = 1; number < 4; number++) {
            open_ring(1000, area_size);
            range_count = next_taken = 0;
            for (uint64_t j = 0; j < 60; j++)
                CHECK_EQUAL(put(j, 200), IMPACT__RING_TAKEN);
            CHECK(take_range(60));
            impact__ring_extent *row = impact__ring_row(&ring, number);
            atomic_store(&row->offset, lies[i]);
            impact__ring_strike(&reader, &ranges[0].begin, &ranges[0].end);
            atomic_store(&row->offset, 0);
            atomic_store(&row->size, lies[i]);
            atomic_fetch_or(&row->state, UINT64_C(0xFF) << impact__ring_used_bits);
            impact__ring_strike(&reader, &ranges[0].begin, &ranges[0].end);
            close_ring();
        }
}
