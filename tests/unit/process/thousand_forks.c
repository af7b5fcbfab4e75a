/* A thousand forks from four threads, while others record and ask: no child waits for a lock that
 * nobody lets go of, and the parent's counters stay exact. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/diagnostics.h>
#include <impact/health.h>
#include <impact/process.h>

#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

enum { fork_count = 1000, forker_count = 4, recorder_count = 2 };

static pthread_barrier_t barrier;
static atomic_bool is_over;
static impact_health *health;

static void ignore(impact_severity severity, const char *message, uint64_t suppressed,
                   void *userdata)
{
    (void)severity, (void)message, (void)suppressed, (void)userdata;
}

static void *record(void *ended)
{
    (void)pthread_barrier_wait(&barrier);
    while (!atomic_load(&is_over)) {
        end_spans(1);
        ++*(uint64_t *)ended;
        impact_diagnostics_report(IMPACT_SEVERITY_INFO, "test", "parent", "%s", "text");
        (void)sched_yield();
    }
    return NULL;
}

static void *ask(void *unused)
{
    (void)pthread_barrier_wait(&barrier);
    while (!atomic_load(&is_over)) {
        impact_health_report *report = NULL;
        CHECK_EQUAL(impact_health_probe(health, impact_text_of("it"), &report), IMPACT_OK);
        impact_health_report_close(report);
        if (impact_door_enter())
            impact_door_leave();
    }
    return unused;
}

/* All locks that there are, once; no memory, which a sanitizer's allocator may have locked. */
static int live_as_child(void)
{
    (void)alarm(60);
    const impact_trace_stats stats = stats_of(provider);
    impact_diagnostics_report(IMPACT_SEVERITY_INFO, "test", "child", "%s", "text");
    const bool is_open = impact_door_enter();
    impact_door_leave();
    const bool is_there = impact_health_remove(health, "nothing") == IMPACT_ENOENT;
    return stats.ended == 0 && is_open && is_there ? 0 : 1;
}

static void *fork_often(void *unused)
{
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < fork_count / forker_count; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(live_as_child());
        int status = -1;
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK_EQUAL(status, 0);
    }
    return unused;
}

static bool open_all(impact_exporter **exporter)
{
    impact_diagnostics_set_callback(ignore, NULL);
    return impact_door_watch() == IMPACT_OK &&
           open_provider(exporter, 1, (impact_trace_options){0}) &&
           impact_health_open(&health, NULL) == IMPACT_OK &&
           impact_health_add(health, IMPACT_CHECK(.name = "it", .run = impact_check_true)) ==
               IMPACT_OK &&
           pthread_barrier_init(&barrier, NULL, forker_count + recorder_count + 1) == 0;
}

TEST(a_thousand_forks_from_four_threads_while_others_record_leave_no_lock_behind)
{
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    pthread_t forkers[forker_count];
    pthread_t others[recorder_count + 1];
    uint64_t ended[recorder_count] = {0};
    REQUIRE(open_all(&exporter));
    for (int i = 0; i < recorder_count; i++)
        REQUIRE(pthread_create(&others[i], NULL, record, &ended[i]) == 0);
    REQUIRE(pthread_create(&others[recorder_count], NULL, ask, NULL) == 0);
    for (int i = 0; i < forker_count; i++)
        REQUIRE(pthread_create(&forkers[i], NULL, fork_often, NULL) == 0);
    for (int i = 0; i < forker_count; i++)
        (void)pthread_join(forkers[i], NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i <= recorder_count; i++)
        (void)pthread_join(others[i], NULL);
    CHECK_EQUAL(stats_of(provider).ended, ended[0] + ended[1]);
    CHECK_EQUAL(impact_health_close(health, 20000), 0);
    close_and_check();
}
