/* What a batcher is opened with. */
#ifndef IMPACT_PIPELINE_BATCHER_OPTIONS_H
#define IMPACT_PIPELINE_BATCHER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/exporter.h>

#include "pipeline/caller.h"

typedef struct impact__batcher impact__batcher;

typedef struct impact__scope {
    impact_text bytes; /* an encoded InstrumentationScope */
    impact_text schema_url;
} impact__scope;

/* Who has the batcher. */
typedef struct impact__batcher_owner {
    void *owner;
    impact_text (*resource)(const void *owner);
    impact__scope (*scope)(const void *owner, uint32_t number); /* that came with a record */
    void (*enter)(void); /* called on the worker as it begins */
    void (*gone)(
        void *owner);    /* the last that a batcher does: it needs nothing of its owner any more */
    void (*leave)(void); /* called after each pump, on the host's thread, as enter is before it */
} impact__batcher_owner;

typedef struct impact__batcher_options {
    const impact_allocator *allocator;
    impact_exporter *exporter; /* taken on success */
    impact__batcher_owner owner;
    impact__caller *caller;        /* borrowed; NULL: there is a thread */
    uint32_t exporter_number;      /* among those of its owner */
    const char *journal_directory; /* copied; NULL: no journal is kept */
    bool keeps_open;               /* spans that are open, in the journal */
    uint32_t queue_limit;          /* records */
    size_t queue_bytes;
    uint32_t batch_limit;
    uint32_t schedule_delay_ms;
    uint32_t export_timeout_ms;
    uint32_t concurrent_export_limit; /* batches with the exporter at once; 0: 1 */
} impact__batcher_options;

#endif
