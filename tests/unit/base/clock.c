/* Clocks and deadlines, on a clock that the test moves. */
#include "base/clock.h"

#include "support/check.h"
#include "support/fake_clock.h"

TEST(both_clocks_count_nanoseconds)
{
    fake_clock_set(UINT64_C(1700000000123456789));
    CHECK(impact__clock_unix_ns() == UINT64_C(1700000000123456789));
    CHECK(impact__clock_monotonic_ns() == UINT64_C(1700000000123456789));
}

TEST(the_true_monotonic_clock_does_not_go_back)
{
    const uint64_t before = impact__clock_monotonic_ns();
    CHECK(before > 0);
    CHECK(impact__clock_monotonic_ns() >= before);
}

TEST(the_wall_clock_agrees_with_time)
{
    const uint64_t before = (uint64_t)time(NULL);
    const uint64_t seconds = impact__clock_unix_ns() / IMPACT__NS_PER_SEC;
    CHECK(seconds >= before && seconds <= (uint64_t)time(NULL) + 1);
}

TEST(a_deadline_lies_its_timeout_ahead)
{
    fake_clock_set(5);
    CHECK_EQUAL(impact__deadline_after_ms(3), 3000005);
    CHECK_EQUAL(impact__deadline_after_ms(0), 5);
}

TEST(a_deadline_beyond_all_time_does_not_wrap)
{
    fake_clock_set(IMPACT__NS_PER_SEC);
    CHECK(impact__deadline_after_ms(UINT64_MAX) == UINT64_MAX);
    CHECK(impact__deadline_after_ms(UINT64_MAX / IMPACT__NS_PER_MS) == UINT64_MAX);
    const uint64_t most = (UINT64_MAX - IMPACT__NS_PER_SEC) / IMPACT__NS_PER_MS;
    CHECK(impact__deadline_after_ms(most) == IMPACT__NS_PER_SEC + most * IMPACT__NS_PER_MS);
    CHECK(impact__deadline_after_ms(most + 1) == UINT64_MAX);
}

TEST(what_remains_is_rounded_up_and_never_negative)
{
    fake_clock_set(1000);
    CHECK_EQUAL(impact__remaining_ms(1000), 0);
    CHECK_EQUAL(impact__remaining_ms(999), 0);
    CHECK_EQUAL(impact__remaining_ms(1001), 1);
    CHECK_EQUAL(impact__remaining_ms(1001000), 1);
    CHECK_EQUAL(impact__remaining_ms(1001001), 2);
    CHECK_EQUAL(impact__remaining_ms(UINT64_MAX), UINT32_MAX);
    const uint64_t deadline = impact__deadline_after_ms(10);
    fake_clock_advance_ms(4);
    CHECK_EQUAL(impact__remaining_ms(deadline), 6);
    fake_clock_set(0);
    CHECK_EQUAL(impact__remaining_ms(UINT64_MAX), UINT32_MAX);
}
