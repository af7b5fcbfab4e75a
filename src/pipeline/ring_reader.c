/* The ring's reader. */
#include "pipeline/ring_reader.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t begun_word(uint64_t number, uint32_t count)
{
    return (number & IMPACT__RING_NUMBER_MASK) << impact__ring_count_bits | count;
}

/* How many records of the extent behind the head were released. */
static uint32_t begun_behind(const impact__ring *ring, uint64_t freed)
{
    const uint64_t begun = atomic_load_explicit(&ring->memory->begun, memory_order_relaxed);
    const uint32_t count = (uint32_t)(begun & ((1U << impact__ring_count_bits) - 1));
    return begun == begun_word(freed + 1, count) ? count : 0;
}

void impact__ring_reader_open(impact__ring_reader *reader, impact__ring *ring)
{
    const uint64_t head = atomic_load_explicit(&ring->memory->head, memory_order_relaxed);
    *reader = (impact__ring_reader){
        .ring = ring,
        .passed = impact__ring_number_at(head),
        .index = begun_behind(ring, impact__ring_number_at(head)),
        .offset = impact__ring_offset_at(head),
        .turn = head & IMPACT__RING_TURN_BIT,
    };
}

void impact__ring_reader_step_over(impact__ring_reader *reader)
{
    reader->last = impact__ring_last(reader->ring);
    reader->steps_over = true;
}

/* ---- taking ---- */

/* What a row says of an extent: looked at once, for a file may be changed by anybody at any
 * time. */
typedef struct extent_seen {
    uint32_t offset; /* units; likewise the next */
    uint32_t size;
    uint32_t count; /* records */
} extent_seen;

static extent_seen look_at(const impact__ring *ring, uint64_t number, uint64_t state)
{
    const impact__ring_extent *extent = impact__ring_row(ring, number);
    return (extent_seen){
        .offset = atomic_load_explicit(&extent->offset, memory_order_relaxed),
        .size = atomic_load_explicit(&extent->size, memory_order_relaxed),
        .count = impact__ring_count_in(state),
    };
}

/* Whether it may be believed, and has a record of that index. */
static bool is_sound(const impact__ring *ring, const extent_seen *extent, uint32_t index)
{
    return extent->offset <= ring->area_units &&
           extent->size <= ring->area_units - extent->offset && index < extent->count &&
           extent->count * sizeof(impact__ring_cell) <= (size_t)extent->size * impact__ring_unit;
}

static void pass(impact__ring_reader *reader, const extent_seen *extent)
{
    assert(extent->size <= reader->ring->area_units - extent->offset);
    if (extent->offset < reader->offset && extent->offset == 0)
        reader->turn ^= IMPACT__RING_TURN_BIT;
    reader->offset = extent->offset + extent->size;
    reader->passed++;
    reader->index = 0;
}

/* Nothing of it can be read: its number alone is passed. */
static void step_over_extent(impact__ring_reader *reader)
{
    reader->passed++;
    reader->index = 0;
    reader->skipped++;
}

/* The record of a cell; false: there is none, or none that may be believed. */
static bool read_cell(const impact__ring *ring, const extent_seen *extent, uint32_t index,
                      impact__ring_record *record)
{
    const uint8_t *begin = impact__ring_bytes_at(ring, extent->offset);
    const size_t size = (size_t)extent->size * impact__ring_unit;
    /* Volatile: each is read once, and what was checked is what is used. */
    const volatile impact__ring_cell *cell = (const impact__ring_cell *)(const void *)begin + index;
    /* Pairs with the store in impact__ring_commit. */
    if (!atomic_load_explicit(&cell->mark, memory_order_acquire))
        return false;
    const uint32_t offset = cell->offset;
    const uint32_t length = cell->size;
    if (offset > size || length > size - offset)
        return false;
    *record = (impact__ring_record){begin + offset, length, cell->scope};
    return true;
}

/* From an extent that is closed and has records left; NOTHING: one was stepped over. */
static impact__ring_next take_from(impact__ring_reader *reader, const extent_seen *extent,
                                   impact__ring_record *record)
{
    assert(reader->index < extent->count);
    const bool is_there = read_cell(reader->ring, extent, reader->index, record);
    if (!is_there && !reader->steps_over)
        return IMPACT__RING_UNFINISHED;
    reader->unreturned++;
    if (is_there)
        reader->taken++;
    else
        reader->skipped++;
    if (++reader->index >= extent->count)
        pass(reader, extent);
    return is_there ? IMPACT__RING_RECORD : IMPACT__RING_NOTHING;
}

impact__ring_next impact__ring_take(impact__ring_reader *reader, impact__ring_record *record)
{
    impact__ring *ring = reader->ring;
    impact__ring_next next = IMPACT__RING_NOTHING;
    while (next == IMPACT__RING_NOTHING && impact__ring_unread(reader)) {
        const uint64_t number = reader->passed + 1;
        uint64_t state = 0;
        (void)impact__ring_close_extent(ring, number, &state);
        const extent_seen extent = look_at(ring, number, state);
        if (impact__ring_shows(state, number) && is_sound(ring, &extent, reader->index))
            next = take_from(reader, &extent, record);
        else if (reader->steps_over)
            step_over_extent(reader);
        else
            next = IMPACT__RING_UNFINISHED;
    }
    return next;
}

