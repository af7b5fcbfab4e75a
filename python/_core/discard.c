/* An exporter that takes every batch and keeps nothing: for measuring what comes before it. */
#include "core.h"

static impact_status discard_batch(impact_exporter *exporter, const impact_batch *batch,
                                   uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected; /* the caller set it to 0 */
    return IMPACT_OK;
}

static void discard_close(impact_exporter *exporter)
{
    (void)exporter; /* static and without state: one serves every provider */
}

impact_exporter *discard_exporter(void)
{
    static impact_exporter exporter = {
        .size = sizeof exporter,
        .name = "discard",
        .export_batch = discard_batch,
        .close = discard_close,
    };
    return &exporter;
}
