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
    bool is_external; /* it asks something outside of the process, and the live group refuses it */
} impact__provided;

/* From the options of any of them that looks at the process and its machine; */
#define IMPACT__PROVIDED(options) IMPACT__PROVIDED_THAT(options, false)
/* and of one that asks somebody else. */
#define IMPACT__PROVIDED_OUTSIDE(options) IMPACT__PROVIDED_THAT(options, true)
#define IMPACT__PROVIDED_THAT(options, asks_outside)                                               \
    (&(const impact__provided){                                                                    \
        .name = (options).name,                                                                    \
        .groups = (options).groups,                                                                \
        .timeout_ms = (options).timeout_ms,                                                        \
        .check = (options).check,                                                                  \
        .is_external = (asks_outside),                                                             \
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
