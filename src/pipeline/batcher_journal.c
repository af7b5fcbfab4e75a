/* A batcher's journal. */
#include "pipeline/batcher_journal.h"

#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/fork.h"

enum { rescue_pause_ms = 5000 }; /* while the backend is away */

void impact__batcher_begin_reading(impact__batcher *batcher)
{
    impact__ring_reader_open(&batcher->reader, &batcher->ring);
    batcher->reader.gives_back = !batcher->journal.is_on; /* a file's pages are the system's */
    batcher->settled = batcher->flush_target = batcher->reader.passed;
}

static void format_ring(impact__batcher *batcher)
{
    impact__ring_format(&batcher->ring, impact__journal_ring_memory(batcher->journal.memory),
                        batcher->ring.limit, batcher->queue_bytes);
}

/* Nobody puts anything in: all who do come by here first. */
static void begin_journal(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    const impact__journal_owner owner = {
        .exporter = batcher->known.name,
        .exporter_number = batcher->exporter_number,
        .resource = batcher->owner.resource(batcher->owner.owner),
        .cell_count = batcher->journal.cell_count,
    };
    if (batcher->is_shut_down || !impact__journal_begin(&batcher->journal, &owner))
        return;
    format_ring(batcher);
    impact__batcher_begin_reading(batcher);
}

void impact__batcher_prepare(impact__batcher *batcher)
{
    /* Acquire, with the store below: then there is a file, or there will be none. */
    if (!batcher->journal.directory ||
        atomic_load_explicit(&batcher->is_prepared, memory_order_acquire))
        return;
    impact__batcher_lock(batcher);
    if (!atomic_load_explicit(&batcher->is_prepared, memory_order_relaxed))
        begin_journal(batcher);
    atomic_store_explicit(&batcher->is_prepared, true, memory_order_release);
    impact__batcher_unlock(batcher);
}

bool impact__batcher_may_journal(impact__batcher *batcher, uint32_t scope)
{
    if (!impact__batcher_has_ring(batcher))
        return false;
    if (impact__journal_knows(&batcher->journal, scope))
        return true;
    const impact__scope whole = batcher->owner.scope(batcher->owner.owner, scope);
    impact__batcher_lock(batcher);
    impact__journal_note_scope(&batcher->journal, scope, &whole);
    impact__batcher_unlock(batcher);
    return true;
}

/* There is no memory for another: a ring that takes nothing. */
static void shut_ring_for_good(impact__batcher *batcher)
{
    static _Alignas(64) uint8_t nowhere[16 * 1024];
    assert(impact__ring_size(1, impact__ring_area_least) <= sizeof nowhere);
    impact__ring_format(&batcher->ring, nowhere, 1, impact__ring_area_least);
    impact__ring_shut(&batcher->ring);
}

void impact__batcher_forget_ring(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__rescue_forget(&batcher->rescue);
    if (!batcher->journal.is_on)
        impact__ring_forget(&batcher->ring);
    else if (impact__journal_leave(&batcher->journal))
        format_ring(batcher);
    else
        shut_ring_for_good(batcher);
    atomic_store_explicit(&batcher->is_prepared, false, memory_order_relaxed);
}

/* ---- what others left behind ---- */

/* Its own spans come first, when they fill the queue or somebody waits for them. */
static uint32_t time_for_rescue(void *owner)
{
    impact__batcher *batcher = owner;
    impact__batcher_lock(batcher);
    const bool is_wanted_elsewhere =
        impact__batcher_is_behind(batcher, batcher->flush_target) ||
        impact__batcher_is_filling(batcher) ||
        (batcher->is_shut_down && impact__ring_unread(&batcher->reader));
    const uint64_t end_ns = batcher->is_shut_down ? batcher->shutdown_deadline_ns : UINT64_MAX;
    impact__batcher_unlock(batcher);
    const uint32_t left_ms = is_wanted_elsewhere ? 0 : impact__remaining_ms(end_ns);
    return left_ms < batcher->export_timeout_ms ? left_ms : batcher->export_timeout_ms;
}

void impact__batcher_open_rescue(impact__batcher *batcher)
{
    impact__rescue_init(&batcher->rescue);
    batcher->rescue.directory = batcher->journal.directory;
    batcher->rescue.exporter = batcher->exporters[0];
    batcher->rescue.export_batch = batcher->known.export_batch;
    batcher->rescue.kind.exporter = batcher->known.name ? batcher->known.name : "";
    batcher->rescue.kind.exporter_number = batcher->exporter_number;
    batcher->rescue.batch = &batcher->flights[0].batch;
    batcher->rescue.time_left_ms = time_for_rescue;
    batcher->rescue.owner = batcher;
}

bool impact__batcher_is_time_to_rescue(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    return batcher->is_rescue_due && !batcher->out && !batcher->is_rescuing &&
           impact__clock_monotonic_ns() >= batcher->rescue_ns;
}

/* Under the lock. */
static void note_end(impact__batcher *batcher, impact_status status)
{
    assert(impact__lock_is_held(&batcher->lock));
    batcher->flights[0].batch.count = 0;
    batcher->is_rescue_due = status == IMPACT_EAGAIN || status == IMPACT_ETIMEDOUT;
    batcher->rescue_ns = impact__deadline_after_ms(status == IMPACT_EAGAIN ? rescue_pause_ms : 0);
}

bool impact__batcher_rescue(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->out);
    const unsigned generation = impact__fork_generation();
    impact__batcher_unlock(batcher);
    const impact_status status = impact__rescue_run(&batcher->rescue);
    if (generation != impact__fork_generation())
        return false;
    impact__batcher_lock(batcher);
    note_end(batcher, status);
    return true;
}

/* ---- the same, where nobody waits for the exporter ---- */

static bool end_rescue(impact__batcher *batcher, impact_status status)
{
    if (batcher->rescue.is_under_way)
        impact__rescue_end(&batcher->rescue, status);
    impact__batcher_lock(batcher);
    note_end(batcher, status);
    return false;
}

/* Without the lock, which it takes. */
static bool begin_next(impact__batcher *batcher)
{
    impact__rescue *rescue = &batcher->rescue;
    if (!impact__rescue_next(rescue))
        return end_rescue(batcher, IMPACT_OK);
    const uint32_t timeout_ms = time_for_rescue(batcher);
    if (!timeout_ms)
        return end_rescue(batcher, IMPACT_ETIMEDOUT);
    batcher->known.begin_export(batcher->exporters[0], &rescue->shown, timeout_ms);
    impact__batcher_lock(batcher);
    return true;
}

bool impact__batcher_begin_rescue(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->out);
    impact__batcher_unlock(batcher);
    if (!impact__rescue_begin(&batcher->rescue))
        return end_rescue(batcher, IMPACT_ENOENT);
    return begin_next(batcher);
}

bool impact__batcher_go_on_rescuing(impact__batcher *batcher, impact_status status, size_t rejected)
{
    const impact_status settled = impact__rescue_settle(&batcher->rescue, status, rejected);
    return settled ? end_rescue(batcher, settled) : begin_next(batcher);
}
