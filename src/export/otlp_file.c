/* The exporter "otlp_file": lines of OTLP in a file that is turned over when it is full.
 *
 * DESIGN: several processes may write to one file, and somebody else may turn it over. So each line
 * is written under a lock on the file (flock, which dies with who has it), once the path still
 * leads to it. A line is whole or not there: what was written of one that failed is cut off again.
 * A lock belongs to the open file, which a forked child shares with its parent: it opens its own.
 * The path may lead to a pipe or a terminal as well (/dev/stdout): nobody waits for its reader.
 */
#include <impact/exporter.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "export/descriptor.h"
#include "export/otlp_lines.h"

enum {
    look_up_ms = 10, /* how often a lock that somebody has is tried */
    kept_files_most = 100,
    open_tries = 10, /* of a file that is turned over at each of them */
    suffix_size = 5, /* ".100" and a NUL */
};

/* A pipe that nobody reads is refused, not waited for. */
static const int open_flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

typedef struct otlp_file {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    char *path;           /* owned */
    uint64_t rotate_size; /* 0: never */
    uint32_t kept_files;
    impact__descriptor file; /* owned; its number is -1: none is open */
    pid_t owner;
    impact__otlp_line line;
} otlp_file;

/* ---- the file ---- */

static void close_file(otlp_file *to)
{
    if (to->file.number >= 0)
        (void)close(to->file.number); /* what was written is written */
    to->file.number = -1;
    to->file.is_cut = false;
}

/* A child's is its parent's. */
static bool open_file(otlp_file *to)
{
    if (to->file.number >= 0 && to->owner == getpid())
        return true;
    close_file(to);
    to->file.number = open(to->path, open_flags, 0640);
    to->owner = getpid();
    return to->file.number >= 0;
}

/* IMPACT_OK: it is to be tried again. */
static impact_status wait_a_little(const otlp_file *to, uint64_t deadline_ns)
{
    const uint32_t left_ms = impact__remaining_ms(deadline_ns);
    if (impact__descriptor_is_interrupted(&to->file))
        return IMPACT_ECLOSED;
    if (!left_ms)
        return IMPACT_ETIMEDOUT;
    (void)poll(NULL, 0, left_ms < look_up_ms ? (int)left_ms : look_up_ms);
    return IMPACT_OK;
}

static impact_status lock_file(otlp_file *to, uint64_t deadline_ns)
{
    while (flock(to->file.number, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return IMPACT_ESYSTEM;
        const impact_status status = wait_a_little(to, deadline_ns);
        if (status)
            return status;
    }
    return IMPACT_OK;
}

/* Who has a lease on it (a file server) is asked to give it up, and is waited for. */
static impact_status open_in_time(otlp_file *to, uint64_t deadline_ns)
{
    while (!open_file(to)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return IMPACT_ESYSTEM;
        const impact_status status = wait_a_little(to, deadline_ns);
        if (status)
            return status;
    }
    return IMPACT_OK;
}

/* The path still leads to it. */
static bool is_in_place(const otlp_file *to, struct stat *facts)
{
    struct stat at_path;
    return fstat(to->file.number, facts) == 0 && stat(to->path, &at_path) == 0 &&
           facts->st_dev == at_path.st_dev && facts->st_ino == at_path.st_ino;
}

/* Open the file that the path leads to, and lock it. */
static impact_status take_file(otlp_file *to, struct stat *facts, uint64_t deadline_ns)
{
    for (int i = 0; i < open_tries; i++) {
        impact_status status = open_in_time(to, deadline_ns);
        if (status == IMPACT_OK)
            status = lock_file(to, deadline_ns);
        if (status || is_in_place(to, facts))
            return status;
        close_file(to); /* somebody has turned it over */
    }
    return IMPACT_ESYSTEM;
}

/* ---- turning it over ---- */

static void name_former(char *name, size_t size, const char *path, uint32_t number)
{
    (void)snprintf(name, size, "%s.%u", path, (unsigned)number); /* it fits */
}

/* The file becomes ".1", ".1" becomes ".2", the last one goes. The lock is on what moves. */
static bool turn_over(const otlp_file *to)
{
    char from[PATH_MAX];
    char onto[PATH_MAX];
    for (uint32_t i = to->kept_files; i > 1; i--) {
        name_former(from, sizeof from, to->path, i - 1);
        name_former(onto, sizeof onto, to->path, i);
        (void)rename(from, onto); /* it may not be there */
    }
    name_former(onto, sizeof onto, to->path, 1);
    return rename(to->path, onto) == 0;
}

static bool is_full(const otlp_file *to, const struct stat *facts, size_t more)
{
    const uint64_t size = (uint64_t)facts->st_size;
    return to->rotate_size && size && size + more > to->rotate_size;
}

/* ---- a line ---- */

/* `facts` are from before it: what is behind them is the part of this line. */
static impact_status write_line(otlp_file *to, impact_text line, const struct stat *facts,
                                uint64_t deadline_ns)
{
    const impact_status status = impact__descriptor_write(&to->file, line, deadline_ns);
    if (to->file.is_cut && S_ISREG(facts->st_mode))
        to->file.is_cut = ftruncate(to->file.number, facts->st_size) != 0;
    return status;
}

static impact_status put_line(otlp_file *to, impact_text line, uint64_t deadline_ns)
{
    struct stat facts;
    impact_status status = take_file(to, &facts, deadline_ns);
    if (!status && is_full(to, &facts, line.size)) {
        if (turn_over(to)) {
            close_file(to);
            status = take_file(to, &facts, deadline_ns);
        }
    }
    if (status)
        return status;
    status = write_line(to, line, &facts, deadline_ns);
    (void)flock(to->file.number, LOCK_UN); /* it is ours */
    return status;
}

/* ---- the exporter ---- */

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    otlp_file *to = (otlp_file *)exporter;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    impact_text line;
    (void)rejected; /* a line is written or not */
    if (impact__descriptor_is_interrupted(&to->file))
        return IMPACT_ECLOSED;
    const impact_status status = impact__otlp_line_make(&line, &to->line, batch);
    return status ? status : put_line(to, line, deadline_ns);
}

