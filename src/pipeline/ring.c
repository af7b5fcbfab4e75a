/* The ring: its memory, and the side that puts in. */
#include "pipeline/ring.h"

#include <assert.h>
#include <string.h>

static const uint64_t magic = UINT64_C(0x31676E6972706D69); /* "impring1" */

enum {
    row_least = 16,
    row_reserve = 1024, /* extents that are being exported, beside those that wait */
    row_area = 256,     /* bytes of the area for a row, on average: more rows are of no use */
    scarce_places = impact__ring_lane_count * impact__ring_place_count,
    extent_room =
        impact__ring_extent_size - impact__ring_place_count * (int)sizeof(impact__ring_cell),
};

/* ---- the piece of memory ---- */

static uint32_t row_count(uint32_t limit, size_t area_size)
{
    const size_t useful = area_size / row_area;
    const size_t wanted = limit + row_reserve < useful ? limit + row_reserve : useful;
    uint32_t count = row_least;
    while (count < wanted)
        count *= 2;
    return count;
}

static size_t size_of_parts(uint32_t rows, uint32_t area_units)
{
    return sizeof(impact__ring_memory) + rows * sizeof(impact__ring_extent) + impact__ring_unit +
           (size_t)area_units * impact__ring_unit;
}

static bool is_in_range(uint32_t limit, size_t area_size)
{
    return limit > 0 && limit <= impact__ring_limit_most && area_size >= impact__ring_area_least &&
           area_size <= IMPACT__RING_AREA_MOST;
}

size_t impact__ring_size(uint32_t limit, size_t area_size)
{
    if (!is_in_range(limit, area_size))
        return 0;
    return size_of_parts(row_count(limit, area_size), (uint32_t)(area_size / impact__ring_unit));
}

static uint8_t *aligned(uint8_t *memory)
{
    const uintptr_t beyond = (uintptr_t)memory % impact__ring_unit;
    return beyond ? memory + (impact__ring_unit - beyond) : memory;
}

/* The geometry is in range. */
static void see(impact__ring *ring, impact__ring_memory *memory, uint32_t limit,
                uint32_t area_units)
{
    impact__ring_extent *extents = (impact__ring_extent *)(void *)(memory + 1);
    const uint32_t rows = row_count(limit, (size_t)area_units * impact__ring_unit);
    *ring = (impact__ring){
        .memory = memory,
        .extents = extents,
        .area = aligned((uint8_t *)(extents + rows)),
        .limit = limit,
        .extent_mask = rows - 1,
        .area_units = area_units,
        .soft_units = area_units / impact__ring_soft_part,
    };
}

void impact__ring_format(impact__ring *ring, void *memory, uint32_t limit, size_t area_size)
{
    assert(is_in_range(limit, area_size));
    impact__ring_memory *head = memory;
    const uint32_t rows = row_count(limit, area_size);
    memset(memory, 0,
           sizeof *head + rows * sizeof(impact__ring_extent)); /* the area may be anything */
    head->limit = limit;
    head->extent_count = rows;
    head->area_units = (uint32_t)(area_size / impact__ring_unit);
    head->magic = magic;
    see(ring, head, limit, head->area_units);
}

bool impact__ring_attach(impact__ring *ring, void *memory, size_t size)
{
    /* Volatile: each is read once, and what was checked is what is used. */
    const volatile impact__ring_memory *head = memory;
    if ((uintptr_t)memory % impact__ring_unit || size < sizeof *head || head->magic != magic)
        return false;
    const uint32_t limit = head->limit;
    const uint32_t area_units = head->area_units;
    if (area_units > IMPACT__RING_AREA_MOST / impact__ring_unit)
        return false;
    const size_t area_size = (size_t)area_units * impact__ring_unit;
    if (!is_in_range(limit, area_size) || head->extent_count != row_count(limit, area_size) ||
        size < impact__ring_size(limit, area_size))
        return false;
    see(ring, memory, limit, area_units);
    return true;
}

void impact__ring_forget(impact__ring *ring)
{
    impact__ring_memory *memory = ring->memory;
    const uint64_t tail = atomic_load_explicit(&memory->tail, memory_order_relaxed);
    const uint64_t front = impact__ring_position(impact__ring_number_at(tail), 0);
    atomic_store_explicit(&memory->head, front, memory_order_relaxed);
    atomic_store_explicit(&memory->tail, front | (tail & IMPACT__RING_CLOSED_BIT),
                          memory_order_relaxed);
    atomic_store_explicit(&memory->turned, front, memory_order_relaxed);
    atomic_store_explicit(&memory->reserved, 0, memory_order_relaxed);
    for (unsigned i = 0; i < impact__ring_lane_count; i++)
        atomic_store_explicit(&memory->lanes[i].extent, 0, memory_order_relaxed);
}

