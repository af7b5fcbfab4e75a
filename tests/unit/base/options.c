/* Structs that cross the border, in every pair of versions. */
#include "base/options.h"

#include <stdint.h>

#include "support/check.h"

typedef struct older {
    size_t size;
    uint64_t a;
} older;

typedef struct known {
    size_t size;
    uint64_t a;
    uint64_t b;
} known;

typedef struct newer {
    size_t size;
    uint64_t a;
    uint64_t b;
    uint64_t c;
} newer;

static bool read_known(known *to, const void *from)
{
    return impact__struct_read(to, sizeof *to, from);
}

TEST(a_struct_of_the_same_version_is_read_as_it_is)
{
    const known given = {sizeof given, 1, 2};
    known read = {0, 8, 9};
    CHECK(read_known(&read, &given));
    CHECK_EQUAL(read.size, sizeof read);
    CHECK_EQUAL(read.a, 1);
    CHECK_EQUAL(read.b, 2);
}

TEST(what_a_smaller_struct_does_not_have_is_not_set)
{
    const older given = {sizeof given, 1};
    known read = {0, 8, 9};
    CHECK(read_known(&read, &given));
    CHECK_EQUAL(read.size, sizeof read);
    CHECK_EQUAL(read.a, 1);
    CHECK_EQUAL(read.b, 0);
}

TEST(a_larger_struct_is_taken_while_what_is_unknown_is_zero)
{
    const newer given = {sizeof given, 1, 2, 0};
    known read = {0};
    CHECK(read_known(&read, &given));
    CHECK_EQUAL(read.size, sizeof read);
    CHECK_EQUAL(read.b, 2);
}

TEST(a_larger_struct_that_sets_what_is_unknown_is_refused)
{
    const newer given = {sizeof given, 1, 2, 3};
    known read = {0, 8, 9};
    CHECK(!read_known(&read, &given));
    CHECK_EQUAL(read.a, 8);
    CHECK_EQUAL(read.b, 9);
}

TEST(no_struct_sets_nothing)
{
    known read = {0, 8, 9};
    CHECK(read_known(&read, NULL));
    CHECK_EQUAL(read.size, sizeof read);
    CHECK_EQUAL(read.a, 0);
    CHECK_EQUAL(read.b, 0);
}

TEST(a_size_that_is_none_is_refused)
{
    known read = {0, 8, 9};
    for (size_t size = 0; size < sizeof size; size++)
        CHECK(!read_known(&read, &(known){size, 1, 2}));
    CHECK(!read_known(&read, &(known){SIZE_MAX, 1, 2}));
    CHECK(!read_known(&read, &(known){impact__struct_size_limit + 1, 1, 2}));
    CHECK_EQUAL(read.a, 8);
}

TEST(a_struct_may_be_as_large_as_the_limit)
{
    static union {
        known known;
        char room[impact__struct_size_limit];
    } given = {.known = {impact__struct_size_limit, 3, 4}};
    known read = {0};
    CHECK(read_known(&read, &given.known));
    CHECK_EQUAL(read.a, 3);
}

TEST(a_size_within_a_member_gives_that_part)
{
    const known given = {sizeof given.size + 1, UINT64_C(0x0101010101010101), 2};
    known read = {0};
    CHECK(read_known(&read, &given));
    CHECK(read.a != given.a);
    CHECK_EQUAL(read.b, 0);
}

TEST(an_answer_fills_what_the_caller_has_room_for)
{
    const known answer = {sizeof answer, 1, 2};
    older small = {sizeof small, 8};
    known same = {sizeof same, 8, 9};
    newer large = {sizeof large, 8, 9, 10};
    CHECK(impact__struct_write(&small, &answer, sizeof answer));
    CHECK(impact__struct_write(&same, &answer, sizeof answer));
    CHECK(impact__struct_write(&large, &answer, sizeof answer));
    CHECK_EQUAL(small.size, sizeof small);
    CHECK_EQUAL(small.a, 1);
    CHECK_EQUAL(same.b, 2);
    CHECK_EQUAL(large.size, sizeof large);
    CHECK_EQUAL(large.b, 2);
    CHECK_EQUAL(large.c, 0);
}

TEST(an_answer_to_a_struct_without_a_size_is_not_written)
{
    const known answer = {sizeof answer, 1, 2};
    known given = {0, 8, 9};
    CHECK(!impact__struct_write(&given, &answer, sizeof answer));
    CHECK(!impact__struct_write(NULL, &answer, sizeof answer));
    CHECK_EQUAL(given.a, 8);
}
