/* Two exporters that send nothing: one takes every batch, for measuring what comes before it, the
 * other none, in the place of one that could not be opened. */
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

static impact_status refuse_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected; /* none was taken */
    return IMPACT_EEXPORT;
}

impact_exporter *absent_exporter(void)
{
    static impact_exporter exporter = {
        .size = sizeof exporter,
        .name = "absent",
        .export_batch = refuse_batch,
        .close = discard_close,
    };
    return &exporter;
}
