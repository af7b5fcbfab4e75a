/* The files that tell how much memory there is, one behind a line of "=" the other: meminfo, the
 * process's groups, and limit, use and caches of the group at the root, of both versions. */
#include "checks/memory_use.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "must.h"

static char root[] = "/tmp/impact-fuzz-XXXXXX";

static const char *const folders[] = {"proc",   "proc/self",     "sys",
                                      "sys/fs", "sys/fs/cgroup", "sys/fs/cgroup/memory"};
static const char *const files[] = {
    "proc/meminfo",
    "proc/self/cgroup",
    "sys/fs/cgroup/memory.max",
    "sys/fs/cgroup/memory.current",
    "sys/fs/cgroup/memory.stat",
    "sys/fs/cgroup/memory/memory.limit_in_bytes",
    "sys/fs/cgroup/memory/memory.usage_in_bytes",
};

static void remove_all(void)
{
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, files[i]);
        (void)remove(path);
    }
    for (size_t i = sizeof folders / sizeof *folders; i--;) {
        (void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        (void)remove(path);
    }
    (void)remove(root);
}

static void make_folders(void)
{
    char path[128];
    must(mkdtemp(root) != NULL);
    (void)atexit(remove_all);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        must(mkdir(path, 0700) == 0);
    }
}

static void put(const char *name, impact_text text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    must(file != NULL);
    if (text.size)
        must(fwrite(text.data, 1, text.size, file) == text.size);
    (void)fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made;
    if (!is_made)
        make_folders();
    is_made = true;
    impact_text rest = impact_text_from((const char *)data, size);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        impact_text part = {0};
        (void)impact__text_split(&part, &rest, '='); /* nothing left: an empty file */
        put(files[i], part);
    }
    impact__memory_use use;
    if (impact__memory_use_read(&use, root))
        must(isfinite(use.percent) && use.percent >= 0 && use.limit > 0);
    return 0;
}
