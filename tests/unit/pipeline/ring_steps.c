/* The ring, step by step: its own code, where before each look at memory that is shared another
 * thread may come first; all orders of few threads with few switches, tried one after the other.
 *
 * The atomic operations of <stdatomic.h> are replaced, and the ring's sources are part of this
 * file: each operation is a step. Threads are coroutines, so that an order can be repeated: an
 * order is a list of choices, one a step, and the next order differs in the last choice that has
 * others left. Switches away from a thread that could go on are counted, and bounded: most mistakes
 * need one or two. */
#include <stdatomic.h>
#include <stdlib.h>
#include <ucontext.h>

static void step(void);

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#define MODEL_PLAIN(pointer) __typeof__((void)0, *(pointer))
#define atomic_load_explicit(pointer, order)                                                       \
    __extension__({                                                                                \
        MODEL_PLAIN(pointer) loaded_;                                                              \
        step();                                                                                    \
        __atomic_load((pointer), &loaded_, __ATOMIC_SEQ_CST);                                      \
        loaded_;                                                                                   \
    })
#define atomic_store_explicit(pointer, value, order)                                               \
    __extension__({                                                                                \
        MODEL_PLAIN(pointer) stored_ = (value);                                                    \
        step();                                                                                    \
        __atomic_store((pointer), &stored_, __ATOMIC_SEQ_CST);                                     \
    })
#define atomic_exchange_explicit(pointer, value, order)                                            \
    __extension__({                                                                                \
        MODEL_PLAIN(pointer) given_ = (value);                                                     \
        MODEL_PLAIN(pointer) before_;                                                              \
        step();                                                                                    \
        __atomic_exchange((pointer), &given_, &before_, __ATOMIC_SEQ_CST);                         \
        before_;                                                                                   \
    })
#define atomic_fetch_sub_explicit(pointer, value, order)                                           \
    (step(), __atomic_fetch_sub((pointer), (value), __ATOMIC_SEQ_CST))
#define atomic_fetch_or(pointer, value)                                                            \
    (step(), __atomic_fetch_or((pointer), (value), __ATOMIC_SEQ_CST))
#define atomic_load(pointer)         atomic_load_explicit(pointer, memory_order_seq_cst)
#define atomic_store(pointer, value) atomic_store_explicit(pointer, value, memory_order_seq_cst)
#define atomic_compare_exchange_strong(pointer, expected, value)                                   \
    __extension__({                                                                                \
        MODEL_PLAIN(pointer) wanted_ = (value);                                                    \
        step();                                                                                    \
        __atomic_compare_exchange((pointer), (expected), &wanted_, 0, __ATOMIC_SEQ_CST,            \
                                  __ATOMIC_SEQ_CST);                                               \
    })
#define atomic_compare_exchange_weak(pointer, expected, value)                                     \
    atomic_compare_exchange_strong(pointer, expected, value)

#include "../../../src/pipeline/ring.c"
#include "../../../src/pipeline/ring_reader.c"
#include "support/ring_fixture.h"

enum {
    thread_limit = 3,
    step_limit = 400, /* of one order */
    stack_size = 64 * 1024,
};

/* ---- orders ---- */

static struct {
    uint8_t choice;
    uint8_t count; /* of choices */
} path[step_limit];
static size_t path_size; /* steps of this order so far */
static unsigned switches_left;
static unsigned switch_limit;

/* One of `count`: as the order says, or the first. */
static unsigned choose(unsigned count)
{
    if (path_size == step_limit)
        abort();
    path[path_size].count = (uint8_t)count;
    return path[path_size++].choice;
}

/* False: all orders were tried. */
static bool next_order(void)
{
    while (path_size && path[path_size - 1].choice + 1 == path[path_size - 1].count)
        path_size--;
    if (!path_size)
        return false;
    path[path_size - 1].choice++;
    for (size_t i = path_size; i < step_limit; i++)
        path[i].choice = 0;
    return true;
}

