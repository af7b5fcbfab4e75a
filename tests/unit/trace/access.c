/* Spans from any thread and after their end: owners, strangers, latecomers, forks, and 2,000
 * threads. */
#include "trace/access.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/tracing.h"

static tracing t;
static impact_span_view view;
static pthread_barrier_t gate;
static char stranger[] = "stranger", owner[] = "owner", one_of_many[] = "one of many";
static char recorder[] = "recorder", forker[] = "forker";

static impact_span *begin(const char *name)
{
    return impact_span_start(t.tracer, name, NULL);
}

static bool open_quietly(void)
{
    const bool is_open = tracing_open(
        &t, IMPACT_TRACE_OPTIONS(.queue_limit = 1 << 16,
                                 .limits = {.event_limit = 1 << 16, .link_limit = 1 << 16}));
    return is_open;
}

static void close_and_check(void)
{
    const impact_trace_stats stats = stats_of(t.provider);
    CHECK_EQUAL(stats.dropped_memory, 0);
    tracing_close(&t);
}

/* ---- after the end ---- */

static void use(impact_span *span, const char *key)
{
    const impact_span_context other = {.trace_id = {{1}}, .span_id = {{2}}};
    impact_span_set(span, impact_int(key, 1));
    impact_span_set(span, impact_string(key, "text"));
    impact_span_add_event(span, key, 0, NULL, 0);
    impact_span_record_exception(span, key, key, NULL, NULL, 0);
    impact_span_add_link(span, &(impact_link){.context = &other});
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, key);
    impact_span_set_name(span, key);
}

TEST(what_comes_after_the_end_does_nothing_and_is_counted)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin("a");
    impact_span_end(span);
    CHECK(!impact_span_is_recording(span));
    const uint64_t before = impact__access_late_count();
    use(span, "late");
    impact_span_end(span);
    CHECK_EQUAL(impact__access_late_count() - before, 8);
    CHECK_EQUAL(stats_of(t.provider).late_calls - before, 8);
    impact_span *other = begin("other"); /* in the same slot */
    CHECK(impact__slot_of((uintptr_t)other) == impact__slot_of((uintptr_t)span));
    use(span, "late");
    impact_span_end(span);
    CHECK(!impact_span_is_recording(span) && impact_span_is_recording(other));
    REQUIRE(tracing_end(&t, other, &view));
    CHECK(is_text(view.name, "other") && view.status == IMPACT_SPAN_STATUS_UNSET);
    CHECK_EQUAL(count_attributes(view.attributes), 0);
    CHECK_EQUAL(stats_of(t.provider).ended, 2);
    tracing_close(&t);
}

TEST(a_name_is_never_another_spans_however_often_slots_are_used_again)
{
    enum { round_count = 10000, kept_count = 100 };
    static impact_span *kept[kept_count];
    REQUIRE(open_quietly());
    impact_span *first = begin("first");
    const impact__span *slot = impact__slot_of((uintptr_t)first);
    impact_span_end(first);
    for (int i = 0; i < round_count; i++) {
        impact_span *span = begin("again");
        CHECK(impact__slot_of((uintptr_t)span) == slot && span != first);
        CHECK(!impact_span_is_recording(first));
        if (i % (round_count / kept_count) == 0)
            kept[i / (round_count / kept_count)] = span;
        impact_span_set(first, impact_int("late", i));
        impact_span_end(first);
        impact_span_end(span);
    }
    for (int i = 0; i < kept_count; i++)
        CHECK(!impact_span_is_recording(kept[i]));
    CHECK_EQUAL(stats_of(t.provider).ended, round_count + 1);
    close_and_check();
}

TEST(unsampled_spans_end_once_too)
{
    REQUIRE(tracing_open(
        &t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_of(IMPACT_SAMPLER_ALWAYS_OFF, 0))));
    impact_span *first = begin("a");
    CHECK(first && !impact_span_is_recording(first));
    impact_span_end(first);
    impact_span_end(first);
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    CHECK(impact__slot_of((uintptr_t)a) != impact__slot_of((uintptr_t)b));
    impact_span_end(a);
    impact_span_end(b);
    tracing_close(&t);
}

TEST(a_name_that_never_was_one_does_no_harm)
{
    static const uintptr_t names[] = {
        1, 2, 3, UINTPTR_MAX, UINTPTR_MAX - 1, 0xFFFFF, UINTPTR_MAX >> 1, (uintptr_t)1 << 40};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        impact_span *span = (impact_span *)names[i];
        use(span, "never");
        impact_span_end(span);
        CHECK(!impact_span_is_recording(span));
        const impact_span_context context = impact_span_context_of(span);
        CHECK(!impact_span_context_is_valid(&context));
        impact_scope_leave(impact_scope_enter(span));
    }
}

/* ---- strangers ---- */

