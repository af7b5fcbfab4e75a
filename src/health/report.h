/* A report: what was known of some checks at one moment. */
#ifndef IMPACT_HEALTH_REPORT_H
#define IMPACT_HEALTH_REPORT_H

#include "health/check.h"
#include "health/service_facts.h"

/* A check's name, kept after the check has gone. */
typedef struct impact__kept_name {
    size_t size;
    char data[IMPACT__NAME_MOST + 1];
} impact__kept_name;

/* One check that was asked for. */
typedef struct impact__report_row {
    impact__kept_name name;
    impact__knowledge known;
    bool is_for_live; /* asked for to know whether the process is to be started again */
    char component_type[IMPACT__NAME_MOST + 1];
    impact__record record; /* of the results up to then; of a stuck check, that run included */
} impact__report_row;

typedef struct impact__name_list {
    size_t count;
    impact__kept_name *names;
} impact__name_list;

struct impact_health_report {
    const impact_allocator *allocator; /* borrowed */
    uint64_t made_unix_ns;             /* by the wall clock, only to be shown */
    size_t count;
    impact__report_row *rows;           /* in the order asked for */
    impact__name_list available;        /* all checks, in the order of registration */
    impact__name_list unknown;          /* names that were asked for, and ignored */
    impact__name_list empty;            /* groups that were asked for, and have to have members */
    const impact__service_facts *facts; /* shared; NULL: there are none */
    impact_health_phase phase;
    bool is_held_back; /* by it */
};

/* An empty report with room for `checks` rows and names, and `asked` names that were asked for, or
 * NULL. */
impact_health_report *impact__report_open(const impact_allocator *allocator, size_t checks,
                                          size_t asked);

/* Each where there is room. */
void impact__report_add(impact_health_report *report, const impact__check *check, bool is_for_live);
void impact__name_list_add(impact__name_list *list, impact_text name);

static inline impact_text impact__kept_text(const impact__kept_name *name)
{
    return impact_text_from(name->data, name->size);
}

/* Look at what is known of a row's check, as of now. Under the registry's lock. */
void impact__report_look(impact__report_row *row, const impact__wait *wait, uint64_t now_ns);

/* What the answer's boolean is. Without a first result yet, nothing says that the process should be
 * started again. */
static inline bool impact__outcome_holds(const impact__outcome *outcome)
{
    return impact__status_holds(outcome->status);
}

static inline bool impact__row_holds(const impact__report_row *row)
{
    const bool is_unknown = row->known.outcome.status == IMPACT_HEALTH_UNKNOWN &&
                            row->known.is_pending && !row->known.age_ns;
    return impact__outcome_holds(&row->known.outcome) || (row->is_for_live && is_unknown);
}

/* Pass, warn or fail, of one check and of all; what is not known is a failure where it counts as
 * one. */
impact_health_status impact__row_status(const impact__report_row *row);
impact_health_status impact__report_status(const impact_health_report *report);

/* "pass", "warn", "fail" or "unknown"; "starting", "serving" or "draining". */
const char *impact__status_word(impact_health_status status);
const char *impact__phase_word(impact_health_phase phase);

#endif
