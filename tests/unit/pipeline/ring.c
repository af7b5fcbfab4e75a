/* The ring against a simple list; its bounds; closed, forgotten; writers that are killed. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/ring_fixture.h"

enum { list_limit = 4096 };

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

/* ---- against a list ---- */

static uint64_t list[list_limit];
static size_t list_count;
static uint64_t next_number;

static uint32_t random_size(void)
{
    return random_below(8) ? 8 + random_below(500) : 8 + random_below(20000);
}

static void put_both(size_t limit)
{
    const uint32_t size = random_size();
    const impact__ring_answer answer = put(next_number, size);
    if (list_count < limit && size < 8000 && list_count * 9000 < area_size / 8)
        CHECK_EQUAL(answer, IMPACT__RING_TAKEN);
    if (list_count >= limit)
        CHECK_EQUAL(answer, IMPACT__RING_FULL);
    if (answer == IMPACT__RING_TAKEN)
        list[list_count++] = next_number;
    next_number++;
}

static void take_both(void)
{
    size_t count = random_below(40);
    if (count > list_count)
        count = list_count;
    for (size_t i = 0; i < count; i++)
        CHECK(take_is(list[i]));
    list_count -= count;
    memmove(list, list + count, list_count * sizeof *list);
    release();
}

static void compare_with_the_list(uint32_t limit)
{
    open_ring(limit, area_size);
    list_count = 0;
    for (int i = 0; i < 6000; i++) {
        if (random_below(8))
            put_both(limit);
        else
            take_both();
        CHECK_EQUAL(impact__ring_waiting(&reader), list_count);
        CHECK(impact__ring_reserved(&ring) <= limit);
    }
    for (size_t i = 0; i < list_count; i++)
        CHECK(take_is(list[i]));
    CHECK(is_empty());
    close_ring();
}

