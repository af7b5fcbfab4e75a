/* Spans that are open when their process is killed. */
#include <fcntl.h>
#include <sched.h>

#include "base/text.h"
#include "support/journal_fixture.h"

enum { seen_limit = 1200 };

/* What was exported of one. */
typedef struct seen_span {
    char name[64];
    impact_span_context_view context;
    impact_span_id parent_span_id;
    impact_span_kind kind;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns;
    char text[64];        /* of its attribute "text" */
    char description[64]; /* of its status */
    char scope[32];
    unsigned attribute_count;
    unsigned event_count;
    bool is_unfinished;
} seen_span;

static seen_span seen[seen_limit];
static unsigned seen_count;
static unsigned calls_left = UINT32_MAX; /* then the backend is away */

static void copy_text(char *to, size_t size, impact_text text)
{
    (void)snprintf(to, size, "%.*s", (int)text.size, text.data);
}

static void note_attributes(seen_span *span, impact_message_walk walk)
{
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        span->attribute_count++;
        if (impact__text_equal(key, impact_text_of("text")))
            copy_text(span->text, sizeof span->text, value.string);
        if (impact__text_equal(key, impact_text_of("impact.span.unfinished")))
            span->is_unfinished = value.type == IMPACT_VALUE_BOOL && value.boolean;
    }
}

static void note(impact_text bytes, impact_text scope)
{
    impact_span_view view;
    impact_scope_view scope_view;
    impact_event_view event;
    REQUIRE(seen_count < seen_limit && impact_span_view_parse(&view, bytes));
    seen_span *span = &seen[seen_count++];
    *span = (seen_span){.context = view.context,
                        .parent_span_id = view.parent_span_id,
                        .kind = view.kind,
                        .start_unix_ns = view.start_unix_ns,
                        .end_unix_ns = view.end_unix_ns};
    copy_text(span->name, sizeof span->name, view.name);
    copy_text(span->description, sizeof span->description, view.status_description);
    if (impact_scope_view_parse(&scope_view, scope))
        copy_text(span->scope, sizeof span->scope, scope_view.name);
    note_attributes(span, view.attributes);
    while (impact_event_view_next(&view.events, &event))
        span->event_count++;
}

static impact_status export_seeing(impact_exporter *exporter, const impact_batch *batch,
                                   uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)timeout_ms, (void)rejected;
    if (!calls_left)
        return IMPACT_EAGAIN;
    calls_left--;
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t j = 0; j < batch->scopes[i]->span_count; j++)
            note(batch->scopes[i]->spans[j], batch->scopes[i]->scope);
    atomic_fetch_add(&facts->batches, 1);
    return IMPACT_OK;
}

static impact_exporter seeing = {.size = sizeof(impact_exporter),
                                 .name = "noting",
                                 .export_batch = export_seeing,
                                 .close = close_noting};

static impact_status look(impact_journal_result *result)
{
    *result = (impact_journal_result){.size = sizeof *result};
    return impact_journal_flush(directory, &seeing, tracing_timeout_ms, result);
}

/* All of the directory is exported, and it is empty then. */
static void look_at_all(void)
{
    impact_journal_result result;
    CHECK_EQUAL(look(&result), IMPACT_OK);
    unsigned unfinished = 0;
    for (unsigned i = 0; i < seen_count; i++)
        unfinished += seen[i].is_unfinished;
    CHECK_EQUAL(result.exported, seen_count);
    CHECK_EQUAL(result.unfinished, unfinished);
    CHECK_EQUAL(result.set_aside, 0);
    CHECK_EQUAL(count_files("", false), 0);
}

/* NULL: there is none, or more than one. */
static const seen_span *find(const char *name)
{
    const seen_span *found = NULL;
    for (unsigned i = 0; i < seen_count; i++)
        if (strcmp(seen[i].name, name) == 0) {
            if (found)
                return NULL;
            found = &seen[i];
        }
    return found;
}

static bool open_keeping(impact_trace_options options)
{
    options.journal_keeps_open = true;
    return open_journaling(options);
}

/* ---- what is exported ---- */

static void be_within_two(void)
{
    if (!open_keeping((impact_trace_options){0}))
        return;
    impact_span *outer = impact_span_start(
        tracer, "outer", IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_SERVER, .is_root = true));
    impact_scope scope = impact_scope_enter(outer);
    impact_span *inner = impact_span_start(tracer, "inner", NULL);
    impact_span_set(inner, impact_string("text", "first"));
    impact_span_set(inner, impact_int("n", 3));
    impact_span_set(inner, impact_string("text", "a longer second"));
    impact_span_add_event(inner, "went in", 0, NULL, 0);
    impact_span_set_status(inner, IMPACT_SPAN_STATUS_ERROR, "it hangs");
    impact_span_set_name(inner, "the inner one");
    impact_span_end(impact_span_start(tracer, "over", NULL));
    (void)scope;
}

