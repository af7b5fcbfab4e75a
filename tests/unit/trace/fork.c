/* Forks: each side exports its own spans once, whatever the moment. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "pipeline/batcher_state.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/tracing.h"
#include "trace/provider.h"
#include "trace/slot.h"

enum { fork_count = 100, thread_count = 4 };

/* An exporter that writes the ids of its spans, with its process, where all processes see them. */
typedef struct seen_span {
    pid_t process;
    impact_span_id id;
    impact_trace_id trace;
    impact_span_id parent;
    char name;
} seen_span;

enum { seen_limit = 1 << 20 };

static struct {
    atomic_size_t count;
    seen_span spans[seen_limit];
} * seen;

static impact_status failure;  /* what an export ends with */
static size_t rejected_by_all; /* and one that ends well */

static impact_status see(impact_exporter *exporter, const impact_batch *batch, uint32_t timeout_ms,
                         size_t *rejected)
{
    (void)exporter;
    (void)timeout_ms;
    impact_span_view view;
    if (failure)
        return failure;
    *rejected = rejected_by_all;
    if (batch->scope_count != 1)
        return IMPACT_EEXPORT;
    for (size_t i = 0; i < batch->span_count; i++) {
        const size_t place = atomic_fetch_add(&seen->count, 1);
        if (!impact_span_view_parse(&view, batch->scopes[0]->spans[i]) || place >= seen_limit)
            return IMPACT_EEXPORT;
        seen->spans[place] =
            (seen_span){getpid(), view.context.span_id, view.context.trace_id, view.parent_span_id,
                        view.name.size ? view.name.data[0] : 0};
    }
    return IMPACT_OK;
}

static void forget(impact_exporter *exporter)
{
    (void)exporter;
}

static impact_exporter witness = {
    .size = sizeof witness, .name = "witness", .export_batch = see, .close = forget};
static impact_tracer_provider *provider;
static impact_tracer *tracer;

static bool open_provider(impact_trace_options options)
{
    impact_exporter *exporter = &witness;
    options.size = sizeof options;
    options.exporters = &exporter;
    options.exporter_count = 1;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (seen == MAP_FAILED || impact_tracer_provider_open(&provider, &options))
        return false;
    tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    return true;
}

/* A thread that begins takes locks of ThreadSanitizer's allocator; a child that is forked in that
 * moment waits for them for ever when it needs a thread of its own. */
static void let_the_worker_begin(void)
{
    impact__batcher *batcher = provider->batchers[0];
    while (!check_children_may_allocate() && impact__batcher_is_running(batcher) &&
           atomic_load(&batcher->sleep) == IMPACT__AWAKE)
        (void)sched_yield();
}

static void end_spans(const char *name, int count)
{
    for (int i = 0; i < count; i++)
        impact_span_end(impact_span_start(tracer, name, NULL));
    let_the_worker_begin();
}

static void flush_and_count(uint64_t exported)
{
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, exported);
    CHECK_EQUAL(stats_of(provider).ended, exported);
}

static void wait_for(pid_t child)
{
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(&((const seen_span *)a)->id, &((const seen_span *)b)->id, sizeof(impact_span_id));
}

/* `count` spans were exported, and no id twice. Sorts what was seen. */
static void check_seen(size_t count)
{
    CHECK_EQUAL(atomic_load(&seen->count), count);
    REQUIRE(atomic_load(&seen->count) <= seen_limit);
    qsort(seen->spans, atomic_load(&seen->count), sizeof *seen->spans, compare_ids);
    for (size_t i = 1; i < atomic_load(&seen->count); i++)
        CHECK(compare_ids(&seen->spans[i - 1], &seen->spans[i]) != 0);
}

static size_t count_seen(pid_t process, char name)
{
    size_t count = 0;
    for (size_t i = 0; i < atomic_load(&seen->count); i++)
        count += seen->spans[i].process == process && (!name || seen->spans[i].name == name);
    return count;
}

static void close_and_check(void)
{
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    (void)stats_of(provider);
    impact_tracer_provider_close(provider);
}

/* Of a child: its counters are zero, its spans are exported. */
static void live_as_child(int count)
{
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.ended, 0);
    CHECK_EQUAL(stats.queued + stats.in_flight + stats.exported, 0);
    CHECK_EQUAL(stats.rejected + stats.failed + stats.dropped_full + stats.dropped_closed, 0);
    end_spans("c", count);
    flush_and_count((uint64_t)count);
    _exit(0);
}

TEST(a_child_of_an_idle_process_exports_its_own_spans)
{
    REQUIRE(open_provider((impact_trace_options){0}));
    for (int i = 0; i < fork_count; i++) {
        const pid_t child = fork();
        if (child == 0)
            live_as_child(3);
        wait_for(child);
        CHECK_EQUAL(count_seen(child, 'c'), 3);
    }
    end_spans("p", 2);
    flush_and_count(2);
    check_seen(fork_count * 3 + 2);
    CHECK_EQUAL(count_seen(getpid(), 'p'), 2);
    close_and_check();
}

