/* What processes left behind that were killed, exported by who asks for it. */
#include <impact/journal.h>

#include "base/clock.h"
#include "base/options.h"
#include "pipeline/rescue.h"

enum { batch_limit = 512, longest_export_ms = 30000 };

static uint32_t time_left_ms(void *owner)
{
    const uint32_t left_ms = impact__remaining_ms(*(const uint64_t *)owner);
    return left_ms < longest_export_ms ? left_ms : longest_export_ms;
}

static bool write_result(impact_journal_result *result, const impact__rescue *rescue)
{
    const impact_journal_result whole = {
        .size = sizeof whole,
        .exported = rescue->exported,
        .rejected = rescue->rejected,
        .failed = rescue->failed,
        .files = rescue->files,
        .set_aside = rescue->set_aside,
        .unfinished = rescue->unfinished,
    };
    return impact__struct_write(result, &whole, sizeof whole);
}

static impact_status flush_with(impact__rescue *rescue, impact_journal_result *result)
{
    impact_status status = impact__rescue_run(rescue);
    if (result && !write_result(result, rescue))
        return IMPACT_EINVAL;
    if (status == IMPACT_OK && rescue->rejected + rescue->failed)
        status = IMPACT_EEXPORT;
    return status;
}

impact_status impact_journal_flush(const char *directory, impact_exporter *exporter,
                                   uint32_t timeout_ms, impact_journal_result *result)
{
    impact_exporter known;
    if (!directory || !exporter || !impact__struct_read(&known, sizeof known, exporter) ||
        !known.export_batch)
        return IMPACT_EINVAL;
    impact__batch batch;
    uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    impact__rescue rescue;
    impact_status status = impact__batch_open(&batch, batch_limit, NULL);
    if (status)
        return status;
    impact__rescue_init(&rescue);
    rescue.directory = directory;
    rescue.exporter = exporter;
    rescue.export_batch = known.export_batch;
    rescue.batch = &batch;
    rescue.time_left_ms = time_left_ms;
    rescue.owner = &deadline_ns;
    status = flush_with(&rescue, result);
    impact__batch_close(&batch);
    return status;
}
