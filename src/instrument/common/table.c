/* A pointer-keyed table in stripes, each with a lock of its own. */
#include "instrument/common/table.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/process.h>

/* Powers of two. Enough stripes that busy threads seldom meet, enough buckets that ten thousand
 * connections make chains of ten. */
enum {
    stripe_bits = 4,
    stripe_count = 1 << stripe_bits,
    bucket_bits = 6,
    bucket_count = 1 << bucket_bits,
};

typedef struct stripe {
    pthread_mutex_t lock; /* guards all below */
    impact__table_entry *buckets[bucket_count];
} stripe;

#define STRIPE                                                                                     \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }
#define FOUR_STRIPES STRIPE, STRIPE, STRIPE, STRIPE
static stripe stripes[] = {FOUR_STRIPES, FOUR_STRIPES, FOUR_STRIPES, FOUR_STRIPES};
_Static_assert(sizeof stripes == stripe_count * sizeof(stripe), "every lock is initialised");

static bool is_ready;

/* Fibonacci hashing: the high bits of the product depend on all bits of the address. */
static uint64_t hash(const void *key)
{
    return (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
}

static stripe *stripe_of(const void *key)
{
    return &stripes[hash(key) >> (64 - stripe_bits)];
}

static impact__table_entry **bucket_of(stripe *s, const void *key)
{
    return &s->buckets[hash(key) >> (64 - stripe_bits - bucket_bits) & (bucket_count - 1)];
}

void impact__table_add(impact__table_entry *entry, const void *key)
{
    assert(entry && key && is_ready);
    stripe *s = stripe_of(key);
    entry->key = key;
    (void)pthread_mutex_lock(&s->lock); /* cannot fail for a normal lock; likewise below */
    impact__table_entry **bucket = bucket_of(s, key);
    entry->next = *bucket;
    *bucket = entry;
    (void)pthread_mutex_unlock(&s->lock);
}

impact__table_entry *impact__table_find(const void *key)
{
    stripe *s = stripe_of(key);
    (void)pthread_mutex_lock(&s->lock);
    impact__table_entry *entry = *bucket_of(s, key);
    while (entry && entry->key != key)
        entry = entry->next;
    (void)pthread_mutex_unlock(&s->lock);
    return entry;
}

static impact__table_entry *
find_in_stripe(stripe *s, bool (*matches)(const impact__table_entry *entry, const void *argument),
               const void *argument)
{
    impact__table_entry *entry = NULL;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < bucket_count && !entry; i++) {
        entry = s->buckets[i];
        while (entry && !matches(entry, argument))
            entry = entry->next;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return entry;
}

impact__table_entry *impact__table_find_if(bool (*matches)(const impact__table_entry *entry,
                                                           const void *argument),
                                           const void *argument)
{
    impact__table_entry *entry = NULL;
    for (size_t i = 0; i < stripe_count && !entry; i++)
        entry = find_in_stripe(&stripes[i], matches, argument);
    return entry;
}

impact__table_entry *impact__table_remove(const void *key)
{
    stripe *s = stripe_of(key);
    (void)pthread_mutex_lock(&s->lock);
    impact__table_entry **link = bucket_of(s, key);
    while (*link && (*link)->key != key)
        link = &(*link)->next;
    impact__table_entry *entry = *link;
    if (entry)
        *link = entry->next;
    (void)pthread_mutex_unlock(&s->lock);
    return entry;
}

static void before_fork(void *unused)
{
    (void)unused; /* there is one table; likewise below */
    for (size_t i = 0; i < stripe_count; i++)
        (void)pthread_mutex_lock(&stripes[i].lock);
}

static void after_fork(void *unused)
{
    (void)unused;
    for (size_t i = stripe_count; i-- > 0;)
        (void)pthread_mutex_unlock(&stripes[i].lock);
}

/* When the library is loaded: there is no first use that could race with a fork. */
__attribute__((constructor)) static void watch_forks(void)
{
    static impact_fork_member *member; /* never removed: the library stays loaded */
    is_ready = impact_fork_add(&member,
                               IMPACT_FORK_HANDLERS(.before = before_fork, .in_parent = after_fork,
                                                    .in_child = after_fork)) == IMPACT_OK;
}

bool impact__table_is_ready(void)
{
    return is_ready;
}