void impact__ring_clear(impact__ring *ring)
{
    for (uint32_t i = 0; i <= ring->extent_mask; i++)
        atomic_store_explicit(&ring->extents[i].state, 0, memory_order_relaxed);
    impact__ring_forget(ring);
}

void impact__ring_shut(impact__ring *ring)
{
    const uint64_t tail = atomic_fetch_or(&ring->memory->tail, IMPACT__RING_CLOSED_BIT);
    const uint64_t head = atomic_load_explicit(&ring->memory->head, memory_order_relaxed);
    uint64_t state = 0;
    /* Who claimed an extent and has not shown it yet sees the bit when it has: see publish. */
    const uint64_t freed = impact__ring_number_at(head);
    const uint64_t unread = impact__ring_distance(freed, impact__ring_number_at(tail));
    for (uint64_t i = 1; i <= unread; i++)
        (void)impact__ring_close_extent(ring, freed + i, &state);
}

/* ---- places ---- */

static void give_back(impact__ring *ring, uint32_t places)
{
    atomic_fetch_sub_explicit(&ring->memory->reserved, places, memory_order_relaxed);
}

bool impact__ring_close_extent(impact__ring *ring, uint64_t number, uint64_t *state)
{
    impact__ring_extent *extent = impact__ring_row(ring, number);
    *state = atomic_load_explicit(&extent->state, memory_order_acquire); /* with publish */
    uint32_t places = 0;
    do {
        if (!impact__ring_is_open(*state, number))
            return false;
        /* Of this extent if the exchange below succeeds, for then the row was not used again. */
        places = atomic_load_explicit(&extent->place_count, memory_order_relaxed);
    } while (
        !atomic_compare_exchange_weak(&extent->state, state, *state | IMPACT__RING_CLOSED_BIT));
    *state |= IMPACT__RING_CLOSED_BIT;
    const uint32_t count = impact__ring_count_in(*state);
    const uint32_t unused = places > count ? places - count : 0; /* a file may say anything */
    if (unused)
        give_back(ring, unused);
    return unused > 0;
}

/* When no place is free: true when there may be one now. */
static bool close_lanes(impact__ring *ring)
{
    bool is_any = false;
    for (unsigned i = 0; i < impact__ring_lane_count; i++) {
        _Atomic uint64_t *lane = &ring->memory->lanes[i].extent;
        uint64_t number = atomic_load_explicit(lane, memory_order_relaxed);
        uint64_t state = 0;
        if (!number)
            continue;
        is_any |= impact__ring_close_extent(ring, number, &state);
        (void)atomic_compare_exchange_strong(lane, &number, 0); /* unless it has another by now */
    }
    return is_any;
}

/* Places for an extent: `wanted`, or one where few are left. A thread that is stopped with places
 * that nobody can ask back must not make others think the ring full. */
static uint32_t reserve(impact__ring *ring, uint32_t wanted)
{
    _Atomic uint32_t *reserved = &ring->memory->reserved;
    uint32_t now = atomic_load_explicit(reserved, memory_order_relaxed);
    uint32_t places = 0;
    do {
        const uint32_t left = now < ring->limit ? ring->limit - now : 0;
        places = left >= scarce_places ? wanted : left > 0;
    } while (places && !atomic_compare_exchange_weak(reserved, &now, now + places));
    return places;
}

/* ---- extents ---- */

static uint32_t units_for(uint32_t places, size_t size)
{
    const size_t bytes = places * sizeof(impact__ring_cell) + impact__ring_rounded(size);
    return (uint32_t)((bytes + impact__ring_unit - 1) / impact__ring_unit);
}

/* The head, after a reader that was stopped with the tail at the front already, and will store the
 * same. */
static uint64_t head_for(const impact__ring *ring, uint64_t tail)
{
    /* Pairs with the store in the reader's release: what is below the head was read. */
    uint64_t head = atomic_load_explicit(&ring->memory->head, memory_order_acquire);
    const uint64_t number = impact__ring_number_at(tail);
    const uint64_t front = impact__ring_position(number, 0) | (tail & IMPACT__RING_TURN_BIT);
    const bool begins_anew = !impact__ring_offset_at(tail) &&
                             impact__ring_distance(impact__ring_number_at(head), number) == 1;
    if (begins_anew && atomic_compare_exchange_strong(&ring->memory->head, &head, front))
        return front;
    return head;
}