static void interrupt(impact_exporter *exporter)
{
    impact__descriptor_interrupt(&((otlp_file *)exporter)->file);
}

static void close_exporter(impact_exporter *exporter)
{
    otlp_file *to = (otlp_file *)exporter;
    const impact_allocator *allocator = to->line.text.allocator;
    if (to->file.number >= 0 && to->owner == getpid())
        (void)fdatasync(to->file.number); /* there is nobody left to tell */
    close_file(to);
    impact__otlp_line_close(&to->line);
    impact__free(allocator, to->path);
    impact__free(allocator, to);
}

static bool read_options(impact_otlp_file_options *known, const impact_otlp_file_options *options)
{
    if (!options || !impact__struct_read(known, sizeof *known, options) || !known->path ||
        !known->path[0])
        return false;
    known->kept_files = known->kept_files ? known->kept_files : 1;
    return strlen(known->path) + suffix_size <= PATH_MAX && known->kept_files <= kept_files_most;
}

/* With its file open: what is wrong with it shows at once. */
static impact_status open_with(otlp_file *to, const impact_otlp_file_options *options,
                               const impact_allocator *allocator)
{
    to->path = impact__copy_string(allocator, options->path);
    if (!to->path)
        return IMPACT_ENOMEM;
    to->rotate_size = options->rotate_size;
    to->kept_files = options->kept_files;
    impact__descriptor_open(&to->file, -1);
    to->line = (impact__otlp_line){IMPACT__BUFFER(allocator), IMPACT__BUFFER(allocator)};
    return open_file(to) || errno == EWOULDBLOCK ? IMPACT_OK : IMPACT_ESYSTEM;
}

impact_status impact_exporter_otlp_file_open(impact_exporter **exporter,
                                             const impact_otlp_file_options *options,
                                             const impact_allocator *allocator)
{
    impact_otlp_file_options known;
    if (!exporter || !read_options(&known, options))
        return IMPACT_EINVAL;
    otlp_file *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->base = (impact_exporter){
        .size = sizeof to->base,
        .name = "otlp_file",
        .export_batch = export_batch,
        .interrupt = interrupt,
        .close = close_exporter,
    };
    const impact_status status = open_with(to, &known, allocator);
    if (status) {
        impact__free(allocator, to->path);
        impact__free(allocator, to);
        return status;
    }
    *exporter = &to->base;
    return IMPACT_OK;
}
