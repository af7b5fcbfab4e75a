/* Metrics of the library itself, by OpenTelemetry's names (semantic conventions, otel/sdk-metrics).
 * They are counted anyway and read when somebody asks; nothing is sent. */
#ifndef IMPACT_METRIC_H
#define IMPACT_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum impact_metric_kind {
    IMPACT_METRIC_COUNTER = 1,     /* it grows; in a forked child it begins at zero */
    IMPACT_METRIC_UP_DOWN_COUNTER, /* it may fall */
    IMPACT_METRIC_HISTOGRAM,       /* of one bucket, without bounds */
} impact_metric_kind;

/* One point of a metric: its value for these attributes. All is borrowed for the call. */
typedef struct impact_metric {
    size_t size;
    impact_metric_kind kind;
    const char *name; /* "otel.sdk.span.live" */
    const char *unit; /* by UCUM: "{span}", "s" */
    const char *description;
    const impact_attribute *attributes; /* text and numbers */
    size_t attribute_count;
    uint64_t value; /* of a histogram, how many observations there were */
    double sum;     /* of them; a histogram's only */
} impact_metric;

/* Take one point. It may not ask for metrics in its turn. */
typedef void impact_metric_take(void *userdata, const impact_metric *metric);

/* Who has metrics: call `take` for each point, for those of one metric in a row. */
typedef void impact_metric_source(void *source, impact_metric_take *take, void *userdata);

#ifdef __cplusplus
}
#endif

#endif
