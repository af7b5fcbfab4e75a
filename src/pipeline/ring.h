/* The ring: finished records on their way to a reader. Many threads put in, one takes out, nobody
 * waits.
 *
 * DESIGN: one piece of memory that points nowhere, heap or a mapped file alike:
 *
 *     | head | lanes | extents: a table | the area: records                                    |
 *
 * A thread that puts a record in would, in the simplest ring, move one shared tail; two threads
 * then hand the tail's cache line to and fro, which costs more than all else they do. So the tail
 * is moved seldom: it claims an *extent*, a few KiB of the area with places for up to 16 records,
 * and the records of a lane (a few threads; mostly one) are claimed within its extent, by one
 * compare-and-swap of a word that no other lane touches.
 *
 *     area      |  extent 7 (lane 2)   | 8 (lane 0)  | 9: one large record      | free ...
 *     extent    | cells: mark scope offset size | record | record | record | room |
 *
 * Claim, fill, commit: a claim names a cell and its bytes; the bytes are copied; the cell's mark is
 * stored last, with release. Cells and the table never hold what a user wrote, so no bytes of a
 * record can be taken for a mark.
 *
 * An extent has a number, from 1, and each number a row in the table. The state in the row is one
 * word:
 *
 *     | closed 1 | number 31 | records 8 | bytes used 24 |
 *
 * so that a thread that was stopped for long cannot claim in a row that serves another extent by
 * now. A closed extent takes no record. It is closed by who finds it too full, by the reader when
 * it gets there, and, when no place is free, by who needs the places that it has not used.
 *
 * BOUNDS. `reserved` counts the places of all extents that were not given back; it never exceeds
 * the limit, so the ring holds at most as many records, whatever the number of threads. Where few
 * places are left an extent gets one, and a record is refused as one too many only after every lane
 * was asked to give back what it does not use: so the limit is met exactly. Bytes are bounded by
 * the area: an extent lies in it in one piece.
 *
 *   free | unread | free            the tail is above the head: an extent goes behind the tail,
 *        head     tail              or, when it is beyond the soft end or the area's end, to the
 *                                   front
 *   unread | free | unread | free   the tail has turned to the front: up to the head
 *          tail   head     turned
 *   unread | unread | free          there was no room up to the head any more: the tail has gone
 *            head     tail          back behind where it turned, and the front is full
 *   free                            nothing is unread: as the first. The reader makes it begin at
 *                                   the front, so that all live in the same few cache lines while
 *                                   it keeps up
 *
 * Head and tail each have a bit that changes with each turn to the front: while the two differ, the
 * reader has a turn before it. Where the last turn was stands in `turned`, which is written before
 * the tail turns: who sees that it has turned sees where.
 *
 * A record that is larger than an extent's room gets an extent of its own, in its size. What cannot
 * lie in the area in one piece is refused. Where positions are taken for full or not, the tail is
 * looked at again: a thread that was stopped between two looks must not think the ring full.
 *
 * So that a record as large as the area finds room, a reader who has read all makes head and tail
 * begin anew. It does as a writer does that goes to the front: it moves the tail there under a
 * number of its own, to which no extent belongs, and the head after it. Only then a tail is at 0,
 * so a writer that meets one moves the head itself if need be. Before the tail is moved there is
 * room before the head or behind it: only a record above half of the area can meet a full ring that
 * has nothing in it, for that moment.
 *
 * MEMORY. Extents are reused from the front; the part beyond the soft end (a quarter) is used in a
 * burst only, and its pages go back to the system before the reader frees them: see ring_reader.h.
 *
 * FORKS. The child moves its head to the tail and forgets the lanes: constant time. What the
 * parent's threads had claimed and not filled lies behind the head and is never looked at. Numbers
 * go on, so no row of the parent's is taken for the child's.
 *
 * FILES. A file may say anything, and be changed by anybody while it is read: the geometry is
 * looked at once, and a reader looks at each row and cell once, checks what it saw and uses that.
 * It ends, since what it reads is what the tail said when it began.
 *
 * KILLED WRITERS. In a mapped file the writer may be killed at any point; see ring_reader.h for how
 * a reader steps over what it left half-done.
 */
