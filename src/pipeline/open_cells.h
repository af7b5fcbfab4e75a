/* Cells: spans that are open, beside a journal's ring, so that they outlive the process, too.
 *
 * DESIGN: a cell belongs to a slot of trace/slot.h, which one span has at a time, so that none has
 * to be looked for. It has two halves, and one word says which of them holds, how much, and whose
 * it is. A change of the span is written as a whole into the other half, and the word after it:
 *
 *     | state: open 1 | half 1 | size 30 | scope 32 | touched | a half | the other half |
 *
 * So a process that is killed, at whatever instruction, leaves the span as it was before a change
 * or after it. `touched` stays when a span ends: the latest of them is the last moment at which the
 * process is known to have lived, and where its open spans end.
 *
 * A span is written as it would be sent, with an end of 0; what does not fit is left out, field by
 * field from its end. Who reads a cell that somebody left believes nothing of it.
 */
#ifndef IMPACT_PIPELINE_OPEN_CELLS_H
#define IMPACT_PIPELINE_OPEN_CELLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

enum {
    impact__open_cell_count = 1024, /* in a journal: spans of slots beyond are not kept */
    impact__open_half_size = 2040,
    impact__open_mark_room = 64, /* of a half: for what the reader adds */
    impact__open_span_most = impact__open_half_size - impact__open_mark_room,
};

/* What tells a span that was open when its process was killed: true. */
#define IMPACT__UNFINISHED_KEY "impact.span.unfinished"

typedef struct impact__open_cell {
    _Atomic uint64_t state; /* 0: no span is open */
    _Atomic uint64_t touched_unix_ns;
    uint8_t halves[2][impact__open_half_size];
} impact__open_cell;

_Static_assert(sizeof(impact__open_cell) == 4096, "a cell is a page: what is not used costs none");

typedef struct impact__open_span {
    uint32_t number;  /* of its slot */
    uint32_t scope;   /* as with a record of the ring */
    impact_text span; /* encoded: a Span */
    uint64_t now_unix_ns;
} impact__open_span;

/* ---- one's own: for one thread at a time a cell ---- */

void impact__open_cell_write(impact__open_cell *cell, const impact__open_span *span);
void impact__open_cell_clear(impact__open_cell *cell, uint64_t now_unix_ns);

/* ---- somebody else's ---- */

typedef struct impact__open_walk {
    impact__open_cell *cells; /* borrowed: nobody else's, for they are written to */
    uint32_t count;
    uint32_t next;
    uint32_t unsettled;   /* spans that were taken */
    uint64_t end_unix_ns; /* of those that have begun before */
} impact__open_walk;

/* From cell `begin` on. */
impact__open_walk impact__open_walk_of(void *memory, uint32_t count, uint32_t begin);

/* The next span that was open, with its end and with what tells it; it lies in its cell. False:
 * there is none any more. */
bool impact__open_walk_next(impact__open_walk *walk, impact_text *span, uint32_t *scope);

/* How many were taken since the last time. */
uint32_t impact__open_walk_settle(impact__open_walk *walk);

#endif
