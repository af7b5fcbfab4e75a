/* The ring among threads: nothing is lost or doubled, the bound holds, a shut comes once. */
#include <pthread.h>
#include <sched.h>

#include "support/ring_fixture.h"

enum { producer_count = 4, records_each = 5000 };

static pthread_barrier_t barrier;
static atomic_uint producers_left;
static _Atomic uint64_t taken_of[producer_count];
static uint64_t expected[producer_count];

static void *produce(void *argument)
{
    const uint64_t producer = (uint64_t)(uintptr_t)argument;
    (void)pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < records_each; i++)
        while (put(producer << 32 | i, i % 16 ? 100 : 3000) != IMPACT__RING_TAKEN)
            (void)sched_yield();
    atomic_fetch_sub(&producers_left, 1);
    return NULL;
}

static size_t take_and_check(size_t most)
{
    impact__ring_record record;
    size_t count = 0;
    while (count < most && impact__ring_take(&reader, &record) == IMPACT__RING_RECORD) {
        const uint64_t producer = number_of(&record) >> 32;
        CHECK(producer < producer_count && is_whole(&record));
        if (producer < producer_count)
            CHECK_EQUAL(number_of(&record) & UINT32_MAX, expected[producer]++);
        count++;
    }
    release();
    for (int i = 0; i < producer_count; i++)
        atomic_store(&taken_of[i], expected[i]);
    return count;
}

static void start(pthread_t *threads, void *(*run)(void *))
{
    atomic_store(&producers_left, producer_count);
    (void)pthread_barrier_init(&barrier, NULL, producer_count + 1);
    for (uintptr_t i = 0; i < producer_count; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    (void)pthread_barrier_wait(&barrier);
}

static void run_producers(uint32_t limit)
{
    pthread_t threads[producer_count];
    open_ring(limit, area_size);
    memset(expected, 0, sizeof expected);
    start(threads, produce);
    uint64_t taken = 0;
    for (bool is_last = false; !is_last;) {
        const bool all_is_there = !atomic_load(&producers_left); /* before what is taken now */
        const size_t count = take_and_check(40);
        taken += count;
        is_last = all_is_there && count == 0;
        CHECK(impact__ring_reserved(&ring) <= limit);
    }
    for (int i = 0; i < producer_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(taken, producer_count * records_each);
    CHECK_EQUAL(reader.taken, taken);
    CHECK_EQUAL(impact__ring_reserved(&ring), 0);
    close_ring();
}

TEST(many_producers_lose_and_double_nothing)
{
    run_producers(2);
    run_producers(32);
    run_producers(2000);
}

/* Each round waits for another thread: beside ten other jobs that is their time slices. */
enum { rounds_each = 500 };

/* Puts one record and waits until it was taken: so no more wait than there are threads. */
static void *put_one_by_one(void *argument)
{
    const uint64_t producer = (uint64_t)(uintptr_t)argument;
    (void)pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < rounds_each; i++) {
        CHECK_EQUAL(put(producer << 32 | i, 100), IMPACT__RING_TAKEN);
        while (atomic_load(&taken_of[producer]) <= i)
            (void)sched_yield();
    }
    atomic_fetch_sub(&producers_left, 1);
    return NULL;
}

TEST(a_ring_with_room_is_never_full_however_stale_a_thread_looks_at_it)
{
    pthread_t threads[producer_count];
    open_ring(producer_count, area_size);
    memset(expected, 0, sizeof expected);
    start(threads, put_one_by_one);
    while (atomic_load(&producers_left))
        if (!take_and_check(40))
            (void)sched_yield();
    for (int i = 0; i < producer_count; i++)
        (void)pthread_join(threads[i], NULL);
    close_ring();
}

enum { crowd = 2000 };

static void *put_a_few(void *argument)
{
    (void)pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < 10; i++)
        while (put(i, 100) != IMPACT__RING_TAKEN)
            (void)sched_yield();
    return argument;
}

TEST(two_thousand_threads_keep_the_bound)
{
    static pthread_t threads[crowd];
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, 64 * 1024);
    open_ring(100, area_size);
    (void)pthread_barrier_init(&barrier, NULL, crowd + 1);
    for (int i = 0; i < crowd; i++)
        REQUIRE(pthread_create(&threads[i], &attributes, put_a_few, NULL) == 0);
    (void)pthread_barrier_wait(&barrier);
    impact__ring_record record;
    while (reader.taken < crowd * 10) {
        CHECK(impact__ring_waiting(&reader) <= 100);
        while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD)
            CHECK(is_whole(&record));
        release();
        (void)sched_yield();
    }
    for (int i = 0; i < crowd; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK(is_empty());
    close_ring();
}

static void *shut_after_a_while(void *argument)
{
    (void)pthread_barrier_wait(&barrier);
    while (atomic_load(&taken_of[0]) < 100)
        (void)sched_yield();
    impact__ring_shut(&ring);
    return argument;
}

static _Atomic uint64_t put_count;

static void *put_until_shut(void *argument)
{
    (void)pthread_barrier_wait(&barrier);
    for (;;) {
        const impact__ring_answer answer = put(1, 100);
        if (answer == IMPACT__RING_CLOSED)
            return argument;
        if (answer == IMPACT__RING_TAKEN)
            atomic_fetch_add(&put_count, 1);
        else
            (void)sched_yield();
    }
}

TEST(what_was_put_in_amid_a_shut_is_there_and_nothing_comes_after)
{
    pthread_t threads[producer_count];
    open_ring(64, area_size);
    (void)pthread_barrier_init(&barrier, NULL, producer_count + 1);
    for (int i = 0; i < producer_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, i ? put_until_shut : shut_after_a_while, NULL) ==
                0);
    (void)pthread_barrier_wait(&barrier);
    impact__ring_record record;
    while (!impact__ring_is_shut(&ring)) {
        while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD)
            atomic_fetch_add(&taken_of[0], 1);
        release();
        (void)sched_yield();
    }
    for (int i = 0; i < producer_count; i++)
        (void)pthread_join(threads[i], NULL);
    while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD)
        continue;
    CHECK_EQUAL(reader.taken, atomic_load(&put_count));
    close_ring();
}
