/* The id of a process among all that ever run. */
#include "process/instance.h"

#include <ctype.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { size = impact__instance_id_size };

/* RFC 9562 4: lower-case digits, four hyphens; and 5.4: version 4, variant 10. */
static bool is_uuid(const char *text)
{
    for (int i = 0; i < size; i++) {
        const bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        const unsigned char c = (unsigned char)text[i];
        if (is_hyphen ? c != '-' : !isxdigit(c) || isupper(c))
            return false;
    }
    return text[14] == '4' && strchr("89ab", text[19]);
}

TEST(it_is_one_uuid_for_as_long_as_the_process_lives)
{
    char first[size];
    char second[size];
    impact__instance_id(first);
    impact__instance_id(second);
    CHECK(is_uuid(first));
    CHECK(memcmp(first, second, size) == 0);
}

/* What a child, or a grandchild, says of itself. */
static void id_of_child(char *text, bool is_grandchild)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        if (is_grandchild && fork() != 0)
            _exit(0);
        impact__instance_id(text);
        _exit(write(ends[1], text, size) == size ? 0 : 1);
    }
    (void)close(ends[1]);
    CHECK_EQUAL(read(ends[0], text, size), size);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
}

TEST(each_forked_child_has_another)
{
    char own[4][size];
    impact__instance_id(own[0]);
    id_of_child(own[1], false);
    id_of_child(own[2], false);
    id_of_child(own[3], true);
    for (int i = 0; i < 4; i++) {
        CHECK(is_uuid(own[i]));
        for (int j = 0; j < i; j++)
            CHECK(memcmp(own[i], own[j], size) != 0);
    }
}