/* Where an extent can lie. */
typedef struct spot {
    uint32_t offset;
    bool is_turn; /* at the front, where the tail has to turn to */
} spot;

/* The head is at `until`, behind the place where the tail will turn, or has turned. */
static bool fit_after_turn(const impact__ring *ring, uint32_t from, uint32_t until, uint32_t units,
                           spot *to)
{
    if (from <= until && units <= until - from)
        return true;
    if (from <= until) /* stored before the tail turned: see move_tail */
        to->offset = impact__ring_offset_at(
            atomic_load_explicit(&ring->memory->turned, memory_order_relaxed));
    return to->offset + units <= ring->area_units;
}

/* Where an extent of so many units can lie, or false. */
static bool fit(const impact__ring *ring, uint64_t tail, uint32_t units, spot *to)
{
    const uint64_t head = head_for(ring, tail);
    const uint64_t unread =
        impact__ring_distance(impact__ring_number_at(head), impact__ring_number_at(tail));
    const uint32_t from = impact__ring_offset_at(tail);
    const uint32_t until = impact__ring_offset_at(head);
    if (unread > ring->extent_mask || until > ring->area_units)
        return false;
    *to = (spot){.offset = from};
    if ((head ^ tail) & IMPACT__RING_TURN_BIT)
        return fit_after_turn(ring, from, until, units, to);
    if (units <= until && from + units > ring->soft_units) {
        *to = (spot){.is_turn = true};
        return true;
    }
    return from + units <= ring->area_units;
}

/* The tail is about to turn from here. Not for a thread that was stopped with an old tail, when a
 * later one has turned: that is looked at in this order, for a turn is not later than the tail. */
static void note_turn(impact__ring *ring, uint64_t tail)
{
    _Atomic uint64_t *turned = &ring->memory->turned;
    const uint64_t own = impact__ring_number_at(tail);
    uint64_t last = atomic_load_explicit(turned, memory_order_acquire);
    do {
        const uint64_t now = impact__ring_last(ring);
        if (impact__ring_distance(own, impact__ring_number_at(last)) <=
            impact__ring_distance(own, now))
            return;
    } while (!atomic_compare_exchange_weak(turned, &last, tail));
}

/* Move the tail over an extent of extent->size units. */
static impact__ring_answer move_tail(impact__ring *ring, impact__ring_extent *extent,
                                     uint64_t *number)
{
    _Atomic uint64_t *position = &ring->memory->tail;
    const uint32_t units = atomic_load_explicit(&extent->size, memory_order_relaxed);
    /* Acquire: the head that is looked at next is not older than this. */
    uint64_t tail = atomic_load_explicit(position, memory_order_acquire);
    for (;;) {
        spot to;
        const uint64_t seen = tail;
        if (tail & IMPACT__RING_CLOSED_BIT)
            return IMPACT__RING_CLOSED;
        if (!fit(ring, tail, units, &to)) {
            tail = atomic_load(position); /* full only if it still is where it was */
            if (tail == seen)
                return IMPACT__RING_FULL;
            continue;
        }
        if (to.is_turn)
            note_turn(ring, tail);
        const uint64_t turn =
            (tail ^ (to.is_turn ? IMPACT__RING_TURN_BIT : 0)) & IMPACT__RING_TURN_BIT;
        *number = impact__ring_number_at(tail) + 1;
        /* Sequentially consistent, for a reader that goes to sleep: see batcher.c. */
        if (atomic_compare_exchange_weak(
                position, &tail, impact__ring_position(*number, to.offset + units) | turn)) {
            atomic_store_explicit(&extent->offset, to.offset, memory_order_relaxed);
            return IMPACT__RING_TAKEN;
        }
    }
}

static void set_shape(impact__ring_extent *extent, uint32_t places, uint32_t units)
{
    atomic_store_explicit(&extent->place_count, places, memory_order_relaxed);
    atomic_store_explicit(&extent->size, units, memory_order_relaxed);
}

/* Places for a new extent, taken from others where there is no other way. */
static uint32_t find_places(impact__ring *ring, size_t size)
{
    const uint32_t wanted = impact__ring_is_small(size) ? impact__ring_place_count : 1;
    uint32_t places = reserve(ring, wanted);
    while (!places && close_lanes(ring))
        places = reserve(ring, wanted);
    return places;
}

