/* The processor's ticks. */
#include "base/ticks.h"

#include <sys/prctl.h>

#include "support/check.h"

TEST(nothing_is_trusted_before_somebody_has_looked)
{
    CHECK(!impact__ticks_are_trusted());
}

TEST(a_look_is_answered_alike_each_time)
{
    const bool first = impact__ticks_look();
    CHECK(impact__ticks_are_trusted() == first);
    CHECK(impact__ticks_look() == first);
}

TEST(trusted_ticks_count_upwards)
{
    if (!impact__ticks_look())
        return; /* a processor without, or a kernel that has found it wanting */
    const uint64_t before = impact__ticks_read();
    for (volatile int i = 0; i < 1000; i++)
        ;
    CHECK(impact__ticks_read() > before);
}

#if defined(__x86_64__)

TEST(a_process_that_may_not_read_them_does_not)
{
    if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
        return; /* a kernel that does not know of it */
    CHECK(!impact__ticks_look());
}

#endif
