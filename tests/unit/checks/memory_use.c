/* How much of its memory a process may have, by trees of files as kernels and containers show
 * them. */
#include "checks/memory_use.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"
#include "support/faults.h"

static char root[] = "/tmp/impact-memory-XXXXXX";

static void make_folders(char *path)
{
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = 0;
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
        *at = '/';
    }
}

static void put(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    make_folders(path);
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0);
    if (file)
        (void)fclose(file);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* A machine of 1000 MiB, of which a quarter is in use. */
static void begin(void)
{
    CHECK(mkdtemp(root) != NULL);
    put("proc/meminfo", "MemTotal:  1024000 kB\nMemFree: 1 kB\nMemAvailable:   768000 kB\n");
}

static void end(void)
{
    CHECK_EQUAL(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void check_use(double percent, bool is_of_cgroup)
{
    impact__memory_use use = {0};
    CHECK(impact__memory_use_read(&use, root));
    CHECK(fabs(use.percent - percent) < 0.01);
    CHECK_EQUAL(use.is_of_cgroup, is_of_cgroup);
}

TEST(without_groups_the_machine_counts)
{
    begin();
    check_use(25, false);
    put("proc/self/cgroup", "0::/\n");
    check_use(25, false);
    put("proc/meminfo", "MemTotal: 1024000 kB\nMemAvailable: 2024000 kB\n");
    check_use(0, false);
    end();
}

TEST(the_own_group_counts_without_its_caches)
{
    begin();
    put("proc/self/cgroup", "0::/a.slice/b.scope\n");
    put("sys/fs/cgroup/a.slice/b.scope/memory.max", "104857600\n");
    put("sys/fs/cgroup/a.slice/b.scope/memory.current", "94371840\n");
    check_use(90, true);
    put("sys/fs/cgroup/a.slice/b.scope/memory.stat", "anon 5\ninactive_file 20971520\nx 1\n");
    check_use(70, true);
    put("sys/fs/cgroup/a.slice/b.scope/memory.max", "max\n");
    check_use(25, false);
    end();
}

TEST(a_group_above_that_is_tighter_counts)
{
    begin();
    put("proc/self/cgroup", "0::/a.slice/b.scope\n");
    put("sys/fs/cgroup/a.slice/b.scope/memory.max", "104857600\n");
    put("sys/fs/cgroup/a.slice/b.scope/memory.current", "41943040\n");
    put("sys/fs/cgroup/a.slice/memory.max", "209715200\n");
    put("sys/fs/cgroup/a.slice/memory.current", "199229440\n");
    check_use(95, true);
    end();
}

/* The path is the host's, and the container sees its own group as the root. */
TEST(in_a_container_the_root_is_the_group)
{
    begin();
    put("proc/self/cgroup", "0::/kubepods/pod1234/5678\n");
    put("sys/fs/cgroup/memory.max", "104857600\n");
    put("sys/fs/cgroup/memory.current", "52428800\n");
    check_use(50, true);
    put("proc/self/cgroup", "0::/\n");
    check_use(50, true);
    put("proc/self/cgroup", "0::/../../..\n");
    check_use(50, true);
    end();
}

TEST(groups_of_version_1_count_too)
{
    begin();
    put("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n");
    put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "104857600\n");
    put("sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", "94371840\n");
    put("sys/fs/cgroup/memory/docker/1/memory.stat", "inactive_file 1\ntotal_inactive_file "
                                                     "10485760\n");
    check_use(80, true);
    end();
}

/* Of version 1 "no limit" is the largest number of pages, in bytes. */
TEST(a_limit_above_the_machines_memory_is_none)
{
    begin();
    put("proc/self/cgroup", "4:memory:/\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "94371840\n");
    check_use(25, false);
    end();
}

TEST(what_cannot_be_read_is_passed_over)
{
    begin();
    put("proc/self/cgroup", "\n:\n::\n0::\n0:\n4:memory\nx:y:z\n0::relative\n0::/a//b///\n");
    put("sys/fs/cgroup/memory.max", "many\n");
    put("sys/fs/cgroup/memory.current", "-1\n");
    check_use(25, false);
    put("proc/meminfo", "nothing\n");
    impact__memory_use use = {0};
    CHECK(!impact__memory_use_read(&use, root));
    end();
}

TEST(a_limit_of_nothing_is_passed_over)
{
    begin();
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/memory.max", "0\n");
    put("sys/fs/cgroup/memory.current", "0\n");
    check_use(25, false);
    end();
}

TEST(without_memory_nothing_is_known_and_nothing_kept)
{
    begin();
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/memory.max", "104857600\n");
    put("sys/fs/cgroup/memory.current", "52428800\n");
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__memory_use use = {0};
        const bool is_known = impact__memory_use_read(&use, root);
        CHECK(is_known || f.injected);
    }
    impact_allocator_set_default(NULL);
    end();
}