static void *use_and_end(void *argument)
{
    use(argument, "there");
    impact_span_end(argument);
    return NULL;
}

TEST(a_span_may_be_used_and_ended_by_another_thread_while_it_is_current)
{
    pthread_t thread;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin("here");
    const impact_span_context context = impact_span_context_of(span);
    const impact_scope scope = impact_scope_enter(span);
    REQUIRE(pthread_create(&thread, NULL, use_and_end, span) == 0);
    (void)pthread_join(thread, NULL);
    CHECK(impact_span_current() == span && !impact_span_is_recording(span));
    use(span, "late");
    REQUIRE(tracing_count(&t) == 1 && tracing_read(&t, &view, 0));
    CHECK(is_text(view.name, "there") && count_attributes(view.attributes) == 1);
    REQUIRE(tracing_end(&t, begin("child"), &view));
    CHECK(view.has_parent && memcmp(&view.parent_span_id, &context.span_id, 8) == 0);
    impact_scope_leave(scope);
    tracing_close(&t);
}

enum { thread_limit = 4, rounds = 2000 };

static impact_span *volatile shared_span;
static atomic_uint event_count;

static void *use_all(void *argument)
{
    impact_span *span = shared_span;
    const char *key = argument;
    (void)pthread_barrier_wait(&gate);
    for (int i = 0; i < rounds; i++) {
        use(span, key);
        atomic_fetch_add(&event_count, 2);
        const impact_span_context context = impact_span_context_of(span);
        CHECK(impact_span_context_is_valid(&context) && impact_span_is_recording(span));
        CHECK_STRING(context.trace_state.text, "a=1");
        const impact_scope scope = impact_scope_enter(span);
        impact_span_end(begin("child"));
        impact_scope_leave(scope);
    }
    return NULL;
}

static const impact_span_context with_state = {.trace_id = {{1}},
                                               .span_id = {{2}},
                                               .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
                                               .trace_state = {"a=1"}};

TEST(two_threads_may_call_everything_on_one_span)
{
    pthread_t thread;
    impact_event_view event;
    REQUIRE(open_quietly());
    shared_span = impact_span_start(t.tracer, "shared", IMPACT_SPAN_OPTIONS(.parent = &with_state));
    REQUIRE(pthread_barrier_init(&gate, NULL, 2) == 0);
    REQUIRE(pthread_create(&thread, NULL, use_all, stranger) == 0);
    (void)use_all(owner);
    (void)pthread_join(thread, NULL);
    REQUIRE(tracing_end(&t, shared_span, &view));
    CHECK_EQUAL(count_attributes(view.attributes), 2);
    unsigned count = 0;
    while (impact_event_view_next(&view.events, &event))
        count++;
    CHECK_EQUAL(count + view.dropped_event_count, atomic_load(&event_count));
    (void)pthread_barrier_destroy(&gate);
    close_and_check();
}

static void *end_all(void *argument)
{
    impact_span *const *spans = argument;
    (void)pthread_barrier_wait(&gate);
    for (int i = 0; i < rounds; i++) {
        impact_span_set(spans[i], impact_int("i", i));
        impact_span_end(spans[i]);
    }
    return NULL;
}

TEST(a_span_ends_once_whoever_ends_it)
{
    static impact_span *spans[rounds];
    pthread_t threads[thread_limit];
    REQUIRE(open_quietly());
    const uint64_t late = impact__access_late_count();
    for (int i = 0; i < rounds; i++)
        spans[i] = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &with_state));
    REQUIRE(pthread_barrier_init(&gate, NULL, thread_limit + 1) == 0);
    for (int i = 0; i < thread_limit; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_all, spans) == 0);
    (void)end_all(spans);
    for (int i = 0; i < thread_limit; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(stats_of(t.provider).ended, rounds);
    CHECK(impact__access_late_count() - late >= thread_limit * rounds);
    (void)pthread_barrier_destroy(&gate);
    close_and_check();
}

/* Names pass between threads that start, use, and end, so that slots wander and late calls meet new
 * lives. */
static _Atomic(impact_span *) places[16];

static void *exchange_spans(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    (void)pthread_barrier_wait(&gate);
    for (int i = 0; i < rounds; i++) {
        seed = seed * 1103515245 + 12345;
        impact_span *span =
            impact_span_start(t.tracer, "wandering", IMPACT_SPAN_OPTIONS(.parent = &with_state));
        impact_span_set(span, impact_int("i", i));
        impact_span *other = atomic_exchange(&places[(seed >> 8) % 16], span);
        impact_span *late = atomic_load(&places[(seed >> 12) % 16]);
        use(late, "maybe late");
        impact_span_end(other);
        impact_span_set(other, impact_int("late", i));
        (void)impact_span_context_of(late);
    }
    return NULL;
}

