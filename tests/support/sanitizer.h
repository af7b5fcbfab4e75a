/* Which sanitizer the test runs under: where one of them cannot do what the test needs. */
#ifndef IMPACT_TESTS_SANITIZER_H
#define IMPACT_TESTS_SANITIZER_H

#include <stdbool.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IMPACT_TESTS_HAVE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IMPACT_TESTS_HAVE_ASAN 1
#endif

/* Its allocator's locks are not taken over a fork (gcc 12, clang 14): amid threads that allocate, a
 * child may inherit one that nobody lets go. */
static inline bool has_allocator_that_forks_badly(void)
{
#ifdef IMPACT_TESTS_HAVE_ASAN
    return true;
#else
    return false;
#endif
}

#endif
