/* How a provided check is registered. */
#include "checks/provided.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/options.h"

static void free_userdata(void *userdata)
{
    impact__free(NULL, userdata);
}

static impact_status add(impact_health *health, const impact__provided *provided,
                         impact_health_check_fn run, void *userdata)
{
    impact_check check;
    if (!impact__struct_read(&check, sizeof check, provided->check))
        return IMPACT_EINVAL;
    check.name = provided->name ? provided->name : check.name;
    check.groups = provided->groups ? provided->groups : check.groups;
    check.timeout_ms = provided->timeout_ms ? provided->timeout_ms : check.timeout_ms;
    check.run = run;
    check.userdata = userdata;
    check.free_userdata = free_userdata;
    return impact_health_add(health, &check);
}

impact_status impact__provided_add(impact_health *health, const impact__provided *provided,
                                   impact_health_check_fn run, void *userdata)
{
    assert(provided && run);
    if (!userdata)
        return IMPACT_ENOMEM;
    const impact_status status = add(health, provided, run, userdata);
    if (status)
        impact__free(NULL, userdata);
    return status;
}
