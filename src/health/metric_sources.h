/* Who has metrics that answers in OpenMetrics show behind the checks. */
#ifndef IMPACT_HEALTH_METRIC_SOURCES_H
#define IMPACT_HEALTH_METRIC_SOURCES_H

#include <stddef.h>

#include <impact/metric.h>

enum { IMPACT__METRIC_SOURCE_LIMIT = 8 };

typedef struct impact__metric_sources {
    struct {
        impact_metric_source *read;
        void *source; /* borrowed */
    } all[IMPACT__METRIC_SOURCE_LIMIT];
    size_t count;
} impact__metric_sources;

#endif
