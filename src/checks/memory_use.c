/* How much of its memory a process may still have.
 *
 * DESIGN: in a container, the machine's memory says nothing: the kernel kills by the limit of a
 * control group, the process's own or any above it, of version 2 or 1. So all of them are read,
 * from the own upward, and the machine's too, and the tightest counts. Caches that the kernel gives
 * back before it kills (inactive_file) do not count as used; a kubelet counts alike. Version 1 says
 * "no limit" with a number that no machine has as memory.
 *
 * The path is that in the kernel's file. Where a container sees only its own group, that path is
 * not there below /sys/fs/cgroup, and the walk upward ends at the root, which is the group.
 */
#include "checks/memory_use.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "checks/small_file.h"

enum { path_size = 4096, bytes_per_kib = 1024, percents = 100 };

/* The names of one version's files. */
typedef struct cgroup_kind {
    const char *folder; /* below the root */
    const char *limit;
    const char *usage;
    const char *cache; /* in memory.stat */
} cgroup_kind;

static const cgroup_kind version_2 = {
    "sys/fs/cgroup",
    "memory.max",
    "memory.current",
    "inactive_file",
};
static const cgroup_kind version_1 = {
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
};

typedef struct reader {
    const char *root;
    impact__buffer file;     /* that was read last */
    impact__memory_use *use; /* the tightest so far */
    uint64_t machine;        /* bytes; 0: not known */
    bool has_found;
} reader;

/* ---- files ---- */

static bool read_file(reader *r, const char *folder, const char *group, const char *name)
{
    char path[path_size];
    const int size = snprintf(path, sizeof path, "%s/%s%s/%s", r->root, folder, group, name);
    return size > 0 && size < path_size && impact__file_read(&r->file, path);
}

/* "max" is none. */
static bool read_number(reader *r, const cgroup_kind *kind, const char *group, const char *name,
                        uint64_t *value)
{
    return read_file(r, kind->folder, group, name) &&
           impact__text_parse_uint(value, impact__text_strip(impact__buffer_text(&r->file)),
                                   UINT64_MAX);
}

/* ---- what is found ---- */

static void take(reader *r, uint64_t used, uint64_t limit, bool is_of_cgroup)
{
    if (!limit)
        return;
    const double percent = (double)percents * ((double)used / (double)limit);
    if (r->has_found && percent <= r->use->percent)
        return;
    *r->use = (impact__memory_use){percent, limit, is_of_cgroup};
    r->has_found = true;
}

static void read_machine(reader *r)
{
    uint64_t total = 0;
    uint64_t available = 0;
    if (!read_file(r, "proc", "", "meminfo"))
        return;
    const impact_text file = impact__buffer_text(&r->file);
    if (!impact__file_number(&total, file, "MemTotal:") ||
        !impact__file_number(&available, file, "MemAvailable:") ||
        total > UINT64_MAX / bytes_per_kib)
        return;
    r->machine = total * bytes_per_kib;
    available = available < total ? available : total;
    take(r, (total - available) * bytes_per_kib, r->machine, false);
}

static void read_group(reader *r, const cgroup_kind *kind, const char *group)
{
    uint64_t limit = 0;
    uint64_t used = 0;
    uint64_t cache = 0;
    if (!read_number(r, kind, group, kind->limit, &limit) ||
        !read_number(r, kind, group, kind->usage, &used) || (r->machine && limit >= r->machine))
        return;
    if (!read_file(r, kind->folder, group, "memory.stat") ||
        !impact__file_number(&cache, impact__buffer_text(&r->file), kind->cache))
        cache = 0;
    take(r, used - (cache < used ? cache : used), limit, true);
}

/* The group and all above it. `group` is "/a/b", and is cut. */
static void read_groups(reader *r, const cgroup_kind *kind, char *group)
{
    for (;;) {
        char *end = strrchr(group, '/');
        if (end && !end[1]) {
            *end = 0; /* at the end, or all of it */
            end = strrchr(group, '/');
        }
        read_group(r, kind, group);
        if (!end)
            return;
        *end = 0;
    }
}

/* ---- /proc/self/cgroup ---- */

static bool has_word(impact_text list, const char *word)
{
    impact_text part;
    while (impact__text_split(&part, &list, ','))
        if (impact__text_equal_string(part, word))
            return true;
    return false;
}

/* "0::/a/b" of version 2, "4:cpu,memory:/a/b" of version 1. */
static void read_line(reader *r, impact_text line)
{
    impact_text number;
    impact_text controllers;
    char group[path_size];
    if (!impact__text_split(&number, &line, ':') || !impact__text_split(&controllers, &line, ':') ||
        !line.data || line.size >= sizeof group || memchr(line.data, 0, line.size))
        return;
    memcpy(group, line.data, line.size);
    group[line.size] = 0;
    if (impact__text_equal_string(number, "0") && !controllers.size)
        read_groups(r, &version_2, group);
    else if (has_word(controllers, "memory"))
        read_groups(r, &version_1, group);
}

static void read_cgroups(reader *r)
{
    if (!read_file(r, "proc", "/self", "cgroup"))
        return;
    impact__buffer lines = r->file; /* the reader needs another for what it reads meanwhile */
    r->file = IMPACT__BUFFER(NULL);
    impact_text rest = impact__buffer_text(&lines);
    impact_text line;
    while (impact__text_split(&line, &rest, '\n'))
        read_line(r, line);
    impact__buffer_close(&lines);
}

bool impact__memory_use_read(impact__memory_use *use, const char *root)
{
    assert(use && root);
    reader r = {.root = root, .file = IMPACT__BUFFER(NULL), .use = use};
    read_machine(&r);
    read_cgroups(&r);
    impact__buffer_close(&r.file);
    return r.has_found;
}
