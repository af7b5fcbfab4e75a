/* What a thread keeps: made on demand, given back at its end, and a clock that is right at once. */
#include "trace/thread_state.h"

#include "support/check.h"
#include "support/fake_clock.h"
#include "support/faults.h"
#include "support/tracing.h"

TEST(a_span_in_the_first_second_after_boot_is_not_of_1970)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    fake_clock_set(500 * IMPACT__NS_PER_MS); /* both clocks: as if wall time began at boot */
    impact__thread_state *state = impact__thread_state_get();
    REQUIRE(state);
    uint64_t anchor_ns = 0;
    CHECK_EQUAL(impact__thread_state_now(state, &anchor_ns), 500 * IMPACT__NS_PER_MS);
    CHECK_EQUAL(state->anchor_taken_ns, 500 * IMPACT__NS_PER_MS); /* taken, not left at zero */
    atomic_store(&fake_clock_stands, false);
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "a", NULL), &view));
    tracing_close(&t);
}

TEST(the_anchor_is_taken_anew_each_second)
{
    impact__thread_state *state = impact__thread_state_get();
    REQUIRE(state);
    uint64_t anchor_ns = 0;
    fake_clock_set(impact__clock_monotonic_ns() + 5 * IMPACT__NS_PER_SEC);
    (void)impact__thread_state_now(state, &anchor_ns);
    const uint64_t taken_ns = state->anchor_taken_ns;
    fake_clock_advance_ms(999);
    (void)impact__thread_state_now(state, &anchor_ns);
    CHECK(state->anchor_taken_ns == taken_ns);
    fake_clock_advance_ms(1);
    (void)impact__thread_state_now(state, &anchor_ns);
    CHECK(state->anchor_taken_ns == taken_ns + IMPACT__NS_PER_SEC);
}

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
