/* Random numbers: the reference sequence, and seeds that differ. */
#include "base/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

static bool kernel_has_none; /* then getrandom fails, as it does early at boot */

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    if (kernel_has_none)
        return -1;
    return syscall(SYS_getrandom, buffer, size, flags);
}

/* The first outputs of the authors' xoroshiro128plusplus.c for the state 1, 2. */
TEST(the_generator_is_xoroshiro128_plus_plus)
{
    static const uint64_t reference[] = {
        UINT64_C(393217),
        UINT64_C(669327710093319),
        UINT64_C(1732421326133921491),
        UINT64_C(11394790081659126983),
        UINT64_C(9555452776773192676),
        UINT64_C(3586421180005889563),
    };
    impact__random random = {{1, 2}};
    for (size_t i = 0; i < sizeof reference / sizeof *reference; i++)
        CHECK(impact__random_next(&random) == reference[i]);
}

static bool is_zero(const impact__random *random)
{
    return !(random->state[0] | random->state[1]);
}

static void check_that_seeds_differ(void)
{
    impact__random random[64];
    for (int i = 0; i < 64; i++) {
        impact__random_seed(&random[i]);
        CHECK(!is_zero(&random[i]));
        for (int other = 0; other < i; other++)
            CHECK(memcmp(&random[i], &random[other], sizeof random[i]) != 0);
    }
}

TEST(no_two_seeds_are_the_same)
{
    check_that_seeds_differ();
}

TEST(without_the_kernel_no_two_seeds_are_the_same_either)
{
    kernel_has_none = true;
    check_that_seeds_differ();
}

static void check_that_a_child_seeds_anew(void)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    impact__random random; /* at the same address in both */
    const pid_t child = fork();
    impact__random_seed(&random);
    if (child == 0)
        _exit(write(ends[1], &random, sizeof random) != sizeof random);
    impact__random of_child;
    CHECK_EQUAL(read(ends[0], &of_child, sizeof of_child), sizeof of_child);
    CHECK(memcmp(&random, &of_child, sizeof random) != 0);
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}

TEST(a_forked_child_seeds_differently)
{
    check_that_a_child_seeds_anew();
    kernel_has_none = true;
    check_that_a_child_seeds_anew();
}

static void *seed_in_thread(void *random)
{
    impact__random_seed(random);
    return NULL;
}

TEST(threads_seed_differently)
{
    kernel_has_none = true;
    impact__random random[8];
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        REQUIRE(pthread_create(&threads[i], NULL, seed_in_thread, &random[i]) == 0);
    for (int i = 0; i < 8; i++)
        (void)pthread_join(threads[i], NULL);
    for (int i = 0; i < 8; i++)
        for (int other = 0; other < i; other++)
            CHECK(memcmp(&random[i], &random[other], sizeof random[i]) != 0);
}
