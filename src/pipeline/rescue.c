/* What processes left behind that were killed is exported. */
#include "pipeline/rescue.h"

#include <assert.h>

#include <impact/diagnostics.h>

#include "process/fork.h"

void impact__rescue_init(impact__rescue *rescue)
{
    *rescue = (impact__rescue){.kind = {.exporter = NULL}};
    atomic_init(&rescue->orphan.file, -1);
}

static void fill_batch(impact__rescue *rescue)
{
    impact__batch *batch = rescue->batch;
    impact__journal_view *view = &rescue->orphan.view;
    impact_text span;
    uint32_t number = 0;
    batch->count = 0;
    while (batch->count < batch->limit && impact__journal_take(view, &span, &number)) {
        const impact__scope scope = impact__journal_scope(view, number);
        batch->items[batch->count++] = (impact__batch_item){span, scope.bytes, scope.schema_url};
    }
}

static void count_batch(impact__rescue *rescue, impact_status status, size_t rejected)
{
    const size_t count = rescue->batch->count;
    if (rejected > count)
        rejected = count;
    rescue->unfinished += impact__open_walk_settle(&rescue->orphan.view.open);
    if (status) {
        rescue->failed += count;
        return;
    }
    rescue->rejected += rejected;
    rescue->exported += count - rejected;
}

static void report(const impact__rescue *rescue)
{
    const uint64_t exported = rescue->exported - rescue->exported_before;
    const uint64_t lost = rescue->rejected + rescue->failed - rescue->lost_before;
    if (exported || lost)
        impact_diagnostics_report(
            IMPACT_SEVERITY_INFO, "rescue", NULL,
            "of processes that were killed %llu spans were exported, and %llu "
            "were refused",
            (unsigned long long)exported, (unsigned long long)lost);
}

/* ---- piece by piece ---- */

bool impact__rescue_begin(impact__rescue *rescue)
{
    assert(rescue->batch && rescue->batch->limit && !rescue->is_under_way);
    if (!impact__orphan_walk_open(&rescue->walk, rescue->directory, rescue->kind))
        return false;
    rescue->exported_before = rescue->exported;
    rescue->lost_before = rescue->rejected + rescue->failed;
    rescue->is_under_way = true;
    rescue->is_reading = false;
    return true;
}

static void close_orphan(impact__rescue *rescue, bool is_done)
{
    if (!rescue->is_reading)
        return;
    rescue->files += is_done;
    impact__orphan_close(&rescue->walk, &rescue->orphan, is_done);
    rescue->is_reading = false;
}

bool impact__rescue_next(impact__rescue *rescue)
{
    assert(rescue->is_under_way);
    for (;;) {
        if (!rescue->is_reading)
            rescue->is_reading = impact__orphan_next(&rescue->walk, &rescue->orphan);
        if (!rescue->is_reading)
            return false;
        fill_batch(rescue);
        if (rescue->batch->count)
            break;
        close_orphan(rescue, true);
    }
    rescue->shown = impact__batch_show(rescue->batch, rescue->orphan.view.resource);
    return true;
}

impact_status impact__rescue_settle(impact__rescue *rescue, impact_status status, size_t rejected)
{
    assert(rescue->is_reading);
    if (status == IMPACT_EAGAIN || status == IMPACT_ECLOSED)
        return status;
    count_batch(rescue, status, rejected);
    impact__orphan_settle(&rescue->orphan);
    return IMPACT_OK;
}

void impact__rescue_end(impact__rescue *rescue, impact_status status)
{
    assert(rescue->is_under_way);
    close_orphan(rescue, status == IMPACT_OK);
    rescue->set_aside += rescue->walk.set_aside;
    impact__orphan_walk_close(&rescue->walk);
    rescue->is_under_way = false;
    report(rescue);
}

void impact__rescue_forget(impact__rescue *rescue)
{
    impact__orphan_forget(&rescue->orphan);
    rescue->is_under_way = rescue->is_reading = false;
}

/* ---- all of it ---- */

/* One batch; IMPACT_OK: it is settled. */
static impact_status export_batch(impact__rescue *rescue)
{
    const unsigned generation = impact__fork_generation();
    const uint32_t timeout_ms = rescue->time_left_ms(rescue->owner);
    if (!timeout_ms)
        return IMPACT_ETIMEDOUT;
    size_t rejected = 0;
    const impact_status status =
        rescue->export_batch(rescue->exporter, &rescue->shown, timeout_ms, &rejected);
    if (generation != impact__fork_generation())
        return IMPACT_ECLOSED;
    return impact__rescue_settle(rescue, status, rejected);
}

impact_status impact__rescue_run(impact__rescue *rescue)
{
    assert(rescue->export_batch);
    impact_status status = IMPACT_OK;
    const unsigned generation = impact__fork_generation();
    if (!impact__rescue_begin(rescue))
        return IMPACT_ENOENT;
    while (status == IMPACT_OK && impact__rescue_next(rescue)) {
        status = export_batch(rescue);
        if (generation != impact__fork_generation())
            return IMPACT_ECLOSED; /* it is the parent's */
    }
    impact__rescue_end(rescue, status);
    return status;
}
