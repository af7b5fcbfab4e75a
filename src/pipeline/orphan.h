/* Journals that nobody has any more: found in a directory, taken over, read, and removed.
 *
 * Who has a file's lock has the file; the lock dies with its owner. What is read is a copy: nobody
 * can take the ground from under it. What was settled is written to the file, so that who takes
 * over from here goes on behind it.
 */
#ifndef IMPACT_PIPELINE_ORPHAN_H
#define IMPACT_PIPELINE_ORPHAN_H

#include <dirent.h>
#include <stdatomic.h>

#include "pipeline/journal.h"

/* Those of one exporter. */
typedef struct impact__orphan_kind {
    const char *exporter; /* NULL: of any */
    uint32_t exporter_number;
} impact__orphan_kind;

typedef struct impact__orphan {
    atomic_int file; /* locked; -1: there is none */
    uint8_t *memory; /* a copy: owned */
    size_t size;
    char name[impact__journal_name_size + sizeof IMPACT__JOURNAL_SUFFIX];
    impact__journal_view view;
} impact__orphan;

typedef struct impact__orphan_walk {
    const char *path; /* borrowed */
    DIR *files;
    impact__orphan_kind kind;
    unsigned set_aside; /* files that are no journals, or not whole */
} impact__orphan_walk;

/* False: there is no such directory. */
bool impact__orphan_walk_open(impact__orphan_walk *walk, const char *path,
                              impact__orphan_kind kind);
void impact__orphan_walk_close(impact__orphan_walk *walk);

/* The next one of its kind, which is ours from now on. False: there is none any more. */
bool impact__orphan_next(impact__orphan_walk *walk, impact__orphan *orphan);

/* What was taken from its view is settled. */
void impact__orphan_settle(impact__orphan *orphan);

/* Let go of it; `is_done`: there is nothing left in it, and it is removed. */
void impact__orphan_close(impact__orphan_walk *walk, impact__orphan *orphan, bool is_done);

/* In a forked child, whose parent has it. */
void impact__orphan_forget(impact__orphan *orphan);

/* Whether there is any. */
bool impact__orphan_exists(const char *path, impact__orphan_kind kind);

#endif