void impact__ring_return(impact__ring_reader *reader)
{
    atomic_fetch_sub_explicit(&reader->ring->memory->reserved, reader->unreturned,
                              memory_order_relaxed);
    reader->unreturned = 0;
}

uint64_t impact__ring_waiting(const impact__ring_reader *reader)
{
    const uint64_t unread = impact__ring_unread(reader);
    uint64_t count = 0;
    for (uint64_t i = 1; i <= unread; i++) {
        const uint64_t state =
            atomic_load(&impact__ring_row(reader->ring, reader->passed + i)->state);
        if (impact__ring_shows(state, reader->passed + i))
            count += impact__ring_count_in(state);
    }
    return count > reader->index ? count - reader->index : 0;
}

/* ---- releasing ---- */

/* The pages that lie wholly in a piece of the area that nobody reads any more. */
static void give_pages_back(const impact__ring *ring, uint32_t from, uint32_t until)
{
    assert(from <= until && until <= ring->area_units);
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)impact__ring_bytes_at(ring, from) + page - 1) / page * page;
    const uintptr_t end = (uintptr_t)impact__ring_bytes_at(ring, until) / page * page;
    if (end > begin)
        (void)madvise((void *)begin, end - begin,
                      MADV_DONTNEED); /* a kindness; it may be refused */
}

/* What was read beyond the soft end, in as few pieces as it lies in. */
static void give_back_burst(const impact__ring *ring, uint64_t freed, uint64_t passed)
{
    uint32_t from = 0;
    uint32_t until = 0;
    const uint64_t count = impact__ring_distance(freed, passed);
    for (uint64_t i = 1; i <= count; i++) {
        const impact__ring_extent *extent = impact__ring_row(ring, freed + i);
        const uint32_t offset = atomic_load_explicit(&extent->offset, memory_order_relaxed);
        const uint32_t end = offset + atomic_load_explicit(&extent->size, memory_order_relaxed);
        if (end <= ring->soft_units)
            continue;
        if (offset != until) {
            give_pages_back(ring, from, until);
            from = offset < ring->soft_units ? ring->soft_units : offset;
        }
        until = end;
    }
    give_pages_back(ring, from, until);
}

static void move_head(const impact__ring *ring, const impact__ring_mark *to)
{
    atomic_store_explicit(&ring->memory->begun, begun_word(to->passed + 1, to->index),
                          memory_order_relaxed);
    /* Pairs with the load in fit: who gets the bytes again comes after their reader. */
    atomic_store_explicit(&ring->memory->head,
                          impact__ring_position(to->passed, to->offset) | to->turn,
                          memory_order_release);
}

impact__ring_mark impact__ring_here(const impact__ring_reader *reader)
{
    return (impact__ring_mark){reader->passed, reader->index, reader->offset, reader->turn};
}

/* Nothing waits: head and tail begin anew, under a number that no extent has. The tail first:
 * should a thread have moved it, nothing is done. A thread that moves it after that moves the head,
 * too: see head_for. */
static void go_to_the_front(impact__ring_reader *reader)
{
    impact__ring_memory *memory = reader->ring->memory;
    uint64_t tail = atomic_load(&memory->tail);
    const uint64_t front = impact__ring_position(reader->passed + 1, 0) | reader->turn;
    if (impact__ring_number_at(tail) != (reader->passed & IMPACT__RING_NUMBER_MASK) ||
        !(impact__ring_offset_at(tail) | reader->offset))
        return;
    if (!atomic_compare_exchange_strong(&memory->tail, &tail,
                                        front | (tail & IMPACT__RING_CLOSED_BIT)))
        return;
    reader->passed++;
    reader->offset = 0;
    const impact__ring_mark here = impact__ring_here(reader);
    move_head(reader->ring, &here);
}

void impact__ring_release_to(impact__ring_reader *reader, const impact__ring_mark *mark)
{
    if (reader->gives_back)
        give_back_burst(reader->ring, impact__ring_released(reader), mark->passed);
    move_head(reader->ring, mark);
    if (mark->passed == reader->passed && mark->index == reader->index)
        go_to_the_front(reader);
}

void impact__ring_release(impact__ring_reader *reader)
{
    const impact__ring_mark here = impact__ring_here(reader);
    impact__ring_release_to(reader, &here);
}

/* The cells of an extent, from one index to before another. */
static void strike_cells(const impact__ring *ring, uint64_t number, uint32_t from, uint32_t until)
{
    const uint64_t state =
        atomic_load_explicit(&impact__ring_row(ring, number)->state, memory_order_relaxed);
    const extent_seen extent = look_at(ring, number, state);
    for (uint32_t i = from; i < until && is_sound(ring, &extent, i); i++) { /* see read_cell */
        uint8_t *begin = impact__ring_bytes_at(ring, extent.offset);
        impact__ring_cell *cell = (impact__ring_cell *)(void *)begin + i;
        atomic_store_explicit(&cell->mark, 0, memory_order_relaxed);
    }
}

void impact__ring_strike(const impact__ring_reader *reader, const impact__ring_mark *from,
                         const impact__ring_mark *until)
{
    const uint64_t last = impact__ring_distance(from->passed, until->passed) + 1;
    assert(last <= (uint64_t)reader->ring->extent_mask + 2);
    for (uint64_t i = 1; i <= last; i++)
        strike_cells(reader->ring, from->passed + i, i == 1 ? from->index : 0,
                     i == last ? until->index : UINT32_MAX);
}
