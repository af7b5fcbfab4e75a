/* How a report is to be shown. */
#ifndef IMPACT_HEALTH_PRESENTATION_H
#define IMPACT_HEALTH_PRESENTATION_H

#include <stdbool.h>

#include "health/format.h"
#include "health/metric_sources.h"

typedef struct impact__presentation {
    impact__format format;
    const char *subject;            /* what was asked for, in a word: "health", "readyz"; static */
    impact__metric_sources metrics; /* a scrape shows them, too */
    bool is_verbose;                /* a text names the checks that hold, too */
    bool is_bare;                   /* the verdict and nothing else, for strangers */
    bool shows_texts;               /* explanations, for those who may see them */
    bool is_grpc;                   /* the verdict in a message of gRPC, */
    bool is_watched;                /* behind which others may follow */
    bool only_looks;                /* at what is known: no check is run */
    bool has_no_body;               /* as a HEAD wants it */
    bool says_methods;              /* as OPTIONS wants it */
} impact__presentation;

#endif
