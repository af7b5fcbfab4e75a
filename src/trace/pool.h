/* Memory that keeps its type: pieces that are taken and given back, and never freed.
 *
 * DESIGN: whoever has an old pointer or number of a piece may look at it at any time: it is there,
 * and it is one of its kind. Pieces lie in chunks; the first chunk is the program's own memory, so
 * that most programs take none from the allocator, and a full one is followed by the next.
 *
 *     chunks: | first | second | ...      a piece's number = chunk * 256 + place
 *             | 256 pieces |
 */
#ifndef IMPACT_TRACE_POOL_H
#define IMPACT_TRACE_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "process/fork.h"

enum {
    impact__pool_chunk_count = 256, /* pieces in a chunk */
    impact__pool_chunk_limit = 4096,
    impact__pool_limit = impact__pool_chunk_count * impact__pool_chunk_limit,
};

/* A piece begins with it. */
typedef struct impact__pooled {
    struct impact__pooled *next; /* of whoever has the piece, or of the pool */
    uint32_t number;
} impact__pooled;

typedef struct impact__pool {
    _Atomic(char *) chunks[impact__pool_chunk_limit]; /* the first is given, the others are owned */
    size_t piece_size;
    pthread_mutex_t lock;  /* guards all below */
    impact__pooled *first; /* given back */
    uint32_t fresh;        /* pieces that were ever taken */
    uint32_t chunk_count;
    impact__fork_member fork_member;
} impact__pool;

#define IMPACT__POOL(first_chunk)                                                                  \
    {                                                                                              \
        .chunks = {(char *)(first_chunk)}, .piece_size = sizeof *(first_chunk),                    \
        .lock = PTHREAD_MUTEX_INITIALIZER, .chunk_count = 1,                                       \
    }

/* Make the pool's lock safe over forks; once in a process, or again in a child. */
void impact__pool_open(impact__pool *pool);

/* A piece, all zero when it is taken for the first time. NULL: no memory, or there are as many as
 * there may be. */
void *impact__pool_take(impact__pool *pool);

/* Give pieces back, chained by `next`. */
void impact__pool_give(impact__pool *pool, impact__pooled *pieces);

/* How many pieces were ever taken: their numbers lie below that. */
uint32_t impact__pool_count(impact__pool *pool);

/* The piece of a number below impact__pool_limit; NULL: there never was one. The size is the
 * pool's: where it is written down, the compiler knows it. */
static inline void *impact__pool_at(impact__pool *pool, uint32_t number, size_t piece_size)
{
    /* Pairs with the store in pool.c: who sees a chunk sees it zeroed. */
    char *chunk = atomic_load_explicit(&pool->chunks[number / impact__pool_chunk_count],
                                       memory_order_acquire);
    return chunk ? chunk + number % impact__pool_chunk_count * piece_size : NULL;
}

#endif
