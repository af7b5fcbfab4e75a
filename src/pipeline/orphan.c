/* Journals that nobody has any more. */
#include "pipeline/orphan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/set_aside.h"

enum {
    hidden_age_s = 60,
    name_most = sizeof((impact__orphan *)NULL)->name - 1, /* of a journal: see is_journal */
};

#define HIDDEN_PREFIX "." IMPACT__JOURNAL_PREFIX

bool impact__orphan_walk_open(impact__orphan_walk *walk, const char *path, impact__orphan_kind kind)
{
    const int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    *walk = (impact__orphan_walk){.path = path, .files = fdopendir(directory), .kind = kind};
    if (!walk->files)
        (void)close(directory);
    return walk->files;
}

void impact__orphan_walk_close(impact__orphan_walk *walk)
{
    (void)closedir(walk->files); /* it was opened */
    walk->files = NULL;
}

/* ---- files ---- */

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_journal(const char *name)
{
    const size_t size = strlen(name);
    const size_t suffix = sizeof IMPACT__JOURNAL_SUFFIX - 1;
    return begins_with(name, IMPACT__JOURNAL_PREFIX) && size > suffix && size <= name_most &&
           strcmp(name + size - suffix, IMPACT__JOURNAL_SUFFIX) == 0;
}

/* A regular file of our own user, or root looks. */
static bool is_ours(const struct stat *facts)
{
    return S_ISREG(facts->st_mode) && facts->st_nlink > 0 &&
           (facts->st_uid == geteuid() || geteuid() == 0);
}

/* Whoever had it is gone. False: it is somebody's, or was removed meanwhile. */
static bool lock_file(int file, struct stat *facts)
{
    return flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, facts) == 0 && is_ours(facts);
}

static int open_file(const impact__orphan_walk *walk, const char *name)
{
    return openat(dirfd(walk->files), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* One that is young may be locked in the next moment by who makes it. */
static bool is_old(const struct stat *facts)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* that clock is always there */
    return now.tv_sec - facts->st_mtim.tv_sec > hidden_age_s;
}

/* Its owner was killed before it was whole: nothing is in it. */
static void remove_hidden(const impact__orphan_walk *walk, const char *name)
{
    struct stat facts;
    const int file = open_file(walk, name);
    if (file < 0)
        return;
    if (lock_file(file, &facts) && is_old(&facts))
        (void)unlinkat(dirfd(walk->files), name, 0); /* or it has another name by now */
    (void)close(file);
}

/* ---- reading ---- */

/* Where the next bytes are that are not zero because nobody wrote them; the end: nowhere. */
static size_t next_data(int file, size_t from, size_t size)
{
    const off_t next = lseek(file, (off_t)from, SEEK_DATA);
    if (next < 0)
        return errno == ENXIO ? size : from;
    return (size_t)next;
}

static bool read_file(int file, uint8_t *to, size_t size)
{
    for (size_t at = next_data(file, 0, size); at < size;) {
        const off_t hole = lseek(file, (off_t)at, SEEK_HOLE);
        const size_t end = hole > (off_t)at && (size_t)hole < size ? (size_t)hole : size;
        const ssize_t count = pread(file, to + at, end - at, (off_t)at);
        if (count <= 0)
            return false;
        at += (size_t)count;
        if (at == end)
            at = next_data(file, at, size);
    }
    return true;
}

/* IMPACT_EINVAL: it is no journal; IMPACT_ENOMEM, IMPACT_ESYSTEM: it may be one. */
static impact_status read_orphan(impact__orphan *orphan, int file, size_t size)
{
    if (size < impact__journal_head_size || size > IMPACT__JOURNAL_FILE_MOST)
        return IMPACT_EINVAL;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return IMPACT_ENOMEM;
    orphan->memory = memory;
    orphan->size = size;
    if (!read_file(file, memory, size))
        return IMPACT_ESYSTEM;
    return impact__journal_read(&orphan->view, memory, size) ? IMPACT_OK : IMPACT_EINVAL;
}

static bool is_wanted(const impact__orphan_walk *walk, const impact__journal_view *view)
{
    char name[impact__journal_exporter_size];
    if (!walk->kind.exporter)
        return true;
    (void)snprintf(name, sizeof name, "%s", walk->kind.exporter); /* cut as in the file */
    return strcmp(name, view->exporter) == 0 && walk->kind.exporter_number == view->exporter_number;
}

static void let_go(impact__orphan *orphan)
{
    if (orphan->memory)
        (void)munmap(orphan->memory, orphan->size); /* it was mapped */
    orphan->memory = NULL;
    const int file = atomic_exchange(&orphan->file, -1);
    if (file >= 0)
        (void)close(file);
}

/* Open, lock, read. */
static bool take_over(impact__orphan_walk *walk, impact__orphan *orphan, const char *name)
{
    struct stat facts;
    const int file = open_file(walk, name);
    if (file < 0)
        return false;
    atomic_store(&orphan->file, file); /* before it is locked: a child that is forked closes it */
    orphan->memory = NULL;
    const impact_status status =
        lock_file(file, &facts) ? read_orphan(orphan, file, (size_t)facts.st_size) : IMPACT_EPERM;
    (void)snprintf(orphan->name, sizeof orphan->name, "%.*s", name_most, name);
    if (status == IMPACT_OK && is_wanted(walk, &orphan->view))
        return true;
    if (status == IMPACT_EINVAL) {
        /* Nobody looks for it under its new name, and a person may look into it. */
        impact__set_aside(dirfd(walk->files), walk->path, orphan->name);
        walk->set_aside++;
    }
    let_go(orphan);
    return false;
}

bool impact__orphan_next(impact__orphan_walk *walk, impact__orphan *orphan)
{
    for (const struct dirent *entry; (entry = readdir(walk->files));) {
        if (begins_with(entry->d_name, HIDDEN_PREFIX))
            remove_hidden(walk, entry->d_name);
        else if (is_journal(entry->d_name) && take_over(walk, orphan, entry->d_name))
            return true;
    }
    return false;
}

void impact__orphan_settle(impact__orphan *orphan)
{
    size_t offset = 0;
    const int file = atomic_load(&orphan->file);
    const impact_text head = impact__journal_release(&orphan->view, &offset);
    /* Should it fail, these are exported again by who takes over from here. */
    ssize_t written = pwrite(file, head.data, head.size, (off_t)offset);
    const impact_text cells = impact__journal_release_cells(&orphan->view, &offset);
    if (written == (ssize_t)head.size && orphan->view.open.count)
        written = pwrite(file, cells.data, cells.size, (off_t)offset);
    (void)written;
}

void impact__orphan_close(impact__orphan_walk *walk, impact__orphan *orphan, bool is_done)
{
    assert(atomic_load(&orphan->file) >= 0);
    if (is_done)
        (void)unlinkat(dirfd(walk->files), orphan->name, 0); /* else the next one does it */
    let_go(orphan);
}

void impact__orphan_forget(impact__orphan *orphan)
{
    let_go(orphan);
}

/* ---- whether there is any ---- */

bool impact__orphan_exists(const char *path, impact__orphan_kind kind)
{
    impact__orphan orphan = {.memory = NULL};
    impact__orphan_walk walk;
    atomic_init(&orphan.file, -1);
    if (!impact__orphan_walk_open(&walk, path, kind))
        return false;
    const bool is_any = impact__orphan_next(&walk, &orphan);
    if (is_any)
        impact__orphan_close(&walk, &orphan, false);
    impact__orphan_walk_close(&walk);
    return is_any;
}
