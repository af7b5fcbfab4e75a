/* A barrier on all threads. */
#include "base/barrier.h"

#include "support/check.h"

TEST(a_barrier_is_there_where_it_was_opened)
{
    if (!impact__barrier_open())
        check_skip("this system has no membarrier");
    CHECK(impact__barrier_open());
    CHECK(impact__barrier_on_all());
}