TEST(spans_wander_between_threads_and_each_ends_once)
{
    pthread_t threads[thread_limit];
    REQUIRE(open_quietly());
    REQUIRE(pthread_barrier_init(&gate, NULL, thread_limit) == 0);
    for (uintptr_t i = 0; i < thread_limit; i++)
        REQUIRE(pthread_create(&threads[i], NULL, exchange_spans, (void *)i) == 0);
    for (int i = 0; i < thread_limit; i++)
        (void)pthread_join(threads[i], NULL);
    for (int i = 0; i < 16; i++)
        impact_span_end(atomic_load(&places[i]));
    CHECK_EQUAL(stats_of(t.provider).ended, thread_limit * rounds);
    (void)pthread_barrier_destroy(&gate);
    close_and_check();
}

TEST(a_program_that_hands_spans_over_begins_them_shared)
{
    pthread_t thread;
    REQUIRE(open_quietly());
    static impact_span *spans[rounds];
    REQUIRE(pthread_barrier_init(&gate, NULL, 1) == 0);
    for (int i = 0; i < rounds; i++)
        spans[i] = begin("handed over");
    REQUIRE(pthread_create(&thread, NULL, end_all, spans) == 0);
    (void)pthread_join(thread, NULL);
    impact_span *span = begin("next");
    CHECK(impact__span_life(impact__slot_of((uintptr_t)span)) & IMPACT__LIFE_SHARED);
    impact_span_end(span);
    (void)pthread_barrier_destroy(&gate);
    close_and_check();
}

/* ---- many threads, and forks ---- */

static void *record_some(void *argument)
{
    (void)pthread_barrier_wait(&gate);
    for (int i = 0; i < 4; i++) {
        impact_span *span = begin(argument);
        impact_span_set(span, impact_int("i", i));
        impact_span_end(span);
    }
    return NULL;
}

TEST(two_thousand_threads_record_at_once_and_leave_nothing_behind)
{
    enum { thread_count = 2000 };
    static pthread_t threads[thread_count];
    pthread_attr_t attributes;
    REQUIRE(open_quietly());
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, 64 * 1024);
    REQUIRE(pthread_barrier_init(&gate, NULL, thread_count) == 0);
    for (int i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i], &attributes, record_some, one_of_many))
            check_skip("this machine does not allow so many threads");
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(stats_of(t.provider).ended, thread_count * 4);
    (void)pthread_attr_destroy(&attributes);
    (void)pthread_barrier_destroy(&gate);
    close_and_check();
}

static atomic_bool is_over;

static void *record_until_it_is_over(void *argument)
{
    while (!atomic_load(&is_over)) {
        impact_span *span = begin("beside");
        use(span, "beside");
        use(shared_span, argument);
        impact_span_end(span);
        (void)sched_yield();
    }
    return NULL;
}

/* Nothing that the parent's threads were doing holds the child up. */
static void be_a_child(impact_span *parents_own)
{
    use(shared_span, "child");
    use(parents_own, "child");
    impact_span_end(shared_span);
    impact_span_end(parents_own);
    if (!check_children_may_allocate())
        _exit(0);
    impact_span *span = begin("child");
    CHECK(impact_span_is_recording(span));
    use(span, "child");
    impact_span_end(span);
    _exit(stats_of(t.provider).ended == 1 ? 0 : 1);
}

static void *fork_often(void *argument)
{
    impact_span *own = begin(argument);
    for (int i = 0; i < 250; i++) {
        const pid_t child = fork();
        if (child == 0)
            be_a_child(own);
        int status = -1;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    }
    impact_span_end(own);
    return NULL;
}

TEST(a_thousand_forks_from_four_threads_while_others_record)
{
    check_skip_forks_of_threads();
    pthread_t recorders[2];
    pthread_t forkers[thread_limit];
    REQUIRE(open_quietly());
    shared_span = begin("shared");
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&recorders[i], NULL, record_until_it_is_over, recorder) == 0);
    for (int i = 0; i < thread_limit; i++)
        REQUIRE(pthread_create(&forkers[i], NULL, fork_often, forker) == 0);
    for (int i = 0; i < thread_limit; i++)
        (void)pthread_join(forkers[i], NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(recorders[i], NULL);
    impact_span_end(shared_span);
    (void)stats_of(t.provider);
    tracing_close(&t);
}

static void *begin_and_go(void *argument)
{
    *(impact_span **)argument = begin("left behind");
    return NULL;
}

TEST(a_span_whose_thread_is_over_can_be_used_and_ended)
{
    pthread_t thread;
    impact_span *span = NULL;
    REQUIRE(tracing_open(&t, NULL));
    REQUIRE(pthread_create(&thread, NULL, begin_and_go, &span) == 0);
    (void)pthread_join(thread, NULL);
    CHECK(impact_span_is_recording(span));
    use(span, "found");
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.name, "found") && count_attributes(view.attributes) == 1);
    tracing_close(&t);
}
