/* Several batches under way at once, and some of them come back, or somebody waits for all: a flush
 * and a shutdown tell the truth. Each test runs with a thread, and pumped. */
#include "support/concurrent_fixture.h"
#include "support/fake_clock.h"

/* ---- batches that come back ---- */

TEST(one_that_comes_back_goes_again_while_others_go_on)
{
    FOR_EACH_WAY
    {
        if (pumps)
            fake_clock_set(impact__clock_monotonic_ns());
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(5 * batch_size);
        wait_begun(at_once);
        several_answer(2, IMPACT_EAGAIN);
        wait_queued(2 * batch_size);
        CHECK_EQUAL(stats_of(provider).in_flight, 3 * batch_size);
        several_answer(1, IMPACT_OK); /* the backend is there: the fifth batch goes at once */
        wait_begun(at_once + 1);
        if (pumps)
            fake_clock_advance_ms(1000);
        wait_begun(at_once + 2); /* and the second one behind its pause */
        CHECK_EQUAL(several.exports[at_once + 2].spans, batch_size);
        several_answer_from(3, IMPACT_OK);
        wait_settled(5 * batch_size);
        CHECK_EQUAL(stats_of(provider).exported, 5 * batch_size);
        close_when_answered(IMPACT_OK);
        CHECK_EQUAL(several.begun, 6);
    }
    fake_clock_release();
}

TEST(while_the_backend_is_away_one_batch_at_a_time_looks_for_it)
{
    pumps = true; /* the host's clock */
    fake_clock_set(impact__clock_monotonic_ns());
    REQUIRE(open_several((impact_trace_options){0}));
    end_spans(6 * batch_size);
    wait_begun(at_once);
    for (unsigned i = 1; i <= at_once; i++)
        several_answer(i, IMPACT_EAGAIN);
    wait_queued(6 * batch_size);
    fake_clock_advance_ms(1000); /* a pause */
    settle_down();
    fake_clock_advance_ms(10000);
    settle_down();
    CHECK_EQUAL(several_begun(), at_once + 1);
    CHECK_EQUAL(stats_of(provider).in_flight, batch_size);
    several_answer_from(at_once + 1, IMPACT_OK);
    wait_settled(6 * batch_size);
    CHECK_EQUAL(stats_of(provider).exported, 6 * batch_size);
    close_when_answered(IMPACT_OK);
    CHECK_EQUAL(several.begun, 6 + at_once);
}

TEST(a_flush_tries_all_that_came_back_at_once)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(at_once * batch_size);
        wait_begun(at_once);
        several_answer_from(at_once + 1, IMPACT_OK);
        for (unsigned i = 1; i <= at_once; i++)
            several_answer(i, IMPACT_EAGAIN);
        wait_queued(at_once * batch_size);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(stats_of(provider).exported, at_once * batch_size);
        CHECK_EQUAL(several.begun, 2 * at_once);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_flush_is_answered_when_a_batch_that_was_tried_for_it_comes_back)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        several_answer_from(1, IMPACT_EAGAIN);
        end_spans(at_once * batch_size);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
        CHECK_EQUAL(stats_of(provider).queued + stats_of(provider).in_flight, at_once * batch_size);
        CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
        CHECK_EQUAL(stats_of(provider).failed, at_once * batch_size);
        impact_tracer_provider_close(provider);
    }
}

/* ---- flush and shutdown ---- */

TEST(a_flush_waits_for_all_that_is_under_way)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(3 * batch_size + 1);
        several_answer(2, IMPACT_OK);
        several_answer(3, IMPACT_OK);
        several_answer(4, IMPACT_OK);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, 20), IMPACT_ETIMEDOUT);
        wait_settled(2 * batch_size + 1);
        several_answer(1, IMPACT_OK);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(stats_of(provider).exported, 3 * batch_size + 1);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_flush_hurries_nothing_that_ended_after_it)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(batch_size + 1);
        CHECK_EQUAL(impact_tracer_provider_flush(provider, 20), IMPACT_ETIMEDOUT);
        wait_begun(2);
        end_spans(batch_size - 1);
        settle_down();
        CHECK_EQUAL(several_begun(), 2);
        end_spans(1);
        wait_begun(3);
        CHECK_EQUAL(several.exports[3].spans, batch_size);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_flush_says_when_one_of_several_was_lost)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        several_answer_from(1, IMPACT_OK);
        several_answer(3, IMPACT_EEXPORT);
        end_spans(2 * batch_size + 1); /* the last goes for the flush */
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
        CHECK_EQUAL(stats_of(provider).exported, 2 * batch_size);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_shutdown_drains_with_several_under_way)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(at_once * batch_size);
        wait_begun(at_once);
        several_answer_from(1, IMPACT_OK);
        end_spans(13 * batch_size + 1);
        CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(stats_of(provider).exported, 17 * batch_size + 1);
        CHECK_EQUAL(several.hastened, at_once);
        impact_tracer_provider_close(provider);
    }
}

/* Until so long after its deadline. */
static uint64_t shut_down_late_ms(uint32_t timeout_ms, impact_status should)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, timeout_ms), should);
    const uint64_t now_ns = impact__clock_monotonic_ns();
    return now_ns > deadline_ns ? (now_ns - deadline_ns) / IMPACT__NS_PER_MS : 0;
}

TEST(a_shutdown_ends_all_that_is_under_way_by_its_deadline)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(5 * batch_size);
        wait_begun(at_once);
        CHECK(shut_down_late_ms(50, IMPACT_ETIMEDOUT) < 5000);
        CHECK_EQUAL(several.interrupted, at_once);
        wait_settled(5 * batch_size);
        CHECK_EQUAL(stats_of(provider).failed, 5 * batch_size);
        impact_tracer_provider_close(provider);
        CHECK_EQUAL(several.closed, at_once);
    }
}

TEST(a_shutdown_tries_once_more_what_came_back_amid_it)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(at_once * batch_size);
        wait_begun(at_once);
        several_answer_from(at_once + 1, IMPACT_OK);
        several_answer(1, IMPACT_EAGAIN);
        several_answer(2, IMPACT_OK);
        several_answer(3, IMPACT_EAGAIN);
        several_answer(4, IMPACT_OK);
        CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(stats_of(provider).exported, at_once * batch_size);
        impact_tracer_provider_close(provider);
    }
}
