/* The worker goes to sleep in the very moment in which a span ends, and yet hears of it.
 *
 * DESIGN: between the worker's last look at the ring and its sleep it reads the clock. The clock of
 * this program is its own: when the worker reads it, and has seen as many records as the test waits
 * for, another thread ends a span before the clock answers. So the span always comes where only a
 * second look sees it. */
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pipeline/batcher_state.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"
#include "trace/provider.h"

enum { rounds = 20 };

static atomic_bool has_begun; /* the fields below are set, and there is a worker */
static pthread_t worker;
static uint64_t unread_wanted;
static int reads_wanted; /* of the clock, one after the other with so many unread */
static int reads;
static atomic_int rounds_left;
static sem_t ask;
static sem_t is_done;

/* On the worker's thread, which has the batcher's lock or reads what only it changes. */
static void end_a_span_now(void)
{
    const impact__batcher *batcher = provider->batchers[0];
    reads = impact__ring_unread(&batcher->reader) == unread_wanted ? reads + 1 : 0;
    if (reads < reads_wanted || atomic_load(&rounds_left) == 0)
        return;
    reads = 0;
    atomic_fetch_sub(&rounds_left, 1);
    (void)sem_post(&ask);
    (void)sem_wait(&is_done);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_MONOTONIC && atomic_load(&has_begun) &&
        pthread_equal(worker, pthread_self()))
        end_a_span_now();
    return (int)syscall(SYS_clock_gettime, clock, now);
}

static impact_status note_the_worker(impact_exporter *exporter, const impact_batch *batch,
                                     uint32_t timeout_ms, size_t *rejected)
{
    if (!atomic_load(&has_begun)) {
        worker = pthread_self();
        atomic_store(&has_begun, true);
    }
    reads = 0; /* begin anew behind it */
    return fake_export(exporter, batch, timeout_ms, rejected);
}

static fake_exporter fake;

static bool open_noting(impact_trace_options options)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    exporter->export_batch = note_the_worker;
    return sem_init(&ask, 0, 0) == 0 && sem_init(&is_done, 0, 0) == 0 &&
           open_provider(&exporter, 1, options);
}

/* The worker is awake when it asks: an end takes none of its locks. */
static void *end_what_is_asked_for(void *unused)
{
    for (int i = 0; i < rounds; i++) {
        (void)sem_wait(&ask);
        end_spans(1);
        (void)sem_post(&is_done);
    }
    return unused;
}

static void start_helper(uint64_t unread, int of_reads)
{
    pthread_t helper;
    unread_wanted = unread;
    reads_wanted = of_reads;
    atomic_store(&rounds_left, rounds);
    CHECK(pthread_create(&helper, NULL, end_what_is_asked_for, NULL) == 0);
    CHECK(pthread_detach(helper) == 0);
}

TEST(a_span_that_ends_while_an_idle_worker_goes_to_sleep_is_exported)
{
    REQUIRE(open_noting((impact_trace_options){.schedule_delay_ms = 1}));
    start_helper(0, 3); /* when is it due?, is it?, and once more when it was: idle */
    end_spans(1);
    CHECK(fake_wait(&fake, NULL, &fake.spans, 1 + rounds));
    close_and_check();
}

/* Let it look whether there is something to do. */
static void rouse_worker(void)
{
    impact__batcher *batcher = provider->batchers[0];
    impact__batcher_lock(batcher);
    (void)pthread_cond_signal(&batcher->to_worker);
    impact__batcher_unlock(batcher);
}

TEST(a_batch_that_is_full_while_a_worker_goes_to_sleep_is_exported)
{
    REQUIRE(open_noting((impact_trace_options){.batch_limit = 2, .schedule_delay_ms = 3600000}));
    start_helper(1, 1);
    end_spans(2);
    for (size_t i = 1; i <= rounds; i++) {
        CHECK(fake_wait(&fake, NULL, &fake.spans, 2 * i));
        end_spans(1);
        rouse_worker();
    }
    CHECK(fake_wait(&fake, NULL, &fake.spans, 2 + 2 * rounds));
    close_and_check();
}