TEST(the_ring_does_as_a_list_does)
{
    static const uint32_t limits[] = {1, 2, 3, 7, 16, 17, 33, 63, 500, 4000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        compare_with_the_list(limits[i]);
}

/* ---- bounds ---- */

TEST(as_many_records_as_the_limit_wait_and_no_more)
{
    for (uint32_t limit = 1; limit < 70; limit++) {
        open_ring(limit, area_size);
        for (uint32_t i = 0; i < limit; i++)
            CHECK_EQUAL(put(i, 100), IMPACT__RING_TAKEN);
        CHECK_EQUAL(put(limit, 100), IMPACT__RING_FULL);
        CHECK_EQUAL(put(limit, 8), IMPACT__RING_FULL);
        CHECK(take_is(0));
        impact__ring_return(&reader); /* in flight: it waits no more */
        CHECK_EQUAL(put(limit, 100), IMPACT__RING_TAKEN);
        CHECK_EQUAL(put(limit + 1, 100), IMPACT__RING_FULL);
        for (uint32_t i = 1; i <= limit; i++)
            CHECK(take_is(i));
        CHECK(is_empty());
        close_ring();
    }
}

TEST(records_that_leave_room_in_their_extents_still_reach_the_limit)
{
    open_ring(200, area_size);
    for (uint32_t i = 0; i < 200; i++)
        CHECK_EQUAL(put(i, 900), IMPACT__RING_TAKEN);
    CHECK_EQUAL(put(200, 900), IMPACT__RING_FULL);
    close_ring();
}

TEST(bytes_are_bounded_by_the_area_and_are_there_again_once_released)
{
    open_ring(4000, area_size);
    for (int round = 0; round < 50; round++) {
        uint64_t count = 0;
        while (put(count, 10000) == IMPACT__RING_TAKEN)
            count++;
        CHECK(count >= area_size / 10000 - 2 && count <= area_size / 10000);
        for (uint64_t i = 0; i < count; i++)
            CHECK(take_is(i));
        impact__ring_return(&reader);
        CHECK_EQUAL(put(0, 10000), IMPACT__RING_FULL); /* they are with an exporter */
        impact__ring_release(&reader);
    }
    close_ring();
}

TEST(a_record_as_large_as_the_area_fits_when_nothing_else_is_there)
{
    open_ring(10, area_size);
    for (int round = 0; round < 20; round++) {
        CHECK_EQUAL(put(1, 1000 + random_below(9000)), IMPACT__RING_TAKEN);
        CHECK(take_is(1));
        release();
        CHECK_EQUAL(put(2, area_size - 64), IMPACT__RING_TAKEN);
        CHECK_EQUAL(put(3, 8), IMPACT__RING_FULL);
        CHECK(take_is(2));
        release();
        CHECK_EQUAL(put(4, area_size), IMPACT__RING_FULL); /* with its cell it does not */
        CHECK_EQUAL(put(5, UINT32_MAX), IMPACT__RING_FULL);
    }
    close_ring();
}

TEST(the_front_is_used_again_before_the_back_is_touched)
{
    enum { large = 8 * 1024 * 1024 };
    open_ring(4000, large);
    for (uint64_t i = 0; i < 100000; i++) { /* 20 MB */
        CHECK_EQUAL(put(i, 200), IMPACT__RING_TAKEN);
        if (i >= 100)
            CHECK(take_is(i - 100));
        if (i % 50 == 0)
            release();
    }
    const size_t used = large / impact__ring_soft_part + 64 * 1024;
    for (size_t i = used; i < large; i++)
        CHECK(ring.area[i] == 0xA5);
    close_ring();
}

static size_t resident_pages(const uint8_t *from, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    static unsigned char is_there[8192];
    uint8_t *begin = (uint8_t *)(((uintptr_t)from + page - 1) / page * page);
    size_t count = 0;
    if (mincore(begin, size - page, is_there))
        return SIZE_MAX;
    for (size_t i = 0; i < (size - page) / page; i++)
        count += is_there[i] & 1;
    return count;
}

TEST(what_a_burst_took_goes_back_to_the_system)
{
    enum { large = 16 * 1024 * 1024 };
    memory = mmap(NULL, impact__ring_size(4000, large), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    impact__ring_format(&ring, memory, 4000, large);
    impact__ring_reader_open(&reader, &ring);
    reader.gives_back = true;
    uint64_t count = 0;
    while (put(count, 200 * 1024) == IMPACT__RING_TAKEN)
        count++;
    CHECK(count >= 70);
    CHECK(resident_pages(ring.area, large) > 3000);
    for (uint64_t i = 0; i < count; i++)
        CHECK(take_is(i));
    release();
    CHECK(resident_pages(ring.area, large) <= 1030);
    (void)munmap(memory, impact__ring_size(4000, large));
}

TEST(what_is_out_of_range_has_no_size)
{
    CHECK_EQUAL(impact__ring_size(0, area_size), 0);
    CHECK_EQUAL(impact__ring_size(impact__ring_limit_most + 1, area_size), 0);
    CHECK_EQUAL(impact__ring_size(1, impact__ring_area_least - 1), 0);
    CHECK_EQUAL(impact__ring_size(1, (size_t)IMPACT__RING_AREA_MOST + 1), 0);
    CHECK(impact__ring_size(impact__ring_limit_most, IMPACT__RING_AREA_MOST) != 0);
    CHECK(impact__ring_size(1, impact__ring_area_least) != 0);
}

/* ---- closed, forgotten, numbers that begin anew ---- */

TEST(a_ring_that_is_shut_takes_nothing_and_keeps_what_it_has)
{
    open_ring(100, area_size);
    CHECK_EQUAL(put(1, 100), IMPACT__RING_TAKEN);
    impact__ring_shut(&ring);
    impact__ring_shut(&ring);
    CHECK_EQUAL(put(2, 100), IMPACT__RING_CLOSED);
    CHECK_EQUAL(put(2, 10000), IMPACT__RING_CLOSED);
    CHECK_EQUAL(impact__ring_waiting(&reader), 1);
    CHECK(take_is(1) && is_empty());
    release();
    CHECK_EQUAL(put(3, 100), IMPACT__RING_CLOSED);
    close_ring();
}

TEST(a_ring_that_is_forgotten_is_empty_and_stays_shut_if_it_was)
{
    open_ring(40, area_size);
    for (int round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < 40; i++)
            CHECK_EQUAL(put(i, i % 8 ? 50 : 5000), IMPACT__RING_TAKEN);
        CHECK(take_is(0) && take_is(1));
        impact__ring_claim lost; /* a thread that is not in the child was here */
        impact__ring_return(&reader);
        CHECK_EQUAL(impact__ring_claim_bytes(&ring, 50, &lost), IMPACT__RING_TAKEN);
        impact__ring_forget(&ring);
        impact__ring_reader_open(&reader, &ring);
        CHECK(is_empty());
    }
    for (uint64_t i = 0; i < 40; i++)
        CHECK_EQUAL(put(i, 300), IMPACT__RING_TAKEN);
    CHECK_EQUAL(put(40, 300), IMPACT__RING_FULL);
    impact__ring_shut(&ring);
    impact__ring_forget(&ring);
    impact__ring_reader_open(&reader, &ring);
    CHECK_EQUAL(put(1, 50), IMPACT__RING_CLOSED);
    close_ring();
}

TEST(numbers_that_begin_anew_change_nothing)
{
    open_ring(100, area_size);
    const uint64_t near_end = impact__ring_position(IMPACT__RING_NUMBER_MASK - 5, 0);
    atomic_store(&ring.memory->tail, near_end);
    atomic_store(&ring.memory->head, near_end);
    impact__ring_reader_open(&reader, &ring);
    uint64_t taken = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK_EQUAL(put(i, i % 3 ? 900 : 3000), IMPACT__RING_TAKEN);
        CHECK_EQUAL(impact__ring_waiting(&reader), i + 1 - taken);
        if (i >= 10)
            CHECK(take_is(taken++));
        release();
    }
    close_ring();
}

