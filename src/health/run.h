/* One run of a check, on the thread that it was given. */
#ifndef IMPACT_HEALTH_RUN_H
#define IMPACT_HEALTH_RUN_H

#include <stdint.h>

#include <impact/health.h>

/* What a run needs to know of its check; all borrowed. */
typedef struct impact__run_facts {
    const char *name;
    impact_health_check_fn run;
    void *userdata;
    uint64_t started_ns;
    uint64_t deadline_ns;
} impact__run_facts;

/* What a run came to. */
typedef struct impact__outcome {
    impact_health_status status;
    const char *reason; /* static: see impact_health_result */
    uint64_t duration_ns;
} impact__outcome;

/* Call the check, report its failure to the diagnostics, and say what it came to. */
impact__outcome impact__run(const impact__run_facts *facts);

#endif
