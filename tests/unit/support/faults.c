/* The failing allocator itself: which allocation fails in which round. */
#include "support/faults.h"

#include <stdlib.h>

#include "support/check.h"

static bool ask(faults *f)
{
    void *memory = f->allocator.allocate(f->allocator.userdata, 8);
    f->allocator.release(f->allocator.userdata, memory);
    return memory != NULL;
}

TEST(each_allocation_fails_once_and_then_for_good)
{
    char rounds[64] = "";
    int size = 0;
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        for (int i = 0; i < 3; i++)
            rounds[size++] = ask(&f) ? '+' : '-';
        rounds[size++] = atomic_load(&f.injected) ? ' ' : '.';
        REQUIRE(size < 60);
    }
    CHECK_STRING(rounds, "-++ +-+ ++- +++.--- +-- ++- +++.");
}

TEST(memory_is_counted_until_it_is_given_back)
{
    faults f;
    faults_open(&f);
    void *memory = f.allocator.resize(&f, NULL, 8);
    memory = f.allocator.resize(&f, memory, 16);
    CHECK_EQUAL(atomic_load(&f.live), 1);
    CHECK_EQUAL(atomic_load(&f.count), 2);
    f.allocator.release(&f, memory);
    f.allocator.release(&f, NULL);
    faults_close(&f);
}

TEST(new_memory_is_not_zero)
{
    faults f;
    faults_open(&f);
    unsigned char *memory = f.allocator.allocate(&f, 4);
    REQUIRE(memory);
    CHECK_EQUAL(memory[0], 0xA5);
    CHECK_EQUAL(memory[3], 0xA5);
    f.allocator.release(&f, memory);
}
