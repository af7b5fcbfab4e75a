/* Text that several owners share. */
#include "base/shared_text.h"

#include <impact/allocator.h>

#include "support/check.h"
#include "support/faults.h"

TEST(a_shared_text_lives_as_long_as_its_last_owner)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__shared_text *text = impact__shared_text_open(impact_text_of("a=1"));
        CHECK((text == NULL) == f.injected);
        CHECK(impact__shared_retain(text) == text);
        impact__shared_release(text);
        CHECK_EQUAL(impact__shared_text_of(text).size, f.injected ? 0 : 3);
        impact__shared_release(text);
        impact_allocator_set_default(NULL);
    }
}

TEST(an_empty_text_needs_no_memory)
{
    CHECK(impact__shared_text_open(impact_text_of(NULL)) == NULL);
    CHECK_EQUAL(impact__shared_text_of(NULL).size, 0);
    CHECK(impact__shared_retain(NULL) == NULL);
    impact__shared_release(NULL);
}

TEST(what_lives_for_ever_is_not_counted)
{
    impact__shared eternal = {.free = NULL};
    CHECK(impact__shared_retain(&eternal) == &eternal);
    impact__shared_release(&eternal);
    impact__shared_release(&eternal);
    CHECK_EQUAL(atomic_load(&eternal.owners), 0);
}
