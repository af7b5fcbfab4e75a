/* Two exporters that send nothing: one takes every batch, for measuring what comes before it, the
 * other none, in the place of one that could not be opened. */
#include "core.h"

/* Static and without state: one of each serves every provider. */
static impact_status answer_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    (void)batch;
    (void)timeout_ms;
    (void)rejected; /* the caller set it to 0 */
    return exporter == discard_exporter() ? IMPACT_OK : IMPACT_EEXPORT;
}

static void close_none(impact_exporter *exporter)
{
    (void)exporter; /* there is nothing to close */
}

impact_exporter *discard_exporter(void)
{
    static impact_exporter exporter = {.size = sizeof exporter,
                                       .name = "discard",
                                       .export_batch = answer_batch,
                                       .close = close_none};
    return &exporter;
}

impact_exporter *absent_exporter(void)
{
    static impact_exporter exporter = {.size = sizeof exporter,
                                       .name = "absent",
                                       .export_batch = answer_batch,
                                       .close = close_none};
    return &exporter;
}