static void check_outer_and_inner(uint64_t before_ns)
{
    const seen_span *outer = find("outer");
    const seen_span *inner = find("the inner one");
    const seen_span *over = find("over");
    REQUIRE(seen_count == 3 && outer && inner && over);
    CHECK(outer->is_unfinished && inner->is_unfinished && !over->is_unfinished);
    CHECK_EQUAL(outer->kind, IMPACT_SPAN_KIND_SERVER);
    CHECK(memcmp(&inner->parent_span_id, &outer->context.span_id, sizeof inner->parent_span_id) ==
          0);
    CHECK(memcmp(&inner->context.trace_id, &outer->context.trace_id, 16) == 0);
    CHECK_STRING(inner->text, "a longer second");
    CHECK_STRING(inner->description, "it hangs");
    CHECK(inner->attribute_count == 3 && inner->event_count == 1); /* the mark is one */
    CHECK_STRING(inner->scope, "test");
    CHECK(outer->start_unix_ns >= before_ns && inner->start_unix_ns >= outer->start_unix_ns);
    CHECK(outer->end_unix_ns == inner->end_unix_ns); /* the last sign of life */
    CHECK(outer->end_unix_ns >= over->end_unix_ns);
    CHECK(outer->end_unix_ns <= impact__clock_unix_ns());
}

static void check_death(int signal_number)
{
    REQUIRE(open_directory());
    const uint64_t before_ns = impact__clock_unix_ns();
    run_and_kill(be_within_two, signal_number);
    look_at_all();
    check_outer_and_inner(before_ns);
    close_directory();
}

TEST(spans_that_are_open_when_a_process_is_killed_are_exported_with_what_they_had)
{
    check_death(SIGKILL);
}

TEST(spans_that_are_open_when_a_process_aborts_are_exported)
{
    check_death(SIGABRT);
}

TEST(spans_that_are_open_when_sigterm_ends_a_process_are_exported)
{
    check_death(SIGTERM);
}

TEST(the_next_process_that_begins_tracing_exports_what_was_open)
{
    impact_exporter *exporter = &seeing;
    REQUIRE(open_directory());
    run_and_kill(be_within_two, SIGKILL);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.journal_directory = directory}));
    while (!atomic_load(&facts->batches))
        (void)sched_yield();
    close_and_check();
    check_outer_and_inner(0);
    close_directory();
}

static void start_and_die(impact_trace_options options)
{
    if (open_journaling(options))
        (void)impact_span_start(tracer, "open", NULL);
}

static void start_without_asking(void)
{
    start_and_die((impact_trace_options){0});
}

static void start_unsampled(void)
{
    start_and_die((impact_trace_options){.journal_keeps_open = true,
                                         .sampler = {.kind = IMPACT_SAMPLER_ALWAYS_OFF}});
}

TEST(spans_that_are_open_are_not_kept_unless_asked_for_and_sampled)
{
    REQUIRE(open_directory());
    run_and_kill(start_without_asking, SIGKILL);
    run_and_kill(start_unsampled, SIGKILL);
    look_at_all();
    CHECK_EQUAL(seen_count, 0);
    close_directory();
}

/* ---- ends ---- */

static void end_most(void)
{
    if (!open_keeping((impact_trace_options){0}))
        return;
    impact_span *last = impact_span_start(tracer, "last", NULL);
    end_numbered(0, 300);
    impact_span_set(last, impact_string("text", "after the others"));
}

TEST(a_span_that_ended_is_exported_once_and_not_as_one_that_was_open)
{
    REQUIRE(open_directory());
    run_and_kill(end_most, SIGKILL);
    look_at_all();
    REQUIRE(seen_count == 301 && find("last"));
    for (unsigned i = 0; i < seen_count; i++)
        CHECK_EQUAL(seen[i].is_unfinished, &seen[i] == find("last"));
    CHECK(find("0") && find("150") && find("299"));
    CHECK_STRING(find("last")->text, "after the others");
    close_directory();
}

