/* Files that were found to be no whole journals. */
#include "pipeline/set_aside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <impact/diagnostics.h>

enum {
    name_size =
        impact__journal_name_size + sizeof IMPACT__JOURNAL_SUFFIX + sizeof IMPACT__SET_ASIDE_SUFFIX
};

/* Those of a directory. */
typedef struct pile {
    unsigned count;
    uint64_t bytes;
    char oldest[name_size];
    struct timespec oldest_time; /* when it was set aside */
} pile;

static bool is_set_aside(const char *name)
{
    const size_t size = strlen(name);
    const size_t suffix = sizeof IMPACT__SET_ASIDE_SUFFIX - 1;
    return strncmp(name, IMPACT__JOURNAL_PREFIX, sizeof IMPACT__JOURNAL_PREFIX - 1) == 0 &&
           size > suffix && size < name_size &&
           strcmp(name + size - suffix, IMPACT__SET_ASIDE_SUFFIX) == 0;
}

/* By name where the clock does not tell. */
static bool is_older(const pile *all, const char *name, const struct timespec *when)
{
    const struct timespec *oldest = &all->oldest_time;
    if (when->tv_sec != oldest->tv_sec)
        return when->tv_sec < oldest->tv_sec;
    if (when->tv_nsec != oldest->tv_nsec)
        return when->tv_nsec < oldest->tv_nsec;
    return strcmp(name, all->oldest) < 0;
}

static void add(pile *all, const char *name, const struct stat *facts)
{
    if (!all->count || is_older(all, name, &facts->st_ctim)) {
        (void)snprintf(all->oldest, sizeof all->oldest, "%.*s", name_size - 1, name); /* it fits */
        all->oldest_time = facts->st_ctim;
    }
    all->count++;
    all->bytes += (uint64_t)facts->st_size;
}

static pile look_at(DIR *files)
{
    pile seen = {.count = 0};
    struct stat facts;
    rewinddir(files);
    for (const struct dirent *entry; (entry = readdir(files));)
        if (is_set_aside(entry->d_name) &&
            fstatat(dirfd(files), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(facts.st_mode))
            add(&seen, entry->d_name, &facts);
    return seen;
}

static bool is_too_much(const pile *all)
{
    return all->count > 1 &&
           (all->count > impact__set_aside_limit || all->bytes > IMPACT__SET_ASIDE_BYTES);
}

/* How many were removed. One that cannot be ends it: it would be the oldest again. */
static unsigned remove_oldest(DIR *files)
{
    unsigned removed = 0;
    for (pile seen = look_at(files); is_too_much(&seen); seen = look_at(files)) {
        if (unlinkat(dirfd(files), seen.oldest, 0))
            break;
        removed++;
    }
    return removed;
}

static void make_room(int directory, const char *path)
{
    const int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *files = own >= 0 ? fdopendir(own) : NULL;
    if (!files) {
        if (own >= 0)
            (void)close(own);
        return;
    }
    const unsigned removed = remove_oldest(files);
    (void)closedir(files); /* it was opened */
    if (removed)
        impact_diagnostics_report(
            IMPACT_SEVERITY_WARNING, "journal", "aside",
            "%s: the oldest of what was set aside is removed (%u files): %d files and %u MiB stay",
            path, removed, impact__set_aside_limit, (unsigned)(IMPACT__SET_ASIDE_BYTES >> 20));
}

void impact__set_aside(int directory, const char *path, const char *name)
{
    char aside[name_size];
    (void)snprintf(aside, sizeof aside, "%.*s" IMPACT__SET_ASIDE_SUFFIX, /* it fits */
                   (int)(name_size - sizeof IMPACT__SET_ASIDE_SUFFIX), name);
    (void)renameat(directory, name, directory, aside);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "journal", NULL,
                              "%s/%s is no whole journal of this version: it is %s now", path, name,
                              aside);
    make_room(directory, path);
}