#ifndef IMPACT_PIPELINE_RING_H
#define IMPACT_PIPELINE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/status.h>

#include "base/thread.h"

enum {
    impact__ring_unit = 64, /* the area is dealt out in cache lines */
    impact__ring_lane_count = 16,
    impact__ring_place_count = 16, /* records of an extent */
    impact__ring_extent_size = 4 * 1024,
    impact__ring_soft_part = 4, /* beyond this part of the area lies what only a burst uses */
    impact__ring_limit_most = 1 << 20,  /* records */
    impact__ring_area_least = 4 * 1024, /* bytes */
    impact__ring_align = 8,             /* of records in an extent */
};
#define IMPACT__RING_AREA_MOST (UINT32_C(1) << 30) /* bytes */

/* A row of the table. All but the state is written before the state shows the row's extent. */
typedef struct impact__ring_extent {
    _Atomic uint64_t state;
    _Atomic uint32_t offset; /* units, in the area */
    _Atomic uint32_t size;   /* units */
    _Atomic uint32_t place_count;
    uint32_t apart[3];
} impact__ring_extent;

/* Where a record lies in its extent. */
typedef struct impact__ring_cell {
    _Atomic uint32_t mark; /* 1: committed */
    uint32_t scope;
    uint32_t offset; /* bytes, from the extent's begin */
    uint32_t size;
} impact__ring_cell;

/* The head of the piece of memory. What different threads write lies on lines of its own. */
typedef struct impact__ring_memory {
    uint64_t magic;
    uint32_t limit;        /* records */
    uint32_t extent_count; /* rows; a power of two */
    uint32_t area_units;
    char apart_1[128];
    _Atomic uint64_t tail; /* closed 1 | number of the last extent 37 | turn 1 | offset behind 25 */
    _Atomic uint64_t turned;   /* as the tail, of the last extent before it turned to the front */
    _Atomic uint32_t reserved; /* places */
    char apart_2[128];
    _Atomic uint64_t head;  /* as the tail, of the last extent that was freed; the reader's */
    _Atomic uint64_t begun; /* number 37 | records 8: of this extent so many are done with, too */
    char apart_3[128];
    struct impact__ring_lane {
        _Atomic uint64_t extent; /* its number; 0: none */
        char apart[impact__ring_unit - sizeof(uint64_t)];
    } lanes[impact__ring_lane_count];
} impact__ring_memory;

/* The ring as one process sees it. Geometry is copied here: what a file says is looked at once. */
typedef struct impact__ring {
    impact__ring_memory *memory; /* borrowed; likewise the next two, which lie in it */
    impact__ring_extent *extents;
    uint8_t *area;
    uint32_t limit;
    uint32_t extent_mask;
    uint32_t area_units;
    uint32_t soft_units;
} impact__ring;

typedef enum impact__ring_answer {
    IMPACT__RING_TAKEN,
    IMPACT__RING_FULL,
    IMPACT__RING_CLOSED
} impact__ring_answer;

/* A record that is claimed and has to be filled and committed. */
typedef struct impact__ring_claim {
    impact__ring_cell *cell;
    uint8_t *bytes;
    uint32_t unused; /* places of its extent that nobody has yet */
    bool is_step;    /* it is the first or the last of its extent: a time to look for a batch */
} impact__ring_claim;

/* ---- the piece of memory ---- */

/* The bytes that a ring of `limit` records and `area_size` bytes takes. 0: one is out of range. */
size_t impact__ring_size(uint32_t limit, size_t area_size);

/* Make `memory` (aligned to a unit) an empty ring. */
void impact__ring_format(impact__ring *ring, void *memory, uint32_t limit, size_t area_size);

/* See a ring that is there, made by this or another process; `size` bytes may be touched. False: it
 * is none. What its rows and cells say is not believed by who reads it, at no time; who is to write
 * to it clears it first. */
bool impact__ring_attach(impact__ring *ring, void *memory, size_t size);

/* Forget everything, in a forked child that is alone. */
void impact__ring_forget(impact__ring *ring);

/* The same of a file that somebody left, whose rows may claim to be of extents that are still to
 * come. */