TEST(two_threads_of_one_lane_leave_no_extent_open_that_nobody_finds)
{
    open_ring(600, area_size);
    impact__ring_extent extents[2] = {{.state = 0}, {.state = 0}};
    uint64_t numbers[2];
    impact__ring_claim claims[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(impact__ring_claim_extent(&ring, 100, &extents[i], &numbers[i]),
                    IMPACT__RING_TAKEN);
    for (int i = 0; i < 2; i++) { /* both have found the lane without one */
        impact__ring_publish(&ring, &extents[i], numbers[i], 100, &claims[i]);
        impact__ring_commit(&claims[i]);
    }
    for (int i = 2; i < 600; i++)
        CHECK_EQUAL(put(1, 100), IMPACT__RING_TAKEN);
    CHECK_EQUAL(put(1, 100), IMPACT__RING_FULL);
    close_ring();
}

/* What a thread sees that was stopped between its looks: a tail of then, the head of now. */
TEST(a_head_beyond_the_tail_that_was_read_is_not_full)
{
    open_ring(100, area_size);
    atomic_store(&ring.memory->tail, impact__ring_position(5, 100));
    atomic_store(&ring.memory->head, impact__ring_position(5, 100));
    impact__ring_reader_open(&reader, &ring);
    CHECK_EQUAL(put(1, 100), IMPACT__RING_TAKEN);
    close_ring();
}

/* ---- writers that are killed ---- */

typedef enum killed_at {
    AFTER_TAIL,
    BEFORE_COMMIT_OF_FIRST,
    BEFORE_COMMIT,
    AFTER_COMMIT
} killed_at;

/* The steps of impact__ring_claim_bytes and the ring's own functions, left at one of them. */
static void put_and_die(killed_at moment)
{
    impact__ring_claim claim;
    impact__ring_extent extent = {.state = 0};
    uint64_t number = 0;
    if (moment == AFTER_TAIL || moment == BEFORE_COMMIT_OF_FIRST) {
        if (impact__ring_claim_extent(&ring, 100, &extent, &number))
            _exit(1);
        if (moment == BEFORE_COMMIT_OF_FIRST)
            impact__ring_publish(&ring, &extent, number, 100, &claim);
        (void)kill(getpid(), SIGKILL);
    }
    if (impact__ring_claim_bytes(&ring, 100, &claim))
        _exit(1);
    memset(claim.bytes, 0xEE, 50); /* half of it */
    if (moment == AFTER_COMMIT)
        impact__ring_commit(&claim);
    (void)kill(getpid(), SIGKILL);
}

static void be_killed(killed_at moment)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0)
        put_and_die(moment);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Take what there is, and note the whole ones. */
