/* Slots: the memory that live spans are recorded into. */
#include "trace/slot.h"

#include <assert.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/once.h"

typedef union slot {
    impact__span span;
    char lines[impact__slot_size];
} slot;

static _Alignas(64) slot first_chunk[impact__pool_chunk_count];
impact__pool impact__slot_pool = IMPACT__POOL(first_chunk);
static impact__once once;

static void open_pool(void)
{
    impact__pool_open(&impact__slot_pool);
}

void impact__slots_open(void)
{
    impact__once_do(&once, open_pool);
}

/* Its lock may be held by a thread that is not in this process. */
static void renew_lock(impact__span *span)
{
    const unsigned process = impact__fork_generation();
    const bool is_fresh = impact__span_life(span) == 0;
    if (!is_fresh && atomic_load_explicit(&span->process, memory_order_relaxed) == process)
        return;
    (void)pthread_mutex_init(&span->lock, NULL); /* cannot fail on Linux */
    atomic_store_explicit(&span->process, process, memory_order_relaxed);
    if (is_fresh)
        atomic_store_explicit(&span->life,
                              IMPACT__LIFE_GENERATION | (uintptr_t)span->pooled.number << 1,
                              memory_order_relaxed);
}

static void push(impact__slots *slots, impact__span *span)
{
    assert(slots->count < impact__slot_limit);
    slots->empty[++slots->count] = span;
}

static impact__span *pop(impact__slots *slots)
{
    return slots->count ? slots->empty[slots->count--] : NULL;
}

static void fetch(impact__slots *slots)
{
    for (int i = 0; i < impact__slot_fetch_count; i++) {
        impact__span *span = impact__pool_take(&impact__slot_pool);
        if (!span)
            return;
        push(slots, span);
    }
}

static bool has_bytes(impact__span *span)
{
    if (span->bytes)
        return true;
    span->bytes = impact__resize(NULL, NULL, impact__span_first_capacity);
    span->capacity = span->bytes ? impact__span_first_capacity : 0;
    return span->bytes != NULL;
}

impact__span *impact__slot_take_slowly(impact__slots *slots)
{
    if (!slots->count)
        fetch(slots);
    impact__span *span = pop(slots);
    if (!span)
        return NULL;
    renew_lock(span);
    if (has_bytes(span))
        return span;
    push(slots, span);
    return NULL;
}

static void free_bytes(impact__span *span)
{
    impact__free(NULL, span->bytes);
    impact__free(NULL, span->places);
    span->bytes = NULL;
    span->places = NULL;
    span->capacity = 0;
    span->place_capacity = 0;
}

/* Its names are used up: it is left alone. */
static bool is_worn_out(const impact__span *span)
{
    return impact__life_is_last(impact__span_life(span));
}

void impact__slot_give_to_pool(impact__span *span)
{
    free_bytes(span);
    span->pooled.next = NULL;
    if (!is_worn_out(span))
        impact__pool_give(&impact__slot_pool, &span->pooled);
}

/* A thread that ends what others begin gives back half of what it has. */
static void give_half_to_pool(impact__slots *slots)
{
    impact__pooled *some = NULL;
    while (slots->count > impact__slot_limit / 2) {
        impact__span *span = pop(slots);
        free_bytes(span);
        span->pooled.next = some;
        some = &span->pooled;
    }
    impact__pool_give(&impact__slot_pool, some);
}

void impact__slot_give_slowly(impact__slots *slots, impact__span *span)
{
    if (is_worn_out(span)) {
        free_bytes(span);
        return;
    }
    if (span->capacity > impact__span_kept_capacity)
        free_bytes(span);
    if (slots->count == impact__slot_limit)
        give_half_to_pool(slots);
    push(slots, span);
}

void impact__slots_clear(impact__slots *slots)
{
    while (slots->count)
        impact__slot_give_to_pool(pop(slots));
}
