/* A journal's bytes: a ring in a file, with what its records need to be understood by another
 * process.
 *
 * DESIGN: the ring (ring.h) points nowhere, so it may lie in a file as it is. Its records name
 * their scopes by numbers, and say nothing of the resource: both stand behind it, each once, before
 * the first record that needs it is put in. They are only ever added to.
 *
 *     | head: a page | the ring, whose head says what was not released yet | names | free | cells |
 *     name           | number size size of the schema URL | bytes | schema URL |
 *
 * The cells at the end, if there are any, have the spans that are open: see open_cells.h. A library
 * that knows of none takes them for free room.
 *
 * Who reads a file that somebody left believes nothing that it says: see impact__journal_read.
 */
#ifndef IMPACT_PIPELINE_JOURNAL_LAYOUT_H
#define IMPACT_PIPELINE_JOURNAL_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

#include "pipeline/batcher_options.h"
#include "pipeline/open_cells.h"
#include "pipeline/ring_reader.h"

enum {
    impact__journal_head_size = 4096,
    impact__journal_scopes_size = 256 * 1024, /* room for the scopes, beside the resource */
    impact__journal_exporter_size = 64,       /* of an exporter's name, with its NUL */
};
#define IMPACT__JOURNAL_FILE_MOST ((size_t)1200 << 20) /* bytes: above all that a ring may be */

typedef struct impact__journal_head {
    uint64_t magic;
    uint32_t version;
    uint32_t layout; /* of the ring: see layout_of */
    uint64_t size;   /* of the whole */
    uint64_t ring_size;
    _Atomic uint64_t names_used; /* bytes; stored behind them, with release */
    uint32_t exporter_number;    /* among those of its provider */
    char exporter[impact__journal_exporter_size];
    uint32_t cell_count;
    _Atomic uint32_t cells_done; /* those below are done with, whatever stands in them */
} impact__journal_head;

/* Whose records they are. */
typedef struct impact__journal_owner {
    const char *exporter;
    uint32_t exporter_number;
    impact_text resource;
    uint32_t cell_count;
} impact__journal_owner;

/* ---- one's own ---- */

/* The bytes that it takes. `ring_size` is what impact__ring_size said. */
size_t impact__journal_size(size_t ring_size, size_t resource_size, uint32_t cell_count);

/* Where the ring lies. */
static inline uint8_t *impact__journal_ring_memory(void *memory)
{
    return (uint8_t *)memory + impact__journal_head_size;
}

/* Write the head and the resource into `size` bytes of zeros; the ring is the caller's to make. */
void impact__journal_format(void *memory, size_t size, size_t ring_size,
                            const impact__journal_owner *owner);

/* The cell of that number; NULL: there is none. */
impact__open_cell *impact__journal_cell(void *memory, uint32_t number);

/* Spans that are open are nobody's to export from now on. */
void impact__journal_close_cells(void *memory);

/* False: there is no room. For one thread at a time. */
bool impact__journal_add_scope(void *memory, uint32_t number, const impact__scope *scope);

/* ---- somebody else's ---- */

/* A journal as it is read. All is borrowed from its memory. */
typedef struct impact__journal_view {
    impact__ring ring;
    impact__ring_reader reader;
    const char *exporter;
    uint32_t exporter_number;
    impact_text resource;
    impact_text names; /* whole entries only */
    impact__open_walk open;
} impact__journal_view;

/* False: it is none, or is not whole. `memory` is aligned to a ring's unit, and nobody else's. */
bool impact__journal_read(impact__journal_view *view, void *memory, size_t size);

/* An empty one where the number is not known. */
impact__scope impact__journal_scope(const impact__journal_view *view, uint32_t number);

/* The next record that is a span, then the next span that was open. False: there is none any more.
 */
bool impact__journal_take(impact__journal_view *view, impact_text *span, uint32_t *scope);

/* What was taken so far is done with: what of the ring is to be written to the file, and where. */
impact_text impact__journal_release(impact__journal_view *view, size_t *offset);
/* The same of the cells. */
impact_text impact__journal_release_cells(impact__journal_view *view, size_t *offset);

#endif
