/* How a provided check is registered: what all of them have in their options. */
#ifndef IMPACT_CHECKS_PROVIDED_H
#define IMPACT_CHECKS_PROVIDED_H

#include <impact/health.h>

/* All borrowed. `check`, which may be NULL, has what the others do not say. */
typedef struct impact__provided {
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
    const char *component_type; /* unless `check` has one */
    bool is_external;           /* it looks at something outside of the process */
    bool may_be_live;           /* and may be in _live all the same; also where `check` says so */
} impact__provided;

/* From the options of any of them, and what the kind of check has: the last three. */
#define IMPACT__PROVIDED(options, ...)                                                             \
    (&(const impact__provided){                                                                    \
        .name = (options).name,                                                                    \
        .groups = (options).groups,                                                                \
        .timeout_ms = (options).timeout_ms,                                                        \
        .check = (options).check,                                                                  \
        __VA_ARGS__,                                                                               \
    })

/* Register a check that `run` does. `userdata`, one piece of memory, is taken in any case; NULL is
 * IMPACT_ENOMEM. */
impact_status impact__provided_add(impact_health *health, const impact__provided *provided,
                                   impact_health_check_fn run, void *userdata);

/* The same for what is more than one piece: `free_userdata` undoes it. */
impact_status impact__provided_add_with(impact_health *health, const impact__provided *provided,
                                        impact_health_check_fn run, void *userdata,
                                        void (*free_userdata)(void *userdata));

#endif
