/* The queue of finished spans. */
#include "trace/queue.h"

#include <string.h>

#include "base/alloc.h"

static const uint64_t closed_bit = UINT64_C(1) << 63;

static uint64_t power_of_two_from(uint64_t least)
{
    uint64_t power = 1;
    while (power < least)
        power *= 2;
    return power;
}

impact_status impact__queue_open(impact__queue *queue, uint32_t limit,
                                 const impact_allocator *allocator)
{
    if (limit == 0 || limit > impact__queue_limit_most)
        return IMPACT_EINVAL;
    const uint64_t count = power_of_two_from(limit);
    impact__queue_cell *cells = impact__alloc(allocator, (size_t)count * sizeof *cells);
    /* Not zeroed: the system hands out its pages as they are first written. */
    uint8_t *rooms = impact__resize(allocator, NULL, (size_t)count * impact__queue_room_size);
    if (!cells || !rooms) {
        impact__free(allocator, cells);
        impact__free(allocator, rooms);
        return IMPACT_ENOMEM;
    }
    queue->cells = cells;
    queue->rooms = rooms;
    queue->mask = count - 1;
    queue->limit = limit;
    queue->allocator = allocator;
    atomic_init(&queue->tail, 0);
    atomic_init(&queue->head, 0);
    return IMPACT_OK;
}

void impact__queue_close(impact__queue *queue)
{
    for (uint64_t i = 0; queue->cells && i <= queue->mask; i++)
        impact__free(NULL, queue->cells[i].large);
    impact__free(queue->allocator, queue->cells);
    impact__free(queue->allocator, queue->rooms);
    queue->cells = NULL;
    queue->rooms = NULL;
}

/* Claim the next number, from 0. */
static impact__queue_answer claim(impact__queue *queue, uint64_t *number)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    do {
        if (tail & closed_bit)
            return IMPACT__QUEUE_CLOSED;
        /* Pairs with the store in impact__queue_advance: a cell below the head is ours to fill. The
         * head may be beyond a tail that was read long ago: below 0 is not full. */
        const uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
        if ((int64_t)(tail - head) >= (int64_t)queue->limit)
            return IMPACT__QUEUE_FULL;
        /* Sequentially consistent, for the worker that goes to sleep: see worker.c. */
    } while (!atomic_compare_exchange_weak(&queue->tail, &tail, tail + 1));
    *number = tail;
    return IMPACT__QUEUE_TAKEN;
}

static uint8_t *room_of(const impact__queue *queue, uint64_t number)
{
    return queue->rooms + (size_t)(number & queue->mask) * impact__queue_room_size;
}

/* The span's bytes for the cell's. */
static void exchange_bytes(impact__queue_cell *cell, impact__span *span)
{
    uint8_t *empty = cell->large;
    const uint32_t empty_capacity = cell->large_capacity;
    cell->large = span->bytes;
    cell->large_capacity = span->capacity;
    span->bytes = empty;
    span->capacity = empty_capacity;
}

static void fill(impact__queue *queue, uint64_t number, impact__span *span)
{
    impact__queue_cell *cell = &queue->cells[number & queue->mask];
    cell->tracer = span->tracer;
    cell->size = span->size - span->record_offset;
    if (cell->size <= impact__queue_room_size) {
        cell->large_offset = 0;
        /* Not memcpy: of a size known to be small, gcc makes a string instruction, which is slow. */
        memmove(room_of(queue, number), span->bytes + span->record_offset, cell->size);
    } else {
        cell->large_offset = span->record_offset; /* never 0: the head's room is not that full */
        exchange_bytes(cell, span);
    }
    /* Pairs with the load in published: who sees the mark sees the span. */
    atomic_store_explicit(&cell->mark, number + 1, memory_order_release);
}

impact__queue_answer impact__queue_put(impact__queue *queue, impact__span *span)
{
    uint64_t number = 0;
    const impact__queue_answer answer = claim(queue, &number);
    if (answer == IMPACT__QUEUE_TAKEN)
        fill(queue, number, span);
    return answer;
}

/* The cell of that number once it is filled, else NULL. */
static impact__queue_cell *published(impact__queue *queue, uint64_t number)
{
    impact__queue_cell *cell = &queue->cells[number & queue->mask];
    /* Pairs with the store in fill. */
    const bool is_filled = atomic_load_explicit(&cell->mark, memory_order_acquire) == number + 1;
    return is_filled ? cell : NULL;
}

static void give_back_if_huge(impact__queue_cell *cell)
{
    if (cell->large_capacity <= impact__span_kept_capacity)
        return;
    uint8_t *huge = cell->large;
    cell->large = NULL; /* first: a fork may come in between */
    cell->large_capacity = 0;
    impact__free(NULL, huge);
}

static bool copy_out(impact__queue *queue, impact__queue_batch *batch, impact__queue_cell *cell,
                     uint64_t number)
{
    char *to = impact__buffer_reserve(&batch->bytes, cell->size);
    if (!to)
        return false;
    const uint8_t *record =
        cell->large_offset ? cell->large + cell->large_offset : room_of(queue, number);
    memcpy(to, record, cell->size);
    batch->items[batch->count++] =
        (struct impact__queue_item){cell->tracer, batch->bytes.size, cell->size};
    batch->bytes.size += cell->size;
    give_back_if_huge(cell);
    return true;
}

void impact__queue_copy(impact__queue *queue, impact__queue_batch *batch, size_t limit)
{
    const uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    batch->count = 0;
    impact__buffer_clear(&batch->bytes);
    while (batch->count < limit) {
        const uint64_t number = head + batch->count;
        impact__queue_cell *cell = published(queue, number);
        if (!cell || !copy_out(queue, batch, cell, number))
            return;
    }
}

void impact__queue_advance(impact__queue *queue, size_t count)
{
    /* Pairs with the load in claim: the cells are handed back. */
    const uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    atomic_store_explicit(&queue->head, head + count, memory_order_release);
}

size_t impact__queue_discard(impact__queue *queue)
{
    const uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    size_t count = 0;
    while (published(queue, head + count))
        count++;
    impact__queue_advance(queue, count);
    return count;
}

void impact__queue_shut(impact__queue *queue)
{
    atomic_fetch_or(&queue->tail, closed_bit);
}

/* Threads that are not in the child were filling these: what the cells hold is not to be trusted, and
 * is lost. */
static void forget_half_filled(impact__queue *queue)
{
    const uint64_t tail = impact__queue_put_count(queue);
    for (uint64_t number = impact__queue_taken_count(queue); number < tail; number++) {
        impact__queue_cell *cell = &queue->cells[number & queue->mask];
        if (published(queue, number))
            continue;
        cell->large = NULL;
        cell->large_capacity = 0;
    }
}

void impact__queue_reset(impact__queue *queue)
{
    const uint64_t closed = atomic_load_explicit(&queue->tail, memory_order_relaxed) & closed_bit;
    forget_half_filled(queue);
    for (uint64_t i = 0; i <= queue->mask; i++)
        atomic_store_explicit(&queue->cells[i].mark, 0, memory_order_relaxed);
    atomic_store_explicit(&queue->head, 0, memory_order_relaxed);
    atomic_store(&queue->tail, closed);
}