void impact__ring_clear(impact__ring *ring);

/* No record is put in from now on, but those that are claimed already. */
void impact__ring_shut(impact__ring *ring);

/* ---- putting in: any thread ---- */

/* Claim in an extent of its own, or a new one for the lane. */
impact__ring_answer impact__ring_claim_elsewhere(impact__ring *ring, size_t size,
                                                 impact__ring_claim *claim);

static inline void impact__ring_commit(const impact__ring_claim *claim)
{
    /* Pairs with the load in the reader's take: who sees the mark sees the record. */
    atomic_store_explicit(&claim->cell->mark, 1, memory_order_release);
}

/* The first half of claiming an extent: moves the tail. The second writes the extent's row. */
impact__ring_answer impact__ring_claim_extent(impact__ring *ring, size_t size,
                                              impact__ring_extent *extent, uint64_t *number);
void impact__ring_publish(impact__ring *ring, const impact__ring_extent *extent, uint64_t number,
                          size_t size, impact__ring_claim *claim);

/* The calling thread's lane in every ring, from 1; 0: it has none yet. */
extern _Thread_local unsigned impact__ring_own_lane IMPACT__THREAD_LOCAL_MODEL;
unsigned impact__ring_find_lane(void);

static inline unsigned impact__ring_lane(void)
{
    const unsigned lane = impact__ring_own_lane;
    return __builtin_expect(lane != 0, 1) ? lane - 1 : impact__ring_find_lane();
}

/* ---- for both sides ---- */

enum {
    impact__ring_offset_bits = 26, /* the turn among them */
    impact__ring_used_bits = 24,
    impact__ring_count_bits = 8,
};
#define IMPACT__RING_CLOSED_BIT  (UINT64_C(1) << 63)
#define IMPACT__RING_TURN_BIT    (UINT64_C(1) << (impact__ring_offset_bits - 1))
#define IMPACT__RING_NUMBER_MASK ((UINT64_C(1) << 37) - 1)

static inline uint64_t impact__ring_number_at(uint64_t position)
{
    return position >> impact__ring_offset_bits & IMPACT__RING_NUMBER_MASK;
}

static inline uint32_t impact__ring_offset_at(uint64_t position)
{
    return (uint32_t)(position & (IMPACT__RING_TURN_BIT - 1));
}

static inline uint64_t impact__ring_position(uint64_t number, uint32_t offset)
{
    return (number & IMPACT__RING_NUMBER_MASK) << impact__ring_offset_bits | offset;
}

/* From one number to a later one; numbers begin anew after a few years. */
static inline uint64_t impact__ring_distance(uint64_t from, uint64_t to)
{
    return (to - from) & IMPACT__RING_NUMBER_MASK;
}

/* The row of an extent. Neighbours lie apart, so that two lanes do not share a line. */
static inline impact__ring_extent *impact__ring_row(const impact__ring *ring, uint64_t number)
{
    return &ring->extents[number * 5 & ring->extent_mask];
}

static inline bool impact__ring_shows(uint64_t state, uint64_t number)
{
    return (uint32_t)(state >> 32 & INT32_MAX) == (uint32_t)(number & INT32_MAX);
}

static inline uint32_t impact__ring_count_in(uint64_t state)
{
    return (uint32_t)(state >> impact__ring_used_bits) & 0xFF;
}

static inline uint32_t impact__ring_used_in(uint64_t state)
{
    return (uint32_t)state & ((UINT32_C(1) << impact__ring_used_bits) - 1);
}

static inline uint8_t *impact__ring_bytes_at(const impact__ring *ring, uint32_t offset)
{
    return ring->area + (size_t)offset * impact__ring_unit;
}

/* Close an extent, if it is open, and give back the places that it does not use: true when there
 * are any. `state` gets what it is then. */
bool impact__ring_close_extent(impact__ring *ring, uint64_t number, uint64_t *state);

/* The number of the last extent that was claimed. */
static inline uint64_t impact__ring_last(const impact__ring *ring)
{
    return impact__ring_number_at(atomic_load(&ring->memory->tail));
}

static inline bool impact__ring_is_shut(const impact__ring *ring)
{
    return atomic_load_explicit(&ring->memory->tail, memory_order_relaxed) >> 63;
}

