/* The process's default allocator. */
#include <impact/allocator.h>

#include "support/check.h"
#include "support/faults.h"

TEST(the_default_gives_resizes_and_takes_back)
{
    const impact_allocator *door = impact_allocator_default();
    char *memory = door->allocate(door->userdata, 4);
    REQUIRE(memory);
    memcpy(memory, "abc", 4);
    memory = door->resize(door->userdata, memory, 4096);
    CHECK_STRING(memory, "abc");
    door->release(door->userdata, memory);
    door->release(door->userdata, NULL);
}

TEST(the_default_can_be_replaced_and_restored)
{
    const impact_allocator *system = impact_allocator_default();
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    CHECK(impact_allocator_default() == &f.allocator);
    impact_allocator_set_default(NULL);
    CHECK(impact_allocator_default() == system);
}

TEST(an_allocator_that_lacks_a_function_is_not_taken)
{
    const impact_allocator *system = impact_allocator_default();
    faults f;
    faults_open(&f);
    for (int missing = 0; missing < 3; missing++) {
        impact_allocator half = f.allocator;
        half.allocate = missing == 0 ? NULL : half.allocate;
        half.resize = missing == 1 ? NULL : half.resize;
        half.release = missing == 2 ? NULL : half.release;
        impact_allocator_set_default(&half);
        CHECK(impact_allocator_default() == system);
    }
}
