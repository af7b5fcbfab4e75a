/* A batcher's journal: the file in which its ring lies, so that what waits and what is in flight
 * outlives the process.
 *
 * DESIGN: one file a process and batcher, made when the first record comes: a process that only
 * forks others has none. Until then, and where there is no file, the ring lies in memory at the
 * same address: the file is mapped over it.
 *
 * A file has a lock that dies with its owner (flock): who gets it finds nobody else there, see
 * orphan.h. It is made under a name that nobody looks for, locked, filled, and renamed then. All of
 * it is allocated before, so a full disk is an error there and not a signal later.
 *
 * FORKS. A child lets go of the file, without unlocking it, and has memory in its place before it
 * does anything else; its own file comes with its first record. A child that was made past fork()
 * (_Fork, clone) has no chance to: it is known by its generation, and puts nothing in.
 */
#ifndef IMPACT_PIPELINE_JOURNAL_H
#define IMPACT_PIPELINE_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/status.h>

#include "pipeline/journal_layout.h"
#include "process/fork.h"

enum {
    impact__journal_name_size = 64,
    impact__journal_scope_places = 4096, /* numbers of scopes are below half of it, or so with the
                                            highest bit */
    impact__journal_file_limit = 256,    /* in a directory */
};

#define IMPACT__JOURNAL_PREFIX "impact-"
#define IMPACT__JOURNAL_SUFFIX ".journal"

typedef struct impact__journal {
    char *directory; /* owned; NULL: none is wanted */
    const impact_allocator *allocator;
    uint8_t *memory; /* owned: mapped, `size` bytes */
    size_t size;
    size_t ring_size;
    uint32_t cell_count; /* for spans that are open; 0: they are not kept */
    int file;            /* -1: there is none */
    char name[impact__journal_name_size];
    bool is_on; /* the memory is the file's */
    unsigned generation;
    atomic_uchar known[impact__journal_scope_places / 8]; /* scopes that are in the file: bits */
} impact__journal;

/* What it has to have room for. */
typedef struct impact__journal_room {
    size_t ring_size;
    size_t resource_size;
    uint32_t cell_count;
} impact__journal_room;

/* Get the memory, which is zero. IMPACT_ENOMEM. */
impact_status impact__journal_open(impact__journal *journal, const char *directory,
                                   const impact__journal_room *room,
                                   const impact_allocator *allocator);

/* Make the file and map it: all zero but its head. False, which is reported: the memory stays. */
bool impact__journal_begin(impact__journal *journal, const impact__journal_owner *owner);

/* In a forked child: memory that is zero is there instead. False: there is none. */
bool impact__journal_leave(impact__journal *journal);

/* No record comes any more. The file goes, unless some are left in it for others. */
void impact__journal_finish(impact__journal *journal, bool is_anything_left);

/* Accepts one that is all zero. */
void impact__journal_close(impact__journal *journal);

/* ---- scopes: any thread ---- */

/* Numbers with the highest bit set lie between the others. */
static inline uint32_t impact__journal_scope_place(uint32_t number)
{
    return number << 1 | number >> 31;
}

static inline bool impact__journal_knows(impact__journal *journal, uint32_t number)
{
    const uint32_t place = impact__journal_scope_place(number);
    return place < impact__journal_scope_places &&
           (atomic_load_explicit(&journal->known[place / 8], memory_order_relaxed) >> place % 8 &
            1);
}

/* Under the batcher's lock. What finds no room is exported without its name by who finds it. */
void impact__journal_note_scope(impact__journal *journal, uint32_t number,
                                const impact__scope *scope);

#endif