impact__ring_answer impact__ring_claim_extent(impact__ring *ring, size_t size,
                                              impact__ring_extent *extent, uint64_t *number)
{
    if (size > (size_t)ring->area_units * impact__ring_unit)
        return IMPACT__RING_FULL;
    uint32_t places = find_places(ring, size);
    if (!places)
        return impact__ring_is_shut(ring) ? IMPACT__RING_CLOSED : IMPACT__RING_FULL;
    set_shape(extent, places,
              places > 1 ? impact__ring_extent_size / impact__ring_unit : units_for(1, size));
    impact__ring_answer answer = move_tail(ring, extent, number);
    if (answer == IMPACT__RING_FULL && places > 1) { /* there may be room for this one */
        give_back(ring, places - 1);
        places = 1;
        set_shape(extent, 1, units_for(1, size));
        answer = move_tail(ring, extent, number);
    }
    if (answer != IMPACT__RING_TAKEN)
        give_back(ring, places);
    return answer;
}

static void clear_cells(impact__ring_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        atomic_store_explicit(&cells[i].mark, 0, memory_order_relaxed);
}

static uint64_t state_of(uint64_t number, uint32_t count, uint32_t used, bool is_closed)
{
    return (is_closed ? IMPACT__RING_CLOSED_BIT : 0) | (number & INT32_MAX) << 32 |
           (uint64_t)count << impact__ring_used_bits | used;
}

void impact__ring_publish(impact__ring *ring, const impact__ring_extent *extent, uint64_t number,
                          size_t size, impact__ring_claim *claim)
{
    const uint32_t offset = atomic_load_explicit(&extent->offset, memory_order_relaxed);
    const uint32_t places = atomic_load_explicit(&extent->place_count, memory_order_relaxed);
    const uint32_t units = atomic_load_explicit(&extent->size, memory_order_relaxed);
    const uint32_t begin = places * (uint32_t)sizeof(impact__ring_cell);
    impact__ring_extent *row = impact__ring_row(ring, number);
    clear_cells((impact__ring_cell *)(void *)impact__ring_bytes_at(ring, offset), places);
    atomic_store_explicit(&row->offset, offset, memory_order_relaxed);
    set_shape(row, places, units);
    impact__ring_claim_at(ring, claim, offset, 0, begin, size);
    claim->unused = places - 1;
    claim->is_step = true;
    /* Release, for who sees the state sees the row and the empty cells; and sequentially
     * consistent, for of this and impact__ring_shut one has to see the other. */
    const uint32_t used = places > 1 ? begin + impact__ring_rounded(size) : 0;
    atomic_store(&row->state, state_of(number, 1, used, places == 1));
    uint64_t state = 0;
    if (places > 1) {
        /* Another thread of the lane may have put its own there: nobody would find that again. */
        const uint64_t other = atomic_exchange_explicit(
            &ring->memory->lanes[impact__ring_lane()].extent, number, memory_order_relaxed);
        if (other)
            (void)impact__ring_close_extent(ring, other, &state);
    }
    if (atomic_load(&ring->memory->tail) & IMPACT__RING_CLOSED_BIT)
        (void)impact__ring_close_extent(ring, number, &state);
}

/* ---- lanes ---- */

_Thread_local unsigned impact__ring_own_lane IMPACT__THREAD_LOCAL_MODEL;

unsigned impact__ring_find_lane(void)
{
    static atomic_uint next;
    impact__ring_own_lane =
        1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % impact__ring_lane_count;
    return impact__ring_own_lane - 1;
}

static void close_own_lane(impact__ring *ring)
{
    const uint64_t number = atomic_load_explicit(&ring->memory->lanes[impact__ring_lane()].extent,
                                                 memory_order_relaxed);
    uint64_t state = 0;
    if (number)
        (void)impact__ring_close_extent(ring, number, &state);
}

impact__ring_answer impact__ring_claim_elsewhere(impact__ring *ring, size_t size,
                                                 impact__ring_claim *claim)
{
    if (!impact__ring_is_small(size))
        close_own_lane(ring); /* what comes after stands behind it */
    impact__ring_extent extent = {.state = 0};
    uint64_t number = 0;
    const impact__ring_answer answer = impact__ring_claim_extent(ring, size, &extent, &number);
    if (answer == IMPACT__RING_TAKEN)
        impact__ring_publish(ring, &extent, number, size, claim);
    return answer;
}