TEST(what_its_parent_lost_is_not_counted_by_a_child)
{
    REQUIRE(open_provider((impact_trace_options){.queue_limit = 2, .batch_limit = 2}));
    failure = IMPACT_EEXPORT;
    end_spans("p", 100); /* more than have room */
    (void)impact_tracer_provider_flush(provider, tracing_timeout_ms);
    failure = IMPACT_OK;
    rejected_by_all = 1;
    end_spans("p", 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    rejected_by_all = 0;
    CHECK(stats_of(provider).failed > 0);
    CHECK_EQUAL(stats_of(provider).rejected, 1);
    const pid_t child = fork();
    if (child == 0)
        live_as_child(1);
    wait_for(child);
    close_and_check();
}

TEST(spans_that_are_queued_are_the_parents)
{
    REQUIRE(open_provider((impact_trace_options){.schedule_delay_ms = 3600000}));
    for (int i = 0; i < fork_count; i++) {
        end_spans("p", 5);
        const pid_t child = fork();
        if (child == 0)
            live_as_child(2);
        wait_for(child);
        if (i % 10 == 0)
            CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    }
    flush_and_count(fork_count * 5);
    check_seen(fork_count * 7);
    CHECK_EQUAL(count_seen(getpid(), 'p'), fork_count * 5);
    CHECK_EQUAL(count_seen(getpid(), 'c'), 0);
    close_and_check();
}

static void *end_without_pause(void *is_over)
{
    for (uint64_t count = 0; !atomic_load((atomic_bool *)is_over); count++) {
        impact_span *span = impact_span_start(tracer, "p", NULL);
        if (count % 8 == 0) { /* large: its bytes change hands */
            char text[2000];
            memset(text, 'x', sizeof text);
            impact_span_set(span, impact_string_n("text", text, sizeof text));
        }
        impact_span_end(span);
        (void)sched_yield();
    }
    return NULL;
}

TEST(forks_amid_threads_that_end_spans_and_an_exporter_that_runs)
{
    check_skip_forks_of_threads();
    static atomic_bool is_over;
    pthread_t threads[thread_count];
    REQUIRE(open_provider((impact_trace_options){.batch_limit = 8, .queue_limit = 64}));
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_without_pause, &is_over) == 0);
    for (int i = 0; i < fork_count; i++) {
        const pid_t child = fork();
        if (child == 0)
            live_as_child(60);
        wait_for(child);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    const uint64_t exported = stats_of(provider).exported;
    check_seen(exported + fork_count * 60);
    CHECK_EQUAL(count_seen(getpid(), 'p'), exported);
    CHECK_EQUAL(count_seen(getpid(), 'c'), 0);
    close_and_check();
}

TEST(a_child_that_is_born_while_its_parent_exports_goes_on_alone)
{
    static fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    REQUIRE(!impact_tracer_provider_open(
        &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)));
    tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    fake_set_hangs(&fake, true);
    end_spans("p", 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_ETIMEDOUT);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
    for (int i = 0; i < fork_count; i++) {
        const pid_t child = fork();
        if (child == 0) { /* its exporter does not hang: nobody is in it */
            (void)fake_exporter_open(&fake);
            end_spans("c", 3);
            flush_and_count(3);
            CHECK_EQUAL(fake_read(&fake, &fake.spans), 3);
            CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
            impact_tracer_provider_close(provider);
            _exit(fake.is_closed ? 0 : 1);
        }
        wait_for(child);
    }
    fake_set_hangs(&fake, false);
    flush_and_count(1);
    close_and_check();
}

TEST(a_span_from_before_the_fork_is_the_parents_and_parents_the_childs)
{
    REQUIRE(open_provider((impact_trace_options){0}));
    impact_span *span = impact_span_start(tracer, "p", NULL);
    const impact_span_context context = impact_span_context_of(span);
    const impact_scope scope = impact_scope_enter(span);
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            CHECK(impact_span_current() == span);
            end_spans("c", 1);
            impact_span_set(span, impact_int("in.child", 1));
            impact_scope_leave(scope);
            impact_span_end(span);
            flush_and_count(1);
            _exit(0);
        }
        wait_for(children[i]);
    }
    impact_scope_leave(scope);
    impact_span_end(span);
    flush_and_count(1);
    check_seen(4);
    for (size_t i = 0; i < 4; i++) {
        const seen_span *s = &seen->spans[i];
        CHECK(memcmp(&s->trace, &context.trace_id, sizeof s->trace) == 0);
        CHECK_EQUAL(s->name, s->process == getpid() ? 'p' : 'c');
        CHECK(s->name == 'p' || memcmp(&s->parent, &context.span_id, sizeof s->parent) == 0);
    }
    close_and_check();
}

