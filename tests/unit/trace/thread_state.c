/* What a thread keeps: made on demand, given back at its end. */
#include "trace/thread_state.h"

#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"

TEST(a_state_is_made_once_and_released)
{
    CHECK(impact__thread_state_peek() == NULL);
    impact__thread_state_release(); /* there is none */
    impact__thread_state *state = impact__thread_state_get();
    REQUIRE(state);
    CHECK(impact__thread_state_get() == state && impact__thread_state_peek() == state);
    impact__thread_state_release();
    CHECK(impact__thread_state_peek() == NULL);
    CHECK(impact__thread_state_get() != NULL);
}

TEST(a_lack_of_memory_makes_none_and_the_next_call_works)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact__thread_state *state = impact__thread_state_get();
        CHECK((state == NULL) == atomic_load(&f.injected));
        const size_t fail_at = atomic_exchange(&f.fail_at, 0);
        CHECK(impact__thread_state_get() != NULL);
        atomic_store(&f.fail_at, fail_at);
        impact__thread_state_release();
    }
    impact_allocator_set_default(NULL);
}

static tracing shared;

static void *end_spans(void *argument)
{
    for (int i = 0; i < 10; i++)
        impact_span_end(impact_span_start(shared.tracer, "a", NULL));
    return argument;
}

TEST(threads_that_end_give_back_what_they_kept)
{
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    REQUIRE(tracing_open(&shared, NULL));
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, end_spans, NULL) == 0);
        (void)pthread_join(thread, NULL);
    }
    CHECK_EQUAL(tracing_count(&shared), 200);
    CHECK_EQUAL(impact_tracer_provider_shutdown(shared.provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(shared.provider).exported, 200);
    tracing_close_all(&shared, &f);
    faults_close(&f);
}
