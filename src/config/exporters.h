/* The exporters that OTEL_TRACES_EXPORTER names. */
#ifndef IMPACT_CONFIG_EXPORTERS_H
#define IMPACT_CONFIG_EXPORTERS_H

#include <stddef.h>

#include <impact/exporter.h>

#include "trace/provider.h"

typedef struct impact__exporter_list {
    impact_exporter *exporters[impact__exporter_limit]; /* owned, until a provider takes them */
    size_t count;
} impact__exporter_list;

/* Open those of OTEL_TRACES_EXPORTER; where it is unset, those of `otherwise`, and where that is
 * NULL, "otlp". What cannot be opened is reported and left out. IMPACT_ENOMEM. */
impact_status impact__exporter_list_open(impact__exporter_list *list, const char *otherwise,
                                         const impact_allocator *allocator);
void impact__exporter_list_close(impact__exporter_list *list);

#endif
