/* The queue of finished spans. */
#include "trace/queue.h"

#include "core/alloc.h"

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
    if (!cells)
        return IMPACT_ENOMEM;
    queue->cells = cells;
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
        impact__span_free(queue->cells[i].slot);
    impact__free(queue->allocator, queue->cells);
    queue->cells = NULL;
}

/* Claim the next number, from 0. */
static impact__queue_answer claim(impact__queue *queue, uint64_t *number)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    do {
        if (tail & closed_bit)
            return IMPACT__QUEUE_CLOSED;
        /* Pairs with the store in impact__queue_take: a cell below the head is ours to fill. */
        if (tail - atomic_load_explicit(&queue->head, memory_order_acquire) >= queue->limit)
            return IMPACT__QUEUE_FULL;
        /* Sequentially consistent, for the worker that goes to sleep: see worker.c. */
    } while (!atomic_compare_exchange_weak(&queue->tail, &tail, tail + 1));
    *number = tail;
    return IMPACT__QUEUE_TAKEN;
}

impact__queue_answer impact__queue_put(impact__queue *queue, impact_span **span)
{
    uint64_t number = 0;
    const impact__queue_answer answer = claim(queue, &number);
    if (answer != IMPACT__QUEUE_TAKEN)
        return answer;
    impact__queue_cell *cell = &queue->cells[number & queue->mask];
    impact_span *empty = cell->slot;
    cell->slot = *span;
    /* Pairs with the load in impact__queue_take: who sees the mark sees the slot. */
    atomic_store_explicit(&cell->mark, number + 1, memory_order_release);
    *span = empty;
    return IMPACT__QUEUE_TAKEN;
}

size_t impact__queue_take(impact__queue *queue, impact_span **spans, size_t limit)
{
    const uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    size_t count = 0;
    for (; count < limit; count++) {
        impact__queue_cell *cell = &queue->cells[(head + count) & queue->mask];
        /* Pairs with the store in impact__queue_put. */
        if (atomic_load_explicit(&cell->mark, memory_order_acquire) != head + count + 1)
            break;
        impact_span *full = cell->slot;
        cell->slot = spans[count];
        spans[count] = full;
    }
    /* Pairs with the load in claim: the cells are handed back. */
    atomic_store_explicit(&queue->head, head + count, memory_order_release);
    return count;
}

void impact__queue_shut(impact__queue *queue)
{
    atomic_fetch_or(&queue->tail, closed_bit);
}

void impact__queue_reset(impact__queue *queue)
{
    const uint64_t closed = atomic_load_explicit(&queue->tail, memory_order_relaxed) & closed_bit;
    for (uint64_t i = 0; i <= queue->mask; i++)
        atomic_store_explicit(&queue->cells[i].mark, 0, memory_order_relaxed);
    atomic_store_explicit(&queue->head, 0, memory_order_relaxed);
    atomic_store(&queue->tail, closed);
}

uint64_t impact__queue_put_count(const impact__queue *queue)
{
    return atomic_load(&queue->tail) & ~closed_bit;
}

uint64_t impact__queue_taken_count(const impact__queue *queue)
{
    return atomic_load_explicit(&queue->head, memory_order_relaxed);
}
