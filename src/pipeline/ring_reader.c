/* The ring's reader. */
#include "pipeline/ring_reader.h"

#include <sys/mman.h>
#include <unistd.h>

void impact__ring_reader_open(impact__ring_reader *reader, impact__ring *ring)
{
    const uint64_t head = atomic_load_explicit(&ring->memory->head, memory_order_relaxed);
    *reader = (impact__ring_reader){
        .ring = ring,
        .passed = impact__ring_number_at(head),
        .offset = impact__ring_offset_at(head),
    };
}

/* ---- taking ---- */

/* Whether an extent's row may be believed: a file may say anything. */
static bool is_sound(const impact__ring *ring, const impact__ring_extent *extent, uint64_t state)
{
    const uint32_t offset = atomic_load_explicit(&extent->offset, memory_order_relaxed);
    const uint32_t size = atomic_load_explicit(&extent->size, memory_order_relaxed);
    return offset <= ring->area_units && size <= ring->area_units - offset &&
           impact__ring_count_in(state) * sizeof(impact__ring_cell) <=
               (size_t)size * impact__ring_unit;
}

static void pass(impact__ring_reader *reader, const impact__ring_extent *extent)
{
    reader->offset = atomic_load_explicit(&extent->offset, memory_order_relaxed) +
                     atomic_load_explicit(&extent->size, memory_order_relaxed);
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
static bool read_cell(const impact__ring *ring, const impact__ring_extent *extent, uint32_t index,
                      impact__ring_record *record)
{
    const uint8_t *begin =
        impact__ring_bytes_at(ring, atomic_load_explicit(&extent->offset, memory_order_relaxed));
    const size_t size =
        (size_t)atomic_load_explicit(&extent->size, memory_order_relaxed) * impact__ring_unit;
    const impact__ring_cell *cell = (const impact__ring_cell *)(const void *)begin + index;
    /* Pairs with the store in impact__ring_commit. */
    if (!atomic_load_explicit(&cell->mark, memory_order_acquire))
        return false;
    *record = (impact__ring_record){begin + cell->offset, cell->size, cell->scope};
    return cell->offset <= size && cell->size <= size - cell->offset;
}

/* From an extent that is closed and has records left; NOTHING: one was stepped over. */
static impact__ring_next take_from(impact__ring_reader *reader, const impact__ring_extent *extent,
                                   uint64_t state, impact__ring_record *record)
{
    const bool is_there = read_cell(reader->ring, extent, reader->index, record);
    if (!is_there && !reader->steps_over)
        return IMPACT__RING_UNFINISHED;
    reader->unreturned++;
    if (is_there)
        reader->taken++;
    else
        reader->skipped++;
    if (++reader->index >= impact__ring_count_in(state))
        pass(reader, extent);
    return is_there ? IMPACT__RING_RECORD : IMPACT__RING_NOTHING;
}

impact__ring_next impact__ring_take(impact__ring_reader *reader, impact__ring_record *record)
{
    impact__ring *ring = reader->ring;
    impact__ring_next next = IMPACT__RING_NOTHING;
    while (next == IMPACT__RING_NOTHING && impact__ring_unread(reader)) {
        const uint64_t number = reader->passed + 1;
        const impact__ring_extent *extent = impact__ring_row(ring, number);
        uint64_t state = 0;
        (void)impact__ring_close_extent(ring, number, &state);
        if (impact__ring_shows(state, number) && is_sound(ring, extent, state))
            next = take_from(reader, extent, state, record);
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
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)impact__ring_bytes_at(ring, from) + page - 1) / page * page;
    const uintptr_t end = (uintptr_t)impact__ring_bytes_at(ring, until) / page * page;
    if (end > begin)
        (void)madvise((void *)begin, end - begin,
                      MADV_DONTNEED); /* a kindness; it may be refused */
}

/* What was read beyond the soft end, in as few pieces as it lies in. */
static void give_back_burst(const impact__ring_reader *reader, uint64_t freed)
{
    const impact__ring *ring = reader->ring;
    uint32_t from = 0;
    uint32_t until = 0;
    const uint64_t count = impact__ring_distance(freed, reader->passed);
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

/* Nothing waits: what comes next goes to the front. The head moves there first, for then all between
 * it and the tail counts as unread, should a thread claim at the old tail meanwhile. */
static void go_to_the_front(impact__ring_reader *reader)
{
    impact__ring_memory *memory = reader->ring->memory;
    const uint64_t front = impact__ring_position(reader->passed, 0);
    uint64_t tail = atomic_load(&memory->tail);
    reader->offset = 0;
    atomic_store_explicit(&memory->head, front, memory_order_release);
    if (impact__ring_number_at(tail) == impact__ring_number_at(front))
        (void)atomic_compare_exchange_strong(&memory->tail, &tail,
                                             front | (tail & IMPACT__RING_CLOSED_BIT));
}

void impact__ring_release(impact__ring_reader *reader)
{
    impact__ring_memory *memory = reader->ring->memory;
    const uint64_t head = atomic_load_explicit(&memory->head, memory_order_relaxed);
    if (reader->gives_back)
        give_back_burst(reader, impact__ring_number_at(head));
    /* Pairs with the load in fit: who gets the bytes again comes after their reader. */
    atomic_store_explicit(&memory->head, impact__ring_position(reader->passed, reader->offset),
                          memory_order_release);
    if (!impact__ring_unread(reader))
        go_to_the_front(reader);
}
