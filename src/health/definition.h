/* What a check is: as it was registered, with what was not said filled in. */
#ifndef IMPACT_HEALTH_DEFINITION_H
#define IMPACT_HEALTH_DEFINITION_H

#include <impact/health.h>

#include "health/check_limits.h"
#include "health/name.h"
#include "health/pulse.h"

typedef struct impact__definition {
    /* fixed once made */
    impact_health_check_fn run; /* NULL: what is known of it is said from outside */
    void *userdata;
    void (*free_userdata)(void *userdata);
    char name[IMPACT__NAME_MOST + 1];
    size_t name_size;
    uint32_t id;                /* in its registry, never given again; from 1 */
    impact_health_pulse *pulse; /* owned, of a check without a function; else NULL */

    /* guarded by the engine's lock */
    char *groups; /* owned; ",_defaults,_ready,", or "" for none */
    impact__limits limits;
    char component_type[IMPACT__NAME_MOST + 1];
} impact__definition;

/* IMPACT_EINVAL: a name or a component type that is none, or limits that contradict each other.
 * IMPACT_EPERM: it must not be in its groups. */
impact_status impact__definition_open(impact__definition *definition,
                                      const impact_allocator *allocator,
                                      const impact_check *description);

/* Free its userdata too, when that was taken. */
void impact__definition_close(impact__definition *definition, const impact_allocator *allocator);

/* A component type is as a check's name; NULL: there is none. */
bool impact__is_component_type(const char *type);
void impact__definition_keep_type(impact__definition *definition, const char *type);

/* False for what must not be in these groups, as a definition keeps them. */
bool impact__check_may_be_in(const impact_check *check, const char *groups);

/* Groups as a definition keeps them, or NULL. `status` says why. */
char *impact__definition_groups(impact_status *status, const impact_allocator *allocator,
                                const char *groups);

#endif
