/* Spans that are open are kept in a batcher's journal. */
#include "pipeline/open_spans.h"

#include "pipeline/batcher_journal.h"

/* Its own file is on: this is no child that was made past fork(). */
static bool has_file(const impact__batcher *batcher)
{
    return batcher->journal.is_on && impact__batcher_has_ring(batcher);
}

void impact__batcher_keep_open(impact__batcher *batcher, const impact__open_span *span)
{
    /* As who puts a record in: the file comes with whichever is first. */
    impact__batcher_prepare(batcher);
    if (!has_file(batcher) || !impact__batcher_may_journal(batcher, span->scope))
        return;
    impact__open_cell *cell = impact__journal_cell(batcher->journal.memory, span->number);
    if (cell)
        impact__open_cell_write(cell, span);
}

void impact__batcher_forget_open(impact__batcher *batcher, uint32_t number, uint64_t now_unix_ns)
{
    impact__batcher_prepare(batcher);
    impact__open_cell *cell =
        has_file(batcher) ? impact__journal_cell(batcher->journal.memory, number) : NULL;
    if (cell)
        impact__open_cell_clear(cell, now_unix_ns);
}
