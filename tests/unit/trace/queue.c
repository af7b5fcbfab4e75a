/* The queue against a simple list; full, closed, reset; many threads; spans small and large. */
#include "trace/queue.h"

#include <pthread.h>

#include "base/alloc.h"
#include "support/check.h"
#include "support/faults.h"

enum { list_limit = 64 };

/* A finished span whose record is `size` bytes, the first eight of them `number`. */
static impact__span make(uint64_t number, uint32_t size)
{
    impact__span span = {.size = 10 + size, .record_offset = 10, .capacity = 640};
    while (span.capacity < span.size)
        span.capacity *= 2;
    span.bytes = impact__resize(NULL, NULL, span.capacity);
    memset(span.bytes, (int)(number & 0x7F), span.size);
    memcpy(span.bytes + 10, &number, sizeof number);
    return span;
}

static impact__queue_answer put(impact__queue *queue, uint64_t number, uint32_t size)
{
    impact__span span = make(number, size);
    const impact__queue_answer answer = impact__queue_put(queue, &span);
    impact__free(NULL, span.bytes);
    return answer;
}

static bool open_batch(impact__queue_batch *batch, size_t limit)
{
    *batch = (impact__queue_batch){.bytes = IMPACT__BUFFER(NULL)};
    batch->items = impact__alloc(NULL, limit * sizeof *batch->items);
    return batch->items != NULL;
}

static void close_batch(impact__queue_batch *batch)
{
    impact__buffer_close(&batch->bytes);
    impact__free(NULL, batch->items);
}

static uint64_t number_at(const impact__queue_batch *batch, size_t index)
{
    uint64_t number;
    memcpy(&number, batch->bytes.data + batch->items[index].offset, sizeof number);
    return number;
}

/* The bytes behind the number are what `make` wrote. */
static bool is_whole(const impact__queue_batch *batch, size_t index)
{
    const char *data = batch->bytes.data + batch->items[index].offset;
    const char should = (char)(number_at(batch, index) & 0x7F);
    for (size_t i = sizeof(uint64_t); i < batch->items[index].size; i++)
        if (data[i] != should)
            return false;
    return true;
}

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

/* A list of numbers, the model. */
static uint64_t list[list_limit];
static size_t list_count;
static uint64_t next_number;

static void put_both(impact__queue *queue, size_t limit)
{
    const uint32_t size = random_below(4) ? 8 + random_below(505) : 513 + random_below(20000);
    const impact__queue_answer answer = put(queue, next_number, size);
    CHECK_EQUAL(answer, list_count < limit ? IMPACT__QUEUE_TAKEN : IMPACT__QUEUE_FULL);
    if (answer == IMPACT__QUEUE_TAKEN)
        list[list_count++] = next_number;
    next_number++;
}

static void take_both(impact__queue *queue, impact__queue_batch *batch)
{
    const size_t limit = 1 + random_below(list_limit - 1);
    impact__queue_copy(queue, batch, limit);
    CHECK_EQUAL(batch->count, list_count < limit ? list_count : limit);
    for (size_t i = 0; i < batch->count; i++) {
        CHECK_EQUAL(number_at(batch, i), list[i]);
        CHECK(is_whole(batch, i));
    }
    impact__queue_advance(queue, batch->count);
    list_count -= batch->count;
    memmove(list, list + batch->count, list_count * sizeof *list);
}

static void compare_with_the_list(uint32_t limit)
{
    impact__queue queue = {0};
    impact__queue_batch batch;
    REQUIRE(!impact__queue_open(&queue, limit, NULL) && open_batch(&batch, list_limit));
    list_count = 0;
    for (int i = 0; i < 3000; i++) {
        if (random_below(3))
            put_both(&queue, limit);
        else
            take_both(&queue, &batch);
        CHECK_EQUAL(impact__queue_put_count(&queue) - impact__queue_taken_count(&queue),
                    list_count);
    }
    CHECK_EQUAL(impact__queue_discard(&queue), list_count);
    close_batch(&batch);
    impact__queue_close(&queue);
}

TEST(the_queue_does_as_a_list_does)
{
    static const uint32_t limits[] = {1, 2, 3, 7, 8, 33, 63};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        compare_with_the_list(limits[i]);
}

