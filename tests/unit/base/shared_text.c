/* Text that several owners share. */
#include "base/shared_text.h"

#include <pthread.h>

#include <impact/allocator.h>

#include "base/text.h"
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

/* ---- threads ---- */

enum { owner_count = 4, round_count = 50 };

static pthread_barrier_t barrier;

static void *look_and_release(void *text)
{
    (void)pthread_barrier_wait(&barrier);
    CHECK(impact__text_equal_string(impact__shared_text_of(text), "a=1"));
    impact__shared_release(text);
    return NULL;
}

/* ThreadSanitizer sees whether what the others read was read before. */
TEST(the_last_of_several_threads_frees_what_all_have_looked_at)
{
    CHECK(pthread_barrier_init(&barrier, NULL, owner_count) == 0);
    for (int round = 0; round < round_count; round++) {
        pthread_t threads[owner_count];
        impact__shared_text *text = impact__shared_text_open(impact_text_of("a=1"));
        for (int i = 0; i < owner_count; i++)
            REQUIRE(pthread_create(&threads[i], NULL, look_and_release,
                                   impact__shared_retain(text)) == 0);
        impact__shared_release(text);
        for (int i = 0; i < owner_count; i++)
            (void)pthread_join(threads[i], NULL);
    }
}
