/* The name of the file that runs, also when that file is there no more. */
#include "process/executable.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

static const char variable[] = "IMPACT_TEST_COPY"; /* the path of the copy that runs */

static const char *own_name(void)
{
    static char name[impact__executable_name_limit + 1];
    impact__executable_name(name);
    return name;
}

TEST(a_program_knows_its_name)
{
    CHECK_STRING(own_name(), "test-process-executable");
}

/* Run below, from a copy that the test makes; nothing where there is none. */
TEST(copied_program)
{
    const char *path = getenv(variable);
    if (!path)
        return;
    const char *name = strrchr(path, '/') + 1;
    CHECK_STRING(own_name(), name);
    CHECK_EQUAL(unlink(path), 0);
    CHECK_STRING(own_name(), name);
}

static void copy_self(const char *path)
{
    static char bytes[1 << 16];
    FILE *from = fopen("/proc/self/exe", "rb");
    FILE *to = fopen(path, "wb");
    REQUIRE(from && to);
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, from)) > 0;)
        REQUIRE(fwrite(bytes, 1, size, to) == size);
    (void)fclose(from);
    REQUIRE(fclose(to) == 0 && chmod(path, 0700) == 0);
}

static void check_copy_called(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%ld-%s", P_tmpdir, (long)getpid(), name);
    copy_self(path);
    REQUIRE(setenv(variable, path, 1) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)execl(path, path, "copied_program", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    (void)unlink(path); /* where the copy could not */
    (void)unsetenv(variable);
}

TEST(a_program_that_was_deleted_has_the_name_it_had)
{
    check_copy_called("gone");
}

TEST(a_program_may_be_called_deleted)
{
    check_copy_called("x (deleted)");
}
