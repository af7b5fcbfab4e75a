/* A batcher's journal: its file, mapped. */
#include "pipeline/journal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "base/alloc.h"
#include "base/random.h"

enum {
    private_mode = 0600,
    private_directory_mode = 0700,
    make_tries = 3, /* who looks for what was left half-made holds its lock for a moment */
};

/* ---- memory ---- */

static bool map_memory(impact__journal *journal, void *at)
{
    void *memory = mmap(at, journal->size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
    if (memory == MAP_FAILED)
        return false;
    journal->memory = memory;
    return true;
}

static char *copy_of(const char *text, const impact_allocator *allocator)
{
    const size_t size = strlen(text) + 1;
    char *copy = impact__alloc(allocator, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

impact_status impact__journal_open(impact__journal *journal, const char *directory,
                                   const impact__journal_room *room,
                                   const impact_allocator *allocator)
{
    assert(directory && room->ring_size);
    journal->allocator = allocator;
    journal->file = -1;
    journal->ring_size = room->ring_size;
    journal->cell_count = room->cell_count;
    journal->size = impact__journal_size(room->ring_size, room->resource_size, room->cell_count);
    journal->directory = copy_of(directory, allocator);
    if (journal->directory && map_memory(journal, NULL))
        return IMPACT_OK;
    impact__journal_close(journal);
    return IMPACT_ENOMEM;
}

void impact__journal_close(impact__journal *journal)
{
    if (!journal->directory)
        return;
    if (journal->file >= 0)
        (void)close(journal->file); /* what is in it is somebody else's now */
    if (journal->memory)
        (void)munmap(journal->memory, journal->size); /* it was mapped */
    impact__free(journal->allocator, journal->directory);
    journal->directory = NULL;
    journal->memory = NULL;
}

/* ---- the file ---- */

static void report(const impact__journal *journal, const char *why)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "journal", NULL,
                              "no journal is kept in %s: %s", journal->directory, why);
}

/* The directory, made if it is not there. -1: neither. */
static int open_directory(const impact__journal *journal)
{
    (void)mkdir(journal->directory, private_directory_mode); /* it is there, or the next fails */
    return open(journal->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* So many files of ours, whole or not. */
static unsigned count_files(int directory)
{
    unsigned count = 0;
    const int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *files = own >= 0 ? fdopendir(own) : NULL;
    if (!files) {
        if (own >= 0)
            (void)close(own);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(files));)
        count +=
            strncmp(entry->d_name, IMPACT__JOURNAL_PREFIX, sizeof IMPACT__JOURNAL_PREFIX - 1) == 0;
    (void)closedir(files); /* it was opened */
    return count;
}

static void make_name(impact__journal *journal)
{
    impact__random random;
    impact__random_seed(&random);
    (void)snprintf(journal->name, sizeof journal->name, IMPACT__JOURNAL_PREFIX "%ld-%016llx",
                   (long)getpid(), (unsigned long long)impact__random_next(&random));
}

/* The name that nobody looks for, and the one that they do. */
typedef struct file_names {
    char hidden[impact__journal_name_size + 1];
    char shown[impact__journal_name_size + sizeof IMPACT__JOURNAL_SUFFIX];
} file_names;

static file_names names_of(const impact__journal *journal)
{
    file_names names;
    (void)snprintf(names.hidden, sizeof names.hidden, ".%s", journal->name); /* they fit */
    (void)snprintf(names.shown, sizeof names.shown, "%s" IMPACT__JOURNAL_SUFFIX, journal->name);
    return names;
}

/* Locked, and allocated as a whole. */
static bool fill_file(impact__journal *journal, int file)
{
    struct rlimit most;
    if (flock(file, LOCK_EX | LOCK_NB))
        return false;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur < journal->size) {
        errno = EFBIG; /* asked for, it would be a signal */
        return false;
    }
    const int failure = posix_fallocate(file, 0, (off_t)journal->size);
    errno = failure;
    return !failure;
}

/* Over the memory that is there. */
static bool map_file(impact__journal *journal, int file)
{
    return mmap(journal->memory, journal->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                file, 0) != MAP_FAILED;
}

/* Into the directory; false with errno, and no file. */
static bool make_file(impact__journal *journal, int directory, const impact__journal_owner *owner)
{
    make_name(journal);
    const file_names names = names_of(journal);
    const int file =
        openat(directory, names.hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, private_mode);
    if (file < 0)
        return false;
    if (fill_file(journal, file) && map_file(journal, file)) {
        impact__journal_format(journal->memory, journal->size, journal->ring_size, owner);
        journal->file = file;
        if (renameat(directory, names.hidden, directory, names.shown) == 0)
            return true;
    }
    const int failure = errno;
    (void)unlinkat(directory, names.hidden, 0); /* it is ours, or is not there */
    if (journal->file < 0)
        (void)close(file);
    else
        (void)impact__journal_leave(journal); /* the memory again */
    errno = failure;
    return false;
}

bool impact__journal_begin(impact__journal *journal, const impact__journal_owner *owner)
{
    assert(journal->directory && journal->file < 0 && !journal->is_on);
    const int directory = open_directory(journal);
    if (directory < 0) {
        report(journal, strerror(errno));
        return false;
    }
    if (count_files(directory) >= impact__journal_file_limit) {
        report(journal, "there are 256 files already");
    } else {
        for (int i = 0; i < make_tries && !journal->is_on; i++)
            journal->is_on = make_file(journal, directory, owner);
        if (!journal->is_on)
            report(journal, strerror(errno));
    }
    (void)close(directory);
    journal->generation = impact__fork_generation();
    return journal->is_on;
}

bool impact__journal_leave(impact__journal *journal)
{
    /* The lock is the parent's: closed here it stays, as long as he has it open. */
    if (journal->file >= 0)
        (void)close(journal->file);
    journal->file = -1;
    journal->is_on = false;
    for (size_t i = 0; i < sizeof journal->known; i++)
        atomic_store_explicit(&journal->known[i], 0, memory_order_relaxed);
    return map_memory(journal, journal->memory);
}

void impact__journal_finish(impact__journal *journal, bool is_anything_left)
{
    if (!journal->directory || journal->file < 0)
        return;
    if (journal->is_on)
        impact__journal_close_cells(journal->memory);
    const file_names names = names_of(journal);
    const int directory = is_anything_left ? -1 : open_directory(journal);
    if (directory >= 0) {
        (void)unlinkat(directory, names.shown, 0); /* else the next who looks does it */
        (void)close(directory);
    }
    (void)close(journal->file);
    journal->file = -1;
}

/* ---- scopes ---- */

void impact__journal_note_scope(impact__journal *journal, uint32_t number,
                                const impact__scope *scope)
{
    const uint32_t place = impact__journal_scope_place(number);
    if (place >= impact__journal_scope_places || impact__journal_knows(journal, number))
        return;
    (void)impact__journal_add_scope(journal->memory, number, scope); /* see above: no room */
    atomic_fetch_or_explicit(&journal->known[place / 8], (unsigned char)(1U << place % 8),
                             memory_order_relaxed);
}
