/* What a service says of itself in its answers: which one it is, and of which version. */
#ifndef IMPACT_HEALTH_SERVICE_FACTS_H
#define IMPACT_HEALTH_SERVICE_FACTS_H

#include <impact/health.h>

#include "base/shared.h"

typedef struct impact__service_facts {
    impact__shared shared; /* first: reports have them too, and outlive their registry */
    const impact_allocator *allocator; /* borrowed */
    const char *id;                    /* NULL where it was not said; likewise below */
    const char *version;
    const char *release_id;
    const char *description;
    char texts[];
} impact__service_facts;

/* Copy what the options say; NULL: nothing. IMPACT_EINVAL: a text is too long, ill-formed UTF-8, or
 * has control characters; an id that is not ASCII, as it stands in a header. */
impact_status impact__service_facts_open(impact__service_facts **facts,
                                         const impact_allocator *allocator,
                                         const impact_health_options *options);

#endif
