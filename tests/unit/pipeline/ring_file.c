/* The ring in a file that somebody left, and may still change: a reader stays within it, and
 * ends. */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/ring_fixture.h"

enum { limit = 64, record_count = 40 };

static uint8_t *file; /* between pages that nobody may touch */
static size_t file_size;

static size_t whole_pages(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/* Its end is the end of the mapping, but for what a unit takes. */
static bool open_file(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    file_size = impact__ring_size(limit, area_size);
    const size_t room = whole_pages(file_size);
    uint8_t *pages =
        mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + page, room, PROT_READ | PROT_WRITE))
        return false;
    file = pages + page + (room - file_size) / impact__ring_unit * impact__ring_unit;
    return true;
}

static void close_file(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)munmap((uint8_t *)((uintptr_t)file / page * page) - page,
                 whole_pages(file_size) + 2 * page);
}

/* As a process leaves it that was killed while all was well. */
static void fill(void)
{
    impact__ring_format(&ring, file, limit, area_size);
    for (uint64_t i = 0; i < record_count; i++)
        CHECK_EQUAL(put(i, i % 8 ? 200 : 9000), IMPACT__RING_TAKEN);
}

static volatile uint8_t sink;

/* Look at all that a reader gives: how many records. */
static size_t read_file(void)
{
    impact__ring_record record;
    size_t count = 0;
    if (!impact__ring_attach(&ring, file, file_size))
        return 0;
    impact__ring_reader_open(&reader, &ring);
    impact__ring_reader_step_over(&reader);
    while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD) {
        CHECK(record.bytes >= ring.area);
        CHECK(record.size <= file_size &&
              record.bytes + record.size <=
                  ring.area + (size_t)ring.area_units * impact__ring_unit);
        for (uint32_t i = 0; i < record.size; i += 61)
            sink = record.bytes[i];
        count++;
    }
    (void)impact__ring_waiting(&reader);
    release();
    return count;
}

/* What may stand in a row or a cell. */
static const uint64_t lies[] = {
    0, 1, 2, 63, 64, 4096, 4097, UINT32_MAX, INT32_MAX, 1u << 24, 1u << 26, UINT64_MAX, 0xFF000000,
};
enum { lie_count = sizeof lies / sizeof *lies };

/* A word of the state that shows the number all the same. */
static uint64_t lying_state(uint64_t number, uint64_t lie)
{
    return (number & INT32_MAX) << 32 | (lie & UINT32_MAX);
}

static void tell(uint64_t number, unsigned field, uint64_t lie)
{
    impact__ring_extent *row = impact__ring_row(&ring, number);
    impact__ring_cell *cell = (impact__ring_cell *)(void *)impact__ring_bytes_at(
        &ring, atomic_load(&row->offset) % ring.area_units);
    switch (field) {
    case 0:
        atomic_store(&row->state, lying_state(number, lie));
        break;
    case 1:
        atomic_store(&row->offset, (uint32_t)lie);
        break;
    case 2:
        atomic_store(&row->size, (uint32_t)lie);
        break;
    case 3:
        atomic_store(&row->place_count, (uint32_t)lie);
        break;
    case 4:
        cell->offset = (uint32_t)lie;
        break;
    default:
        cell->size = (uint32_t)lie;
    }
}

TEST(a_file_whose_rows_and_cells_lie_is_read_within_its_bounds)
{
    REQUIRE(open_file());
    for (unsigned field = 0; field < 6; field++)
        for (unsigned lie = 0; lie < lie_count; lie++)
            for (uint64_t number = 1; number < 6; number++) {
                fill();
                tell(number, field, lies[lie]);
                CHECK(read_file() >= record_count / 2); /* the others are what they were */
            }
    close_file();
}