/* ---- threads ---- */

typedef struct thread {
    ucontext_t context;
    void (*run)(void);
    bool is_over;
    char stack[stack_size];
} thread;

static thread threads[thread_limit];
static size_t thread_count;
static thread *current; /* NULL: all goes as in one thread */
static thread *next;    /* NULL: all are over */
static ucontext_t scheduler;

static thread *pick(thread *last);

static void step(void)
{
    thread *me = current;
    if (!me)
        return;
    next = pick(me);
    if (next != me)
        (void)swapcontext(&me->context, &scheduler);
}

static void run_thread(void)
{
    current->run();
    current->is_over = true;
    next = pick(current);
}

static void start(size_t count, void (*const *runs)(void))
{
    thread_count = count;
    for (size_t i = 0; i < count; i++) {
        threads[i].run = runs[i];
        threads[i].is_over = false;
        (void)getcontext(&threads[i].context);
        threads[i].context.uc_stack.ss_sp = threads[i].stack;
        threads[i].context.uc_stack.ss_size = stack_size;
        threads[i].context.uc_link = &scheduler;
        makecontext(&threads[i].context, run_thread, 0);
    }
}

/* The one that goes on, or another in its place; NULL: all are over. */
static thread *pick(thread *last)
{
    thread *others[thread_limit + 1];
    unsigned count = 0;
    const bool may_stay = last && !last->is_over;
    if (may_stay)
        others[count++] = last;
    for (size_t i = 0; i < thread_count && (!may_stay || switches_left); i++)
        if (&threads[i] != last && !threads[i].is_over)
            others[count++] = &threads[i];
    if (!count)
        return NULL;
    thread *picked = others[choose(count)];
    if (may_stay && picked != last)
        switches_left--;
    return picked;
}

static void run_all(void)
{
    switches_left = switch_limit;
    path_size = 0;
    for (next = pick(NULL); next;) {
        current = next;
        (void)swapcontext(&scheduler, &current->context);
        current = NULL;
    }
}

/* ---- a scene: what was there, two who put in, one who takes out ---- */

typedef struct scene {
    uint32_t limit;
    uint32_t units; /* of the area */
    uint32_t
        read; /* bytes of records that were put in and read before; 0: none. Likewise the next */
    uint32_t waiting;
    uint32_t first[2];  /* puts of one thread: bytes; 0: none */
    uint32_t second[2]; /* of the other */
    bool fits_if_empty; /* what is put in must find room once the head is behind what was read */
} scene;

static scene now;
static size_t put_count;
static size_t taken_count;
static bool was_taken[16];

/* What was read before is free. Without a step. */
static bool is_free(void)
{
    const uint64_t head = __atomic_load_n((uint64_t *)&ring.memory->head, __ATOMIC_SEQ_CST);
    return impact__ring_number_at(head) != 0;
}

static void put_and_count(uint64_t number, uint32_t size)
{
    if (!size)
        return;
    const bool must_fit = now.fits_if_empty && is_free();
    const impact__ring_answer answer = put(number, size);
    put_count += answer == IMPACT__RING_TAKEN;
    CHECK(answer == IMPACT__RING_TAKEN || !must_fit);
}

static void put_first(void)
{
    put_and_count(1, now.first[0]);
    put_and_count(2, now.first[1]);
}

static void put_second(void)
{
    put_and_count(3, now.second[0]);
    put_and_count(4, now.second[1]);
}

static void take_and_release(void)
{
    impact__ring_record record;
    while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD) {
        const uint64_t number = number_of(&record);
        CHECK(number < 16 && !was_taken[number] && is_whole(&record));
        if (number < 16)
            was_taken[number] = true;
        taken_count++;
    }
    release();
}

