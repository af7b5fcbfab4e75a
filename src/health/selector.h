/* The selector: which checks a probe asks for, as a comma list of names and groups. */
#ifndef IMPACT_HEALTH_SELECTOR_H
#define IMPACT_HEALTH_SELECTOR_H

#include <impact/status.h>

#include "health/registry.h"

enum { IMPACT__SELECTOR_NAME_LIMIT = 256 }; /* names in one selector */

/* A selector, read: what is asked for, and what of it is left out. */
typedef struct impact__selector {
    impact_text within; /* only members of this group are known; borrowed; empty: all are */
    size_t count;
    size_t unknown_count; /* set by take; likewise below */
    size_t empty_count;
    struct {
        impact_text name; /* borrowed from the selector's text */
        bool is_excluded;
        bool is_unknown; /* of a name that stands there twice the first */
        bool is_empty;   /* a group that has to have members, and has none; likewise the first */
    } names[IMPACT__SELECTOR_NAME_LIMIT];
} impact__selector;

/* A check that was selected. */
typedef struct impact__selected {
    impact__check *check;
    bool is_for_live; /* as a member of the group of liveness */
} impact__selected;

/* Checks that were selected, in the order asked for. */
typedef struct impact__selection {
    size_t count;
    impact__selected *checks; /* with room for all of the registry */
} impact__selection;

void impact__selector_clear(impact__selector *selector);

/* Ask for the names of a comma list, or leave them out. IMPACT_ELIMIT: too many names, or one that
 * is too long to be one. IMPACT_EINVAL: ill-formed UTF-8 or control characters, which no name has
 * and no answer should repeat. */
impact_status impact__selector_include(impact__selector *selector, impact_text list);
impact_status impact__selector_exclude(impact__selector *selector, impact_text list);

/* Add the selected checks to `selection`, each once, and mark the unknown and empty names. Under
 * the lock. IMPACT_ENOENT: a name is unknown, the registry minds, and nothing was added. */
impact_status impact__selector_take(impact__selector *selector, impact_health *health,
                                    impact__selection *selection);

#endif