TEST(an_extent_that_says_it_has_no_records_is_stepped_over)
{
    REQUIRE(open_file());
    fill();
    impact__ring_extent *row = impact__ring_row(&ring, 2);
    const uint32_t lost = impact__ring_count_in(atomic_load(&row->state));
    *(impact__ring_cell *)(void *)impact__ring_bytes_at(&ring, ring.area_units) =
        (impact__ring_cell){.mark = 1}; /* it looks like a record, behind the end */
    atomic_store(&row->state, lying_state(2, 0));
    atomic_store(&row->offset, ring.area_units);
    atomic_store(&row->size, 0);
    CHECK_EQUAL(read_file(), record_count - lost);
    CHECK_EQUAL(reader.skipped, 1);
    close_file();
}

TEST(head_and_tail_that_lie_are_read_within_bounds_and_to_an_end)
{
    REQUIRE(open_file());
    for (unsigned a = 0; a < lie_count; a++)
        for (unsigned b = 0; b < lie_count; b++) {
            fill();
            atomic_store(&ring.memory->head, lies[a] << 20);
            atomic_store(&ring.memory->tail, lies[b] << 20);
            CHECK(read_file() <= limit * 2);
        }
    close_file();
}

TEST(extents_that_all_lie_in_one_place_are_read_to_an_end)
{
    REQUIRE(open_file());
    fill();
    const uint64_t last = impact__ring_last(&ring);
    for (uint64_t number = 2; number <= last; number++) {
        atomic_store(&impact__ring_row(&ring, number)->offset, 0);
        atomic_store(&impact__ring_row(&ring, number)->size, ring.area_units);
    }
    CHECK(read_file() <= last * impact__ring_place_count);
    close_file();
}

/* ---- changed while it is read ---- */

static atomic_bool is_over;

static void *scribble(void *argument)
{
    uint64_t random = 1;
    while (!atomic_load(&is_over)) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint64_t lie = lies[(random >> 40) % lie_count];
        const uint64_t number = 1 + (random >> 33) % 8;
        if (random >> 63)
            tell(number, (unsigned)(random >> 50) % 6, lie);
        else
            atomic_fetch_add(&ring.memory->tail, UINT64_C(1) << 26);
    }
    return argument;
}

/* Whoever scribbles is another process: ThreadSanitizer would say no more than that. */
static bool may_race(void)
{
#if defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

TEST(a_file_that_is_changed_while_it_is_read_is_read_within_bounds_and_to_an_end)
{
    pthread_t thread;
    if (!may_race())
        check_skip("the race is what is tested");
    REQUIRE(open_file());
    fill();
    REQUIRE(pthread_create(&thread, NULL, scribble, NULL) == 0);
    for (int i = 0; i < 2000; i++)
        CHECK(read_file() <= (size_t)(ring.extent_mask + 1) * UINT8_MAX);
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
    close_file();
}

/* ---- and used again ---- */

TEST(what_is_put_into_a_file_that_was_cleared_is_all_that_is_read)
{
    impact__ring_record record;
    REQUIRE(open_file());
    fill();
    const uint64_t last = impact__ring_last(&ring);
    for (uint64_t number = last + 1; number < last + 4; number++) { /* of extents to come */
        impact__ring_extent *row = impact__ring_row(&ring, number);
        *row = *impact__ring_row(&ring, 1);
        atomic_store(&row->state, lying_state(number, 1u << 24 | 300));
    }
    REQUIRE(impact__ring_attach(&ring, file, file_size));
    impact__ring_clear(&ring);
    impact__ring_reader_open(&reader, &ring);
    CHECK(impact__ring_take(&reader, &record) == IMPACT__RING_NOTHING);
    impact__ring_extent extent = {.state = 0};
    uint64_t number = 0;
    /* One who has moved the tail and has not written its row yet. */
    CHECK_EQUAL(impact__ring_claim_extent(&ring, 100, &extent, &number), IMPACT__RING_TAKEN);
    CHECK(impact__ring_take(&reader, &record) == IMPACT__RING_UNFINISHED);
    CHECK_EQUAL(impact__ring_waiting(&reader), 0);
    close_file();
}
