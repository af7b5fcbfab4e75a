/* Spans that are open are kept in a batcher's journal. */
#ifndef IMPACT_PIPELINE_OPEN_SPANS_H
#define IMPACT_PIPELINE_OPEN_SPANS_H

#include "pipeline/batcher_options.h"
#include "pipeline/open_cells.h"

/* It has changed. The cell is the caller's alone, as the slot is whose number it has. */
void impact__batcher_keep_open(impact__batcher *batcher, const impact__open_span *span);

/* It ends. Before it is put in: a span that ended is never exported as one that did not. */
void impact__batcher_forget_open(impact__batcher *batcher, uint32_t number, uint64_t now_unix_ns);

#endif