TEST(what_is_open_at_a_shutdown_is_not_exported)
{
    REQUIRE(open_directory());
    REQUIRE(open_keeping((impact_trace_options){0}));
    atomic_store(&answer, IMPACT_EAGAIN);
    impact_span *open = impact_span_start(tracer, "open", NULL);
    end_numbered(0, 1);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    impact_span_set(open, impact_string("text", "too late"));
    impact_span_end(open);
    CHECK_EQUAL(stats_of(provider).dropped_closed, 1);
    impact_tracer_provider_close(provider);
    look_at_all();
    CHECK(seen_count == 1 && find("0") && !find("0")->is_unfinished);
    close_directory();
}

/* ---- bounds ---- */

static void open_many(void)
{
    if (!open_keeping((impact_trace_options){0}))
        return;
    for (unsigned i = 0; i < 1100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%u", i);
        (void)impact_span_start(tracer, name, NULL);
    }
}

TEST(of_a_thousand_open_spans_each_is_exported_once_also_if_the_backend_goes_away_meanwhile)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(open_many, SIGKILL);
    calls_left = 1;
    CHECK_EQUAL(look(&result), IMPACT_EAGAIN);
    CHECK(result.exported == 512 && result.unfinished == 512 && seen_count == 512);
    calls_left = UINT32_MAX;
    CHECK_EQUAL(look(&result), IMPACT_OK);
    CHECK(seen_count == 1024 && find("0") && find("700"));
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

static void open_large(void)
{
    static char large[3000];
    memset(large, 'x', sizeof large - 1);
    if (!open_keeping((impact_trace_options){0}))
        return;
    impact_span *span = impact_span_start(tracer, "large", NULL);
    impact_span_set(span, impact_string("text", "fits"));
    impact_span_set(span, impact_string("large", large));
}

TEST(of_a_large_span_that_is_open_its_beginning_is_exported)
{
    REQUIRE(open_directory());
    run_and_kill(open_large, SIGKILL);
    look_at_all();
    REQUIRE(find("large"));
    CHECK(find("large")->attribute_count == 2 && find("large")->is_unfinished);
    CHECK_STRING(find("large")->text, "fits");
    close_directory();
}

TEST(spans_that_are_open_are_kept_nowhere_where_no_file_can_be_made)
{
    REQUIRE(open_directory());
    CHECK(rmdir(directory) == 0);
    const int file = open(directory, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(open_keeping((impact_trace_options){0}));
    end_numbered(0, 20);
    close_and_check();
    check_each_once(0, 20);
    (void)close(file);
    (void)unlink(directory);
    (void)munmap(facts, sizeof *facts);
}

/* ---- several exporters, threads and processes ---- */

static impact_exporter other = {.size = sizeof(impact_exporter),
                                .name = "other",
                                .export_batch = export_noting,
                                .close = close_noting};

static void open_for_two(void)
{
    impact_exporter *exporters[] = {&noting, &other};
    if (open_provider(
            exporters, 2,
            (impact_trace_options){.journal_directory = directory, .journal_keeps_open = true}))
        (void)impact_span_start(tracer, "open", NULL);
}

TEST(each_exporter_gets_the_spans_that_were_open)
{
    REQUIRE(open_directory());
    run_and_kill(open_for_two, SIGKILL);
    CHECK_EQUAL(count_files(".journal", false), 2);
    look_at_all();
    CHECK(seen_count == 2 && seen[0].is_unfinished && seen[1].is_unfinished);
    close_directory();
}

static void *change_and_leave(void *span)
{
    impact_span_set(span, impact_string("text", "another thread's"));
    return NULL;
}

static void change_on_another_thread(void)
{
    pthread_t other_thread;
    if (!open_keeping((impact_trace_options){0}))
        return;
    impact_span *span = impact_span_start(tracer, "shared", NULL);
    if (pthread_create(&other_thread, NULL, change_and_leave, span) == 0)
        (void)pthread_join(other_thread, NULL);
}

TEST(what_another_thread_recorded_into_an_open_span_is_exported)
{
    REQUIRE(open_directory());
    run_and_kill(change_on_another_thread, SIGKILL);
    look_at_all();
    REQUIRE(find("shared"));
    CHECK_STRING(find("shared")->text, "another thread's");
    close_directory();
}

static void fork_within_a_span(void)
{
    if (!open_keeping((impact_trace_options){0}))
        return;
    impact_span *parents = impact_span_start(tracer, "parent's", NULL);
    const pid_t child = fork();
    if (child == 0) {
        impact_span_set(parents, impact_string("text", "the child's word"));
        impact_span *childs = impact_span_start(tracer, "child's", NULL);
        impact_span_set(childs, impact_string("text", "of its own"));
        impact_span_set(parents, impact_string("text", "the child's word"));
        impact_span_end(parents);
        (void)raise(SIGKILL);
    }
    (void)waitpid(child, NULL, 0);
}

TEST(a_span_that_was_open_in_a_forked_parent_is_the_parents)
{
    if (!check_children_may_allocate())
        check_skip("a child of threads may not allocate");
    REQUIRE(open_directory());
    run_and_kill(fork_within_a_span, SIGKILL);
    look_at_all();
    REQUIRE(seen_count == 2 && find("parent's") && find("child's"));
    CHECK_STRING(find("parent's")->text, "");
    CHECK(find("parent's")->is_unfinished && find("child's")->is_unfinished);
    CHECK_STRING(find("child's")->text, "of its own");
    close_directory();
}

/* ---- at any moment ---- */

enum { most_delay_us = 3000, usual_kills = 20, lives_spans = 100000 };

/* Shared with the victim: how many spans have started, and how many ends have begun. */
typedef struct progress {
    atomic_uint begun;
    atomic_uint ending;
} progress;

static progress *victim;
static unsigned char finished[lives_spans];
static unsigned char unfinished[lives_spans];

static impact_status export_counting(impact_exporter *exporter, const impact_batch *batch,
                                     uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)timeout_ms, (void)rejected;
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t j = 0; j < batch->scopes[i]->span_count; j++) {
            seen_count = 0;
            note(batch->scopes[i]->spans[j], batch->scopes[i]->scope);
            const unsigned long number = strtoul(seen->name, NULL, 10);
            CHECK(number < lives_spans && strcmp(seen->scope, "test") == 0);
            (seen->is_unfinished ? unfinished : finished)[number % lives_spans]++;
        }
    return IMPACT_OK;
}

