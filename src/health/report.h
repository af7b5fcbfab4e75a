/* A report: what was known of some checks at one moment. */
#ifndef IMPACT_HEALTH_REPORT_H
#define IMPACT_HEALTH_REPORT_H

#include "health/check.h"

/* A check's name, kept after the check has gone. */
typedef struct impact__kept_name {
    size_t size;
    char data[IMPACT__NAME_MOST + 1];
} impact__kept_name;

/* One check that was asked for. */
typedef struct impact__report_row {
    impact__kept_name name;
    impact__knowledge known;
} impact__report_row;

typedef struct impact__name_list {
    size_t count;
    impact__kept_name *names;
} impact__name_list;

struct impact_health_report {
    const impact_allocator *allocator; /* borrowed */
    size_t count;
    impact__report_row *rows;    /* in the order asked for */
    impact__name_list available; /* all checks, in the order of registration */
    impact__name_list unknown;   /* names that were asked for, and ignored */
};

/* An empty report with room for `checks` rows and names, and `unknown` names, or NULL. */
impact_health_report *impact__report_open(const impact_allocator *allocator, size_t checks,
                                          size_t unknown);

/* Each where there is room. */
void impact__report_add(impact_health_report *report, const impact__check *check);
void impact__name_list_add(impact__name_list *list, impact_text name);

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