TEST(a_child_may_end_a_span_of_its_parents_whose_trace_state_somebody_looked_at)
{
    const impact_span_context remote = {
        .trace_id = {{1}}, .span_id = {{2}}, .trace_flags = 1, .trace_state = {"a=1"}};
    REQUIRE(open_provider((impact_trace_options){0}));
    impact_span *span = impact_span_start(tracer, "p", IMPACT_SPAN_OPTIONS(.parent = &remote));
    impact__span *slot = impact__slot_of((uintptr_t)span);
    (void)pthread_mutex_lock(&slot->lock); /* as one does who shares the trace state */
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(20);
        impact_span_end(span);
        end_spans("c", 1);
        flush_and_count(1);
        _exit(0);
    }
    (void)pthread_mutex_unlock(&slot->lock);
    wait_for(child);
    impact_span_end(span);
    flush_and_count(1);
    close_and_check();
}

TEST(a_child_of_a_child_begins_anew_too)
{
    REQUIRE(open_provider((impact_trace_options){0}));
    end_spans("p", 1);
    const pid_t child = fork();
    if (child == 0) {
        end_spans("c", 2);
        const pid_t grandchild = fork();
        if (grandchild == 0)
            live_as_child(3);
        wait_for(grandchild);
        flush_and_count(2);
        _exit(0);
    }
    wait_for(child);
    flush_and_count(1);
    check_seen(6);
    close_and_check();
}

static atomic_int forked;

static impact_status fork_and_return(impact_exporter *exporter, const impact_batch *batch,
                                     uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected;
    const pid_t child = fork();
    if (child)
        atomic_store(&forked, child);
    return IMPACT_OK;
}

TEST(a_child_that_an_exporter_forked_leaves_when_it_comes_back)
{
    check_skip_forks_of_threads();
    impact_exporter forker = {
        .size = sizeof forker, .name = "forker", .export_batch = fork_and_return, .close = forget};
    impact_exporter *exporter = &forker;
    REQUIRE(!impact_tracer_provider_open(
        &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)));
    tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    for (int i = 0; i < 3; i++) {
        end_spans("p", 2);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
        wait_for(atomic_load(&forked)); /* its only thread is gone, and so is it */
    }
    CHECK_EQUAL(stats_of(provider).exported, 6);
    close_and_check();
}

/* The quickest of some forks, whose child does nothing. */
static uint64_t fork_ns(void)
{
    uint64_t quickest = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        const uint64_t before = impact__clock_monotonic_ns();
        const pid_t child = fork();
        if (child == 0)
            _exit(0);
        const uint64_t took = impact__clock_monotonic_ns() - before;
        wait_for(child);
        if (took < quickest)
            quickest = took;
    }
    return quickest;
}

/* What the child does with a queue that was as large. */
static uint64_t forget_ns(uint32_t queue_limit)
{
    uint64_t quickest = UINT64_MAX;
    if (!open_provider((impact_trace_options){.queue_limit = queue_limit}))
        return UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        const uint64_t before = impact__clock_monotonic_ns();
        provider->fork_member.prepare(provider);
        provider->fork_member.in_child(provider);
        const uint64_t took = impact__clock_monotonic_ns() - before;
        if (took < quickest)
            quickest = took;
    }
    return quickest;
}

TEST(a_fork_takes_no_longer_with_a_queue_of_a_million)
{
    const uint64_t without_ns = fork_ns();
    const uint64_t small_ns = forget_ns(16);
    const uint64_t large_ns = forget_ns(1 << 20);
    CHECK(large_ns < 20 * small_ns + IMPACT__NS_PER_MS / 10);
    CHECK(fork_ns() < 10 * without_ns + 2 * IMPACT__NS_PER_MS);
}

TEST(a_child_may_only_exit)
{
    REQUIRE(open_provider((impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans("p", 4);
    for (int i = 0; i < fork_count; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(0);
        wait_for(child);
    }
    CHECK_EQUAL(atomic_load(&seen->count), 0);
    flush_and_count(4);
    check_seen(4);
    close_and_check();
}

TEST(a_child_may_close_the_provider)
{
    REQUIRE(open_provider((impact_trace_options){0}));
    end_spans("p", 4);
    const pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
        impact_tracer_provider_close(provider);
        _exit(0);
    }
    wait_for(child);
    flush_and_count(4);
    close_and_check();
}

TEST(a_provider_that_was_shut_down_stays_so_in_the_child)
{
    REQUIRE(open_provider((impact_trace_options){0}));
    end_spans("p", 1);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    const pid_t child = fork();
    if (child == 0) {
        end_spans("c", 2);
        CHECK_EQUAL(stats_of(provider).dropped_closed, 2);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_OK);
        CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 0), IMPACT_ECLOSED);
        impact_tracer_provider_close(provider);
        _exit(0);
    }
    wait_for(child);
    check_seen(1);
    impact_tracer_provider_close(provider);
}
