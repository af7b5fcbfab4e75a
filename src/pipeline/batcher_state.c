/* A batcher's parts: opened, let go of, freed. */
#include "pipeline/batcher_state.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/thread.h"
#include "process/fork.h"

/* It has no file yet: see journal.h. */
static impact_status open_journal(impact__batcher *batcher, const impact__batcher_options *options,
                                  size_t ring_size)
{
    const impact__journal_room room = {
        .ring_size = ring_size,
        .resource_size = options->owner.resource(options->owner.owner).size,
        .cell_count = options->keeps_open ? impact__open_cell_count : 0,
    };
    const impact_status status = impact__journal_open(&batcher->journal, options->journal_directory,
                                                      &room, batcher->allocator);
    if (status)
        return status;
    impact__ring_format(&batcher->ring, impact__journal_ring_memory(batcher->journal.memory),
                        options->queue_limit, options->queue_bytes);
    return IMPACT_OK;
}

static impact_status open_memory(impact__batcher *batcher, const impact__batcher_options *options,
                                 size_t size)
{
    /* Not zeroed: the system hands out its pages as they are first written. */
    batcher->memory = impact__resize(options->allocator, NULL, size + impact__ring_unit);
    if (!batcher->memory)
        return IMPACT_ENOMEM;
    const uintptr_t beyond = (uintptr_t)batcher->memory % impact__ring_unit;
    uint8_t *aligned = (uint8_t *)batcher->memory + (impact__ring_unit - beyond);
    impact__ring_format(&batcher->ring, aligned, options->queue_limit, options->queue_bytes);
    return IMPACT_OK;
}

static impact_status open_ring(impact__batcher *batcher, const impact__batcher_options *options)
{
    const size_t size = impact__ring_size(options->queue_limit, options->queue_bytes);
    if (!size)
        return IMPACT_EINVAL;
    const impact_status status = options->journal_directory ? open_journal(batcher, options, size)
                                                            : open_memory(batcher, options, size);
    if (status)
        return status;
    impact__ring_reader_open(&batcher->reader, &batcher->ring);
    batcher->reader.gives_back = true;
    return IMPACT_OK;
}

static impact_status open_parts(impact__batcher *batcher, const impact__batcher_options *options)
{
    if (!impact__struct_read(&batcher->known, sizeof batcher->known, options->exporter))
        return IMPACT_EINVAL;
    const impact_status status = open_ring(batcher, options);
    if (status)
        return status;
    if (batcher->batch_limit > options->queue_limit)
        batcher->batch_limit = options->queue_limit;
    return impact__batch_open(&batcher->batch, batcher->batch_limit, batcher->allocator);
}

impact_status impact__batcher_open_conditions(impact__batcher *batcher)
{
    if (impact__condition_open(&batcher->to_worker))
        return IMPACT_ESYSTEM;
    if (impact__condition_open(&batcher->to_callers)) {
        (void)pthread_cond_destroy(&batcher->to_worker); /* nobody waits on it */
        return IMPACT_ESYSTEM;
    }
    return IMPACT_OK;
}

static void free_parts(impact__batcher *batcher)
{
    impact__batch_close(&batcher->batch);
    impact__journal_close(&batcher->journal);
    impact__free(batcher->allocator, batcher->memory);
    impact__free(batcher->allocator, batcher);
}

impact_status impact__batcher_state_open(impact__batcher **batcher,
                                         const impact__batcher_options *options)
{
    assert(options->exporter && options->batch_limit > 0);
    impact__batcher *made = impact__alloc(options->allocator, sizeof *made);
    if (!made)
        return IMPACT_ENOMEM;
    made->allocator = options->allocator;
    made->owner = options->owner;
    made->caller = options->caller;
    made->generation = impact__fork_generation();
    made->watched = -1;
    made->call_deadline_ns = UINT64_MAX;
    made->exporter_number = options->exporter_number;
    made->queue_bytes = options->queue_bytes;
    made->batch_limit = options->batch_limit;
    made->schedule_delay_ms = options->schedule_delay_ms;
    made->export_timeout_ms = options->export_timeout_ms;
    impact_status status = open_parts(made, options);
    if (status == IMPACT_OK)
        status = impact__batcher_open_conditions(made);
    if (status) {
        free_parts(made);
        return status;
    }
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail on Linux */
    made->exporter = options->exporter;
    *batcher = made;
    return IMPACT_OK;
}

void impact__batcher_state_close(impact__batcher *batcher)
{
    const impact__batcher_owner owner = batcher->owner;
    (void)pthread_cond_destroy(&batcher->to_worker); /* nobody waits on them any more */
    (void)pthread_cond_destroy(&batcher->to_callers);
    (void)pthread_mutex_destroy(&batcher->lock);
    free_parts(batcher);
    owner.gone(owner.owner);
}

void impact__batcher_let_go(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    const bool is_over = batcher->worker != IMPACT__WORKER_RUNNING;
    impact_exporter *exporter = is_over && batcher->is_exporter_unwanted ? batcher->exporter : NULL;
    const bool is_last = is_over && batcher->is_closed;
    void (*const close)(impact_exporter *) = batcher->known.close;
    if (exporter)
        batcher->exporter = NULL;
    impact__batcher_unlock(batcher);
    if (exporter)
        close(exporter); /* another may free the batcher meanwhile */
    if (is_last)
        impact__batcher_state_close(batcher);
}

void impact__batcher_give_up(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__ring_record record;
    uint64_t left = batcher->kept;
    if (!impact__batcher_has_ring(batcher))
        return;
    batcher->kept = 0;
    while (impact__ring_take(&batcher->reader, &record) == IMPACT__RING_RECORD)
        left++;
    batcher->failed += left;
    impact__ring_return(&batcher->reader);
    if (batcher->journal.is_on)
        impact__journal_finish(&batcher->journal, left > 0);
    else
        impact__ring_release(&batcher->reader);
    batcher->settled = batcher->reader.passed;
}
