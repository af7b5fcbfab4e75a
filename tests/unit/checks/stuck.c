/* What a check cannot end, and the engine leaves alone: a name that is looked up without end, a
 * file system that nobody serves any more. */
#include <impact/checks.h>

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/probing.h"

static size_t count_threads(void)
{
    size_t count = 0;
    DIR *threads = opendir("/proc/self/task");
    CHECK(threads != NULL);
    while (threads && readdir(threads))
        count++;
    if (threads)
        (void)closedir(threads);
    return count;
}

/* Asked again and again, it costs no more than the one thread that is stuck. */
static void check_one_thread_is_stuck(void)
{
    check_times_out(probing_again());
    const size_t threads = count_threads();
    for (int i = 0; i < 50; i++)
        CHECK_STRING(probing_again().reason, "timeout");
    CHECK(count_threads() <= threads);
}

/* ---- a resolver without an end ---- */

static int resolver[2] = {-1, -1};

/* In the place of the C library's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    char byte = 0;
    (void)node;
    (void)service;
    (void)hints;
    (void)found;
    (void)read(resolver[0], &byte, 1);
    return EAI_AGAIN;
}

TEST(a_lookup_that_hangs_costs_one_thread_and_is_told_in_time)
{
    REQUIRE(pipe(resolver) == 0);
    CHECK_EQUAL(impact_health_add_tcp(probing_registry(),
                                      IMPACT_CHECK_TCP(.name = probing_name, .address = "a:1",
                                                       .timeout_ms = probing_timeout_ms,
                                                       .check = IMPACT_CHECK(.may_overlap = true))),
                IMPACT_OK);
    check_one_thread_is_stuck();
    (void)close(resolver[1]);
    for (probed result = probing_again(); strcmp(result.reason, "error") != 0;)
        result = probing_again();
    probing_end();
    (void)close(resolver[0]);
}

/* ---- a file system that nobody serves ---- */

/* The kernel waits for a server's first word for as long as the descriptor is open; -1: it may not
 * be done here. */
static int mount_unserved(const char *folder)
{
    char options[96];
    const int server = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    (void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", server);
    const bool is_mounted = server >= 0 && unshare(CLONE_NEWNS) == 0 &&
                            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                            mount("unserved", folder, "fuse", MS_NOSUID | MS_NODEV, options) == 0;
    if (!is_mounted && server >= 0)
        (void)close(server);
    return is_mounted ? server : -1;
}

static impact_status add_disk(const char *path, bool allows_remote)
{
    return impact_health_add_disk(
        probing_registry(),
        IMPACT_CHECK_DISK(.name = probing_name, .path = path, .fail_percent = 100.1,
                          .allows_remote = allows_remote, .timeout_ms = probing_timeout_ms));
}

TEST(a_file_system_that_hangs_is_not_touched_or_costs_one_thread)
{
    char folder[] = "/tmp/impact-stuck-XXXXXX";
    char path[64];
    REQUIRE(mkdtemp(folder) != NULL);
    const int server = mount_unserved(folder);
    if (server < 0) {
        (void)rmdir(folder);
        check_skip("file systems of FUSE may not be mounted here");
    }
    (void)snprintf(path, sizeof path, "%s/below", folder);
    check_fails(probing_ask(add_disk(path, false)), "network file system");
    CHECK_EQUAL(add_disk(path, true), IMPACT_OK);
    check_one_thread_is_stuck();
    (void)close(server); /* whoever waits is told that nobody will answer */
    for (probed result = probing_again(); strcmp(result.reason, "error") != 0;)
        result = probing_again();
    probing_end();
    CHECK_EQUAL(umount2(folder, MNT_DETACH), 0);
    CHECK_EQUAL(rmdir(folder), 0);
}