TEST(a_closed_queue_takes_nothing_and_keeps_its_count)
{
    impact__queue queue = {0};
    REQUIRE(!impact__queue_open(&queue, 4, NULL));
    CHECK_EQUAL(put(&queue, 1, 100), IMPACT__QUEUE_TAKEN);
    impact__queue_shut(&queue);
    impact__queue_shut(&queue);
    CHECK_EQUAL(put(&queue, 2, 100), IMPACT__QUEUE_CLOSED);
    CHECK_EQUAL(impact__queue_put_count(&queue), 1);
    CHECK_EQUAL(impact__queue_discard(&queue), 1);
    CHECK_EQUAL(put(&queue, 3, 100), IMPACT__QUEUE_CLOSED);
    impact__queue_close(&queue);
}

TEST(a_reset_queue_is_as_new_and_stays_closed_if_it_was)
{
    impact__queue queue = {0};
    impact__queue_batch batch;
    REQUIRE(!impact__queue_open(&queue, 4, NULL) && open_batch(&batch, 8));
    for (uint64_t i = 0; i < 11; i++) {
        CHECK_EQUAL(put(&queue, i, i % 2 ? 5000 : 50), IMPACT__QUEUE_TAKEN);
        if (i >= 2) {
            impact__queue_copy(&queue, &batch, 1);
            impact__queue_advance(&queue, 1);
        }
    }
    impact__queue_reset(&queue);
    CHECK_EQUAL(impact__queue_put_count(&queue), 0);
    CHECK_EQUAL(impact__queue_taken_count(&queue), 0);
    impact__queue_copy(&queue, &batch, 8);
    CHECK_EQUAL(batch.count, 0);
    for (uint64_t i = 0; i < 4; i++)
        CHECK_EQUAL(put(&queue, 100 + i, 700), IMPACT__QUEUE_TAKEN);
    CHECK_EQUAL(put(&queue, 200, 50), IMPACT__QUEUE_FULL);
    impact__queue_copy(&queue, &batch, 8);
    REQUIRE(batch.count == 4);
    for (size_t i = 0; i < 4; i++)
        CHECK(number_at(&batch, i) == 100 + i && is_whole(&batch, i));
    impact__queue_shut(&queue);
    impact__queue_reset(&queue);
    CHECK_EQUAL(put(&queue, 1, 50), IMPACT__QUEUE_CLOSED);
    close_batch(&batch);
    impact__queue_close(&queue);
}

TEST(limits_that_are_none_are_refused)
{
    impact__queue queue = {0};
    CHECK_EQUAL(impact__queue_open(&queue, 0, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact__queue_open(&queue, impact__queue_limit_most + 1, NULL), IMPACT_EINVAL);
    impact__queue_close(&queue); /* all zero */
}

TEST(opening_survives_any_lack_of_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__queue queue = {0};
        const impact_status status = impact__queue_open(&queue, 100, &f.allocator);
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((status == IMPACT_OK) == (queue.cells != NULL));
        impact__queue_close(&queue);
    }
}

TEST(memory_that_is_short_for_the_taker_leaves_the_rest_in_the_queue)
{
    faults f;
    impact__queue queue = {0};
    impact__queue_batch batch;
    REQUIRE(!impact__queue_open(&queue, 16, NULL) && open_batch(&batch, 16));
    faults_open(&f);
    batch.bytes = IMPACT__BUFFER(&f.allocator);
    for (uint64_t i = 0; i < 10; i++)
        CHECK_EQUAL(put(&queue, i, 3000), IMPACT__QUEUE_TAKEN);
    f.fails_for_good = true;
    uint64_t taken = 0;
    for (size_t fail_at = 1; taken < 10; fail_at++) {
        atomic_store(&f.count, 0);
        atomic_store(&f.fail_at, fail_at);
        impact__queue_copy(&queue, &batch, 16);
        for (size_t i = 0; i < batch.count; i++)
            CHECK(number_at(&batch, i) == taken + i && is_whole(&batch, i));
        impact__queue_advance(&queue, batch.count);
        taken += batch.count;
        impact__buffer_close(&batch.bytes);
        REQUIRE(fail_at < 20);
    }
    CHECK_EQUAL(taken, 10);
    close_batch(&batch);
    impact__queue_close(&queue);
    faults_close(&f);
}

/* ---- threads ---- */

enum { producer_count = 4, spans_each = 20000 };

static impact__queue shared;
static pthread_barrier_t barrier;
static atomic_uint producers_left;
static _Atomic uint64_t full_count;
static _Atomic uint64_t taken_of[producer_count];

