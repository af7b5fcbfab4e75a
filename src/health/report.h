/* A report: what was known of some checks at one moment. */
#ifndef IMPACT_HEALTH_REPORT_H
#define IMPACT_HEALTH_REPORT_H

#include "health/registry.h"

/* A check's name, kept after the check has gone. */
typedef struct impact__kept_name {
    size_t size;
    char data[IMPACT__NAME_MOST + 1];
} impact__kept_name;

/* One check that was asked for. */
typedef struct impact__report_row {
    impact__check *check; /* while the probe waits; dead afterwards */
    uint64_t ticket;      /* the run that it waits for */
    impact__kept_name name;
    impact__outcome outcome;
    bool is_unfinished; /* its run had not ended */
} impact__report_row;

struct impact_health_report {
    const impact_allocator *allocator; /* borrowed */
    size_t capacity;                   /* of both lists */
    size_t count;
    size_t available_count;
    impact__report_row *rows;     /* in the order asked for */
    impact__kept_name *available; /* all checks, in the order of registration */
};

/* An empty report with room for `capacity` checks, or NULL. */
impact_health_report *impact__report_open(const impact_allocator *allocator, size_t capacity);

/* Both under the registry's lock, with room for what is added. The check stays until the probe, one
 * of its users from here on, lets go of it. */
void impact__report_add(impact_health_report *report, impact__check *check);
void impact__report_add_available(impact_health_report *report, const impact_health *health);

static inline impact_text impact__kept_text(const impact__kept_name *name)
{
    return impact_text_from(name->data, name->size);
}

/* What the answer's boolean is. */
static inline bool impact__outcome_holds(const impact__outcome *outcome)
{
    return outcome->status == IMPACT_HEALTH_PASS || outcome->status == IMPACT_HEALTH_WARN;
}

#endif
