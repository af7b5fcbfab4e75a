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

/* One batch; IMPACT_OK: it is settled. */
static impact_status export_batch(impact__rescue *rescue)
{
    const unsigned generation = impact__fork_generation();
    const uint32_t timeout_ms = rescue->time_left_ms(rescue->owner);
    if (!timeout_ms)
        return IMPACT_ETIMEDOUT;
    size_t rejected = 0;
    const impact_batch shown = impact__batch_show(rescue->batch, rescue->orphan.view.resource);
    const impact_status status =
        rescue->export_batch(rescue->exporter, &shown, timeout_ms, &rejected);
    if (generation != impact__fork_generation())
        return IMPACT_ECLOSED;
    if (status == IMPACT_EAGAIN || status == IMPACT_ECLOSED)
        return status;
    count_batch(rescue, status, rejected);
    impact__orphan_settle(&rescue->orphan);
    return IMPACT_OK;
}

static impact_status export_orphan(impact__rescue *rescue)
{
    impact_status status = IMPACT_OK;
    for (;;) {
        fill_batch(rescue);
        if (!rescue->batch->count)
            return IMPACT_OK;
        status = export_batch(rescue);
        if (status)
            return status;
    }
}

static void report(const impact__rescue *rescue, uint64_t exported_before, uint64_t lost_before)
{
    const uint64_t exported = rescue->exported - exported_before;
    const uint64_t lost = rescue->rejected + rescue->failed - lost_before;
    if (exported || lost)
        impact_diagnostics_report(
            IMPACT_SEVERITY_INFO, "rescue", NULL,
            "of processes that were killed %llu spans were exported, and %llu "
            "were refused",
            (unsigned long long)exported, (unsigned long long)lost);
}

impact_status impact__rescue_run(impact__rescue *rescue)
{
    assert(rescue->batch && rescue->batch->limit && rescue->export_batch);
    impact__orphan_walk walk;
    impact_status status = IMPACT_OK;
    const uint64_t exported = rescue->exported;
    const uint64_t lost = rescue->rejected + rescue->failed;
    const unsigned generation = impact__fork_generation();
    if (!impact__orphan_walk_open(&walk, rescue->directory, rescue->kind))
        return IMPACT_ENOENT;
    while (status == IMPACT_OK && impact__orphan_next(&walk, &rescue->orphan)) {
        status = export_orphan(rescue);
        if (generation != impact__fork_generation())
            return IMPACT_ECLOSED; /* it is the parent's */
        rescue->files += status == IMPACT_OK;
        impact__orphan_close(&walk, &rescue->orphan, status == IMPACT_OK);
    }
    rescue->set_aside += walk.set_aside;
    impact__orphan_walk_close(&walk);
    report(rescue, exported, lost);
    return status;
}
