/* The inner door of memory. */
#include "base/alloc.h"

#include <stdint.h>

#include "support/check.h"
#include "support/faults.h"

TEST(allocated_memory_is_zero)
{
    faults f; /* its memory is not */
    faults_open(&f);
    unsigned char *memory = impact__alloc(&f.allocator, 3);
    REQUIRE(memory);
    CHECK(memory[0] == 0 && memory[1] == 0 && memory[2] == 0);
    impact__free(&f.allocator, memory);
    faults_close(&f);
}

TEST(no_allocator_means_the_default_one)
{
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    void *memory = impact__resize(NULL, impact__alloc(NULL, 1), 2);
    CHECK_EQUAL(atomic_load(&f.live), 1);
    impact__free(NULL, memory);
    impact__free(NULL, NULL);
    faults_close(&f);
}

TEST(a_copy_is_terminated)
{
    char *copy = impact__copy(NULL, "abc", 2);
    CHECK_STRING(copy, "ab");
    impact__free(NULL, copy);
    copy = impact__copy(NULL, NULL, 0);
    CHECK_STRING(copy, "");
    impact__free(NULL, copy);
}

TEST(a_copy_too_large_for_its_end_is_refused)
{
    faults f;
    faults_open(&f);
    CHECK(impact__copy(&f.allocator, "", SIZE_MAX) == NULL);
    CHECK_EQUAL(atomic_load(&f.count), 0);
}

TEST(without_memory_there_is_null_and_what_was_there_stays)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        char *text = impact__copy(&f.allocator, "text", 4);
        char *larger = text ? impact__resize(&f.allocator, text, 4096) : NULL;
        CHECK((text && larger) || atomic_load(&f.injected));
        CHECK(!text || memcmp(larger ? larger : text, "text", 5) == 0);
        impact__free(&f.allocator, larger ? larger : text);
    }
}

TEST(a_copy_of_a_string_is_another_one_and_a_copy_of_none_is_none)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        char *copy = impact__copy_string(&f.allocator, "text");
        CHECK(f.injected ? copy == NULL : copy != NULL && strcmp(copy, "text") == 0);
        CHECK(impact__copy_string(&f.allocator, NULL) == NULL);
        impact__free(&f.allocator, copy);
    }
}
