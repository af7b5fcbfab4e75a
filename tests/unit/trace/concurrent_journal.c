/* Several batches under way in a process that is killed: what nobody has acknowledged is exported
 * after it, and nothing else. */
#include "support/journal_fixture.h"
#include "support/several_exporter.h"

enum { at_once = 4, batch = 10, last_batch = 7 };

static bool pumps;
static unsigned answered[at_once]; /* exports, in that order; 0: none any more */

static bool open_with_journal(impact_exporter *exporter)
{
    return open_provider(&exporter, 1,
                         (impact_trace_options){.journal_directory = directory,
                                                .queue_bytes = 4 << 20,
                                                .queue_limit = 5000,
                                                .batch_limit = batch,
                                                .schedule_delay_ms = 3600000,
                                                .concurrent_export_limit = at_once,
                                                .starts_no_thread = pumps});
}

static void pump_or_yield(void)
{
    if (pumps)
        (void)impact_tracer_provider_pump(provider);
    (void)sched_yield();
}

static void live_with_four_under_way(void)
{
    uint64_t settled = 0;
    if (!open_with_journal(several_exporter_open(NULL)))
        return;
    end_numbered(0, (last_batch - 1) * batch + 1);
    while (several_begun() < at_once)
        pump_or_yield();
    for (unsigned i = 0; i < at_once && answered[i]; i++) {
        several_answer(answered[i], IMPACT_OK);
        settled += batch;
        while (stats_of(provider).exported < settled)
            pump_or_yield();
    }
}

static bool was_answered(unsigned export)
{
    for (unsigned i = 0; i < at_once; i++)
        if (answered[i] == export)
            return true;
    return false;
}

static void check_the_rest_is_rescued(bool without_thread)
{
    impact_journal_result result;
    unsigned settled = 0;
    pumps = without_thread;
    while (settled < at_once && answered[settled])
        settled++;
    run_and_kill(live_with_four_under_way, SIGKILL);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK_EQUAL(result.exported, (last_batch - 1 - settled) * batch + 1);
    unsigned wrong = 0;
    for (unsigned i = 0; i < (last_batch - 1) * batch + 1; i++) {
        wrong += atomic_load(&facts->exported[i]) != !was_answered(i / batch + 1);
        atomic_store(&facts->exported[i], 0);
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(atomic_load(&facts->torn), 0);
}

static void check_after_answers(unsigned first, unsigned second, unsigned third, unsigned fourth)
{
    const unsigned order[at_once] = {first, second, third, fourth};
    memcpy(answered, order, sizeof answered);
    check_the_rest_is_rescued(false);
    check_the_rest_is_rescued(true);
}

TEST(four_batches_under_way_when_a_process_is_killed_are_exported_with_what_waits)
{
    REQUIRE(open_directory());
    check_after_answers(0, 0, 0, 0);
    close_directory();
}

TEST(batches_that_were_acknowledged_before_an_older_one_are_not_exported_again)
{
    REQUIRE(open_directory());
    check_after_answers(3, 0, 0, 0);
    check_after_answers(4, 2, 0, 0);
    close_directory();
}

TEST(batches_that_were_acknowledged_in_order_are_not_exported_again)
{
    REQUIRE(open_directory());
    check_after_answers(1, 2, 0, 0);
    close_directory();
}

TEST(the_oldest_of_several_frees_those_that_were_acknowledged_before_it)
{
    REQUIRE(open_directory());
    check_after_answers(2, 3, 1, 0);
    check_after_answers(4, 3, 2, 1);
    close_directory();
}

/* ---- killed at any moment ---- */

enum { kills = 10, thread_spans = 2000, most_delay_us = 8000 };

/* One of those under way, whose spans have arrived; 0: there is none. */
static unsigned receive_one(uint64_t random)
{
    unsigned export = 0;
    (void)pthread_mutex_lock(&several.lock);
    const several_line *line = several.lines[random % several.line_count];
    if (line->export && !several.exports[line->export].is_answered) {
        export = line->export;
        note_spans(line->batch, false);
    }
    (void)pthread_mutex_unlock(&several.lock);
    return export;
}

static void *answer_in_any_order(void *seed)
{
    uint64_t random = *(const uint64_t *)seed;
    for (;;) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const unsigned export = receive_one(random >> 33);
        if (export)
            several_answer(export, IMPACT_OK);
        else
            (void)sched_yield();
    }
    return NULL;
}

static void *end_others(void *unused)
{
    end_numbered(thread_spans, thread_spans);
    return unused;
}

static void live(uint64_t seed)
{
    pthread_t threads[2];
    (void)alarm(60);
    if (!open_with_journal(several_exporter_open(NULL)) ||
        pthread_create(&threads[0], NULL, answer_in_any_order, &seed) ||
        pthread_create(&threads[1], NULL, end_others, NULL))
        _exit(8);
    end_numbered(0, thread_spans);
    for (;;)
        (void)pause();
}

TEST(a_kill_amid_answers_in_any_order_loses_nothing_and_doubles_only_what_was_under_way)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    for (unsigned i = 0; i < kills; i++) {
        memset(facts, 0, sizeof *facts);
        const pid_t child = fork();
        if (child == 0)
            live(i + 1);
        while (!atomic_load(&facts->ended[0]) && !atomic_load(&facts->ended[thread_spans]))
            (void)sched_yield();
        journal_kill_after(child, most_delay_us * i / kills);
        CHECK_EQUAL(rescue(&result), IMPACT_OK);
        CHECK_EQUAL(result.set_aside, 0);
        check_none_lost(2 * thread_spans, at_once * batch);
    }
    close_directory();
}

/* ---- by the next process, beside its own ---- */