static void live(void)
{
    (void)alarm(60);
    atomic_store(&answer, IMPACT_EAGAIN); /* all of them wait */
    if (!open_keeping((impact_trace_options){.queue_limit = 1 << 17, .queue_bytes = 32 << 20}))
        _exit(8);
    for (unsigned i = 0; i < lives_spans; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%u", i);
        impact_span *span = impact_span_start(tracer, name, NULL);
        atomic_store(&victim->begun, i + 1);
        impact_span_set(span, impact_string("text", "short"));
        impact_span_set(span, impact_string("text", "a value that is longer"));
        impact_span_add_event(span, "event", 0, NULL, 0);
        atomic_store(&victim->ending, i + 1);
        impact_span_end(span);
    }
    for (;;)
        (void)pause();
}

static void kill_after(unsigned delay_us)
{
    const pid_t child = fork();
    if (child == 0)
        live();
    while (!atomic_load(&victim->begun))
        (void)sched_yield();
    journal_kill_after(child, delay_us);
}

/* Until its end begins a span is there, as one that was open; afterwards once at most. */
static void check_what_was_left(void)
{
    const unsigned begun = atomic_load(&victim->begun);
    const unsigned ending = atomic_load(&victim->ending);
    unsigned wrong = 0;
    for (unsigned i = 0; i < lives_spans; i++) {
        wrong += finished[i] + unfinished[i] > 1;
        wrong += i + 1 < ending && (finished[i] != 1 || unfinished[i]);
        wrong += i >= ending && (finished[i] || (i < begun && unfinished[i] != 1));
    }
    CHECK_EQUAL(wrong, 0);
}

TEST(a_kill_at_any_moment_leaves_each_span_whole_and_once)
{
    const char *text = getenv("IMPACT_KILLS");
    const unsigned kills = text ? (unsigned)strtoul(text, NULL, 10) : usual_kills;
    impact_journal_result result;
    void *shared =
        mmap(NULL, sizeof *victim, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(open_directory() && shared != MAP_FAILED);
    victim = shared;
    seeing.export_batch = export_counting;
    for (unsigned i = 0; i < kills; i++) {
        memset(shared, 0, sizeof *victim);
        memset(finished, 0, sizeof finished);
        memset(unfinished, 0, sizeof unfinished);
        kill_after((unsigned)(most_delay_us * (uint64_t)i / kills));
        CHECK_EQUAL(look(&result), IMPACT_OK);
        CHECK_EQUAL(result.set_aside, 0);
        CHECK_EQUAL(count_files("", false), 0);
        check_what_was_left();
    }
    (void)munmap(shared, sizeof *victim);
    close_directory();
}
