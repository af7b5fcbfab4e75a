/* The tests' framework: TEST(sentence), CHECK(fact); each test a process, results as TAP. */
#ifndef IMPACT_TESTS_CHECK_H
#define IMPACT_TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
} check_test;

void check_add(check_test *test);
void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the test as skipped, unless a CHECK has failed. */
void check_skip(const char *reason) __attribute__((noreturn));
/* Ends the test as skipped where AddressSanitizer is in: gcc 12's does not hold the locks of its
 * own allocator over a fork, so that a child of several threads may wait for them for ever. */
void check_skip_forks_of_threads(void);
/* False where ThreadSanitizer is in: a child of several threads may wait for its allocator's locks
 * for ever once it needs memory or a thread. */
bool check_children_may_allocate(void);
/* True when `text` stands in `whole`. */
bool check_contains(const char *whole, const char *text);
/* True when `measure`, of many tries, once says no more than `most`: for what has to be done in
 * time, on a machine that has other things to do as well. */
bool check_is_in_time(uint64_t (*measure)(void), uint64_t most);

/* A test whose name is a sentence. It registers itself; it runs in a process of its own. */
#define TEST(sentence)                                                                             \
    static void sentence(void);                                                                    \
    __attribute__((constructor)) static void sentence##_register(void)                             \
    {                                                                                              \
        static check_test test = {#sentence, sentence, NULL};                                      \
        check_add(&test);                                                                          \
    }                                                                                              \
    static void sentence(void)

/* A fact. A test goes on after a failed one, so that one run shows them all. May be used on any
 * thread and in processes that the test forks. */
#define CHECK(fact)                                                                                \
    do {                                                                                           \
        if (!(fact))                                                                               \
            check_failed(__FILE__, __LINE__, "%s", #fact);                                         \
    } while (0)

/* Two whole numbers of at most 64 bits, shown when they differ. A double is refused: it would be
 * cut. */
#define CHECK_IS_WHOLE(number)                                                                     \
    _Static_assert(_Generic((number), float : 0, double : 0, long double : 0, default : 1),        \
                   "CHECK_EQUAL is for whole numbers")
#define CHECK_EQUAL(is, should)                                                                    \
    do {                                                                                           \
        CHECK_IS_WHOLE(is);                                                                        \
        CHECK_IS_WHOLE(should);                                                                    \
        const long long is_ = (long long)(is);                                                     \
        const long long should_ = (long long)(should);                                             \
        if (is_ != should_)                                                                        \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #is, is_, should_);           \
    } while (0)

/* Two strings, shown when they differ; NULL equals NULL only. */
#define CHECK_STRING(is, should)                                                                   \
    do {                                                                                           \
        const char *is_ = (is);                                                                    \
        const char *should_ = (should);                                                            \
        if (!is_ || !should_ ? is_ != should_ : strcmp(is_, should_) != 0)                         \
            check_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #is, is_ ? is_ : "NULL",  \
                         should_ ? should_ : "NULL");                                              \
    } while (0)

/* Stops the test when the fact does not hold: for what the rest stands on. */
#define REQUIRE(fact)                                                                              \
    do {                                                                                           \
        if (!(fact)) {                                                                             \
            check_failed(__FILE__, __LINE__, "%s", #fact);                                         \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif
