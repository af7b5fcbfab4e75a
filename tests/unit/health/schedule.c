/* A schedule: alarms ring in the order of their time, whatever the order they were set in. */
#include "health/schedule.h"

#include <stddef.h>

#include "support/check.h"

enum { count = 64 };

static void ring(impact__alarm *alarm)
{
    (void)alarm;
}

TEST(an_empty_schedule_has_no_next)
{
    impact__schedule schedule = {0};
    CHECK(impact__schedule_next_ns(&schedule) == UINT64_MAX);
    CHECK(impact__schedule_take_due(&schedule, UINT64_MAX) == NULL);
}

TEST(alarms_come_in_the_order_of_their_time)
{
    impact__schedule schedule = {0};
    impact__alarm alarms[count] = {{0}};
    for (int i = 0; i < count; i++) {
        alarms[i].ring = ring;
        impact__schedule_set(&schedule, &alarms[i], (uint64_t)(i * 37 % count));
    }
    for (uint64_t now = 0; now < count; now++) {
        CHECK_EQUAL(impact__schedule_next_ns(&schedule), now);
        const impact__alarm *due = impact__schedule_take_due(&schedule, now);
        REQUIRE(due);
        CHECK_EQUAL(due->at_ns, now);
        CHECK(!due->is_set);
        CHECK(impact__schedule_take_due(&schedule, now) == NULL);
    }
    CHECK(!schedule.first && !schedule.last);
}

TEST(of_two_at_one_time_the_first_that_was_set_comes_first)
{
    impact__schedule schedule = {0};
    impact__alarm first = {.ring = ring};
    impact__alarm second = {.ring = ring};
    impact__schedule_set(&schedule, &first, 5);
    impact__schedule_set(&schedule, &second, 5);
    CHECK(impact__schedule_take_due(&schedule, 5) == &first);
    CHECK(impact__schedule_take_due(&schedule, 5) == &second);
}

TEST(an_alarm_is_set_anew_and_taken_off)
{
    impact__schedule schedule = {0};
    impact__alarm alarms[3] = {{.ring = ring}, {.ring = ring}, {.ring = ring}};
    for (int i = 0; i < 3; i++)
        impact__schedule_set(&schedule, &alarms[i], (uint64_t)i);
    impact__schedule_set(&schedule, &alarms[0], 9);
    CHECK_EQUAL(impact__schedule_next_ns(&schedule), 1);
    impact__schedule_unset(&schedule, &alarms[1]);
    impact__schedule_unset(&schedule, &alarms[1]); /* does nothing */
    CHECK(impact__schedule_take_due(&schedule, 9) == &alarms[2]);
    CHECK(impact__schedule_take_due(&schedule, 9) == &alarms[0]);
    CHECK(!schedule.first && !schedule.last);
}
