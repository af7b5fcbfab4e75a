/* Processes that keep a journal and are killed, and who exports what they left. */
#ifndef IMPACT_TESTS_JOURNAL_FIXTURE_H
#define IMPACT_TESTS_JOURNAL_FIXTURE_H

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/journal.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"

enum { span_places = 200000 };

/* What processes share: of each span, by its number, which is its name. */
typedef struct shared_facts {
    atomic_uchar ended[span_places];    /* its end has returned */
    atomic_uchar exported[span_places]; /* so often, as far as the exporter told */
    atomic_uchar acknowledged[span_places];
    atomic_uint torn; /* spans that cannot be read */
    atomic_uint batches;
} shared_facts;

static shared_facts *facts;
static char directory[] = "/tmp/impact-journal-XXXXXX";

static inline bool open_directory(void)
{
    void *shared =
        mmap(NULL, sizeof *facts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    facts = shared == MAP_FAILED ? NULL : shared;
    return facts && mkdtemp(directory);
}

/* How many files have this in their names; they are removed where that is wanted. */
static inline unsigned count_files(const char *part, bool is_last)
{
    char path[512];
    unsigned count = 0;
    DIR *files = opendir(directory);
    for (const struct dirent *entry; files && (entry = readdir(files));) {
        if (!strstr(entry->d_name, "impact-") || !strstr(entry->d_name, part))
            continue;
        count++;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (is_last)
            (void)unlink(path);
    }
    if (files)
        (void)closedir(files);
    return count;
}

static inline void close_directory(void)
{
    (void)count_files("", true);
    CHECK(rmdir(directory) == 0);
    (void)munmap(facts, sizeof *facts);
}

/* ---- an exporter that notes what it is given ---- */

static _Atomic(impact_status) answer = IMPACT_OK;
static atomic_uint hangs_at; /* with this batch, from 1; 0: with none */
static char last_scope[64];  /* of the last batch, as bytes */
static char last_service[64];

static inline void note_batch(const impact_batch *batch)
{
    const impact_text scope = batch->scopes[batch->scope_count - 1]->scope;
    (void)snprintf(last_scope, sizeof last_scope, "%.*s", (int)scope.size, scope.data);
    impact_message_walk walk;
    impact_value_view value;
    impact_text key;
    last_service[0] = 0;
    if (!impact_resource_view_parse(&walk, batch->resource))
        atomic_fetch_add(&facts->torn, 1);
    while (impact_attribute_view_next(&walk, &key, &value))
        if (key.size == 12 && memcmp(key.data, "service.name", 12) == 0)
            (void)snprintf(last_service, sizeof last_service, "%.*s", (int)value.string.size,
                           value.string.data);
}

static inline void note_span(impact_text span, bool is_acknowledged)
{
    impact_span_view view;
    char name[16] = "";
    if (!impact_span_view_parse(&view, span) || view.name.size >= sizeof name) {
        atomic_fetch_add(&facts->torn, 1);
        return;
    }
    memcpy(name, view.name.data, view.name.size);
    const unsigned long number = strtoul(name, NULL, 10);
    if (number >= span_places)
        atomic_fetch_add(&facts->torn, 1);
    else
        atomic_fetch_add(is_acknowledged ? &facts->acknowledged[number] : &facts->exported[number],
                         1);
}

static inline void note_spans(const impact_batch *batch, bool is_acknowledged)
{
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t j = 0; j < batch->scopes[i]->span_count; j++)
            note_span(batch->scopes[i]->spans[j], is_acknowledged);
}

static inline impact_status export_noting(impact_exporter *exporter, const impact_batch *batch,
                                          uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)timeout_ms, (void)rejected;
    const unsigned batch_number = 1 + atomic_fetch_add(&facts->batches, 1);
    while (batch_number == atomic_load(&hangs_at))
        (void)pause();
    if (atomic_load(&answer))
        return atomic_load(&answer);
    note_batch(batch);
    note_spans(batch, false);
    note_spans(batch, true);
    return IMPACT_OK;
}

static inline void close_noting(impact_exporter *exporter)
{
    (void)exporter;
}

static impact_exporter noting = {.size = sizeof(impact_exporter),
                                 .name = "noting",
                                 .export_batch = export_noting,
                                 .close = close_noting};

/* ---- who ends spans, and who rescues them ---- */

static inline bool open_journaling(impact_trace_options options)
{
    impact_exporter *exporter = &noting;
    options.journal_directory = directory;
    options.service_name = "victim";
    options.queue_bytes = options.queue_bytes ? options.queue_bytes : 1 << 20;
    options.schedule_delay_ms = options.schedule_delay_ms ? options.schedule_delay_ms : 3600000;
    return open_provider(&exporter, 1, options);
}

static inline void end_numbered(unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%u", i);
        impact_span *span = impact_span_start(tracer, name, NULL);
        impact_span_set(span, impact_string("text", "what a span has to say"));
        impact_span_end(span);
        atomic_store(&facts->ended[i], 1);
    }
}

/* A process that does this, and is killed by the signal. */
static inline void run_and_kill(void (*live)(void), int signal_number)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        live();
        (void)raise(signal_number);
        _exit(7);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
          WTERMSIG(status) == signal_number);
}

/* Without a provider. */
static inline impact_status rescue(impact_journal_result *result)
{
    *result = (impact_journal_result){.size = sizeof *result};
    return impact_journal_flush(directory, &noting, tracing_timeout_ms, result);
}

/* Of the spans from `from` on, each was exported once. */
static inline void check_each_once(unsigned from, unsigned count)
{
    unsigned wrong = 0;
    for (unsigned i = from; i < from + count; i++)
        wrong += atomic_load(&facts->exported[i]) != 1;
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(atomic_load(&facts->torn), 0);
}

/* Of `count` spans, behind a kill: each that had ended was exported, once or, of `doubled_most`,
 * twice. */
static inline void check_none_lost(unsigned count, unsigned doubled_most)
{
    unsigned lost = 0;
    unsigned doubled = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned times = atomic_load(&facts->exported[i]);
        lost += atomic_load(&facts->ended[i]) && times == 0;
        doubled += times > 1;
        CHECK(times <= 2);
    }
    CHECK_EQUAL(lost, 0);
    CHECK(doubled <= doubled_most);
    CHECK_EQUAL(atomic_load(&facts->torn), 0);
}

/* What the machine makes of the delay is a chance of its own. */
static inline void journal_kill_after(pid_t child, unsigned delay_us)
{
    const uint64_t end_ns = impact__clock_monotonic_ns() + delay_us * UINT64_C(1000);
    while (impact__clock_monotonic_ns() < end_ns)
        (void)sched_yield();
    (void)kill(child, SIGKILL);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

#endif