static void end_fifty(void)
{
    if (open_journaling((impact_trace_options){0}))
        end_numbered(0, 50);
}

/* `noting` is not driven without waiting: this one is, and says yes. */
static void check_rescue_beside(bool without_thread)
{
    REQUIRE(open_directory());
    pumps = without_thread;
    noting.name = "several"; /* whose files are looked for */
    run_and_kill(end_fifty, SIGKILL);
    impact_exporter *exporter = several_exporter_open(NULL);
    several_answer_from(1, IMPACT_OK);
    REQUIRE(open_with_journal(exporter));
    end_numbered(100, 4 * batch);
    while (count_files(".journal", false) > 1 || stats_of(provider).exported < 4 * batch)
        pump_or_yield();
    CHECK_EQUAL(several_begun(), 4 + 50 / batch);
    CHECK_EQUAL(stats_of(provider).ended, 4 * batch);
    close_and_check();
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

TEST(what_others_left_is_rescued_by_an_exporter_of_several)
{
    check_rescue_beside(false);
}

TEST(what_others_left_is_rescued_by_an_exporter_of_several_without_a_thread)
{
    check_rescue_beside(true);
}

/* ---- under load ---- */

enum { half_of_the_queue = 2500, pace_ms = 5, backlog_ends = 100 };

static void keep_going(uint64_t end_ns)
{
    while (impact__clock_monotonic_ns() < end_ns)
        pump_or_yield();
}

/* What others left is under way, and nothing else. */
static void begin_with_others(bool without_thread)
{
    REQUIRE(open_directory());
    (void)alarm(60);
    pumps = without_thread;
    noting.name = "several";
    run_and_kill(end_fifty, SIGKILL);
    REQUIRE(open_with_journal(several_exporter_open(NULL)));
    while (several_begun() < 1)
        pump_or_yield();
}

/* `export` is one that others left, and under way, with as many of our own behind it as put it off.
 * The others follow when theirs is the turn: each of our own is answered when there are as many
 * beside it as may be, or none that goes out. */
static unsigned answer_under_load(unsigned export)
{
    unsigned fed = half_of_the_queue;
    end_numbered(100, fed);
    several_answer(export, IMPACT_OK);
    while (count_files(".journal", false) > 1) {
        keep_going(impact__deadline_after_ms(pace_ms));
        several_answer(++export, IMPACT_OK);
        if (export < backlog_ends)
            continue;
        end_numbered(100 + fed, batch);
        fed += batch;
    }
    return fed;
}

static void check_rescue_under_load(bool without_thread)
{
    begin_with_others(without_thread);
    const unsigned fed = answer_under_load(1);
    several_answer_from(1, IMPACT_OK);
    close_and_check();
    CHECK_EQUAL(several_begun(), (fed + 50) / batch);
    CHECK_EQUAL(several.most_under_way, at_once);
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

TEST(what_others_left_has_its_turn_while_there_is_always_a_batch_under_way)
{
    check_rescue_under_load(false);
}

TEST(what_others_left_has_its_turn_while_there_is_always_a_batch_under_way_without_a_thread)
{
    check_rescue_under_load(true);
}

/* By the number of its first span. */
static bool is_own(unsigned export)
{
    bool is_found = false;
    (void)pthread_mutex_lock(&several.lock);
    CHECK_EQUAL(several.lines[0]->export, export);
    note_spans(several.lines[0]->batch, false);
    is_found = atomic_load(&facts->exported[100]) == 1;
    (void)pthread_mutex_unlock(&several.lock);
    return is_found;
}

TEST(what_others_left_stands_back_while_the_queue_fills)
{
    begin_with_others(true);
    CHECK(!is_own(1));
    end_numbered(100, half_of_the_queue);
    several_answer(1, IMPACT_OK);
    while (several_begun() < 2)
        pump_or_yield();
    CHECK(is_own(2));
    several_answer_from(1, IMPACT_OK);
    close_and_check();
    close_directory();
}

/* Our last one does not end: what comes behind it does not wait for it for long. */
TEST(what_others_left_is_not_waited_for_behind_a_batch_that_hangs)
{
    const unsigned hung = 1 + half_of_the_queue / batch;
    begin_with_others(false);
    end_numbered(100, half_of_the_queue);
    for (unsigned i = 1; i < hung; i++)
        several_answer(i, IMPACT_OK);
    while (several_begun() < hung)
        pump_or_yield();
    keep_going(impact__deadline_after_ms(1100));
    end_numbered(100 + half_of_the_queue, batch);
    keep_going(impact__deadline_after_ms(pace_ms));
    CHECK_EQUAL(several_begun(), hung); /* it gives way */
    while (several_begun() == hung)
        pump_or_yield();
    CHECK(count_files(".journal", false) > 1);
    several_answer_from(1, IMPACT_OK);
    close_and_check();
    close_directory();
}

/* ---- shut down with a backend that is away ---- */

TEST(a_shutdown_leaves_what_came_back_in_the_journal_and_nothing_else)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    REQUIRE(open_with_journal(several_exporter_open(NULL)));
    end_numbered(0, 5 * batch);
    while (several_begun() < at_once)
        pump_or_yield();
    several_answer(3, IMPACT_OK);
    while (stats_of(provider).exported < batch)
        pump_or_yield();
    several_answer_from(4, IMPACT_EAGAIN);
    several_answer(1, IMPACT_EAGAIN);
    several_answer(2, IMPACT_EAGAIN);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 4 * batch);
    impact_tracer_provider_close(provider);
    noting.name = "several";
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK_EQUAL(result.exported, 4 * batch);
    for (unsigned i = 0; i < 5 * batch; i++)
        CHECK_EQUAL(atomic_load(&facts->exported[i]), i / batch != 2);
    close_directory();
}