static impact__ring_next take_all(bool *is_there)
{
    impact__ring_record record;
    impact__ring_next next;
    while ((next = impact__ring_take(&reader, &record)) == IMPACT__RING_RECORD)
        if (number_of(&record) < 5 && is_whole(&record))
            is_there[number_of(&record)] = true;
    return next;
}

static void read_what_was_left(killed_at moment)
{
    const size_t size = impact__ring_size(100, area_size);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    impact__ring_format(&ring, memory, 100, area_size);
    for (uint64_t i = 0; i < 3; i++)
        CHECK_EQUAL(put(i, 100), IMPACT__RING_TAKEN);
    be_killed(moment);
    CHECK_EQUAL(put(3, 100), IMPACT__RING_TAKEN); /* another writer goes on */
    CHECK_EQUAL(put(4, 20000), IMPACT__RING_TAKEN);
    be_killed(moment);
    REQUIRE(impact__ring_attach(&ring, memory, size));
    impact__ring_reader_open(&reader, &ring);
    bool is_there[5] = {false};
    CHECK_EQUAL(take_all(is_there),
                moment == AFTER_COMMIT ? IMPACT__RING_NOTHING : IMPACT__RING_UNFINISHED);
    impact__ring_reader_step_over(&reader);
    CHECK_EQUAL(take_all(is_there), IMPACT__RING_NOTHING);
    for (size_t i = 0; i < 5; i++)
        CHECK(is_there[i]);
    CHECK_EQUAL(reader.skipped, moment == AFTER_COMMIT ? 0 : 2);
    release();
    impact__ring_reader_open(&reader, &ring);
    for (uint64_t i = 0; i < 40; i++)
        CHECK_EQUAL(put(i, 100), IMPACT__RING_TAKEN);
    for (uint64_t i = 0; i < 40; i++)
        CHECK(take_is(i));
    (void)munmap(memory, size);
}

TEST(a_reader_steps_over_what_a_killed_writer_left_half_done)
{
    read_what_was_left(AFTER_TAIL);
    read_what_was_left(BEFORE_COMMIT_OF_FIRST);
    read_what_was_left(BEFORE_COMMIT);
    read_what_was_left(AFTER_COMMIT);
}

TEST(memory_that_is_no_ring_is_not_attached)
{
    open_ring(100, area_size);
    const size_t size = impact__ring_size(100, area_size);
    impact__ring other;
    CHECK(impact__ring_attach(&other, memory, size));
    CHECK(other.area == ring.area && other.limit == 100);
    CHECK(!impact__ring_attach(&other, memory, size - 1));
    CHECK(!impact__ring_attach(&other, memory, 10));
    CHECK(!impact__ring_attach(&other, (char *)memory + 8, size - 8));
    ring.memory->extent_count *= 2;
    CHECK(!impact__ring_attach(&other, memory, size));
    ring.memory->extent_count /= 2;
    ring.memory->area_units = UINT32_MAX;
    CHECK(!impact__ring_attach(&other, memory, size));
    ring.memory->magic++;
    CHECK(!impact__ring_attach(&other, memory, size));
    close_ring();
}

/* ---- a reader that has read all ---- */

/* Stopped behind the first of the two stores by which head and tail begin anew. */
static void release_half(void)
{
    impact__ring_return(&reader);
    atomic_store(&ring.memory->head, impact__ring_position(reader.passed, reader.offset));
}

TEST(an_empty_ring_has_room_for_all_while_its_reader_is_stopped)
{
    enum { limit = 4, records_before = 3 };
    for (int before = 1; before <= records_before; before++) {
        open_ring(limit, area_size);
        for (int i = 0; i < before; i++)
            CHECK_EQUAL(put((uint64_t)i, 100), IMPACT__RING_TAKEN);
        for (int i = 0; i < before; i++)
            CHECK(take_is((uint64_t)i));
        release_half();
        for (uint64_t i = 0; i < limit; i++)
            CHECK_EQUAL(put(10 + i, 100), IMPACT__RING_TAKEN);
        for (uint64_t i = 0; i < limit; i++)
            CHECK(take_is(10 + i));
        release();
        CHECK(is_empty());
        close_ring();
    }
}
