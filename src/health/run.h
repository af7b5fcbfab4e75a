/* One run of a check, on the thread that it was given. */
#ifndef IMPACT_HEALTH_RUN_H
#define IMPACT_HEALTH_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/health.h>

/* What a run needs to know of its check; all borrowed. */
typedef struct impact__run_facts {
    const char *name;
    impact_health_check_fn run;
    void *userdata;
    uint64_t started_ns;
    uint64_t deadline_ns;
    uint64_t token; /* what says its end, when it is left to somebody else */
} impact__run_facts;

/* What a run came to. */
typedef struct impact__outcome {
    impact_health_status status;
    const char *reason; /* static: see impact_health_result */
    uint64_t duration_ns;
} impact__outcome;

enum { IMPACT__EXPLANATION_SIZE = 256, IMPACT__UNIT_SIZE = 32 };

/* What a check said beside its status. */
typedef struct impact__remarks {
    char explanation[IMPACT__EXPLANATION_SIZE]; /* "": none; likewise below */
    char unit[IMPACT__UNIT_SIZE];
    double value;
    bool is_observed; /* there is a value */
} impact__remarks;

/* What the answer's boolean is. */
static inline bool impact__status_holds(impact_health_status status)
{
    return status == IMPACT_HEALTH_PASS || status == IMPACT_HEALTH_WARN;
}

bool impact__is_status(impact_health_status status);

/* Say why: credentials in it are hidden, and it is cut to its room. NULL is nothing. */
void impact__remarks_explain(impact__remarks *remarks, const char *explanation);

/* Report to the diagnostics that a check failed; without an explanation, that there is none. */
void impact__report_failure(const char *name, const char *explanation);

/* Call the check, report its failure to the diagnostics, and say what it came to: with the status
 * IMPACT_HEALTH_PENDING, nothing yet. */
impact__outcome impact__run(const impact__run_facts *facts, impact__remarks *remarks);

#endif
