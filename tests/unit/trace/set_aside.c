/* Files that are no whole journals: a few are kept for a person to look into. */
#include <fcntl.h>
#include <sys/stat.h>

#include <impact/diagnostics.h>

#include "support/journal_fixture.h"

static unsigned told;

static void count_removals(impact_severity severity, const char *message, uint64_t suppressed,
                           void *userdata)
{
    (void)severity, (void)suppressed, (void)userdata;
    told += strstr(message, "the oldest of what was set aside is removed") != NULL;
}

/* By its number, and of this size; nothing in it was ever written. */
static void make_file(const char *name, off_t size)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    const int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(file >= 0 && ftruncate(file, size) == 0);
    (void)close(file);
}

static void make_journal(unsigned number, off_t size)
{
    char name[32];
    impact_journal_result result;
    (void)snprintf(name, sizeof name, "impact-%02u.journal", number);
    make_file(name, size);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK(result.set_aside == 1 && result.exported == 0);
}

TEST(of_what_was_set_aside_the_newest_eight_stay)
{
    REQUIRE(open_directory());
    impact_diagnostics_set_callback(count_removals, NULL);
    make_file("impact-mine.corrupted", 1); /* not ours, by their names */
    make_file("other.corrupt", 1);
    for (unsigned i = 0; i < 12; i++) {
        make_journal(i, 5000);
        CHECK_EQUAL(count_files(".journal.corrupt", false), i < 8 ? i + 1 : 8);
    }
    CHECK_EQUAL(count_files("impact-03", false), 0);
    CHECK_EQUAL(count_files("impact-04", false), 1);
    CHECK_EQUAL(count_files("impact-11", false), 1);
    CHECK_EQUAL(count_files("corrupted", false), 1);
    CHECK_EQUAL(told, 1); /* at most once a minute */
    char path[512];
    (void)snprintf(path, sizeof path, "%s/other.corrupt", directory);
    CHECK(unlink(path) == 0);
    close_directory();
}

TEST(what_was_set_aside_takes_no_more_room_than_there_is_beside_the_newest)
{
    enum { mib = 1 << 20 };
    REQUIRE(open_directory());
    make_journal(0, 100 * mib);
    make_journal(1, 20 * mib);
    CHECK_EQUAL(count_files(".corrupt", false), 2);
    make_journal(2, 30 * mib);
    CHECK_EQUAL(count_files(".corrupt", false), 2);
    CHECK_EQUAL(count_files("impact-00", false), 0);
    make_journal(3, 200 * mib); /* the newest stays, whatever its size */
    CHECK_EQUAL(count_files(".corrupt", false), 1);
    CHECK_EQUAL(count_files("impact-03", false), 1);
    close_directory();
}

TEST(a_directory_that_has_the_name_of_what_was_set_aside_is_left_alone)
{
    char path[512];
    REQUIRE(open_directory());
    (void)snprintf(path, sizeof path, "%s/impact-000.journal.corrupt", directory);
    CHECK(mkdir(path, 0700) == 0);
    for (unsigned i = 1; i < 11; i++)
        make_journal(i, 5000);
    CHECK_EQUAL(count_files(".corrupt", false), 9);
    CHECK(rmdir(path) == 0);
    close_directory();
}