static void set_up(void)
{
    uint64_t number = 8;
    put_count = taken_count = 0;
    memset(was_taken, 0, sizeof was_taken);
    open_ring(now.limit, (size_t)now.units * impact__ring_unit);
    reader.gives_back = false;
    put_and_count(number++, now.read);
    impact__ring_record record;
    if (now.read)
        CHECK(impact__ring_take(&reader, &record) == IMPACT__RING_RECORD);
    taken_count += now.read != 0;
    put_and_count(number, now.waiting);
}

static size_t behind_count; /* orders in which the tail went back behind where it turned */

static void look_for_behind(void)
{
    const uint64_t tail = __atomic_load_n((uint64_t *)&ring.memory->tail, __ATOMIC_SEQ_CST);
    const uint64_t head = __atomic_load_n((uint64_t *)&ring.memory->head, __ATOMIC_SEQ_CST);
    const uint64_t turned = __atomic_load_n((uint64_t *)&ring.memory->turned, __ATOMIC_SEQ_CST);
    behind_count += ((tail ^ head) & IMPACT__RING_TURN_BIT) &&
                    impact__ring_offset_at(tail) > impact__ring_offset_at(turned);
}

/* Whatever the order was, all is there that was put in, and what is empty takes what fits. */
static void check_end(void)
{
    look_for_behind();
    take_and_release();
    CHECK_EQUAL(taken_count, put_count);
    CHECK_EQUAL(impact__ring_reserved(&ring) <= now.limit, true);
    CHECK_EQUAL(put(15, (now.units - 2) * impact__ring_unit), IMPACT__RING_TAKEN);
    take_and_release();
    CHECK(was_taken[15]);
}

static size_t try_all_orders(const scene *given, unsigned most_switches)
{
    static void (*const runs[])(void) = {put_first, take_and_release, put_second};
    size_t orders = 0;
    now = *given;
    switch_limit = most_switches;
    memset(path, 0, sizeof path);
    impact__ring_own_lane = 1;
    do {
        set_up();
        start(now.second[0] ? 3 : 2, runs);
        run_all();
        check_end();
        close_ring();
        orders++;
    } while (next_order());
    return orders;
}

/* Sanitizers do not know such threads. */
static void skip_where_stacks_are_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    check_skip("coroutines");
#endif
}

enum { unit = impact__ring_unit };

TEST(an_empty_ring_is_never_full_wherever_its_reader_is_stopped)
{
    skip_where_stacks_are_watched();
    size_t orders = 0;
    for (uint32_t read = 2; read <= 98; read += 8) {
        const scene one = {.limit = 4,
                           .units = 100,
                           .read = (read - 1) * unit,
                           .first = {48 * unit},
                           .fits_if_empty = true};
        orders += try_all_orders(&one, 3);
    }
    CHECK(orders > 1000);
}

TEST(two_who_put_in_beside_the_reader_lose_and_overwrite_nothing)
{
    static const uint32_t sizes[] = {34, 64, 70};
    skip_where_stacks_are_watched();
    size_t orders = 0;
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t k = 0; k < 3; k++) {
            const scene one = {.limit = 8,
                               .units = 160,
                               .read = sizes[i] * unit,
                               .waiting = k % 2 ? 40 * unit : 0,
                               .first = {sizes[k] * unit, 36 * unit},
                               .second = {sizes[(i + k) % 3] * unit}};
            orders += try_all_orders(&one, 2);
        }
    CHECK(orders > 1000);
}

TEST(what_has_no_room_up_to_the_head_goes_behind_where_the_tail_turned_and_overwrites_nothing)
{
    static const uint32_t sizes[] = {10, 30};
    skip_where_stacks_are_watched();
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t k = 0; k < 2; k++) {
            const scene one = {.limit = 8,
                               .units = 160,
                               .read = 20 * unit,
                               .waiting = 30 * unit,
                               .first = {18 * unit, sizes[i] * unit},
                               .second = {sizes[k] * unit, 34 * unit}};
            (void)try_all_orders(&one, 2);
        }
    CHECK(behind_count > 1000);
}
