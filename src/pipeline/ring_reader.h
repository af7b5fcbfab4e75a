/* The ring's reader: records in the order of their extents, kept until they are released.
 *
 * DESIGN: what was taken stays where it is, and exporters are shown it there: no second copy of a
 * batch, and a journal has it until it was delivered.
 *
 *        released        taken             waiting
 *     ... free ...| in flight      | extents that wait        |
 *                head              cursor                     tail
 *
 * Who has several batches in flight notes where each of them ends, and frees in that order: up to
 * the mark behind the oldest that are done with. One that is done with before an older one is only
 * struck out, so that who reads what a killed process left does not see it again.
 *
 * The reader closes the extent that it takes from, so that it cannot grow under it; its lane then
 * opens another.
 *
 * A record that is claimed and not committed stops the reader: its thread will be back. Not so when
 * the writers are dead, which only the reader of a file that somebody left can know: it *steps
 * over*. What a killed writer can leave is one of three things.
 *
 *   killed after the tail moved,      the row shows another number: the number is passed over; its
 *   before its row was written        bytes are free with those of the next extent
 *   killed while it filled a record   the cell has no mark: this cell is passed over, and the
 *                                     others of the extent are read
 *   killed in an append               before the exchange nothing is there; after it, as above
 *
 * Every number has a row and every record a cell, in a place that is known without the record's own
 * bytes: that is why the table and the cells lie apart from them.
 */
#ifndef IMPACT_PIPELINE_RING_READER_H
#define IMPACT_PIPELINE_RING_READER_H

#include "pipeline/ring.h"

typedef struct impact__ring_reader {
    impact__ring *ring;  /* borrowed */
    uint64_t passed;     /* number of the last extent that was read to its end */
    uint32_t index;      /* of the record that is next, in the one behind it */
    uint32_t offset;     /* behind the last extent that was read: what a release frees up to */
    uint64_t turn;       /* of that, as the head has it */
    uint32_t unreturned; /* places of records that were taken */
    bool steps_over;     /* the writers are dead: see impact__ring_reader_step_over */
    uint64_t last;       /* then: number of the last extent that there is */
    bool gives_back;     /* memory is the process's own, so pages can go back to the system */
    uint64_t taken;      /* records, ever */
    uint64_t skipped;    /* records and extents that were stepped over */
} impact__ring_reader;

/* A place between two records. */
typedef struct impact__ring_mark {
    uint64_t passed; /* as the reader has them; likewise all here */
    uint32_t index;
    uint32_t offset;
    uint64_t turn;
} impact__ring_mark;

typedef struct impact__ring_record {
    const uint8_t *bytes; /* borrowed until it is released */
    uint32_t size;
    uint32_t scope;
} impact__ring_record;

typedef enum impact__ring_next {
    IMPACT__RING_RECORD,
    IMPACT__RING_NOTHING,
    IMPACT__RING_UNFINISHED /* there is one that its writer is not done with */
} impact__ring_next;

/* Read from what was not released. For one thread at a time, as all below. */
void impact__ring_reader_open(impact__ring_reader *reader, impact__ring *ring);

/* The writers are dead, and nothing comes any more: what they left half-done is stepped over. */
void impact__ring_reader_step_over(impact__ring_reader *reader);

impact__ring_next impact__ring_take(impact__ring_reader *reader, impact__ring_record *record);

/* Give back the places of what was taken: as many may wait again. Its bytes stay. */
void impact__ring_return(impact__ring_reader *reader);

/* Free the bytes of what was taken. */
void impact__ring_release(impact__ring_reader *reader);

/* Before what is taken next. */
impact__ring_mark impact__ring_here(const impact__ring_reader *reader);

/* Free the bytes of what was taken before that mark, which is behind all that were released to. */
void impact__ring_release_to(impact__ring_reader *reader, const impact__ring_mark *mark);

/* The records between two marks, which were taken and not released, are none any more to who reads
 * the ring after this process. */
void impact__ring_strike(const impact__ring_reader *reader, const impact__ring_mark *from,
                         const impact__ring_mark *until);

/* Number of the last extent that was released whole. */
static inline uint64_t impact__ring_released(const impact__ring_reader *reader)
{
    return impact__ring_number_at(
        atomic_load_explicit(&reader->ring->memory->head, memory_order_relaxed));
}

/* How many records wait. */
uint64_t impact__ring_waiting(const impact__ring_reader *reader);

/* How many extents are not read to their end. */
static inline uint64_t impact__ring_unread(const impact__ring_reader *reader)
{
    const uint64_t last = reader->steps_over ? reader->last : impact__ring_last(reader->ring);
    const uint64_t unread = impact__ring_distance(reader->passed, last);
    return unread <= reader->ring->extent_mask + 1 ? unread : 0; /* a file may say anything */
}

#endif
