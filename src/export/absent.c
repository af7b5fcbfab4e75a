/* The exporter that stands for one which could not be opened. */
#include "export/absent.h"

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)batch, (void)timeout_ms, (void)rejected; /* whatever it is, it is lost */
    return IMPACT_ENOENT;
}

static void close_absent(impact_exporter *exporter)
{
    (void)exporter; /* it is nobody's */
}

impact_exporter *impact__exporter_absent(void)
{
    static impact_exporter absent = {
        .size = sizeof absent,
        .name = "absent",
        .export_batch = export_batch,
        .close = close_absent,
    };
    return &absent;
}
