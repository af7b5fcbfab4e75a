/* Memory that keeps its type. */
#include "trace/pool.h"

#include <assert.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/thread.h"

static void before_fork(void *owner)
{
    impact__pool *pool = owner;
    (void)pthread_mutex_lock(&pool->lock); /* cannot fail for a normal lock; likewise below */
}

static void after_fork(void *owner)
{
    impact__pool *pool = owner;
    (void)pthread_mutex_unlock(&pool->lock);
}

void impact__pool_open(impact__pool *pool)
{
    /* Its links stay: a fork while a pool was opened has it opened again in the child. */
    pool->fork_member.prepare = before_fork;
    pool->fork_member.in_parent = pool->fork_member.in_child = after_fork;
    pool->fork_member.owner = pool;
    (void)impact__fork_add(
        &pool->fork_member); /* without it a child may wait for a lock at worst */
}

/* Under the lock. */
static impact__pooled *pop(impact__pool *pool)
{
    assert(impact__lock_is_held(&pool->lock));
    impact__pooled *piece = pool->first;
    if (piece) {
        pool->first = piece->next;
        return piece;
    }
    if (pool->fresh == pool->chunk_count * impact__pool_chunk_count)
        return NULL;
    piece = impact__pool_at(pool, pool->fresh, pool->piece_size);
    piece->number = pool->fresh++;
    return piece;
}

static impact__pooled *pop_locked(impact__pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    impact__pooled *piece = pop(pool);
    (void)pthread_mutex_unlock(&pool->lock);
    return piece;
}

static bool add_chunk_locked(impact__pool *pool, char *chunk)
{
    assert(chunk);
    (void)pthread_mutex_lock(&pool->lock);
    const bool has_place = pool->chunk_count < impact__pool_chunk_limit;
    if (has_place) /* pairs with the load in impact__pool_at */
        atomic_store_explicit(&pool->chunks[pool->chunk_count++], chunk, memory_order_release);
    (void)pthread_mutex_unlock(&pool->lock);
    return has_place;
}

/* Without the lock: memory is asked for. Several threads may do so at once, and all chunks will
 * serve. */
static bool grow(impact__pool *pool)
{
    char *chunk = impact__alloc(NULL, impact__pool_chunk_count * pool->piece_size);
    if (chunk && add_chunk_locked(pool, chunk))
        return true;
    impact__free(NULL, chunk);
    return false;
}

void *impact__pool_take(impact__pool *pool)
{
    impact__pooled *piece = pop_locked(pool);
    while (!piece && grow(pool))
        piece = pop_locked(pool);
    return piece;
}

void impact__pool_give(impact__pool *pool, impact__pooled *pieces)
{
    if (!pieces)
        return;
    impact__pooled *last = pieces;
    while (last->next)
        last = last->next;
    (void)pthread_mutex_lock(&pool->lock);
    last->next = pool->first;
    pool->first = pieces;
    (void)pthread_mutex_unlock(&pool->lock);
}

uint32_t impact__pool_count(impact__pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    const uint32_t count = pool->fresh;
    (void)pthread_mutex_unlock(&pool->lock);
    return count;
}
