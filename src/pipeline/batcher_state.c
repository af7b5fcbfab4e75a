/* A batcher's parts: opened, let go of, freed. */
#include "pipeline/batcher_state.h"

#include <assert.h>
#include <string.h>

#include <impact/diagnostics.h>

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

/* ---- several at once ---- */

/* Others like it, where it can be driven without waiting and knows how to make them. */
static impact_status open_exporters(impact__batcher *batcher)
{
    const impact_exporter *known = &batcher->known;
    impact_status status = IMPACT_OK;
    if (batcher->flight_limit > 1 &&
        !(known->begin_export && known->advance_export && known->open_another)) {
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "exporter", known->name,
                                  "this exporter sends one batch at a time "
                                  "(OTEL_BSP_MAX_CONCURRENT_EXPORTS)");
        batcher->flight_limit = 1;
    }
    for (uint32_t i = 1; i < batcher->flight_limit && status == IMPACT_OK; i++)
        status = known->open_another(&batcher->exporters[i], batcher->exporters[0]);
    return status;
}

static impact_status open_events(impact__batcher *batcher)
{
    batcher->events = batcher->caller;
    if (batcher->flight_limit == 1 || batcher->caller)
        return IMPACT_OK;
    const impact_status status = impact__caller_open(&batcher->own_events);
    if (status == IMPACT_OK)
        batcher->events = &batcher->own_events;
    return status;
}

static impact_status open_flights(impact__batcher *batcher)
{
    assert(batcher->exporters[0] && batcher->flight_limit > 0);
    impact_status status = open_exporters(batcher);
    if (status == IMPACT_OK)
        status = open_events(batcher);
    if (status)
        return status;
    batcher->flights =
        impact__alloc(batcher->allocator, batcher->flight_limit * sizeof *batcher->flights);
    if (!batcher->flights)
        return IMPACT_ENOMEM;
    for (uint32_t i = 0; i < batcher->flight_limit && status == IMPACT_OK; i++)
        status = impact__batch_open(&batcher->flights[i].batch, batcher->batch_limit,
                                    batcher->allocator);
    for (uint32_t i = 0; i < impact__flight_limit; i++)
        batcher->watched[i] = -1;
    return status;
}

/* The first exporter is not theirs. */
static void close_flights(impact__batcher *batcher)
{
    for (uint32_t i = 0; batcher->flights && i < batcher->flight_limit; i++)
        impact__batch_close(&batcher->flights[i].batch);
    impact__free(batcher->allocator, batcher->flights);
    batcher->flights = NULL;
    for (uint32_t i = 1; i < impact__flight_limit; i++)
        if (batcher->exporters[i])
            batcher->known.close(batcher->exporters[i]);
    impact__caller_close(&batcher->own_events);
}

/* ---- parts ---- */

static impact_status open_parts(impact__batcher *batcher, const impact__batcher_options *options)
{
    if (!impact__struct_read(&batcher->known, sizeof batcher->known, options->exporter))
        return IMPACT_EINVAL;
    const impact_status status = open_ring(batcher, options);
    if (status)
        return status;
    if (batcher->batch_limit > options->queue_limit)
        batcher->batch_limit = options->queue_limit;
    return open_flights(batcher);
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
    close_flights(batcher);
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
    made->call_deadline_ns = UINT64_MAX;
    made->exporter_number = options->exporter_number;
    made->queue_bytes = options->queue_bytes;
    made->batch_limit = options->batch_limit;
    made->schedule_delay_ms = options->schedule_delay_ms;
    made->export_timeout_ms = options->export_timeout_ms;
    made->flight_limit = options->concurrent_export_limit ? options->concurrent_export_limit : 1;
    made->exporters[0] = options->exporter;
    impact_status status = open_parts(made, options);
    if (status == IMPACT_OK)
        status = impact__batcher_open_conditions(made);
    if (status) {
        free_parts(made);
        return status;
    }
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail on Linux */
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
    const bool is_last = is_over && batcher->is_closed;
    void (*const close)(impact_exporter *) = batcher->known.close;
    impact_exporter *unwanted[impact__flight_limit] = {NULL};
    if (is_over && batcher->is_exporter_unwanted) {
        memcpy(unwanted, batcher->exporters, sizeof unwanted);
        memset(batcher->exporters, 0, sizeof batcher->exporters);
    }
    impact__batcher_unlock(batcher);
    for (uint32_t i = impact__flight_limit; i-- > 0;) /* the first last */
        if (unwanted[i])
            close(unwanted[i]); /* another may free the batcher meanwhile */
    if (is_last)
        impact__batcher_state_close(batcher);
}

void impact__batcher_call_worker(impact__batcher *batcher)
{
    if (!batcher->events)
        (void)pthread_cond_signal(&batcher->to_worker);
    else if (!batcher->caller)
        impact__caller_ring(batcher->events);
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
