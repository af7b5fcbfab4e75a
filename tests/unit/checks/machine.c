/* The checks of this machine: disk, memory, load, the age of a file. */
#include <impact/checks.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "support/probing.h"

/* ---- disk ---- */

static probed ask_disk(const char *path, double warn, double fail)
{
    return probing_ask(impact_health_add_disk(
        probing_registry(),
        IMPACT_CHECK_DISK(.name = probing_name, .path = path, .warn_percent = warn,
                          .fail_percent = fail, .timeout_ms = probing_patience_ms)));
}

/* In percent, as df says it. */
static double used_space(const char *path)
{
    struct statvfs disk;
    CHECK_EQUAL(statvfs(path, &disk), 0);
    const double used = (double)(disk.f_blocks - disk.f_bfree);
    return 100 * used / (used + (double)disk.f_bavail);
}

TEST(a_disk_with_room_holds_and_one_without_fails)
{
    const double used = used_space("/tmp");
    REQUIRE(used > 0 && used < 100);
    CHECK_EQUAL(ask_disk("/tmp", 100.1, 100.2).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_disk("/tmp", used / 2, 100.1).status, IMPACT_HEALTH_WARN);
    check_fails(ask_disk("/tmp", used / 4, used / 2), "in use");
    check_observed(ask_disk("/tmp", used / 4, used / 2), "%", used / 2, 100);
}

TEST(a_disk_whose_path_is_not_there_fails)
{
    check_fails(ask_disk("/nonexistent/path", 0, 100.1), "No such file");
}

TEST(a_file_system_without_files_or_space_has_room)
{
    CHECK_EQUAL(ask_disk("/proc", 0, 1).status, IMPACT_HEALTH_PASS);
}

/* ---- memory ---- */

static probed ask_memory(double warn, double fail)
{
    return probing_ask(impact_health_add_memory(
        probing_registry(),
        IMPACT_CHECK_MEMORY(.name = probing_name, .warn_percent = warn, .fail_percent = fail,
                            .timeout_ms = probing_patience_ms)));
}

TEST(memory_that_is_left_holds_and_none_fails)
{
    CHECK_EQUAL(ask_memory(100.1, 100.2).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_memory(0.001, 100.2).status, IMPACT_HEALTH_WARN);
    check_fails(ask_memory(0.001, 0.002), "MiB are in use");
    check_observed(ask_memory(100.1, 100.2), "%", 0.001, 100);
}

/* ---- load ---- */

static probed ask_load(double fail, uint32_t minutes)
{
    return probing_ask(impact_health_add_load(
        probing_registry(),
        IMPACT_CHECK_LOAD(.name = probing_name, .fail_per_processor = fail, .minutes = minutes,
                          .timeout_ms = probing_patience_ms)));
}

TEST(a_load_below_the_limit_holds_and_one_above_fails)
{
    double averages[3];
    REQUIRE(getloadavg(averages, 3) == 3);
    CHECK_EQUAL(ask_load(1e9, 0).status, IMPACT_HEALTH_PASS);
    check_observed(ask_load(1e9, 0), "", 0, 1e6);
    if (averages[2] <= 0)
        check_skip("this machine has had nothing to do for a quarter of an hour");
    check_fails(ask_load(averages[2] / 1e6, 15), "processors in 15 minutes");
}

/* ---- the age of a file ---- */

static probed ask_age(const char *path, double warn, double fail)
{
    return probing_ask(impact_health_add_file_age(
        probing_registry(),
        IMPACT_CHECK_FILE_AGE(.name = probing_name, .path = path, .warn_seconds = warn,
                              .fail_seconds = fail, .timeout_ms = probing_patience_ms)));
}

static void make_older(const char *path, time_t seconds)
{
    const struct timespec then = {.tv_sec = time(NULL) - seconds};
    const struct timespec times[2] = {then, then};
    CHECK_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

TEST(a_file_that_is_too_old_or_not_there_fails)
{
    char path[] = "/tmp/impact-age-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    (void)close(file);
    CHECK_EQUAL(ask_age(path, 50, 100).status, IMPACT_HEALTH_PASS);
    make_older(path, 70);
    CHECK_EQUAL(ask_age(path, 50, 100).status, IMPACT_HEALTH_WARN);
    make_older(path, 7000);
    check_fails(ask_age(path, 50, 100), "s ago");
    check_observed(ask_age(path, 50, 100), "s", 6990, 7200);
    make_older(path, -7000);
    CHECK_EQUAL(ask_age(path, 50, 100).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(unlink(path), 0);
    check_fails(ask_age(path, 50, 100), "No such file");
}