/* Not below the number of records that wait. */
static inline uint32_t impact__ring_reserved(const impact__ring *ring)
{
    return atomic_load_explicit(&ring->memory->reserved, memory_order_relaxed);
}

/* ---- the way of most records: in the extent of the thread's lane ---- */

static inline bool impact__ring_is_open(uint64_t state, uint64_t number)
{
    return !(state & IMPACT__RING_CLOSED_BIT) && impact__ring_shows(state, number);
}

static inline uint32_t impact__ring_rounded(size_t size)
{
    return (uint32_t)((size + impact__ring_align - 1) / impact__ring_align * impact__ring_align);
}

/* It goes with others into an extent. */
static inline bool impact__ring_is_small(size_t size)
{
    const size_t cells = impact__ring_place_count * sizeof(impact__ring_cell);
    return size <= (impact__ring_extent_size - cells) / 2;
}

/* Member by member: a struct that is returned is copied in one piece, which waits for its parts. */
static inline void impact__ring_claim_at(const impact__ring *ring, impact__ring_claim *claim,
                                         uint32_t extent_offset, uint32_t index, uint32_t offset,
                                         size_t size)
{
    uint8_t *begin = impact__ring_bytes_at(ring, extent_offset);
    impact__ring_cell *cell = (impact__ring_cell *)(void *)begin + index;
    cell->offset = offset;
    cell->size = (uint32_t)size;
    claim->cell = cell;
    claim->bytes = begin + offset;
}

/* Claim in the extent of the thread's lane; false when it has none, or no room. */
static inline bool impact__ring_append(impact__ring *ring, size_t size, impact__ring_claim *claim)
{
    const uint64_t number = atomic_load_explicit(&ring->memory->lanes[impact__ring_lane()].extent,
                                                 memory_order_relaxed);
    impact__ring_extent *extent = impact__ring_row(ring, number);
    /* Pairs with the store in publish. What is read of the row below is this extent's if the
     * exchange succeeds. */
    uint64_t state = atomic_load_explicit(&extent->state, memory_order_acquire);
    uint32_t offset = 0;
    uint32_t places = 0;
    do {
        if (!number || !impact__ring_is_open(state, number))
            return false;
        offset = atomic_load_explicit(&extent->offset, memory_order_relaxed);
        places = atomic_load_explicit(&extent->place_count, memory_order_relaxed);
        if (impact__ring_count_in(state) >= places ||
            impact__ring_used_in(state) + impact__ring_rounded(size) > impact__ring_extent_size) {
            (void)impact__ring_close_extent(ring, number, &state);
            return false;
        }
        /* Sequentially consistent, for a reader that goes to sleep: see batcher.c. */
    } while (!atomic_compare_exchange_weak(&extent->state, &state,
                                           state + (UINT64_C(1) << impact__ring_used_bits) +
                                               impact__ring_rounded(size)));
    impact__ring_claim_at(ring, claim, offset, impact__ring_count_in(state),
                          impact__ring_used_in(state), size);
    claim->unused = places - impact__ring_count_in(state) - 1;
    claim->is_step = claim->unused == 0;
    return true;
}

/* Fetch what the lane's next record will most likely be written to, long before it comes: the
 * reader may have it in the caches of another processor. */
static inline void impact__ring_prefetch(const impact__ring_claim *claim, size_t size)
{
    const uint8_t *next = claim->bytes + impact__ring_rounded(size);
    __builtin_prefetch(claim->cell + 1, 1);
    for (int line = 0; line < 4; line++) /* as long as most records */
        __builtin_prefetch(next + line * impact__ring_unit, 1);
}

/* Claim `size` bytes. On TAKEN, fill claim->bytes and commit. */
static inline impact__ring_answer impact__ring_claim_bytes(impact__ring *ring, size_t size,
                                                           impact__ring_claim *claim)
{
    if (__builtin_expect(impact__ring_is_small(size) && impact__ring_append(ring, size, claim), 1))
        return IMPACT__RING_TAKEN;
    return impact__ring_claim_elsewhere(ring, size, claim);
}

#endif