static void *produce(void *argument)
{
    const uint64_t producer = (uint64_t)(uintptr_t)argument;
    impact__span span = make(0, 100);
    (void)pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < spans_each; i++) {
        const uint64_t number = producer << 32 | i;
        const bool is_large = i % 16 == 0;
        if (is_large) {
            impact__free(NULL, span.bytes);
            span = make(number, 1000);
        } else {
            span.size = 10 + 100;
            memset(span.bytes, (int)(number & 0x7F), span.size);
            memcpy(span.bytes + 10, &number, sizeof number);
        }
        while (impact__queue_put(&shared, &span) != IMPACT__QUEUE_TAKEN) {
            atomic_fetch_add(&full_count, 1);
            (void)sched_yield();
        }
        if (!span.bytes)
            span = make(0, 100);
    }
    impact__free(NULL, span.bytes);
    atomic_fetch_sub(&producers_left, 1);
    return NULL;
}

static uint64_t expected[producer_count];

/* Each producer's spans come in its order, whole and once. */
static size_t take_and_check(impact__queue_batch *batch)
{
    impact__queue_copy(&shared, batch, list_limit);
    for (size_t i = 0; i < batch->count; i++) {
        const uint64_t number = number_at(batch, i);
        const uint64_t producer = number >> 32;
        CHECK(producer < producer_count);
        if (producer >= producer_count)
            continue;
        CHECK_EQUAL(number & UINT32_MAX, expected[producer]);
        CHECK(is_whole(batch, i));
        expected[producer]++;
    }
    impact__queue_advance(&shared, batch->count);
    for (int i = 0; i < producer_count; i++)
        atomic_store(&taken_of[i], expected[i]);
    return batch->count;
}

static void start_producers(pthread_t *threads, void *(*run)(void *))
{
    atomic_store(&producers_left, producer_count);
    (void)pthread_barrier_init(&barrier, NULL, producer_count + 1);
    for (uintptr_t i = 0; i < producer_count; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    (void)pthread_barrier_wait(&barrier);
}

TEST(many_producers_lose_and_double_nothing)
{
    pthread_t threads[producer_count];
    impact__queue_batch batch;
    REQUIRE(!impact__queue_open(&shared, 32, NULL) && open_batch(&batch, list_limit));
    start_producers(threads, produce);
    uint64_t taken = 0;
    for (bool is_last = false; !is_last;) {
        const bool all_is_there = !atomic_load(&producers_left); /* before what is taken now */
        const size_t count = take_and_check(&batch);
        taken += count;
        is_last = all_is_there && count == 0;
    }
    for (int i = 0; i < producer_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(taken, producer_count * spans_each);
    CHECK_EQUAL(impact__queue_put_count(&shared), taken);
    CHECK_EQUAL(impact__queue_discard(&shared), 0);
    close_batch(&batch);
    impact__queue_close(&shared);
}

/* Puts one span and waits until it was taken: so no more are in the queue than there are threads. */
static void *put_one_by_one(void *argument)
{
    const uint64_t producer = (uint64_t)(uintptr_t)argument;
    impact__span span = make(0, 100);
    (void)pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < spans_each; i++) {
        const uint64_t number = producer << 32 | i;
        memset(span.bytes, (int)(number & 0x7F), span.size);
        memcpy(span.bytes + 10, &number, sizeof number);
        CHECK_EQUAL(impact__queue_put(&shared, &span), IMPACT__QUEUE_TAKEN);
        while (atomic_load(&taken_of[producer]) <= i)
            (void)sched_yield();
    }
    impact__free(NULL, span.bytes);
    atomic_fetch_sub(&producers_left, 1);
    return NULL;
}

TEST(a_queue_with_room_is_never_full_however_stale_a_thread_looks_at_it)
{
    pthread_t threads[producer_count];
    impact__queue_batch batch;
    REQUIRE(!impact__queue_open(&shared, producer_count, NULL) && open_batch(&batch, list_limit));
    start_producers(threads, put_one_by_one);
    while (atomic_load(&producers_left))
        if (!take_and_check(&batch))
            (void)sched_yield();
    for (int i = 0; i < producer_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(impact__queue_put_count(&shared), producer_count * spans_each);
    close_batch(&batch);
    impact__queue_close(&shared);
}

/* What a thread sees that was stopped between its two looks: the tail of then, the head of now. */
TEST(a_head_beyond_the_tail_that_was_read_is_not_full)
{
    impact__queue queue = {0};
    REQUIRE(!impact__queue_open(&queue, 4, NULL));
    atomic_store(&queue.tail, 5);
    atomic_store(&queue.head, 7);
    CHECK_EQUAL(put(&queue, 1, 100), IMPACT__QUEUE_TAKEN);
    impact__queue_close(&queue);
}
